"""Which actions there are."""

from __future__ import annotations

from typing import Any

_FEEDBACK = "/_action/feedback"
_FEEDBACK_TYPE = "_FeedbackMessage"


def _actions(entries: list[tuple[str, list[str]]], ending: str, type_ending: str) -> list[tuple[str, list[str]]]:
    found = []
    for name, types in entries:
        if name.endswith(ending):
            found.append(
                (name[: -len(ending)], [kind[: -len(type_ending)] for kind in types if kind.endswith(type_ending)])
            )
    return found


def get_action_names_and_types(node: Any) -> list[tuple[str, list[str]]]:
    """Return all actions with their types."""
    return _actions(node.get_topic_names_and_types(), _FEEDBACK, _FEEDBACK_TYPE)


def get_action_server_names_and_types_by_node(
    node: Any, remote_node_name: str, remote_node_namespace: str
) -> list[tuple[str, list[str]]]:
    """Return the actions a node serves."""
    entries = node.get_publisher_names_and_types_by_node(remote_node_name, remote_node_namespace)
    return _actions(entries, _FEEDBACK, _FEEDBACK_TYPE)


def get_action_client_names_and_types_by_node(
    node: Any, remote_node_name: str, remote_node_namespace: str
) -> list[tuple[str, list[str]]]:
    """Return the actions a node is a client of."""
    entries = node.get_subscriber_names_and_types_by_node(remote_node_name, remote_node_namespace)
    return _actions(entries, _FEEDBACK, _FEEDBACK_TYPE)
