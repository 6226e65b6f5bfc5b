"""What a node knows about its inputs: rates, ages of stamps, losses by reason; and why nothing arrives."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from time import monotonic
from typing import TYPE_CHECKING, Any

from spatial_perception.ros.qos import mismatch, qos_text

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.qos import QoSProfile

    from spatial_perception.ros.transforms import MissingTransform

WINDOW = 10.0
"""Rates are means over this time (s)."""
CLOCK_MISMATCH = 3600.0
"""Stamps that differ more than this (s) from the clock come from another clock."""
_MOST_SHOWN = 4


@dataclass
class InputState:
    """What one subscription saw: messages `received` and `used`, age of the last stamp when it came (s), last refusal, and
    how long its callback took at most (s)."""

    topic: str
    type_name: str
    qos: QoSProfile
    since: float = field(default_factory=monotonic)
    received: int = 0
    used: int = 0
    last_used: float | None = None
    stamp_age: float | None = None
    refusal: str = ""
    longest_callback: float = 0.0
    _arrivals: deque[float] = field(default_factory=lambda: deque(maxlen=1000))

    def arrived(self, stamp_age: float) -> None:
        """Note a message whose stamp lies `stamp_age` (s) before the clock."""
        self.received += 1
        self.stamp_age = stamp_age
        self._arrivals.append(monotonic())

    def was_used(self) -> None:
        """Note that a message entered the map."""
        self.used += 1
        self.last_used = monotonic()
        self.refusal = ""

    def held(self, seconds: float) -> None:
        """Note how long a callback took."""
        self.longest_callback = max(self.longest_callback, seconds)

    def refused(self, reason: str) -> None:
        """Note why a message could not be used."""
        self.refusal = reason

    @property
    def rate(self) -> float:
        """Messages per second over the last seconds."""
        now = monotonic()
        recent = sum(1 for moment in tuple(self._arrivals) if now - moment <= WINDOW)
        return recent / min(WINDOW, max(now - self.since, 1.0))

    @property
    def silence(self) -> float:
        """Seconds since a message was used, or since the subscription began."""
        return monotonic() - (self.last_used if self.last_used is not None else self.since)

    def has_arrived_within(self, seconds: float) -> bool:
        """Whether a message came in during the last seconds."""
        return bool(self._arrivals) and monotonic() - self._arrivals[-1] <= seconds


def explain_silence(
    node: Node, state: InputState, missing: MissingTransform | None, drops: Counter[tuple[str, str]]
) -> str:
    """Why an input gives nothing, and what to do: names topic, QoS of both ends, publishers, age of stamps, TF pair."""
    publishers = node.get_publishers_info_by_topic(state.topic)
    if state.has_arrived_within(max(2.0, min(state.silence, WINDOW))):
        cause = _explain_no_use(state, missing, drops)
    else:
        cause = _explain_no_message(node, state, publishers)
    return f"{state.topic}: {cause} [{_ends(state, publishers)}{_age(state)}]"


def _explain_no_use(state: InputState, missing: MissingTransform | None, drops: Counter[tuple[str, str]]) -> str:
    text = f"{state.rate:.1f} messages/s arrive, none was used for {state.silence:.0f} s"
    if state.refusal:
        return f"{text}: {state.refusal}"
    if missing is not None:
        pair = f"no transform {missing.target} <- {missing.source} at their stamps"
        return f"{text}: {pair} ({missing.reason}); {_tf_remedy(state, missing)}"
    lost = losses(drops, [state.topic])[state.topic]
    return f"{text}, lost: {lost}; the map takes them up too slowly: fewer points or a lower rate help"


def _explain_no_message(node: Node, state: InputState, publishers: list[Any]) -> str:
    if not publishers:
        return f"no publisher; check name, namespace and remapping{_similar(node, state)}"
    if all(info.topic_type != state.type_name for info in publishers):
        other = ", ".join(sorted({info.topic_type for info in publishers}))
        return f"is of {other}, not of {state.type_name}; give a topic of that type"
    for info in publishers:
        reason = mismatch(info.qos_profile, state.qos)
        if reason:
            return f"the QoS does not match: {reason}; set the parameter inputs.reliability to best_effort"
    return (
        f"no message for {state.silence:.0f} s although the QoS matches; does the sensor run, is the bag paused, "
        "do large messages get through (sysctl net.core.rmem_max)?"
    )


def _ends(state: InputState, publishers: list[Any]) -> str:
    """Both ends of a topic: how many publish, who with which QoS, and what this subscription asks for."""
    count = f"{len(publishers)} publisher{'s' if len(publishers) != 1 else ''}"
    theirs = ", ".join(f"{_name(info)} ({qos_text(info.qos_profile)})" for info in publishers[:_MOST_SHOWN])
    more = ", ..." if len(publishers) > _MOST_SHOWN else ""
    ours = f"this subscription: {state.type_name} ({qos_text(state.qos)})"
    return f"{count}{': ' * bool(publishers)}{theirs}{more}; {ours}"


def _name(info: Any) -> str:
    return f"{info.node_namespace.rstrip('/')}/{info.node_name}"


def _similar(node: Node, state: InputState) -> str:
    """Other topics of the type that is wanted, the most alike first."""
    names = [
        name for name, types in node.get_topic_names_and_types() if state.type_name in types and name != state.topic
    ]
    published = [name for name in names if node.count_publishers(name)]
    ranked = sorted(published, key=lambda name: -SequenceMatcher(None, name, state.topic).ratio())[:3]
    return f"; topics of this type: {', '.join(ranked)}" if ranked else f"; nobody publishes {state.type_name}"


def _age(state: InputState) -> str:
    return "" if state.stamp_age is None else f"; last stamp {state.stamp_age:.2f} s old when it came"


def _tf_remedy(state: InputState, missing: MissingTransform) -> str:
    if state.stamp_age is not None and abs(state.stamp_age) > CLOCK_MISMATCH:
        return "stamps and clock are of different times: set use_sim_time alike in all nodes (true for bags and simulation)"
    return f"check `ros2 run tf2_ros tf2_echo {missing.target} {missing.source}` and the parameter frames.map"


def losses(drops: Counter[tuple[str, str]], topics: Iterable[str]) -> dict[str, str]:
    """Lost messages per topic for diagnostics: `3 queue full, 1 no transform in time`."""
    return {
        topic: ", ".join(f"{count} {reason}" for (name, reason), count in sorted(drops.items()) if name == topic)
        or "none"
        for topic in topics
    }
