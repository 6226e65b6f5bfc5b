"""``interface``: show, list."""

from __future__ import annotations

import argparse

from embedded_ros.finder import MESSAGE_PACKAGES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    commands = parser.add_subparsers(required=True)
    show = commands.add_parser("show", help="show the fields of an interface")
    show.add_argument("type")
    show.set_defaults(run=_show)
    listing = commands.add_parser("list", help="list interfaces")
    listing.add_argument("packages", nargs="*", default=list(MESSAGE_PACKAGES))
    listing.set_defaults(run=_list)


def _show(options: argparse.Namespace, rest: list[str]) -> None:
    from embedded_ros.messages.model import split_name
    from embedded_ros.messages.registry import definition_text
    from embedded_ros.messages.services import interface_class

    name = "/".join(split_name(options.type))
    cls = interface_class(name)
    text = definition_text(name)
    if text is not None:
        print(text, end="" if text.endswith("\n") else "\n")
        return
    for constant in cls._definition.constants:
        print(f"{constant.base} {constant.name}={constant.value!r}")
    for field, kind in cls.get_fields_and_field_types().items():
        print(f"{kind} {field}")


def _list(options: argparse.Namespace, rest: list[str]) -> None:
    from embedded_ros.messages.registry import interface_names

    for package in options.packages:
        for kind in ("msg", "srv", "action"):
            for name in interface_names(package, kind):
                print(f"{package}/{kind}/{name}")
