"""A client of another node's parameters."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from rclpy.parameter import Parameter, parameter_dict_from_yaml_file
from rclpy.qos import QoSProfile, qos_profile_services_default
from rclpy.task import Future


class AsyncParameterClient:
    """Gets and sets another node's parameters; each method returns a future of the service's response."""

    def __init__(
        self,
        node: Any,
        remote_node_name: str,
        qos_profile: QoSProfile = qos_profile_services_default,
        callback_group: Any = None,
    ) -> None:
        from rcl_interfaces import srv

        self.remote_node_name = remote_node_name
        self.node = node
        services = {
            "get_parameters": srv.GetParameters,
            "list_parameters": srv.ListParameters,
            "describe_parameters": srv.DescribeParameters,
            "set_parameters": srv.SetParameters,
            "get_parameter_types": srv.GetParameterTypes,
            "set_parameters_atomically": srv.SetParametersAtomically,
        }
        self._types = services
        self._clients = {
            name: node.create_client(
                kind, f"{remote_node_name}/{name}", qos_profile=qos_profile, callback_group=callback_group
            )
            for name, kind in services.items()
        }

    def services_are_ready(self) -> bool:
        """Return whether all services are there."""
        return all(client.service_is_ready() for client in self._clients.values())

    def wait_for_services(self, timeout_sec: float | None = None) -> bool:
        """Return whether all services appeared within ``timeout_sec`` seconds (None: no limit)."""
        deadline = None if timeout_sec is None else time.monotonic() + timeout_sec
        for client in self._clients.values():
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not client.wait_for_service(left):
                return False
        return True

    def list_parameters(
        self,
        prefixes: list[str] | None = None,
        depth: int | None = None,
        callback: Callable[[Future], Any] | None = None,
    ) -> Future:
        """List names below prefixes."""
        return self._call("list_parameters", callback, prefixes=prefixes or [], depth=depth or 0)

    def get_parameters(self, names: list[str], callback: Callable[[Future], Any] | None = None) -> Future:
        """Get values."""
        return self._call("get_parameters", callback, names=names)

    def describe_parameters(self, names: list[str], callback: Callable[[Future], Any] | None = None) -> Future:
        """Get descriptors."""
        return self._call("describe_parameters", callback, names=names)

    def get_parameter_types(self, names: list[str], callback: Callable[[Future], Any] | None = None) -> Future:
        """Get types."""
        return self._call("get_parameter_types", callback, names=names)

    def set_parameters(self, parameters: Sequence[Any], callback: Callable[[Future], Any] | None = None) -> Future:
        """Set values one by one."""
        return self._call("set_parameters", callback, parameters=_messages(parameters))

    def set_parameters_atomically(
        self, parameters: Sequence[Any], callback: Callable[[Future], Any] | None = None
    ) -> Future:
        """Set all values or none."""
        return self._call("set_parameters_atomically", callback, parameters=_messages(parameters))

    def delete_parameters(self, names: list[str], callback: Callable[[Future], Any] | None = None) -> Future:
        """Unset parameters whose type is dynamic."""
        return self.set_parameters([Parameter(name, Parameter.Type.NOT_SET) for name in names], callback)

    def load_parameter_file(
        self, parameter_file: str, use_wildcard: bool = False, callback: Callable[[Future], Any] | None = None
    ) -> Future:
        """Set all values of a YAML file one by one."""
        return self.set_parameters(self._from_file(parameter_file, use_wildcard), callback)

    def load_parameter_file_atomically(
        self, parameter_file: str, use_wildcard: bool = False, callback: Callable[[Future], Any] | None = None
    ) -> Future:
        """Set all values of a YAML file or none."""
        return self.set_parameters_atomically(self._from_file(parameter_file, use_wildcard), callback)

    def _from_file(self, parameter_file: str, use_wildcard: bool) -> list[Any]:
        return list(parameter_dict_from_yaml_file(parameter_file, use_wildcard, [self.remote_node_name]).values())

    def _call(self, name: str, callback: Callable[[Future], Any] | None, **fields: Any) -> Future:
        future = self._clients[name].call_async(self._types[name].Request(**fields))
        if callback is not None:
            future.add_done_callback(callback)
        return future


def _messages(parameters: Sequence[Any]) -> list[Any]:
    return [item.to_parameter_msg() if isinstance(item, Parameter) else item for item in parameters]
