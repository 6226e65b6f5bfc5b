"""Callbacks when parameters of any node change."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from rclpy._names import expand_topic_name, join
from rclpy.qos import QoSProfile, qos_profile_parameter_events


@dataclasses.dataclass(eq=False)
class ParameterCallbackHandle:
    """A callback for one parameter of one node; keep it to remove the callback."""

    parameter_name: str
    node_name: str
    callback: Callable[[Any], None]


@dataclasses.dataclass(eq=False)
class ParameterEventCallbackHandle:
    """A callback for all events; keep it to remove the callback."""

    callback: Callable[[Any], None]


class ParameterEventHandler:
    """Listens to ``/parameter_events``; the latest callback is called first."""

    def __init__(self, node: Any, qos_profile: QoSProfile = qos_profile_parameter_events) -> None:
        from rcl_interfaces.msg import ParameterEvent

        self.node = node
        self._parameter_callbacks: list[ParameterCallbackHandle] = []
        self._event_callbacks: list[ParameterEventCallbackHandle] = []
        self.parameter_event_subscription = node.create_subscription(
            ParameterEvent, "/parameter_events", self._on_event, qos_profile
        )

    def destroy(self) -> None:
        """Stop listening."""
        self.node.destroy_subscription(self.parameter_event_subscription)

    def add_parameter_callback(
        self, parameter_name: str, node_name: str, callback: Callable[[Any], None]
    ) -> ParameterCallbackHandle:
        """Call back with the rcl_interfaces/Parameter when a parameter of a node is new or changed."""
        handle = ParameterCallbackHandle(parameter_name, self._full_name(node_name), callback)
        self._parameter_callbacks.insert(0, handle)
        return handle

    def remove_parameter_callback(self, handle: ParameterCallbackHandle) -> None:
        """Undo ``add_parameter_callback``; raises RuntimeError when that was not done."""
        _remove(self._parameter_callbacks, handle)

    def add_parameter_event_callback(self, callback: Callable[[Any], None]) -> ParameterEventCallbackHandle:
        """Call back with every rcl_interfaces/ParameterEvent."""
        handle = ParameterEventCallbackHandle(callback)
        self._event_callbacks.insert(0, handle)
        return handle

    def remove_parameter_event_callback(self, handle: ParameterEventCallbackHandle) -> None:
        """Undo ``add_parameter_event_callback``; raises RuntimeError when that was not done."""
        _remove(self._event_callbacks, handle)

    @staticmethod
    def get_parameter_from_event(event: Any, parameter_name: str, node_name: str) -> Any:
        """Return the rcl_interfaces/Parameter that is new or changed in an event, None if it is not in it."""
        found = (p for p in _changed(event) if p.name == parameter_name and event.node == node_name)
        return next(found, None)

    @staticmethod
    def get_parameters_from_event(event: Any) -> Iterator[Any]:
        """Yield all parameters that are new or changed in an event."""
        yield from _changed(event)

    def _full_name(self, node_name: str) -> str:
        if not node_name:
            return self.node.get_fully_qualified_name()
        if node_name.startswith("/"):
            return node_name
        if node_name.startswith("~"):
            return expand_topic_name(node_name, self.node.get_name(), self.node.get_namespace())
        return join(self.node.get_namespace(), node_name)

    def _on_event(self, event: Any) -> None:
        for handle in list(self._parameter_callbacks):
            parameter = self.get_parameter_from_event(event, handle.parameter_name, handle.node_name)
            if parameter is not None:
                handle.callback(parameter)
        for listener in list(self._event_callbacks):
            listener.callback(event)


def _changed(event: Any) -> Iterator[Any]:
    yield from event.new_parameters
    yield from event.changed_parameters


def _remove(handles: list[Any], handle: Any) -> None:
    if handle not in handles:
        raise RuntimeError("Callback doesn't exist")
    handles.remove(handle)
