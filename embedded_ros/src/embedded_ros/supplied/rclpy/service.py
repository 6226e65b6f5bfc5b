"""Servers of services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy._entity import Entity, await_or_execute
from rclpy.qos import QoSProfile, to_endpoint_qos
from rclpy.service_introspection import ServiceIntrospectionState

from embedded_ros.messages.codec import CdrError, deserialize, serialize
from embedded_ros.wire.binding import DATA_AVAILABLE, DdsError
from embedded_ros.wire.service import RequestId, ServiceServer


class Service(Entity):
    """Answers requests; made by ``Node.create_service``."""

    def __init__(
        self,
        node: Any,
        srv_type: Any,
        srv_name: str,
        callback: Callable[[Any, Any], Any],
        callback_group: Any,
        qos_profile: QoSProfile,
    ) -> None:
        super().__init__(callback_group, node)
        self.srv_type, self.srv_name, self.callback, self.qos_profile = srv_type, srv_name, callback, qos_profile
        self._available = False
        self._server = ServiceServer(
            node.context.participant, srv_name, srv_type._type_name, to_endpoint_qos(qos_profile), self._on_status
        )

    @property
    def service_name(self) -> str:
        """Return the full service name."""
        return self.srv_name

    @property
    def handle(self) -> ServiceServer:
        """Return the server on the wire."""
        return self._server

    def send_response(self, response: Any, header: RequestId) -> None:
        """Answer a request by hand; raises TypeError for another type."""
        if not isinstance(response, self.srv_type.Response):
            raise TypeError(f"Expected {self.srv_type.Response}, got {type(response)}")
        self._server.reply(header, serialize(response))

    def configure_introspection(self, clock: Any, service_event_qos_profile: Any, introspection_state: Any) -> None:
        """Do nothing for ServiceIntrospectionState.OFF; raises NotImplementedError for the others."""
        if introspection_state != ServiceIntrospectionState.OFF:
            raise NotImplementedError(
                "rclpy.service.Service.configure_introspection() is not supported by embedded_ros"
            )

    def destroy(self) -> None:
        """Stop answering."""
        if not self._destroyed:
            self._destroyed = True
            self._server.close()

    def _on_status(self, raised: int) -> None:
        if raised & DATA_AVAILABLE:
            self._available = True
            self._wake_executor()

    def _is_ready(self) -> bool:
        return self._available

    def _take(self) -> tuple[RequestId, Any] | None:
        self._available = False
        found = self._server.take()
        if found is None:
            return None
        self._available = True
        try:
            return found[0], deserialize(found[1], self.srv_type.Request)
        except CdrError as error:
            self._log(f"dropped a request to {self.srv_name}: {error}")
            return None

    async def _execute(self, work: tuple[RequestId, Any]) -> None:
        response = await await_or_execute(self.callback, work[1], self.srv_type.Response())
        if self._destroyed:
            return
        try:
            self.send_response(response, work[0])
        except DdsError as error:
            self._log(f"response of {self.srv_name} not sent: {error}")

    def _log(self, text: str) -> None:
        node = self._node_ref()
        if node is not None:
            node.get_logger().error(text)

    def _label(self) -> str:
        return f"the service {self.srv_name}"

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *exception: object) -> None:
        self.destroy()
