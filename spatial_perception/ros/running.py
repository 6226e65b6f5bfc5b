"""How every node of this package starts and ends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor, SingleThreadedExecutor

from spatial_perception.errors import SpatialPerceptionError

if TYPE_CHECKING:
    from rclpy.executors import Executor
    from rclpy.node import Node

_LINGER = 2.0
"""How long (s) running callbacks may take to end."""


def run(factory: Callable[[], Node], args: Sequence[str] | None = None, threads: int = 1) -> int:
    """Spin a node until it is interrupted; returns the exit status, 2 where its parameters do not let it start.

    A method `close` of the node is called before it is destroyed.
    """
    rclpy.init(args=args)
    try:
        node = factory()
    except (SpatialPerceptionError, ParameterException) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        rclpy.try_shutdown()
        return 2
    executor: Executor = MultiThreadedExecutor(threads) if threads > 1 else SingleThreadedExecutor()
    executor.add_node(node)
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception:
        # The middleware may complain about its own end.
        if rclpy.ok():
            raise
    finally:
        _end(node, executor)
    return 0


@contextmanager
def until_shutdown(node: Node) -> Iterator[None]:
    """For threads that publish: what the middleware raises once it was shut down is the end, not a fault."""
    try:
        yield
    except Exception:
        if node.context.ok():
            raise


def _end(node: Node, executor: Executor) -> None:
    close = getattr(node, "close", None)
    if close is not None:
        close()
    executor.shutdown(_LINGER)
    node.destroy_node()
    rclpy.try_shutdown()
