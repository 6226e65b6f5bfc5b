"""``Buffer``: a store of transforms that can wait for data to arrive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, JumpThreshold
from rclpy.duration import Duration
from rclpy.logging import get_logger
from rclpy.task import Future
from rclpy.utilities import get_default_context
from tf2_py import BufferCore

from embedded_ros.wakeup import Wakeup

from .buffer_interface import BufferInterface

Answer = tuple[bool, str]


class Buffer(BufferCore, BufferInterface):
    """The store of transforms that a ``TransformListener`` fills.

    cache_time: how long transforms are remembered, 10 s if not given.
    node: its clock is watched, so that a jump back (a bag that starts anew) clears the buffer, and it offers the
    service ``tf2_frames`` that returns all frames as YAML.
    """

    def __init__(self, cache_time: Duration | None = None, node: Any = None) -> None:
        BufferCore.__init__(self, cache_time)
        BufferInterface.__init__(self)
        self._context = None if node is None else node.context
        self._waiters: list[Wakeup] = []
        self._new_data_callbacks: list[Callable[[], None]] = []
        self.clock = Clock() if node is None else node.get_clock()
        if node is not None:
            self.srv = self._offer_frames(node)
        threshold = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True)
        self.jump_handle = self.clock.create_jump_callback(threshold, post_callback=self.time_jump_callback)

    def _offer_frames(self, node: Any) -> Any:
        from tf2_msgs.srv import FrameGraph

        def answer(request: Any, response: Any) -> Any:
            response.frame_yaml = self.all_frames_as_yaml()
            return response

        return node.create_service(FrameGraph, "tf2_frames", answer)

    def time_jump_callback(self, time_jump: Any) -> None:
        """Clear the buffer after a jump of the clock."""
        get_logger("tf2_buffer").warning("Detected a jump in time. Clearing the tf buffer.")
        self.clear()

    # ------------------------------------------------------------------ new data

    def set_transform(self, transform: Any, authority: str) -> None:
        """Store a moving transform and wake whoever waits for it."""
        BufferCore.set_transform(self, transform, authority)
        self._announce()

    def set_transform_static(self, transform: Any, authority: str) -> None:
        """Store a static transform and wake whoever waits for it."""
        BufferCore.set_transform_static(self, transform, authority)
        self._announce()

    def _announce(self) -> None:
        for wakeup in tuple(self._waiters):
            wakeup.set()
        for callback in tuple(self._new_data_callbacks):
            callback()

    def _remove_callback(self, callback: Callable[[], None]) -> None:
        if callback in self._new_data_callbacks:
            self._new_data_callbacks.remove(callback)

    # ------------------------------------------------------------------ waiting

    def _wait(self, check: Callable[[], Answer], timeout: Duration | None) -> Answer:
        """Return the answer as soon as it is positive, at the latest after ``timeout`` of wall time or at a shutdown."""
        answer = check()
        if answer[0] or timeout is None or timeout.nanoseconds <= 0:
            return answer
        wakeup, context = Wakeup(), self._context or get_default_context()
        before = context.ok()
        context.add_wakeup(wakeup)
        self._waiters.append(wakeup)
        try:
            wakeup.wait_for(lambda: check()[0] or context.ok() is not before, timeout.nanoseconds / 1e9)
        finally:
            self._waiters.remove(wakeup)
        return check()

    def can_transform(
        self,
        target_frame: str,
        source_frame: str,
        time: Any,
        timeout: Duration | None = None,
        return_debug_tuple: bool = False,
    ) -> bool | Answer:
        """Return whether a lookup succeeds within ``timeout``; with ``return_debug_tuple`` also the reason if not."""
        answer = self._wait(lambda: self.can_transform_core(target_frame, source_frame, time), timeout)
        return answer if return_debug_tuple else answer[0]

    def can_transform_full(
        self,
        target_frame: str,
        target_time: Any,
        source_frame: str,
        source_time: Any,
        fixed_frame: str,
        timeout: Duration | None = None,
        return_debug_tuple: bool = False,
    ) -> bool | Answer:
        """Return whether a lookup between two times succeeds within ``timeout``."""
        arguments = (target_frame, target_time, source_frame, source_time, fixed_frame)
        answer = self._wait(lambda: self.can_transform_full_core(*arguments), timeout)
        return answer if return_debug_tuple else answer[0]

    def lookup_transform(self, target_frame: str, source_frame: str, time: Any, timeout: Duration | None = None) -> Any:
        """Return the transform from ``source_frame`` into ``target_frame`` at ``time`` (zero: the latest).

        Waits up to ``timeout`` of wall time for it. Some other thread must receive transforms meanwhile: waiting inside
        a callback of a single-threaded executor that also serves the listener can only time out.
        Raises LookupException, ConnectivityException, ExtrapolationException or InvalidArgumentException.
        """
        if timeout is not None and timeout.nanoseconds > 0:
            self._wait(lambda: self.can_transform_core(target_frame, source_frame, time), timeout)
        return self.lookup_transform_core(target_frame, source_frame, time)

    def lookup_transform_full(
        self,
        target_frame: str,
        target_time: Any,
        source_frame: str,
        source_time: Any,
        fixed_frame: str,
        timeout: Duration | None = None,
    ) -> Any:
        """Return the transform from ``source_frame`` at its time to ``target_frame`` at its time over a fixed frame."""
        arguments = (target_frame, target_time, source_frame, source_time, fixed_frame)
        if timeout is not None and timeout.nanoseconds > 0:
            self._wait(lambda: self.can_transform_full_core(*arguments), timeout)
        return self.lookup_transform_full_core(*arguments)

    # ------------------------------------------------------------------ asynchronous

    def _future(self, check: Callable[[], Answer], lookup: Callable[[], Any]) -> Future:
        future = Future()

        def on_new_data() -> None:
            if not future.done() and check()[0]:
                future.set_result(lookup())

        future.add_done_callback(lambda _: self._remove_callback(on_new_data))
        self._new_data_callbacks.append(on_new_data)
        on_new_data()
        return future

    def wait_for_transform_async(self, target_frame: str, source_frame: str, time: Any) -> Future:
        """Return a future that is done, with the transform as its result, once the lookup succeeds."""
        arguments = (target_frame, source_frame, time)
        return self._future(lambda: self.can_transform_core(*arguments), lambda: self.lookup_transform_core(*arguments))

    def wait_for_transform_full_async(
        self, target_frame: str, target_time: Any, source_frame: str, source_time: Any, fixed_frame: str
    ) -> Future:
        """Return a future that is done once the lookup between two times succeeds."""
        arguments = (target_frame, target_time, source_frame, source_time, fixed_frame)
        return self._future(
            lambda: self.can_transform_full_core(*arguments), lambda: self.lookup_transform_full_core(*arguments)
        )

    async def lookup_transform_async(self, target_frame: str, source_frame: str, time: Any) -> Any:
        """Wait for a transform in a coroutine and return it."""
        await self.wait_for_transform_async(target_frame, source_frame, time)
        return self.lookup_transform_core(target_frame, source_frame, time)

    async def lookup_transform_full_async(
        self, target_frame: str, target_time: Any, source_frame: str, source_time: Any, fixed_frame: str
    ) -> Any:
        """Wait for a transform between two times in a coroutine and return it."""
        arguments = (target_frame, target_time, source_frame, source_time, fixed_frame)
        await self.wait_for_transform_full_async(*arguments)
        return self.lookup_transform_full_core(*arguments)
