"""Messages to dictionaries, YAML and CSV."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from embedded_ros.messages.convert import to_plain


def message_to_ordereddict(
    msg: Any, *, truncate_length: int | None = None, no_arr: bool = False, no_str: bool = False
) -> OrderedDict:
    """Return field values by name; sequences longer than ``truncate_length`` are cut."""
    _only_plain(no_arr, no_str)
    return OrderedDict(to_plain(msg, truncate_length))


def message_to_yaml(
    msg: Any,
    *,
    truncate_length: int | None = None,
    no_arr: bool = False,
    no_str: bool = False,
    flow_style: bool = False,
) -> str:
    """Return a message as YAML."""
    import yaml

    _only_plain(no_arr, no_str)
    return yaml.safe_dump(
        to_plain(msg, truncate_length), sort_keys=False, default_flow_style=flow_style, width=1_000_000
    )


def message_to_csv(msg: Any, *, truncate_length: int | None = None, no_arr: bool = False, no_str: bool = False) -> str:
    """Return the values of a message with commas between them."""
    _only_plain(no_arr, no_str)
    return ",".join(str(value) for value in _values(to_plain(msg, truncate_length)))


def _values(plain: Any) -> Iterator[Any]:
    if isinstance(plain, dict):
        for value in plain.values():
            yield from _values(value)
    elif isinstance(plain, list):
        for value in plain:
            yield from _values(value)
    else:
        yield plain


def _only_plain(no_arr: bool, no_str: bool) -> None:
    if no_arr or no_str:
        raise NotImplementedError("no_arr and no_str of rosidl_runtime_py.convert are not supported by embedded_ros")
