"""Events of publishers and subscriptions: incompatible QoS, lost messages, deadlines, liveliness, matches."""

from __future__ import annotations

import collections
import ctypes as ct
import enum
from collections.abc import Callable
from typing import Any

from rclpy._entity import Entity, await_or_execute
from rclpy.qos import QoSPolicyKind

from embedded_ros.wire import binding
from embedded_ros.wire.binding import LIBRARY

# DDS policy numbers (DDS 1.4, QosPolicyId_t) -> the policies by which ROS names them
_POLICIES = {
    2: QoSPolicyKind.DURABILITY,
    4: QoSPolicyKind.DEADLINE,
    8: QoSPolicyKind.LIVELINESS,
    11: QoSPolicyKind.RELIABILITY,
    13: QoSPolicyKind.HISTORY,
    21: QoSPolicyKind.LIFESPAN,
}

QoSDeadlineMissedInfo = collections.namedtuple("QoSDeadlineMissedInfo", ["total_count", "total_count_change"])
QoSRequestedDeadlineMissedInfo = QoSOfferedDeadlineMissedInfo = QoSDeadlineMissedInfo
QoSLivelinessChangedInfo = collections.namedtuple(
    "QoSLivelinessChangedInfo", ["alive_count", "not_alive_count", "alive_count_change", "not_alive_count_change"]
)
QoSLivelinessLostInfo = collections.namedtuple("QoSLivelinessLostInfo", ["total_count", "total_count_change"])
QoSMessageLostInfo = collections.namedtuple("QoSMessageLostInfo", ["total_count", "total_count_change"])
QoSIncompatibleInfo = collections.namedtuple(
    "QoSIncompatibleInfo", ["total_count", "total_count_change", "last_policy_kind"]
)
QoSRequestedIncompatibleQoSInfo = QoSOfferedIncompatibleQoSInfo = QoSIncompatibleInfo
QoSMatchedInfo = collections.namedtuple(
    "QoSMatchedInfo", ["total_count", "total_count_change", "current_count", "current_count_change"]
)
QoSSubscriptionMatchedInfo = QoSPublisherMatchedInfo = QoSMatchedInfo


class QoSPublisherEventType(enum.IntEnum):
    """Events of publishers."""

    RCL_PUBLISHER_OFFERED_DEADLINE_MISSED = 0
    RCL_PUBLISHER_LIVELINESS_LOST = 1
    RCL_PUBLISHER_OFFERED_INCOMPATIBLE_QOS = 2
    RCL_PUBLISHER_INCOMPATIBLE_TYPE = 3
    RCL_PUBLISHER_MATCHED = 4


class QoSSubscriptionEventType(enum.IntEnum):
    """Events of subscriptions."""

    RCL_SUBSCRIPTION_REQUESTED_DEADLINE_MISSED = 0
    RCL_SUBSCRIPTION_LIVELINESS_CHANGED = 1
    RCL_SUBSCRIPTION_REQUESTED_INCOMPATIBLE_QOS = 2
    RCL_SUBSCRIPTION_MESSAGE_LOST = 3
    RCL_SUBSCRIPTION_INCOMPATIBLE_TYPE = 4
    RCL_SUBSCRIPTION_MATCHED = 5


class UnsupportedEventTypeError(RuntimeError):
    """The middleware has no such event."""


class _Counts(ct.Structure):
    """Room for any of Cyclone's status structures: they all begin with 32-bit counts."""

    _fields_ = (("words", ct.c_uint32 * 8),)


def _signed(word: int) -> int:
    return word - 2**32 if word >= 2**31 else word


def _read(function: str, entity: int) -> list[int]:
    counts = _Counts()
    call = getattr(LIBRARY, function)
    call.argtypes = (ct.c_int32, ct.c_void_p)
    binding.check(call(entity, ct.byref(counts)), f"reading a status ({function})")
    return [_signed(word) for word in counts.words]


def _incompatible(words: list[int]) -> QoSIncompatibleInfo:
    return QoSIncompatibleInfo(words[0], words[1], _POLICIES.get(words[2], QoSPolicyKind.INVALID))


def _two(words: list[int]) -> QoSMessageLostInfo:
    return QoSMessageLostInfo(words[0], words[1])


# status bit -> (function of Cyclone's, conversion)
_STATUSES: dict[int, tuple[str, Callable[[list[int]], Any]]] = {
    binding.OFFERED_DEADLINE_MISSED: (
        "dds_get_offered_deadline_missed_status",
        lambda w: QoSDeadlineMissedInfo(w[0], w[1]),
    ),
    binding.REQUESTED_DEADLINE_MISSED: (
        "dds_get_requested_deadline_missed_status",
        lambda w: QoSDeadlineMissedInfo(w[0], w[1]),
    ),
    binding.OFFERED_INCOMPATIBLE_QOS: ("dds_get_offered_incompatible_qos_status", _incompatible),
    binding.REQUESTED_INCOMPATIBLE_QOS: ("dds_get_requested_incompatible_qos_status", _incompatible),
    binding.SAMPLE_LOST: ("dds_get_sample_lost_status", _two),
    binding.LIVELINESS_LOST: ("dds_get_liveliness_lost_status", lambda w: QoSLivelinessLostInfo(w[0], w[1])),
    binding.LIVELINESS_CHANGED: ("dds_get_liveliness_changed_status", lambda w: QoSLivelinessChangedInfo(*w[:4])),
    binding.PUBLICATION_MATCHED: ("dds_get_publication_matched_status", lambda w: QoSMatchedInfo(*w[:4])),
    binding.SUBSCRIPTION_MATCHED: ("dds_get_subscription_matched_status", lambda w: QoSMatchedInfo(*w[:4])),
}


class EventHandler(Entity):
    """Calls back when a status of an endpoint is raised."""

    def __init__(self, callback: Callable[[Any], Any], callback_group: Any, node: Any, bit: int, label: str) -> None:
        super().__init__(callback_group, node)
        self.callback = callback
        self._bit, self._label_text = bit, label
        self._entity_of: Callable[[], int] = lambda: 0
        self._raised = False

    def destroy(self) -> None:
        """Stop calling back."""
        self._destroyed = True

    def _raise(self) -> None:
        """Note a raised status; called in the waiting thread."""
        self._raised = True
        self._wake_executor()

    def _is_ready(self) -> bool:
        return self._raised and not self._destroyed

    def _take(self) -> Any:
        self._raised = False
        function, convert = _STATUSES[self._bit]
        return convert(_read(function, self._entity_of()))

    async def _execute(self, work: Any) -> None:
        await await_or_execute(self.callback, work)

    def _label(self) -> str:
        return f"an event of {self._label_text}"


QoSEventHandler = EventHandler


class _EventCallbacks:
    """Callbacks by event; those for incompatible QoS are given a default that logs."""

    def _build(
        self,
        callbacks: dict[int, Callable[[Any], Any] | None],
        group: Any,
        node: Any,
        topic: str,
        incompatible: int,
        text: str,
    ) -> list[EventHandler]:
        if callbacks.get(incompatible) is None and self.use_default_callbacks:
            callbacks[incompatible] = _warn_about(node, topic, text)
        return [EventHandler(call, group, node, bit, topic) for bit, call in callbacks.items() if call is not None]


def _warn_about(node: Any, topic: str, text: str) -> Callable[[QoSIncompatibleInfo], None]:
    def warn(event: QoSIncompatibleInfo) -> None:
        node.get_logger().warn(f"{text.format(topic=topic)} Last incompatible policy: {event.last_policy_kind.name}")

    return warn


class SubscriptionEventCallbacks(_EventCallbacks):
    """Callbacks for the events of a subscription."""

    def __init__(
        self, *, deadline: Callable[[Any], Any] | None = None, liveliness: Callable[[Any], Any] | None = None,
        message_lost: Callable[[Any], Any] | None = None, incompatible_qos: Callable[[Any], Any] | None = None,
        incompatible_type: Callable[[Any], Any] | None = None, matched: Callable[[Any], Any] | None = None,
        use_default_callbacks: bool = True,
    ) -> None:  # fmt: skip
        self.deadline, self.liveliness, self.message_lost = deadline, liveliness, message_lost
        self.incompatible_qos, self.incompatible_type, self.matched = incompatible_qos, incompatible_type, matched
        self.use_default_callbacks = use_default_callbacks

    def create_event_handlers(self, callback_group: Any, subscription: Any, topic_name: str) -> list[EventHandler]:
        """Return the handlers of a subscription."""
        callbacks = {
            binding.REQUESTED_DEADLINE_MISSED: self.deadline,
            binding.LIVELINESS_CHANGED: self.liveliness,
            binding.SAMPLE_LOST: self.message_lost,
            binding.REQUESTED_INCOMPATIBLE_QOS: self.incompatible_qos,
            binding.SUBSCRIPTION_MATCHED: self.matched,
        }
        text = "New publisher discovered on topic '{topic}', offering incompatible QoS. No messages will be received from it."
        return self._build(
            callbacks, callback_group, subscription, topic_name, binding.REQUESTED_INCOMPATIBLE_QOS, text
        )


class PublisherEventCallbacks(_EventCallbacks):
    """Callbacks for the events of a publisher."""

    def __init__(
        self, *, deadline: Callable[[Any], Any] | None = None, liveliness: Callable[[Any], Any] | None = None,
        incompatible_qos: Callable[[Any], Any] | None = None, incompatible_type: Callable[[Any], Any] | None = None,
        matched: Callable[[Any], Any] | None = None, use_default_callbacks: bool = True,
    ) -> None:  # fmt: skip
        self.deadline, self.liveliness = deadline, liveliness
        self.incompatible_qos, self.incompatible_type, self.matched = incompatible_qos, incompatible_type, matched
        self.use_default_callbacks = use_default_callbacks

    def create_event_handlers(self, callback_group: Any, publisher: Any, topic_name: str) -> list[EventHandler]:
        """Return the handlers of a publisher."""
        callbacks = {
            binding.OFFERED_DEADLINE_MISSED: self.deadline,
            binding.LIVELINESS_LOST: self.liveliness,
            binding.OFFERED_INCOMPATIBLE_QOS: self.incompatible_qos,
            binding.PUBLICATION_MATCHED: self.matched,
        }
        text = "New subscription discovered on topic '{topic}', requesting incompatible QoS. No messages will be sent to it."
        return self._build(callbacks, callback_group, publisher, topic_name, binding.OFFERED_INCOMPATIBLE_QOS, text)
