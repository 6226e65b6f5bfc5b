"""``param``: list, get, set, describe, dump, load."""

from __future__ import annotations

import argparse
from typing import Any

from embedded_ros.cli.common import absolute, call, is_hidden, print_yaml, tool_node
from embedded_ros.cli.main import ToolError


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
                print(f"{target}:")
                print("".join(f"  {name}\n" for name in _names(node, options, target)), end="")


def _value(node: Any, options: argparse.Namespace, name: str) -> Any:
    from rclpy.parameter import parameter_value_to_python

    values = _ask(node, options, "get_parameters", "GetParameters", names=[name]).values
    if not values:
        raise ToolError(f"{absolute(options.node_name)} has no parameter {name!r}")
    return parameter_value_to_python(values[0])


def _get(options: argparse.Namespace, rest: list[str]) -> None:
    with tool_node(rest, settle=False) as node:
        print_yaml({options.name: _value(node, options, options.name)})


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
    from embedded_ros.messages.convert import to_plain

    with tool_node(rest, settle=False) as node:
        found = _ask(node, options, "describe_parameters", "DescribeParameters", names=[options.name]).descriptors
    if not found:
        raise ToolError(f"{absolute(options.node_name)} has no parameter {options.name!r}")
    print_yaml(to_plain(found[0]))


def _dump(options: argparse.Namespace, rest: list[str]) -> None:
    tree: dict[str, Any] = {}
    with tool_node(rest, settle=False) as node:
        for name in _names(node, options):
            *parents, last = name.split(".")
            place = tree
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = _value(node, options, name)
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
