"""The part of the ROS 2 client library that nodes use, supplied by embedded_ros."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rclpy import parameter as parameter
from rclpy.context import Context
from rclpy.signals import (
    SignalHandlerOptions,
    get_current_signal_handlers_options,
    install_signal_handlers,
    register_context,
    uninstall_signal_handlers,
)
from rclpy.task import Future
from rclpy.utilities import get_default_context, get_rmw_implementation_identifier, ok, renew_default_context

from embedded_ros import interrupts

if TYPE_CHECKING:
    from rclpy.executors import Executor
    from rclpy.node import Node

__all__ = [
    "Context",
    "create_node",
    "get_default_context",
    "get_global_executor",
    "get_rmw_implementation_identifier",
    "init",
    "ok",
    "shutdown",
    "spin",
    "spin_once",
    "spin_until_future_complete",
    "try_shutdown",
]
_global_executor: list[Any] = []


class InitContextManager:
    """What ``init`` returns; shuts down at the end of a ``with`` block."""

    def __init__(self, context: Context, installed: bool) -> None:
        self.context, self._installed = context, installed

    def __enter__(self) -> InitContextManager:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.context.ok():
            shutdown(context=self.context)
        else:
            self.context.try_shutdown()


def init(
    *, args: Sequence[str] | None = None, context: Context | None = None, domain_id: int | None = None,
    signal_handler_options: SignalHandlerOptions | None = None,
) -> InitContextManager:  # fmt: skip
    """Begin ROS communication in a context (the default one when None).

    args: command line, ``sys.argv`` when None; what follows ``--ros-args`` counts.
    signal_handler_options: which signals shut down; all for the default context, none for others.
    Raises RuntimeError when the context is initialized already.
    """
    is_default = context is None
    if context is None:
        context = get_default_context()
        if context._initialized and not context.ok():
            context.try_shutdown()
            context = renew_default_context()
    if signal_handler_options is None:
        signal_handler_options = SignalHandlerOptions.ALL if is_default else SignalHandlerOptions.NO
    before = get_current_signal_handlers_options()
    if signal_handler_options is not SignalHandlerOptions.NO:
        install_signal_handlers(signal_handler_options)  # first, so that a signal finds no half-made context
    register_context(context)
    try:
        context.init(args, domain_id=domain_id)
    except BaseException:
        if before is SignalHandlerOptions.NO:
            uninstall_signal_handlers()
        raise
    return InitContextManager(context, bool(signal_handler_options))


def get_global_executor() -> Executor:
    """Return the executor that ``spin`` uses when none is given."""
    from rclpy.executors import SingleThreadedExecutor

    if (
        not _global_executor
        or _global_executor[0].context is not get_default_context()
        or _global_executor[0]._is_shutdown
    ):
        _global_executor[:] = [SingleThreadedExecutor()]
    return _global_executor[0]


def shutdown(*, context: Context | None = None, uninstall_handlers: bool | None = None) -> None:
    """End communication; raises RuntimeError when that has happened."""
    chosen = context or get_default_context()
    _end_global_executor(context)
    chosen.shutdown()
    if uninstall_handlers or (uninstall_handlers is None and context is None):
        uninstall_signal_handlers()


def try_shutdown(*, context: Context | None = None, uninstall_handlers: bool | None = None) -> None:
    """End communication unless that has happened."""
    chosen = context or get_default_context()
    _end_global_executor(context)
    chosen.try_shutdown()
    if uninstall_handlers or (uninstall_handlers is None and context is None):
        uninstall_signal_handlers()


def _end_global_executor(context: Context | None) -> None:
    if context is None and _global_executor:
        executor = _global_executor.pop()
        if not executor._spinning:
            executor.shutdown()


def create_node(node_name: str, **options: Any) -> Node:
    """Return a new node; options are those of ``rclpy.node.Node``."""
    from rclpy.node import Node

    return Node(node_name, **options)


def spin_once(node: Node, *, executor: Executor | None = None, timeout_sec: float | None = None) -> None:
    """Run one callback of a node, waiting for one at most ``timeout_sec`` seconds (None: no limit)."""
    chosen = get_global_executor() if executor is None else executor
    added = chosen.add_node(node)
    try:
        chosen.spin_once(timeout_sec=timeout_sec)
    finally:
        if added:
            chosen.remove_node(node)


def spin(node: Node, executor: Executor | None = None) -> None:
    """Run a node's callbacks until shutdown; raises ExternalShutdownException when someone else shuts down."""
    chosen = get_global_executor() if executor is None else executor
    added = chosen.add_node(node)
    try:
        while chosen.context.ok():
            chosen.spin_once()
        interrupts.deliver()
    finally:
        if added:
            chosen.remove_node(node)


def spin_until_future_complete(
    node: Node, future: Future, executor: Executor | None = None, timeout_sec: float | None = None
) -> None:
    """Run a node's callbacks until a future is done, shutdown, or ``timeout_sec`` seconds have passed (None: no limit)."""
    chosen = get_global_executor() if executor is None else executor
    added = chosen.add_node(node)
    try:
        chosen.spin_until_future_complete(future, timeout_sec)
    finally:
        if added:
            chosen.remove_node(node)
