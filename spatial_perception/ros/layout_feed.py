"""The Layout topic as a source of layouts: latched, checked for new epochs, with what is known of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any

from spatial_perception.layout.entities import Layout as LayoutValue
from spatial_perception.layout.tracking import TrackedLayout
from spatial_perception.msg import Layout
from spatial_perception.ros.convert.layouts import LayoutContext, layout_from_message
from spatial_perception.ros.convert.stamps import seconds
from spatial_perception.ros.diagnostics import InputState, explain_silence
from spatial_perception.ros.qos import LATCHED, mismatch

if TYPE_CHECKING:
    from rclpy.node import Node

TYPE_NAME = "spatial_perception/msg/Layout"


@dataclass(frozen=True)
class Known:
    """A layout as it was received: with stable ids and times of each entity, epoch and version of its map, and when it came
    (monotonic clock, s)."""

    tracked: TrackedLayout
    context: LayoutContext
    received: float

    @cached_property
    def layout(self) -> LayoutValue:
        """The entities alone."""
        return self.tracked.layout

    @cached_property
    def first_seen(self) -> dict[int, float]:
        """When each box was first seen (s), by its id."""
        return {track.entity.id: track.first_seen for track in self.tracked.tracks if track.kind == "bbox"}


class LayoutFeed:
    """Subscribes to layouts; tells of each, and before that of each new epoch, with its reason.

    An epoch is new where the message says so, where the version of the map falls (its node began again), and where the stamp
    goes back by more than `backward` (s).
    """

    def __init__(
        self, node: Node, topic: str, backward: float, on_layout: Callable[[Known], None],
        on_epoch: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._node, self._backward, self._on_layout, self._on_epoch = node, backward, on_layout, on_epoch
        self.known: Known | None = None
        self._subscription = node.create_subscription(Layout, topic, self._receive, LATCHED)
        self.state = InputState(self._subscription.topic_name, TYPE_NAME, LATCHED)

    def close(self) -> None:
        """End the subscription; what is known stays."""
        self._node.destroy_subscription(self._subscription)

    def forget(self) -> None:
        """Take nothing as known any more."""
        self.known = None

    def explain(self) -> str:
        """Why there is no layout yet, and what to do."""
        publishers = self._node.get_publishers_info_by_topic(self.state.topic)
        for info in publishers:
            if info.topic_type == TYPE_NAME and not mismatch(info.qos_profile, LATCHED):
                name = f"{info.node_namespace.rstrip('/')}/{info.node_name}"
                return f"{self.state.topic}: {name} has published no layout yet; its log says what it waits for"
        return explain_silence(self._node, self.state, None, Counter())

    def _receive(self, message: Any) -> None:
        began = monotonic()
        self.state.arrived(self._node.get_clock().now().nanoseconds / 1e9 - seconds(message.header.stamp))
        new = Known(*layout_from_message(message), began)
        reason = "" if self.known is None else self._new_epoch(self.known, new)
        if reason:
            self._on_epoch(reason)
        self.known = new
        self._on_layout(new)
        self.state.was_used()
        self.state.held(monotonic() - began)

    def _new_epoch(self, old: Known, new: Known) -> str:
        """Why ids of before are void; empty where they are not."""
        if new.context.epoch != old.context.epoch:
            return f"epoch {new.context.epoch} of the map began"
        if new.context.version < old.context.version:
            return "the map was made anew"
        back = old.tracked.stamp - new.tracked.stamp
        return f"stamps of layouts went back by {back:.1f} s" if back > self._backward else ""
