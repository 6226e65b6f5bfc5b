"""Checks, expansion and remapping of names (https://design.ros2.org/articles/topic_and_service_names.html)."""

from __future__ import annotations

import re

from rclpy.exceptions import (
    InvalidNamespaceException,
    InvalidNodeNameException,
    InvalidServiceNameException,
    InvalidTopicNameException,
    NameValidationException,
)

_MAX_NODE_NAME = 255
_TOKEN = re.compile(r"\{(\w*)\}")


def validate_node_name(name: str) -> bool:
    """Return True for a well-formed node name; raises InvalidNodeNameException."""
    if not name:
        raise InvalidNodeNameException(name, "node name must not be empty", 0)
    _first_bad(
        name,
        r"[A-Za-z0-9_]",
        InvalidNodeNameException,
        "node name must not contain characters other than alphanumerics or '_'",
    )
    if name[0].isdigit():
        raise InvalidNodeNameException(name, "node name must not start with a number", 0)
    if len(name) > _MAX_NODE_NAME:
        raise InvalidNodeNameException(name, f"node name length should not exceed '{_MAX_NODE_NAME}'", _MAX_NODE_NAME)
    return True


def validate_namespace(namespace: str) -> bool:
    """Return True for a well-formed namespace; raises InvalidNamespaceException."""
    if not namespace:
        raise InvalidNamespaceException(namespace, "namespace must not be empty", 0)
    if not namespace.startswith("/"):
        raise InvalidNamespaceException(namespace, "namespace must be absolute, it must lead with a '/'", 0)
    if namespace != "/":
        _check_path(namespace, InvalidNamespaceException, "namespace", r"[A-Za-z0-9_/]")
    return True


def validate_full_topic_name(name: str, *, is_service: bool = False) -> bool:
    """Return True for a well-formed absolute topic or service name; raises InvalidTopicNameException and its kin."""
    error = InvalidServiceNameException if is_service else InvalidTopicNameException
    if not name:
        raise error(name, "topic name must not be empty", 0)
    if not name.startswith("/"):
        raise error(name, "topic name must be absolute, it must lead with a '/'", 0)
    _check_path(name, error, "topic name", r"[A-Za-z0-9_/]")
    return True


def validate_topic_name(name: str, *, is_service: bool = False) -> bool:
    """Return True for a well-formed topic name, which may be relative, private or hold substitutions."""
    error = InvalidServiceNameException if is_service else InvalidTopicNameException
    if not name:
        raise error(name, "topic name must not be empty", 0)
    body = name
    if name.startswith("~"):
        if len(name) > 1 and name[1] != "/":
            raise error(name, "topic name has a tilde which is not followed by a forward slash", 1)
        body = name[1:]
    plain = _TOKEN.sub(lambda match: "x" * len(match[0]), body)
    if plain:
        _check_path(plain, error, "topic name", r"[A-Za-z0-9_/]", shown=name)
    return True


def _check_path(
    name: str, error: type[NameValidationException], what: str, allowed: str, shown: str | None = None
) -> None:
    shown = shown or name
    _first_bad(
        name,
        allowed,
        error,
        f"{what} must not contain characters other than alphanumerics, '_', '~', '{{', or '}}'",
        shown,
    )
    if name.endswith("/"):
        raise error(shown, f"{what} must not end with a '/'", len(shown) - 1)
    double = name.find("//")
    if double >= 0:
        raise error(shown, f"{what} must not contain repeated '/'", double)
    for match in re.finditer(r"/[0-9]|^[0-9]", name):
        raise error(shown, f"{what} token must not start with a number", match.end() - 1)


def _first_bad(
    name: str, allowed: str, error: type[NameValidationException], text: str, shown: str | None = None
) -> None:
    for index, char in enumerate(name):
        if not re.match(allowed, char):
            raise error(shown or name, text, index)


def expand_topic_name(topic_name: str, node_name: str, node_namespace: str, *, is_service: bool = False) -> str:
    """Return the absolute name that a node means by a topic or service name; raises InvalidTopicNameException and kin."""
    validate_topic_name(topic_name, is_service=is_service)
    validate_node_name(node_name)
    validate_namespace(node_namespace)
    full_node = join(node_namespace, node_name)
    name = full_node + topic_name[1:] if topic_name.startswith("~") else topic_name
    values = {"node": node_name, "ns": node_namespace, "namespace": node_namespace}
    error = InvalidServiceNameException if is_service else InvalidTopicNameException

    def replace(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise error(topic_name, f"unknown substitution {match[0]}", match.start())
        return values[match[1]]

    name = _TOKEN.sub(replace, name)
    return name if name.startswith("/") else join(node_namespace, name)


def join(namespace: str, name: str) -> str:
    """Return a name below a namespace."""
    return f"{namespace.rstrip('/')}/{name}"
