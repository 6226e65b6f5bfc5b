"""The six services by which other programs see and set a node's parameters."""

from __future__ import annotations

import weakref
from typing import Any

from rclpy.exceptions import ParameterNotDeclaredException, ParameterUninitializedException
from rclpy.parameter import Parameter, to_parameter_value
from rclpy.qos import qos_profile_parameters

_UNSET = Parameter.Type.NOT_SET


class ParameterService:
    """Serves a node's parameters; it belongs to the node and ends with it."""

    def __init__(self, node: Any) -> None:
        from rcl_interfaces.srv import (
            DescribeParameters,
            GetParameters,
            GetParameterTypes,
            ListParameters,
            SetParameters,
            SetParametersAtomically,
        )

        self._node = weakref.ref(node)
        for name, kind, callback in (
            ("describe_parameters", DescribeParameters, self._describe),
            ("get_parameters", GetParameters, self._get),
            ("get_parameter_types", GetParameterTypes, self._get_types),
            ("list_parameters", ListParameters, self._list),
            ("set_parameters", SetParameters, self._set),
            ("set_parameters_atomically", SetParametersAtomically, self._set_atomically),
        ):
            node.create_service(kind, f"~/{name}", callback, qos_profile=qos_profile_parameters)

    def _known(self) -> Any:
        node = self._node()
        if node is None:
            raise RuntimeError("the node of these parameters is gone")
        return node

    def _describe(self, request: Any, response: Any) -> Any:
        try:
            response.descriptors = self._known().describe_parameters(list(request.names))
        except ParameterNotDeclaredException as error:
            response.descriptors = []
            self._known().get_logger().warn(f"Failed to describe parameters: {error}")
        return response

    def _get(self, request: Any, response: Any) -> Any:
        node = self._known()
        try:
            response.values = [node.get_parameter(name).get_parameter_value() for name in request.names]
        except ParameterNotDeclaredException as error:
            response.values = []
            node.get_logger().warn(f"Failed to get parameters: {error}")
        except ParameterUninitializedException:
            values = [node._parameters.get(name, Parameter(name, _UNSET)) for name in request.names]
            response.values = [to_parameter_value(value.type_, value.value) for value in values]
        return response

    def _get_types(self, request: Any, response: Any) -> Any:
        try:
            response.types = [kind.value for kind in self._known().get_parameter_types(list(request.names))]
        except ParameterNotDeclaredException as error:
            response.types = []
            self._known().get_logger().warn(f"Failed to get parameter types: {error}")
        return response

    def _list(self, request: Any, response: Any) -> Any:
        response.result = self._known().list_parameters(list(request.prefixes), request.depth)
        return response

    def _set(self, request: Any, response: Any) -> Any:
        node = self._known()
        response.results = [
            node._impl_set_from_outside([Parameter.from_parameter_msg(message)]) for message in request.parameters
        ]
        return response

    def _set_atomically(self, request: Any, response: Any) -> Any:
        parameters = [Parameter.from_parameter_msg(message) for message in request.parameters]
        response.result = self._known()._impl_set_from_outside(parameters)
        return response
