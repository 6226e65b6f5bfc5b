"""``service``: list, type, call."""

from __future__ import annotations

import argparse

from embedded_ros.cli.common import absolute, call, is_hidden, parse_yaml, print_yaml, tool_node
from embedded_ros.cli.main import ToolError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    commands = parser.add_subparsers(required=True)
    listing = commands.add_parser("list", help="list services")
    listing.add_argument("-t", "--show-types", action="store_true")
    listing.add_argument("--include-hidden-services", action="store_true")
    listing.set_defaults(run=_list)
    kind = commands.add_parser("type", help="show the type of a service")
    kind.add_argument("service")
    kind.set_defaults(run=_type)
    calling = commands.add_parser("call", help="call a service")
    calling.add_argument("service")
    calling.add_argument("type")
    calling.add_argument("values", nargs="?", default="{}", help="YAML")
    calling.add_argument("--timeout", type=float, default=5.0)
    calling.set_defaults(run=_call)


def _list(options: argparse.Namespace, rest: list[str]) -> None:
    with tool_node(rest) as node:
        for name, types in node.get_service_names_and_types():
            if options.include_hidden_services or not is_hidden(name):
                print(f"{name} [{', '.join(types)}]" if options.show_types else name)


def _type(options: argparse.Namespace, rest: list[str]) -> None:
    name = absolute(options.service)
    with tool_node(rest) as node:
        types = dict(node.get_service_names_and_types()).get(name)
    if not types:
        raise ToolError(f"there is no service {name}")
    print("\n".join(types))


def _call(options: argparse.Namespace, rest: list[str]) -> None:
    from embedded_ros.messages.convert import from_plain, to_plain
    from embedded_ros.messages.services import service_class

    cls = service_class(options.type)
    request = from_plain(cls.Request, parse_yaml(options.values))
    with tool_node(rest, settle=False) as node:
        print_yaml(to_plain(call(node, cls, absolute(options.service), request, options.timeout)))
