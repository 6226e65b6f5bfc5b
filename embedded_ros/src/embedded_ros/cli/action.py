"""``action``: list, info, send_goal."""

from __future__ import annotations

import argparse
import signal
import threading
from typing import Any

from embedded_ros import interrupts
from embedded_ros.cli.common import absolute, parse_yaml, print_yaml, tool_node
from embedded_ros.cli.main import ToolError

_STATUS = {1: "ACCEPTED", 2: "EXECUTING", 3: "CANCELING", 4: "SUCCEEDED", 5: "CANCELED", 6: "ABORTED"}
_SUCCEEDED = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    commands = parser.add_subparsers(required=True)
    listing = commands.add_parser("list", help="list actions")
    listing.add_argument("-t", "--show-types", action="store_true")
    listing.set_defaults(run=_list)
    info = commands.add_parser("info", help="show clients and servers of an action")
    info.add_argument("action")
    info.set_defaults(run=_info)
    sending = commands.add_parser("send_goal", help="send a goal and wait for its result")
    sending.add_argument("action")
    sending.add_argument("type")
    sending.add_argument("goal", nargs="?", default="{}", help="YAML")
    sending.add_argument("-f", "--feedback", action="store_true", help="show feedback")
    sending.add_argument("--timeout", type=float, default=5.0, help="seconds to wait for the server")
    sending.set_defaults(run=_send)


def _list(options: argparse.Namespace, rest: list[str]) -> None:
    from rclpy.action import get_action_names_and_types

    with tool_node(rest) as node:
        for name, types in get_action_names_and_types(node):
            print(f"{name} [{', '.join(types)}]" if options.show_types else name)


def _info(options: argparse.Namespace, rest: list[str]) -> None:
    from rclpy.action import get_action_client_names_and_types_by_node, get_action_server_names_and_types_by_node

    action = absolute(options.action)
    with tool_node(rest) as node:
        nodes = sorted(node.get_node_names_and_namespaces())
        print(f"Action: {action}")
        for title, ask in (
            ("clients", get_action_client_names_and_types_by_node),
            ("servers", get_action_server_names_and_types_by_node),
        ):
            found = [where for where in nodes if action in dict(ask(node, *where))]
            print(f"Action {title}: {len(found)}")
            for name, namespace in found:
                print(f"    {namespace.rstrip('/')}/{name}")


def _send(options: argparse.Namespace, rest: list[str]) -> int:
    from rclpy.action import ActionClient

    from embedded_ros.messages.convert import from_plain, to_plain
    from embedded_ros.messages.services import action_class

    cls = action_class(options.type)
    goal = from_plain(cls.Goal, parse_yaml(options.goal))
    with tool_node(rest, settle=False) as node, ActionClient(node, cls, absolute(options.action)) as client:
        if not client.wait_for_server(options.timeout):
            raise ToolError(f"action {absolute(options.action)} is not available after {options.timeout:g} s")
        early: list[Any] | None = []  # feedback may be faster than the answer to the goal

        def show(message: Any) -> None:
            if early is not None:
                early.append(message)
            elif options.feedback:
                print_yaml({"feedback": to_plain(message.feedback)})

        handle = _wait(node, client.send_goal_async(goal, feedback_callback=show))
        if not handle.accepted:
            raise ToolError("goal rejected")
        print(f"Goal accepted with ID: {bytes(handle.goal_id.uuid).hex()}", flush=True)
        waiting, early = early, None
        for message in waiting or ():
            show(message)
        if threading.current_thread() is threading.main_thread():
            # An interrupt cancels the goal before it ends the tool.
            signal.signal(signal.SIGINT, interrupts.guarded(signal.default_int_handler))
        try:
            response = _wait(node, handle.get_result_async())
        except KeyboardInterrupt:
            if node.context.ok():
                _wait(node, handle.cancel_goal_async())
            raise
        print_yaml({"result": to_plain(response.result)})
        print(f"Goal finished with status: {_STATUS.get(response.status, response.status)}")
        return 0 if response.status == _SUCCEEDED else 1


def _wait(node: Any, future: Any) -> Any:
    import rclpy

    rclpy.spin_until_future_complete(node, future)
    if not future.done():
        raise KeyboardInterrupt
    return future.result()
