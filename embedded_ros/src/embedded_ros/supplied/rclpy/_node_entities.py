"""The part of a node that owns what was created with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rclpy.client import Client
from rclpy.guard_condition import GuardCondition
from rclpy.publisher import Publisher
from rclpy.service import Service
from rclpy.subscription import Subscription
from rclpy.timer import Rate, Timer

from embedded_ros.wire.participant import Writer


class EntityOwner:
    """Mixin of Node: lists, destroys and announces a node's entities."""

    @property
    def handle(self) -> Any:
        """Raise NotImplementedError: there is no node of rcl here."""
        raise NotImplementedError("rclpy.node.Node.handle is not supported by embedded_ros")

    # Entities

    publishers = property(lambda self: iter(self._impl_publishers), doc="The publishers.")
    subscriptions = property(lambda self: iter(self._impl_subscriptions), doc="The subscriptions.")
    clients = property(lambda self: iter(self._impl_clients), doc="The clients.")
    services = property(lambda self: iter(self._impl_services), doc="The services.")
    timers = property(lambda self: iter(list(self._impl_timers)), doc="The timers.")
    guards = property(lambda self: iter(self._impl_guards), doc="The guard conditions.")
    waitables = property(lambda self: iter(self._impl_waitables), doc="The waitables.")

    def _impl_entities(self) -> Iterator[Any]:
        """Yield everything that executors serve."""
        yield from list(self._impl_timers)
        for subscription in list(self._impl_subscriptions):
            yield subscription
            yield from subscription.event_handlers
        yield from list(self._impl_guards)
        yield from list(self._impl_clients)
        yield from list(self._impl_services)
        for publisher in list(self._impl_publishers):
            yield from publisher.event_handlers
        yield from list(self._impl_waitables)

    # Destroying

    def destroy_publisher(self, publisher: Publisher) -> bool:
        """Destroy a publisher; return whether it was this node's."""
        return self._impl_destroy(self._impl_publishers, publisher, lambda: [publisher._writer])

    def destroy_subscription(self, subscription: Subscription) -> bool:
        """Destroy a subscription; return whether it was this node's."""
        return self._impl_destroy(self._impl_subscriptions, subscription, lambda: [subscription._reader])

    def destroy_client(self, client: Client) -> bool:
        """Destroy a client; return whether it was this node's."""
        return self._impl_destroy(self._impl_clients, client, lambda: [client._client.reader, client._client.writer])

    def destroy_service(self, service: Service) -> bool:
        """Destroy a service; return whether it was this node's."""
        return self._impl_destroy(
            self._impl_services, service, lambda: [service._server.reader, service._server.writer]
        )

    def destroy_timer(self, timer: Timer) -> bool:
        """Destroy a timer; return whether it was this node's."""
        return self._impl_destroy(self._impl_timers, timer, list)

    def destroy_guard_condition(self, guard: GuardCondition) -> bool:
        """Destroy a guard condition; return whether it was this node's."""
        return self._impl_destroy(self._impl_guards, guard, list)

    def destroy_rate(self, rate: Rate) -> bool:
        """Destroy a rate; return whether it was this node's."""
        rate.destroy()
        return self.destroy_timer(rate._timer)

    def _impl_destroy(self, owned: list[Any], entity: Any, endpoints: Callable[[], Sequence[Any]]) -> bool:
        if not any(other is entity for other in owned):
            return False
        owned[:] = [other for other in owned if other is not entity]
        self._impl_remove_from_graph(*endpoints())
        entity.destroy()
        self._impl_wake_executor()
        return True

    # Graph

    def _impl_add_to_graph(self, *endpoints: Any) -> None:
        for endpoint in endpoints:
            (self._impl_record.writers if isinstance(endpoint, Writer) else self._impl_record.readers).add(
                endpoint.guid
            )
        if self._impl_announcing:
            self._context.graph.announce()

    def _impl_remove_from_graph(self, *endpoints: Any) -> None:
        for endpoint in endpoints:
            self._impl_record.writers.discard(endpoint.guid)
            self._impl_record.readers.discard(endpoint.guid)
        if self._impl_announcing:
            self._context.graph.announce()
