"""``node``: list, info."""

from __future__ import annotations

import argparse

from embedded_ros.cli.common import absolute, is_hidden, tool_node
from embedded_ros.cli.main import ToolError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    commands = parser.add_subparsers(required=True)
    listing = commands.add_parser("list", help="list nodes")
    listing.add_argument("-a", "--all", action="store_true", help="also hidden nodes")
    listing.set_defaults(run=_list)
    info = commands.add_parser("info", help="show what a node uses")
    info.add_argument("node_name")
    info.set_defaults(run=_info)


def _list(options: argparse.Namespace, rest: list[str]) -> None:
    with tool_node(rest) as node:
        names = sorted(name for name in node.get_fully_qualified_node_names() if options.all or not is_hidden(name))
    for name in names:
        print(name)
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        print(f"warning: several nodes have the same name: {', '.join(doubles)}")


def _info(options: argparse.Namespace, rest: list[str]) -> None:
    from rclpy.action import get_action_client_names_and_types_by_node, get_action_server_names_and_types_by_node

    full = absolute(options.node_name)
    namespace, _, name = full.rpartition("/")
    who = (name, namespace or "/")
    with tool_node(rest) as node:
        if full not in node.get_fully_qualified_node_names():
            raise ToolError(f"there is no node {full}")
        print(full)
        for title, found in (
            ("Subscribers", node.get_subscriber_names_and_types_by_node(*who)),
            ("Publishers", node.get_publisher_names_and_types_by_node(*who)),
            ("Service Servers", node.get_service_names_and_types_by_node(*who)),
            ("Service Clients", node.get_client_names_and_types_by_node(*who)),
            ("Action Servers", get_action_server_names_and_types_by_node(node, *who)),
            ("Action Clients", get_action_client_names_and_types_by_node(node, *who)),
        ):
            print(f"  {title}:")
            for entry, types in found:
                if not is_hidden(entry):
                    print(f"    {entry}: {', '.join(types)}")
