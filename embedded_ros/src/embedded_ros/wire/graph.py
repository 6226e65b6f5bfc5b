"""The ROS graph: which nodes exist, and which topics and services they use."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable
from typing import Any

from embedded_ros.messages.classes import message_class
from embedded_ros.messages.codec import CdrError, deserialize, serialize
from embedded_ros.wakeup import Wakeup
from embedded_ros.wire import names
from embedded_ros.wire.binding import DATA_AVAILABLE, DdsError
from embedded_ros.wire.endpoints import BuiltinReaders, Endpoint, RemoteParticipant
from embedded_ros.wire.participant import Participant, Reader, Writer
from embedded_ros.wire.qos import EndpointQos

_LOGGER = logging.getLogger("embedded_ros")
_TOPIC, _TYPE = "ros_discovery_info", "rmw_dds_common/msg/ParticipantEntitiesInfo"
_NODE_TYPE, _GID_TYPE = "rmw_dds_common/msg/NodeEntitiesInfo", "rmw_dds_common/msg/Gid"


@dataclasses.dataclass
class NodeRecord:
    """A node and the GUIDs of its readers and writers."""

    name: str
    namespace: str
    readers: set[bytes] = dataclasses.field(default_factory=set)
    writers: set[bytes] = dataclasses.field(default_factory=set)
    enclave: str = "/"

    @property
    def full_name(self) -> str:
        """Namespace and name."""
        return f"{self.namespace.rstrip('/')}/{self.name}"


class Graph:
    """Knows all nodes and endpoints of the domain and announces those of this participant."""

    def __init__(self, participant: Participant) -> None:
        self._participant = participant
        self._lock = threading.RLock()
        self._endpoints: dict[bytes, Endpoint] = {}
        self._participants: dict[bytes, RemoteParticipant] = {}
        self._remote_nodes: dict[bytes, list[NodeRecord]] = {}
        self._local_nodes: list[NodeRecord] = []
        self._observers: list[Callable[[], None]] = []
        self._reader: Reader | None = None
        self._writer = Writer(participant, _TOPIC, _TYPE, EndpointQos(transient_local=True, depth=1))
        self._reader = Reader(
            participant,
            _TOPIC,
            _TYPE,
            EndpointQos(transient_local=True, keep_all=True),
            on_status=self._on_discovery_info,
        )
        self._builtin = BuiltinReaders(participant.entity, participant.waiter, self._on_endpoint)
        self._on_discovery_info(DATA_AVAILABLE)

    # Announcing this participant's nodes

    def add_node(self, node: NodeRecord) -> None:
        """Announce a node of this participant."""
        with self._lock:
            self._local_nodes.append(node)
        self.announce()

    def remove_node(self, node: NodeRecord) -> None:
        """Withdraw a node."""
        with self._lock:
            self._local_nodes = [other for other in self._local_nodes if other is not node]
        self.announce()

    def announce(self) -> None:
        """Publish what nodes this participant has; call it after a node's endpoints changed."""
        with self._lock:
            info = message_class(_TYPE)(
                gid=_gid(self._participant.guid),
                node_entities_info_seq=[_node_message(node) for node in self._local_nodes],
            )
        try:
            self._writer.write(serialize(info))
        except DdsError as error:
            _LOGGER.debug("graph not announced: %s", error)
        self.wake_waiters()

    # What is known

    def nodes(self) -> list[NodeRecord]:
        """Return the nodes of all participants."""
        with self._lock:
            remote = [node for guid in self._remote_nodes for node in self._nodes_of(guid)]
            return [*self._local_nodes, *remote]

    def endpoints(self) -> list[Endpoint]:
        """Return all readers and writers of the domain."""
        with self._lock:
            return list(self._endpoints.values())

    def node_of(self, guid: bytes) -> NodeRecord | None:
        """Return the node that an endpoint belongs to, None when it is not (or not yet) known."""
        return next((node for node in self.nodes() if guid in node.writers or guid in node.readers), None)

    def observe(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` whenever the graph changes; it runs in the waiting thread and must be quick."""
        with self._lock:
            self._observers.append(callback)

    def stop_observing(self, callback: Callable[[], None]) -> None:
        """Undo ``observe``."""
        with self._lock:
            self._observers = [other for other in self._observers if other != callback]

    def wait_until(self, predicate: Callable[[], bool], timeout: float | None) -> bool:
        """Return whether ``predicate`` became true within ``timeout`` seconds (None: wait forever)."""
        wakeup = Wakeup()
        self.observe(wakeup.set)
        try:
            return wakeup.wait_for(predicate, timeout)
        finally:
            self.stop_observing(wakeup.set)

    def wake_waiters(self) -> None:
        """Let all observers look again, as after a change."""
        with self._lock:
            observers = list(self._observers)
        for callback in observers:
            callback()

    def servers(self, service: str, service_type: str) -> tuple[int, int]:
        """Return how many servers of a service are Cyclone's and how many are of other vendors."""
        request, reply = names.request_to_dds(service), names.reply_to_dds(service)
        wanted = {names.dds_type_name(f"{service_type}_{part}") for part in ("Request", "Response")}
        found = [e for e in self.endpoints() if e.type_name in wanted]
        repliers = {e.participant for e in found if e.is_writer and e.topic_name == reply}
        requests = [e for e in found if not e.is_writer and e.topic_name == request and e.participant in repliers]
        foreign = sum(not e.is_cyclone for e in requests)
        return len(requests) - foreign, foreign

    # Changes

    def _on_endpoint(self, guid: bytes, found: Any) -> None:
        with self._lock:
            if found is None:
                self._endpoints.pop(guid, None)
                if self._participants.pop(guid, None) is not None:
                    self._remote_nodes.pop(guid, None)
            elif isinstance(found, RemoteParticipant):
                self._participants[guid] = found
            else:
                self._endpoints[guid] = found
        self.wake_waiters()

    def _on_discovery_info(self, raised: int) -> None:
        if not raised & DATA_AVAILABLE or self._reader is None:
            return
        while (sample := self._reader.take()) is not None:
            try:
                info: Any = deserialize(sample.data, message_class(_TYPE))
            except CdrError as error:
                _LOGGER.warning("dropped a malformed %s message: %s", _TOPIC, error)
                continue
            guid = bytes(info.gid.data)[:16]
            if guid != self._participant.guid:
                with self._lock:
                    self._remote_nodes[guid] = [_node_record(entry) for entry in info.node_entities_info_seq]
        self.wake_waiters()

    def _nodes_of(self, guid: bytes) -> list[NodeRecord]:
        participant = self._participants.get(guid)
        if participant is None:  # its announcement came before it was discovered, or it is gone
            return []
        return [dataclasses.replace(node, enclave=participant.enclave) for node in self._remote_nodes[guid]]


def _gid(guid: bytes) -> Any:
    cls = message_class(_GID_TYPE)
    size = cls._definition.fields[0].type.size
    return cls(data=guid.ljust(size, b"\0"))


def _node_message(node: NodeRecord) -> Any:
    return message_class(_NODE_TYPE)(
        node_namespace=node.namespace,
        node_name=node.name,
        reader_gid_seq=[_gid(guid) for guid in sorted(node.readers)],
        writer_gid_seq=[_gid(guid) for guid in sorted(node.writers)],
    )


def _node_record(entry: Any) -> NodeRecord:
    readers = {bytes(gid.data)[:16] for gid in entry.reader_gid_seq}
    writers = {bytes(gid.data)[:16] for gid in entry.writer_gid_seq}
    return NodeRecord(entry.node_name, entry.node_namespace or "/", readers, writers)
