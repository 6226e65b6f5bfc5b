"""Clients of services."""

from __future__ import annotations

import threading
from typing import Any

from rclpy._entity import Entity
from rclpy._waiting import wait_for_future
from rclpy.qos import QoSProfile, to_endpoint_qos
from rclpy.service_introspection import ServiceIntrospectionState
from rclpy.task import Future

from embedded_ros.messages.codec import CdrError, deserialize, serialize
from embedded_ros.wire.binding import DATA_AVAILABLE
from embedded_ros.wire.service import ServiceClient


class Client(Entity):
    """Sends requests; made by ``Node.create_client``."""

    def __init__(self, node: Any, srv_type: Any, srv_name: str, qos_profile: QoSProfile, callback_group: Any) -> None:
        super().__init__(callback_group, node)
        self.srv_type, self.srv_name, self.qos_profile = srv_type, srv_name, qos_profile
        self.context = node.context
        self._available = False
        self._lock = threading.Lock()
        self._pending_requests: dict[int, Future] = {}
        qos = to_endpoint_qos(qos_profile)
        self._client = ServiceClient(
            node.context.participant, node.context.graph, srv_name, srv_type._type_name, qos, qos, self._on_status
        )

    @property
    def service_name(self) -> str:
        """Return the full service name."""
        return self.srv_name

    @property
    def handle(self) -> ServiceClient:
        """Return the client on the wire."""
        return self._client

    def call(self, request: Any, timeout_sec: float | None = None) -> Any:
        """Return the response, waiting for it while another thread spins; None when it does not come in time.

        Raises TypeError for another type, and what the call itself raised. Must not be used in a callback of the same group.
        """
        future = self.call_async(request)
        if not wait_for_future(future, self.context, timeout_sec):
            self.remove_pending_request(future)
            return None
        return future.result()

    def call_async(self, request: Any) -> Future:
        """Send a request; return a future of the response.

        Raises TypeError for another type, ForeignServerError when the server belongs to another DDS vendor.
        """
        if not isinstance(request, self.srv_type.Request):
            raise TypeError(f"Expected {self.srv_type.Request}, got {type(request)}")
        node = self._node_ref()
        future = Future(executor=node.executor if node is not None else None)

        def remember(number: int) -> None:
            with self._lock:
                self._pending_requests[number] = future

        self._client.send(serialize(request), remember)
        return future

    def get_pending_request(self, sequence_number: int) -> Future:
        """Return the future of a request that waits for its response; raises KeyError when there is none."""
        with self._lock:
            return self._pending_requests[sequence_number]

    def remove_pending_request(self, future: Future) -> None:
        """Forget a request that nobody waits for any more; its future stays undone."""
        with self._lock:
            self._pending_requests = {
                number: other for number, other in self._pending_requests.items() if other is not future
            }

    def service_is_ready(self) -> bool:
        """Return whether a server is there."""
        return not self._destroyed and self._client.is_ready()

    def wait_for_service(self, timeout_sec: float | None = None) -> bool:
        """Return whether a server appeared within ``timeout_sec`` seconds (None: wait until shutdown)."""
        limit = timeout_sec if timeout_sec is not None and timeout_sec >= 0 else None
        graph = self.context.graph
        step = 0.1  # matches are announced a moment after endpoints are discovered, without an event of their own
        while self.context.ok():
            if graph.wait_until(
                lambda: self.service_is_ready() or not self.context.ok(), step if limit is None else min(step, limit)
            ):
                return self.service_is_ready()
            if limit is not None:
                limit -= step
                if limit <= 0:
                    return self.service_is_ready()
        return False

    def configure_introspection(self, clock: Any, service_event_qos_profile: Any, introspection_state: Any) -> None:
        """Do nothing for ServiceIntrospectionState.OFF; raises NotImplementedError for the others."""
        if introspection_state != ServiceIntrospectionState.OFF:
            raise NotImplementedError("rclpy.client.Client.configure_introspection() is not supported by embedded_ros")

    def destroy(self) -> None:
        """Stop; futures that are pending stay pending."""
        if not self._destroyed:
            self._destroyed = True
            self._client.close()

    def _on_status(self, raised: int) -> None:
        if raised & DATA_AVAILABLE:
            self._available = True
            self._wake_executor()

    def _is_ready(self) -> bool:
        return self._available

    def _take(self) -> tuple[int, bytes] | None:
        self._available = False
        found = self._client.take()
        self._available = found is not None
        return found

    async def _execute(self, work: tuple[int, bytes]) -> None:
        number, data = work
        with self._lock:
            future = self._pending_requests.pop(number, None)
        if future is None:
            return
        node = self._node_ref()
        future._set_executor(node.executor if node is not None else None)
        try:
            future.set_result(deserialize(data, self.srv_type.Response))
        except CdrError as error:
            future.set_exception(error)

    def _label(self) -> str:
        return f"the client of {self.srv_name}"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self.destroy()
