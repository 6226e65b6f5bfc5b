"""``param``: list, get, set, describe, dump, load."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from embedded_ros.cli.common import absolute, call, is_hidden, print_yaml, tool_node
from embedded_ros.cli.main import ToolError

# by the numbers of rcl_interfaces/ParameterType, from 1 on
_LABELS = (
    *(f"{kind} value is" for kind in ("Boolean", "Integer", "Double", "String")),
    *(f"{kind} values are" for kind in ("Byte", "Boolean", "Integer", "Double", "String")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    commands = parser.add_subparsers(required=True)
    for name, function, words in (
        ("list", _list, ("node_name?",)),
        ("get", _get, ("node_name", "name")),
        ("set", _set, ("node_name", "name", "value")),
        ("describe", _describe, ("node_name", "name")),
        ("dump", _dump, ("node_name",)),
        ("load", _load, ("node_name", "file")),
    ):
        command = commands.add_parser(name)
        for word in words:
            command.add_argument(word.rstrip("?"), nargs="?" if word.endswith("?") else None)
        if name == "get":
            command.add_argument("--hide-type", action="store_true", help="print the value only")
        command.add_argument("--timeout", type=float, default=5.0)
        command.set_defaults(run=function)


def _ask(
    node: Any, options: argparse.Namespace, service: str, kind: str, target: str | None = None, **fields: Any
) -> Any:
    import rcl_interfaces.srv

    cls = getattr(rcl_interfaces.srv, kind)
    return call(node, cls, f"{absolute(target or options.node_name)}/{service}", cls.Request(**fields), options.timeout)


def _names(node: Any, options: argparse.Namespace, target: str | None = None) -> list[str]:
    return sorted(_ask(node, options, "list_parameters", "ListParameters", target).result.names)


def _list(options: argparse.Namespace, rest: list[str]) -> None:
    with tool_node(rest) as node:
        targets = (
            [absolute(options.node_name)] if options.node_name else sorted(set(node.get_fully_qualified_node_names()))
        )
        services = dict(node.get_service_names_and_types())
        for target in targets:
            if options.node_name or (not is_hidden(target) and f"{target}/list_parameters" in services):
                if not options.node_name:
                    print(f"{target}:")
                print("".join(f"  {name}\n" for name in _names(node, options, target)), end="")


def _message(node: Any, options: argparse.Namespace, name: str) -> Any:
    values = _ask(node, options, "get_parameters", "GetParameters", names=[name]).values
    if not values:
        raise ToolError(f"{absolute(options.node_name)} has no parameter {name!r}")
    return values[0]


def _plain(message: Any) -> Any:
    from rclpy.parameter import parameter_value_to_python

    value = parameter_value_to_python(message)
    return value.tolist() if hasattr(value, "tolist") else value


def _get(options: argparse.Namespace, rest: list[str]) -> None:
    """Print a value as ``ros2 param get`` does."""
    with tool_node(rest, settle=False) as node:
        message = _message(node, options, options.name)
    if message.type == 0:
        print("Parameter not set.")
    else:
        print(_plain(message) if options.hide_type else f"{_LABELS[message.type - 1]}: {_plain(message)}")


def _set(options: argparse.Namespace, rest: list[str]) -> None:
    from rcl_interfaces.msg import Parameter
    from rclpy.parameter import get_parameter_value

    message = Parameter(name=options.name, value=get_parameter_value(options.value))
    with tool_node(rest, settle=False) as node:
        result = _ask(node, options, "set_parameters", "SetParameters", parameters=[message]).results[0]
    if not result.successful:
        raise ToolError(f"setting {options.name} failed: {result.reason}")
    print("Set parameter successful")


def _describe(options: argparse.Namespace, rest: list[str]) -> None:
    with tool_node(rest, settle=False) as node:
        found = _ask(node, options, "describe_parameters", "DescribeParameters", names=[options.name]).descriptors
    if not found:
        raise ToolError(f"{absolute(options.node_name)} has no parameter {options.name!r}")
    print("\n".join(_described(found[0])))


def _described(descriptor: Any) -> Iterator[str]:
    """Yield a descriptor's lines as ``ros2 param describe`` has them."""
    from rclpy.parameter import Parameter

    yield f"Parameter name: {descriptor.name}"
    yield f"  Type: {Parameter.Type(descriptor.type).name.lower().replace('_', ' ')}"
    for label, text in (("Description", descriptor.description), ("Constraints", descriptor.additional_constraints)):
        if text or label == "Constraints":
            yield f"  {label}: {text}".rstrip()
    if descriptor.read_only:
        yield "    Read only: true"
    for allowed in [*descriptor.integer_range, *descriptor.floating_point_range]:
        yield from (f"    Min value: {allowed.from_value}", f"    Max value: {allowed.to_value}")
        if allowed.step:
            yield f"    Step: {allowed.step}"


def _dump(options: argparse.Namespace, rest: list[str]) -> None:
    tree: dict[str, Any] = {}
    with tool_node(rest, settle=False) as node:
        for name in _names(node, options):
            *parents, last = name.split(".")
            place = tree
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = _plain(_message(node, options, name))
    print_yaml({absolute(options.node_name): {"ros__parameters": tree}})


def _load(options: argparse.Namespace, rest: list[str]) -> None:
    from rclpy.parameter import parameter_dict_from_yaml_file

    messages = list(parameter_dict_from_yaml_file(options.file, True, [absolute(options.node_name)]).values())
    with tool_node(rest, settle=False) as node:
        results = _ask(node, options, "set_parameters", "SetParameters", parameters=messages).results
    failed = [f"{message.name}: {result.reason}" for message, result in zip(messages, results) if not result.successful]
    if failed:
        raise ToolError("; ".join(failed))
    print(f"Set {len(messages)} parameter(s)")
