"""What the tools share: a quiet node, waiting for discovery, values in YAML."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from embedded_ros.cli.main import ToolError

_SETTLED = 0.15  # seconds without news after which the graph counts as known
_LEAST, _MOST = 0.3, 2.0


@contextlib.contextmanager
def tool_node(rest: list[str] | None = None, settle: bool = True, **options: Any) -> Iterator[Any]:
    """Yield a node of the tool's own, by default once the graph is known; options are those of Node."""
    import rclpy

    rclpy.init(args=["embedded_ros", *(rest or [])])
    settings = {"enable_rosout": False, "start_parameter_services": False, **options}
    overrides = [rclpy.parameter.Parameter("start_type_description_service", value=False)]
    node = rclpy.create_node(f"_embedded_ros_cli_{os.getpid()}", parameter_overrides=overrides, **settings)
    try:
        if settle:
            wait_for_discovery(node)
        yield node
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def wait_for_discovery(node: Any) -> None:
    """Wait until nothing new is discovered for a moment."""
    graph = node.context.graph
    start = time.monotonic()
    while time.monotonic() - start < _MOST:
        before = len(graph.endpoints())
        changed = graph.wait_until(lambda known=before: len(graph.endpoints()) != known, _SETTLED)
        if not changed and time.monotonic() - start >= _LEAST:
            return


def spin_until_interrupt(node: Any, done: Callable[[], bool] = lambda: False) -> None:
    """Serve a node until ``done`` or an interrupt."""
    import rclpy
    from rclpy.executors import ExternalShutdownException

    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        while node.context.ok() and not done():
            rclpy.spin_once(node, timeout_sec=0.1)


def call(node: Any, kind: Any, name: str, request: Any, timeout: float) -> Any:
    """Return the response of a service; raises ToolError when there is no server or no answer in time."""
    import rclpy

    client = node.create_client(kind, name)
    try:
        if not client.wait_for_service(timeout):
            raise ToolError(_why_unavailable(node, name, timeout, kind._type_name))
        future = client.call_async(request)
        rclpy.spin_until_future_complete(node, future, timeout_sec=timeout)
        if not future.done():
            raise ToolError(f"service {name} did not answer within {timeout:g} s")
        return future.result()
    finally:
        node.destroy_client(client)


def _why_unavailable(node: Any, name: str, timeout: float, kind: str) -> str:
    others = [other for other in dict(node.get_service_names_and_types()).get(name, []) if other != kind]
    if others:
        return f"service {name} is of type {', '.join(others)}, not {kind}"
    return f"service {name} is not available after {timeout:g} s"


def parse_yaml(text: str) -> Any:
    """Return the value in a YAML text; raises ToolError."""
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        reason = " ".join(str(getattr(error, "problem", None) or error).split())
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise ToolError(f"{text!r} is no YAML: {reason}{where}") from error


def print_yaml(value: Any) -> None:
    """Print a value as YAML: one field a line, sequences of plain values in one line."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def represent_list(self, data: Any) -> Any:
            plain = not any(isinstance(item, (dict, list)) for item in data)
            return self.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=plain)

    Dumper.add_representer(list, Dumper.represent_list)
    text = yaml.dump(value, Dumper=Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=1000)
    print(text.removesuffix("...\n"), end="", flush=True)


def topic_type(node: Any, topic: str, timeout: float = 0.0) -> str:
    """Return the type of a topic, waiting for it if need be; raises ToolError."""
    graph = node.context.graph

    def found() -> list[str]:
        return dict(node.get_topic_names_and_types()).get(topic, [])

    graph.wait_until(lambda: bool(found()) or not node.context.ok(), timeout)
    types = found()
    if not types:
        raise ToolError(f"topic {topic} has no publisher or subscription, so its type is unknown; give the type")
    if len(types) > 1:
        raise ToolError(f"topic {topic} has several types: {', '.join(types)}; give the type")
    return types[0]


def absolute(name: str) -> str:
    """Return a name with a leading slash."""
    return name if name.startswith("/") else "/" + name


def is_hidden(name: str) -> bool:
    """Return whether a name is left out of lists: a part of it begins with an underscore."""
    return any(part.startswith("_") for part in name.split("/"))
