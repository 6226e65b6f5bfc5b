"""Contexts: one participant each, from ``init`` to ``shutdown``."""

from __future__ import annotations

import _thread
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rclpy._arguments import RosArguments, parse_arguments
from rclpy._rclpy_pybind11 import RCLError
from rclpy.exceptions import NotInitializedException
from rclpy.impl import rcutils_logger

from embedded_ros.wakeup import Wakeup
from embedded_ros.wire import profile
from embedded_ros.wire.graph import Graph
from embedded_ros.wire.participant import Participant

__all__ = ["Context"]


class Context:
    """Holds what all nodes of one ``init`` share: arguments, the participant, the graph."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._participant: Participant | None = None
        self._graph: Graph | None = None
        self._shutdown_requested = False
        self._initialized = False
        self._interrupted = False
        self._callbacks: list[Any] = []
        self._wakeups: weakref.WeakSet[Wakeup] = weakref.WeakSet()
        self._wakeups_lock = threading.Lock()
        self._nodes: weakref.WeakSet[Any] = weakref.WeakSet()
        self.arguments = RosArguments()

    def init(
        self, args: Sequence[str] | None = None, *, initialize_logging: bool = True, domain_id: int | None = None
    ) -> None:
        """Join the domain (``domain_id``, else ``ROS_DOMAIN_ID``) with the given or the program's arguments.

        Raises RuntimeError when it is initialized already, InvalidROSArgsError and ValueError for bad settings.
        """
        with self._lock:
            if self._initialized:
                raise RuntimeError("Context.init() must only be called once")
            arguments = parse_arguments(sys.argv if args is None else args)
            domain = profile.domain_id() if domain_id is None else domain_id
            if domain < 0:
                raise RuntimeError(f"Domain id ({domain}) should not be lower than zero.")
            self._participant = Participant(domain, arguments.enclave)
            self._graph = Graph(self._participant)
            self._graph.observe(self.wake_all)
            self.arguments = arguments
            self._initialized = True
        if initialize_logging:
            _apply_log_levels(arguments)
        if self._interrupted:
            self._request_shutdown()

    def ok(self) -> bool:
        """Return whether the context is initialized and not shut down."""
        return self._initialized and not self._shutdown_requested

    def shutdown(self) -> None:
        """Leave the domain; raises RuntimeError when not initialized or shut down already."""
        if not self._initialized:
            raise RuntimeError("Context must be initialized before it can be shutdown")
        if self._shutdown_requested:
            raise RCLError("failed to shutdown: rcl_shutdown already called on the given context")
        self.try_shutdown()

    def try_shutdown(self) -> None:
        """Leave the domain unless that has happened."""
        if not self._initialized:
            return
        already = self._shutdown_requested
        self._shutdown_requested = True
        if not already:
            self._notify_shutdown()
        with self._lock:
            participant, self._participant = self._participant, None
        if participant is not None:
            for node in list(self._nodes):
                node._impl_disconnect()
            participant.close()

    def on_shutdown(self, callback: Callable[[], Any]) -> None:
        """Call back when the context is shut down; bound methods are held weakly."""
        if not callable(callback):
            raise TypeError(f"callback should be a callable, got {type(callback)}")
        with self._lock:
            self._callbacks.append(
                weakref.WeakMethod(callback) if hasattr(callback, "__self__") and _weak(callback) else callback
            )

    def get_domain_id(self) -> int:
        """Return the domain id; raises RuntimeError before ``init``."""
        return self.participant.domain

    @property
    def participant(self) -> Participant:
        """Return the participant; raises NotInitializedException outside init and shutdown."""
        participant = self._participant
        if participant is None:
            raise NotInitializedException()
        return participant

    @property
    def graph(self) -> Graph:
        """Return the graph; raises NotInitializedException before ``init``."""
        if self._graph is None:
            raise NotInitializedException()
        return self._graph

    def track_node(self, node: Any) -> None:
        """Disconnect this node when the context is shut down."""
        self._nodes.add(node)

    def add_wakeup(self, wakeup: Wakeup) -> None:
        """End waits on ``wakeup`` on a shutdown and when the graph changes."""
        with self._wakeups_lock:
            self._wakeups.add(wakeup)

    def wake_all(self) -> None:
        """End all waits in this context."""
        with self._wakeups_lock:
            wakeups = list(self._wakeups)
        for wakeup in wakeups:
            wakeup.set()

    def __enter__(self) -> Context:
        return self

    def __exit__(self, *exception: object) -> None:
        self.try_shutdown()

    def _request_shutdown(self) -> None:
        """Begin a shutdown from a signal handler: touch no lock here, leave the rest to another thread."""
        self._interrupted = True
        if self._initialized and not self._shutdown_requested:
            self._shutdown_requested = True
            _thread.start_new_thread(self._notify_shutdown, ())

    def _notify_shutdown(self) -> None:
        participant = self._participant
        if participant is not None:
            participant.is_leaving = True
        self.wake_all()
        if self._graph is not None:
            self._graph.wake_waiters()
        with self._lock:
            callbacks, self._callbacks = self._callbacks, []
        for callback in _living(callbacks):
            callback()


def _weak(callback: Any) -> bool:
    try:
        weakref.WeakMethod(callback)
    except TypeError:
        return False
    return True


def _living(callbacks: list[Any]) -> Iterator[Callable[[], Any]]:
    for known in callbacks:
        callback = known() if isinstance(known, weakref.WeakMethod) else known
        if callback is not None:
            yield callback


def _apply_log_levels(arguments: RosArguments) -> None:
    from rclpy.logging import get_logging_severity_from_string, set_logger_level

    for name, level in arguments.log_levels:
        set_logger_level(name or "", get_logging_severity_from_string(level))
    rcutils_logger.enable_console(arguments.stdout)
