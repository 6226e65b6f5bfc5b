"""Entities of other packages that executors serve."""

from __future__ import annotations

from typing import Any

from rclpy._entity import Entity


class NumberOfEntities:
    """Counts of entities; kept for classes written for genuine rclpy."""

    def __init__(self, **counts: int) -> None:
        self.__dict__.update(counts)


class Waitable(Entity):
    """Base of entities with ``is_ready``, ``take_data`` and ``execute`` of their own.

    Subclasses that add DDS entities through ``add_to_wait_set`` are not supported, that call raises NotImplementedError.
    """

    def __init__(self, callback_group: Any, node: Any = None) -> None:
        super().__init__(callback_group, node)
        self._futures: list[Any] = []

    def add_future(self, future: Any) -> None:
        """Remember a future."""
        self._futures.append(future)

    def remove_future(self, future: Any) -> None:
        """Forget a future."""
        self._futures.remove(future)

    def is_ready(self, wait_set: Any) -> bool:
        """Return whether there is work."""
        raise NotImplementedError("Must be implemented by subclass")

    def take_data(self) -> Any:
        """Return the work."""
        raise NotImplementedError("Must be implemented by subclass")

    async def execute(self, taken_data: Any) -> None:
        """Do the work."""
        raise NotImplementedError("Must be implemented by subclass")

    def add_to_wait_set(self, wait_set: Any) -> None:
        """Raise NotImplementedError: there are no wait sets of rcl here."""
        raise NotImplementedError("rclpy.waitable.Waitable.add_to_wait_set() is not supported by embedded_ros")

    def _is_ready(self) -> bool:
        return self.is_ready(None)

    def _take(self) -> Any:
        return self.take_data()

    async def _execute(self, work: Any) -> None:
        await self.execute(work)
