"""The part of a node that asks the graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from rclpy._names import join
from rclpy.qos import from_endpoint_qos
from rclpy.topic_endpoint_info import TopicEndpointInfo, TopicEndpointTypeEnum, TypeHash

from embedded_ros.wire import names
from embedded_ros.wire.endpoints import Endpoint
from embedded_ros.wire.graph import NodeRecord

NamesAndTypes = list[tuple[str, list[str]]]


class NodeNameNonExistentError(RuntimeError):
    """There is no node of that name."""


class GraphQueries:
    """Mixin of Node: names, types, counts and details of endpoints in the domain."""

    def get_node_names(self) -> list[str]:
        """Return the names of all nodes, without namespaces."""
        return [node.name for node in self.context.graph.nodes()]

    def get_fully_qualified_node_names(self) -> list[str]:
        """Return the full names of all nodes."""
        return [node.full_name for node in self.context.graph.nodes()]

    def get_node_names_and_namespaces(self) -> list[tuple[str, str]]:
        """Return names and namespaces of all nodes."""
        return [(node.name, node.namespace) for node in self.context.graph.nodes()]

    def get_node_names_and_namespaces_with_enclaves(self) -> list[tuple[str, str, str]]:
        """Return names, namespaces and enclaves of all nodes."""
        return [(node.name, node.namespace, node.enclave) for node in self.context.graph.nodes()]

    def get_topic_names_and_types(self, no_demangle: bool = False) -> NamesAndTypes:
        """Return all topics with their types; ``no_demangle`` also shows what is no ROS topic, by its DDS name."""
        return _collect(self.context.graph.endpoints(), no_demangle)

    def get_service_names_and_types(self) -> NamesAndTypes:
        """Return all services with their types."""
        return _services(self.context.graph.endpoints())

    def get_publisher_names_and_types_by_node(
        self, node_name: str, node_namespace: str, no_demangle: bool = False
    ) -> NamesAndTypes:
        """Return the topics a node publishes; raises NodeNameNonExistentError."""
        return _collect(self._impl_of_node(node_name, node_namespace, "writers"), no_demangle)

    def get_subscriber_names_and_types_by_node(
        self, node_name: str, node_namespace: str, no_demangle: bool = False
    ) -> NamesAndTypes:
        """Return the topics a node subscribes to; raises NodeNameNonExistentError."""
        return _collect(self._impl_of_node(node_name, node_namespace, "readers"), no_demangle)

    def get_service_names_and_types_by_node(self, node_name: str, node_namespace: str) -> NamesAndTypes:
        """Return the services a node offers; raises NodeNameNonExistentError."""
        return self._impl_services_of_node(node_name, node_namespace, "rq/", "rr/")

    def get_client_names_and_types_by_node(self, node_name: str, node_namespace: str) -> NamesAndTypes:
        """Return the services a node calls; raises NodeNameNonExistentError."""
        return self._impl_services_of_node(node_name, node_namespace, "rr/", "rq/")

    def _impl_services_of_node(self, name: str, namespace: str, reads: str, writes: str) -> NamesAndTypes:
        """Return the services of which a node reads or writes the topics that begin so; one of the two is enough."""
        readers = [e for e in self._impl_of_node(name, namespace, "readers") if e.topic_name.startswith(reads)]
        writers = [e for e in self._impl_of_node(name, namespace, "writers") if e.topic_name.startswith(writes)]
        return _services([*readers, *writers])

    def count_publishers(self, topic_name: str) -> int:
        """Return the number of publishers of a topic."""
        return len(self._impl_endpoints_named(self._impl_full_topic(topic_name), writers=True))

    def count_subscribers(self, topic_name: str) -> int:
        """Return the number of subscriptions of a topic."""
        return len(self._impl_endpoints_named(self._impl_full_topic(topic_name), writers=False))

    def count_services(self, service_name: str) -> int:
        """Return the number of servers of a service."""
        return self._impl_count_service(service_name, writers=False)

    def count_clients(self, service_name: str) -> int:
        """Return the number of clients of a service."""
        return self._impl_count_service(service_name, writers=True)

    def get_publishers_info_by_topic(self, topic_name: str, no_mangle: bool = False) -> list[TopicEndpointInfo]:
        """Return details of the publishers of a topic; ``no_mangle`` takes the name as that of a DDS topic."""
        return self._impl_info(topic_name, no_mangle, True)

    def get_subscriptions_info_by_topic(self, topic_name: str, no_mangle: bool = False) -> list[TopicEndpointInfo]:
        """Return details of the subscriptions of a topic; ``no_mangle`` takes the name as that of a DDS topic."""
        return self._impl_info(topic_name, no_mangle, False)

    def wait_for_node(self, fully_qualified_node_name: str, timeout: float) -> bool:
        """Return whether a node appeared within ``timeout`` seconds and before a shutdown."""
        name = "/" + fully_qualified_node_name.removeprefix("/")

        def is_there() -> bool:
            return name in self.get_fully_qualified_node_names()

        self.context.graph.wait_until(lambda: is_there() or not self.context.ok(), timeout)
        return is_there()

    # Helpers

    def _impl_info(self, topic_name: str, no_mangle: bool, writers: bool) -> list[TopicEndpointInfo]:
        if no_mangle:
            found = [e for e in self.context.graph.endpoints() if e.topic_name == topic_name and e.is_writer is writers]
        else:
            found = self._impl_endpoints_named(self._impl_full_topic(topic_name), writers)
        return [_endpoint_info(endpoint, self.context.graph.node_of(endpoint.guid)) for endpoint in found]

    def _impl_full_topic(self, topic_name: str) -> str:
        return self.resolve_topic_name(topic_name)

    def _impl_count_service(self, service_name: str, writers: bool) -> int:
        wanted = names.request_to_dds(self.resolve_service_name(service_name))
        return sum(e.topic_name == wanted and e.is_writer is writers for e in self.context.graph.endpoints())

    def _impl_endpoints_named(self, topic: str, writers: bool) -> list[Endpoint]:
        wanted = names.topic_to_dds(topic)
        return [e for e in self.context.graph.endpoints() if e.topic_name == wanted and e.is_writer is writers]

    def _impl_endpoints_of(self, topic: str, writers: bool) -> list[Any]:
        """Return the QoS of the endpoints of a topic."""
        return [endpoint.qos for endpoint in self._impl_endpoints_named(topic, writers)]

    def _impl_of_node(self, name: str, namespace: str, side: str) -> list[Endpoint]:
        records = [node for node in self.context.graph.nodes() if (node.name, node.namespace) == (name, namespace)]
        if not records:
            raise NodeNameNonExistentError(f"cannot get names and types for nonexistent node {join(namespace, name)}")
        wanted = set().union(*(getattr(record, side) for record in records))
        return [endpoint for endpoint in self.context.graph.endpoints() if endpoint.guid in wanted]


def _endpoint_info(endpoint: Endpoint, node: NodeRecord | None) -> TopicEndpointInfo:
    kind = TopicEndpointTypeEnum.PUBLISHER if endpoint.is_writer else TopicEndpointTypeEnum.SUBSCRIPTION
    return TopicEndpointInfo(
        node_name=node.name if node else "_NODE_NAME_UNKNOWN_",
        node_namespace=node.namespace if node else "_NODE_NAMESPACE_UNKNOWN_",
        topic_type=names.ros_type_name(endpoint.type_name),
        topic_type_hash=TypeHash.from_text(endpoint.user_data.get("typehash", "")),
        endpoint_type=kind,
        endpoint_gid=list(endpoint.guid),
        qos_profile=from_endpoint_qos(endpoint.qos),
    )


def _collect(endpoints: Iterable[Endpoint], no_demangle: bool) -> NamesAndTypes:
    found: dict[str, set[str]] = defaultdict(set)
    for endpoint in endpoints:
        topic = names.topic_from_dds(endpoint.topic_name)
        if no_demangle:
            found[endpoint.topic_name].add(endpoint.type_name)
        elif topic is not None:
            found[topic].add(names.ros_type_name(endpoint.type_name))
    return [(name, sorted(found[name])) for name in sorted(found)]


def _services(endpoints: Iterable[Endpoint]) -> NamesAndTypes:
    found: dict[str, set[str]] = defaultdict(set)
    for endpoint in endpoints:
        service = names.service_from_dds(endpoint.topic_name)
        if service is not None:
            found[service].add(names.service_type_of(names.ros_type_name(endpoint.type_name)))
    return [(name, sorted(found[name])) for name in sorted(found)]
