"""Executors: run the callbacks of nodes, one at a time or in several threads."""

from __future__ import annotations

import collections
import contextlib
import multiprocessing
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rclpy._entity import Entity, await_or_execute
from rclpy.context import Context
from rclpy.exceptions import NotInitializedException
from rclpy.task import Future, Task
from rclpy.utilities import get_default_context

from embedded_ros import interrupts
from embedded_ros.wakeup import Wakeup

__all__ = [
    "ConditionReachedException",
    "Executor",
    "ExternalShutdownException",
    "MultiThreadedExecutor",
    "ShutdownException",
    "SingleThreadedExecutor",
    "TimeoutException",
    "TimeoutObject",
    "await_or_execute",
]


class TimeoutException(Exception):
    """Nothing became ready in time."""


class ShutdownException(Exception):
    """The executor was shut down."""


class ExternalShutdownException(Exception):
    """The context was shut down by someone else."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)


class ConditionReachedException(Exception):
    """The future that is waited for is done."""


class TimeoutObject:
    """A timeout that may be None; kept for programs that use it."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout

    @property
    def timeout(self) -> float:
        """Return the seconds left."""
        return self._timeout

    @timeout.setter
    def timeout(self, timeout: float) -> None:
        self._timeout = timeout


class Executor:
    """Base of executors: finds what is ready; subclasses run it."""

    def __init__(self, *, context: Context | None = None) -> None:
        """Serve nodes of ``context`` (the default one when None)."""
        self._context = get_default_context() if context is None else context
        self._nodes: list[Any] = []
        self._nodes_lock = threading.RLock()
        self._tasks: list[Task] = []
        self._ready: collections.deque[tuple[Entity, Any]] = collections.deque()
        self._wakeup = Wakeup()
        self._context.add_wakeup(self._wakeup)
        self._is_shutdown = False
        self._spinning = False
        self._running: dict[Task, int] = {}  # handlers with the threads that they run in
        self._ended = Wakeup()

    @property
    def context(self) -> Context:
        """Return the context served."""
        return self._context

    # Nodes

    def add_node(self, node: Any) -> bool:
        """Serve a node; return False when it was added before. The node leaves its former executor."""
        with self._nodes_lock:
            if any(other is node for other in self._nodes):
                return False
            self._nodes.append(node)
        node.executor = self
        self.wake()
        return True

    def remove_node(self, node: Any) -> None:
        """Serve a node no longer."""
        with self._nodes_lock:
            self._nodes = [other for other in self._nodes if other is not node]
        if node._impl_executor_is(self):
            node._impl_forget_executor()
        self.wake()

    def get_nodes(self) -> list[Any]:
        """Return the nodes served."""
        with self._nodes_lock:
            return list(self._nodes)

    def can_execute(self, entity: Entity) -> bool:
        """Return whether an entity's callback may run now."""
        group = entity.callback_group
        return not entity._executor_event and (group is None or group.can_execute(entity))

    def create_task(self, callback: Any, *args: Any, **kwargs: Any) -> Task:
        """Run a function or coroutine in this executor; return its future."""
        task = Task(callback, args, kwargs, executor=self)
        with self._nodes_lock:
            self._tasks.append(task)
        self.wake()
        return task

    def create_future(self) -> Future:
        """Return a future whose callbacks run in this executor."""
        return Future(executor=self)

    def wake(self) -> None:
        """End the current wait, because something changed."""
        self._wakeup.set()

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """Stop; return whether running callbacks ended within ``timeout_sec`` seconds (None or negative: no limit)."""
        self._is_shutdown = True
        self.wake()
        limit = None if timeout_sec is None or timeout_sec < 0 else timeout_sec
        if not self._ended.wait_for(lambda: not self._runs_elsewhere(), limit):
            return False
        with self._nodes_lock:
            nodes, self._nodes = self._nodes, []
            self._tasks, self._ready = [], collections.deque()
        for node in nodes:
            if node._impl_executor_is(self):
                node._impl_forget_executor()
        return True

    def _runs_elsewhere(self) -> bool:
        """Return whether another thread is in a callback; the one that asks cannot wait for itself."""
        return any(thread != threading.get_ident() for thread in list(self._running.values()))

    # Spinning

    def spin(self) -> None:
        """Run callbacks until shutdown; raises ExternalShutdownException when someone else shuts the context down."""
        with self._only_spinner():
            while self._context.ok() and not self._is_shutdown:
                self._spin_once_impl()

    def spin_until_future_complete(self, future: Future, timeout_sec: float | None = None) -> None:
        """Run callbacks until a future is done, a shutdown, or ``timeout_sec`` seconds have passed."""
        future._on_done_now(self.wake)
        deadline = None if timeout_sec is None or timeout_sec < 0 else time.monotonic() + timeout_sec
        with self._only_spinner():
            while self._context.ok() and not future.done() and not self._is_shutdown:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return
                self._spin_once_impl(left, future.done)

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Run one callback; wait at most ``timeout_sec`` seconds for it (None or negative: no limit)."""
        with self._only_spinner():
            self._spin_once_impl(timeout_sec)

    def spin_once_until_future_complete(self, future: Future, timeout_sec: float | None = None) -> None:
        """Run one callback, unless the future is done first."""
        future._on_done_now(self.wake)
        with self._only_spinner():
            self._spin_once_impl(timeout_sec, future.done)

    def _spin_once_impl(self, timeout_sec: float | None = None, condition: Callable[[], bool] = lambda: False) -> None:
        raise NotImplementedError

    @contextlib.contextmanager
    def _only_spinner(self) -> Iterator[None]:
        if self._spinning:
            raise RuntimeError("Executor is already spinning")
        self._spinning = True
        try:
            yield
        finally:
            self._spinning = False
            interrupts.deliver()

    # Finding work

    def wait_for_ready_callbacks(
        self,
        timeout_sec: float | None = None,
        nodes: Iterable[Any] | None = None,
        condition: Callable[[], bool] = lambda: False,
    ) -> tuple[Task, Entity | None, Any]:
        """Return the next ready handler with its entity and node (None for tasks), waiting for one if need be.

        Raises TimeoutException, ShutdownException, ExternalShutdownException or ConditionReachedException.
        """
        if not self._context._initialized:
            raise NotInitializedException()
        deadline = None if timeout_sec is None or timeout_sec < 0 else time.monotonic() + timeout_sec
        while True:
            self._check_end(condition)
            found = self._next_task() or self._next_entity()
            if found is not None:
                return found
            if self._scan(self.get_nodes() if nodes is None else list(nodes)):
                continue
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutException()
            self._wakeup.wait(_shorter(left, self._until_next_timer()))

    def _check_end(self, condition: Callable[[], bool]) -> None:
        interrupts.deliver()
        if self._is_shutdown:
            raise ShutdownException()
        if not self._context.ok():
            raise ExternalShutdownException()
        if condition():
            raise ConditionReachedException()

    def _next_task(self) -> tuple[Task, None, None] | None:
        with self._nodes_lock:
            self._tasks = [task for task in self._tasks if not task.done()]
            task = next((task for task in self._tasks if task.is_runnable()), None)
            if task is None:
                return None
            # It comes back, behind all others, when it awaits something again.
            self._tasks = [other for other in self._tasks if other is not task]
            return task, None, None

    def _next_entity(self) -> tuple[Task, Entity, Any] | None:
        while self._ready:
            entity, node = self._ready.popleft()
            if entity._executor_event or entity._destroyed or not entity._is_ready():
                continue
            if entity.callback_group is None or entity.callback_group.beginning_execution(entity):
                return self._make_handler(entity, node), entity, node
        return None

    def _scan(self, nodes: list[Any]) -> bool:
        """Collect everything that is ready in all nodes, in a fixed order; each gets its turn before the next scan."""
        for node in nodes:
            for entity in node._impl_entities():
                if entity._is_ready() and self.can_execute(entity):
                    self._ready.append((entity, node))
        return bool(self._ready) or any(task.is_runnable() for task in list(self._tasks))

    def _until_next_timer(self) -> float | None:
        """Return the seconds until a timer is due, None when no timer runs on real time.

        One whose callback group is busy does not count: the end of what keeps it busy wakes the executor.
        """
        timers = (timer for node in self.get_nodes() for timer in node.timers if self.can_execute(timer))
        dues = [due for timer in timers if (due := timer._seconds_until_due()) is not None]
        return min(dues, default=None)

    def _make_handler(self, entity: Entity, node: Any) -> Task:
        entity._executor_event = True

        async def run() -> None:
            try:
                try:
                    work = entity._take()
                finally:
                    entity._executor_event = False
                if work is not None:
                    await entity._execute(work)
            except ExternalShutdownException:
                raise
            except Exception as error:
                node.get_logger().error(f"callback of {entity._label()} raised {type(error).__name__}: {error}")
                raise
            finally:
                if entity.callback_group is not None:
                    entity.callback_group.ending_execution(entity)
                self.wake()

        task = Task(run, executor=self)
        return task

    def _run(self, task: Task) -> None:
        """Run a handler; keep it for later when it awaits something. Raises what the callback raised."""
        try:
            self._running[task] = threading.get_ident()
            task()
        finally:
            self._running.pop(task, None)
            self._ended.set()
        if task.done():
            error = task.exception()
            if error is not None:
                raise error
        else:
            self._keep(task)

    def _keep(self, task: Task) -> None:
        with self._nodes_lock:
            if not any(other is task for other in self._tasks):
                self._tasks.append(task)
        if task._blocked_on is not None:
            task._blocked_on._on_done_now(self.wake)
        else:
            self.wake()

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()


class SingleThreadedExecutor(Executor):
    """Runs callbacks in the thread that spins."""

    def _spin_once_impl(self, timeout_sec: float | None = None, condition: Callable[[], bool] = lambda: False) -> None:
        try:
            handler, _, _ = self.wait_for_ready_callbacks(timeout_sec, None, condition)
        except (ShutdownException, TimeoutException, ConditionReachedException):
            return
        self._run(handler)


class MultiThreadedExecutor(Executor):
    """Runs callbacks in a pool of threads."""

    def __init__(self, num_threads: int | None = None, *, context: Context | None = None) -> None:
        """Use ``num_threads`` threads, as many as the machine has processors (two at least) when None."""
        super().__init__(context=context)
        if num_threads is None:
            num_threads = max(2, multiprocessing.cpu_count())
        elif num_threads == 1:
            import warnings

            warnings.warn(
                "MultiThreadedExecutor is used with a single thread.\nUse the SingleThreadedExecutor instead.",
                UserWarning,
                stacklevel=2,
            )
        self._executor = ThreadPoolExecutor(num_threads, thread_name_prefix="rclpy executor")
        self._outcomes: list[Any] = []
        weakref.finalize(self, self._executor.shutdown, wait=False)

    def _spin_once_impl(self, timeout_sec: float | None = None, condition: Callable[[], bool] = lambda: False) -> None:
        self._raise_first_error()
        try:
            handler, _, _ = self.wait_for_ready_callbacks(timeout_sec, None, lambda: condition() or self._has_error())
        except (ShutdownException, TimeoutException, ConditionReachedException):
            self._raise_first_error()
            return
        outcome = self._executor.submit(self._run, handler)
        self._outcomes.append(outcome)
        outcome.add_done_callback(lambda done: self.wake())

    def _has_error(self) -> bool:
        return any(outcome.done() and outcome.exception() is not None for outcome in self._outcomes)

    def _raise_first_error(self) -> None:
        finished = [outcome for outcome in self._outcomes if outcome.done()]
        self._outcomes = [outcome for outcome in self._outcomes if not outcome.done()]
        for outcome in finished:
            outcome.result()

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """Stop; return whether running callbacks ended in time."""
        success = super().shutdown(timeout_sec)
        is_callback = threading.get_ident() in self._running.values()  # which cannot wait for its own thread
        self._executor.shutdown(wait=success and not is_callback)
        return success


def _shorter(left: float | None, right: float | None) -> float | None:
    return min((value for value in (left, right) if value is not None), default=None)
