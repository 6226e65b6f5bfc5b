"""``lifecycle``: nodes, get, set, list."""

from __future__ import annotations

import argparse
from typing import Any

from embedded_ros.cli.common import absolute, call, tool_node
from embedded_ros.cli.main import ToolError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    commands = parser.add_subparsers(required=True)
    commands.add_parser("nodes", help="list lifecycle nodes").set_defaults(run=_nodes)
    for name, function, words in (
        ("get", _get, ("node_name",)),
        ("set", _set, ("node_name", "transition")),
        ("list", _list, ("node_name",)),
    ):
        command = commands.add_parser(name)
        for word in words:
            command.add_argument(word)
        command.add_argument("--timeout", type=float, default=5.0)
        command.set_defaults(run=function)


def _ask(node: Any, options: argparse.Namespace, service: str, kind: str, **fields: Any) -> Any:
    import lifecycle_msgs.srv

    cls = getattr(lifecycle_msgs.srv, kind)
    return call(node, cls, f"{absolute(options.node_name)}/{service}", cls.Request(**fields), options.timeout)


def _nodes(options: argparse.Namespace, rest: list[str]) -> None:
    with tool_node(rest) as node:
        for name, types in node.get_service_names_and_types():
            if name.endswith("/get_state") and "lifecycle_msgs/srv/GetState" in types:
                print(name[: -len("/get_state")])


def _get(options: argparse.Namespace, rest: list[str]) -> None:
    with tool_node(rest, settle=False) as node:
        state = _ask(node, options, "get_state", "GetState").current_state
    print(f"{state.label} [{state.id}]")


def _set(options: argparse.Namespace, rest: list[str]) -> None:
    from lifecycle_msgs.msg import Transition

    with tool_node(rest, settle=False) as node:
        choices = _ask(node, options, "get_available_transitions", "GetAvailableTransitions").available_transitions
        known = {choice.transition.label: choice.transition.id for choice in choices}
        wanted = options.transition
        number = int(wanted) if wanted.isdigit() else known.get(wanted)
        if number not in known.values():
            raise ToolError(f"transition {wanted!r} is not possible now; possible: {', '.join(known)}")
        response = _ask(node, options, "change_state", "ChangeState", transition=Transition(id=number))
    if not response.success:
        raise ToolError("Transitioning failed")
    print("Transitioning successful")


def _list(options: argparse.Namespace, rest: list[str]) -> None:
    with tool_node(rest, settle=False) as node:
        for found in _ask(node, options, "get_available_transitions", "GetAvailableTransitions").available_transitions:
            print(f"- {found.transition.label} [{found.transition.id}]")
            print(f"\tStart: {found.start_state.label}\n\tGoal: {found.goal_state.label}")
