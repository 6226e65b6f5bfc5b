"""Keeps a server of somebody else up to date with a set of things: what changed is sent, a server that is absent is
mentioned once, one that comes later or again gets everything."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from rclpy.client import Client
    from rclpy.node import Node

K = TypeVar("K")
V = TypeVar("V")
Call = tuple["Client", Any]
_PATIENCE = 10.0
"""A call that is not answered for this long (s) is given up."""


class ServiceSync(Generic[K, V]):
    """`want` says what the server should hold; calls go out one after the other, without anybody waiting.

    `plan(removed, added)` makes the calls (client, request) for what is to be removed (key and value as sent) and what is new
    or changed; with `replaces(old, new)` False a changed thing is removed before it is added. Where a call fails, it is said,
    and nothing is sent until something changes.
    """

    def __init__(
        self,
        node: Node,
        label: str,
        clients: tuple[Client, ...],
        plan: Callable[[list[tuple[K, V]], list[V]], list[Call]],
        replaces: Callable[[V, V], bool] = lambda old, new: True,
    ) -> None:
        self._node, self._label, self._clients, self._plan, self._replaces = node, label, clients, plan, replaces
        self._lock = threading.RLock()
        self._wanted: dict[K, V] = {}
        self._sent: dict[K, V] = {}
        self._target: dict[K, V] = {}
        self._calls: deque[Call] = deque()
        self._busy_since: float | None = None
        self._failed: dict[K, V] | None = None
        self._said_absent = self._was_ready = False
        self.calls, self.problem = 0, "not sent yet"
        """Number of calls made, and why the server is not up to date; empty where it is."""

    def want(self, things: Mapping[K, V]) -> None:
        """What the server should hold from now on."""
        with self._lock:
            self._wanted = dict(things)
            self._step()

    def tick(self) -> None:
        """Notice servers that come and go; to be called now and then."""
        with self._lock:
            ready = self._is_ready()
            if self._was_ready and not ready:
                self._forget(f"{self._name} is gone")
                self._failed = None
            elif self._busy_since is not None and monotonic() - self._busy_since > _PATIENCE:
                self._forget(f"{self._name} does not answer")
                self._failed = dict(self._wanted)
            self._was_ready = ready
            self._step()

    def close(self) -> None:
        """Take the clients back."""
        with self._lock:
            self._calls.clear()
            for client in self._clients:
                self._node.destroy_client(client)

    @property
    def _name(self) -> str:
        return str(self._clients[0].srv_name)

    def _is_ready(self) -> bool:
        return all(client.service_is_ready() for client in self._clients)

    def _forget(self, problem: str) -> None:
        """The server may hold anything now."""
        self._sent, self._busy_since, self.problem = {}, None, problem
        self._calls.clear()

    def _step(self) -> None:
        if self._busy_since is not None or self._wanted == self._sent or self._wanted == self._failed:
            return
        if not self._is_ready():
            self.problem = f"{self._name} is not there"
            if not self._said_absent:
                self._said_absent = True
                self._node.get_logger().info(f"{self._name} is not there: {self._label} are sent when it comes")
            return
        self._was_ready, self._said_absent = True, False
        changed = {key: new for key, new in self._wanted.items() if self._sent.get(key) != new}
        removed = [
            (key, old) for key, old in self._sent.items()
            if key not in self._wanted or (key in changed and not self._replaces(old, changed[key]))
        ]  # fmt: skip
        self._target = dict(self._wanted)
        self._calls = deque(self._plan(removed, list(changed.values())))
        self._call_next()

    def _call_next(self) -> None:
        if not self._calls:
            self._sent, self._busy_since, self.problem, self._failed = self._target, None, "", None
            self._step()
            return
        client, request = self._calls.popleft()
        self._busy_since, self.calls = monotonic(), self.calls + 1
        began = self._busy_since
        client.call_async(request).add_done_callback(lambda future: self._answered(future, began))

    def _answered(self, future: Any, began: float) -> None:
        with self._lock:
            if began != self._busy_since:
                return
            answer = None if future.cancelled() or future.exception() is not None else future.result()
            if answer is not None and answer.success:
                self._call_next()
                return
            why = getattr(answer, "message", "") or "see its log"
            self._forget(f"{self._name} refused {self._label}: {why}")
            self._failed = dict(self._target)
            self._node.get_logger().warning(self.problem)
