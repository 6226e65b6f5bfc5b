"""Spans of time."""

from __future__ import annotations

from typing import Any

from rclpy.constants import S_TO_NS

_LIMIT = 2**63 - 1


class Duration:
    """A span of time with nanosecond resolution."""

    __slots__ = ("_nanoseconds",)

    def __init__(self, *, seconds: float = 0, nanoseconds: float = 0) -> None:
        """Add up the two parts; raises OverflowError when the sum exceeds 64 bits."""
        total = int(seconds * S_TO_NS) + int(nanoseconds)
        if not -_LIMIT - 1 <= total <= _LIMIT:
            raise OverflowError("Total nanoseconds value is too large to store in C duration.")
        self._nanoseconds = total

    @property
    def nanoseconds(self) -> int:
        """Return the span in nanoseconds."""
        return self._nanoseconds

    def to_msg(self) -> Any:
        """Return a builtin_interfaces/Duration."""
        from builtin_interfaces.msg import Duration as DurationMsg

        seconds, nanoseconds = divmod(self._nanoseconds, S_TO_NS)
        return DurationMsg(sec=seconds, nanosec=nanoseconds)

    @classmethod
    def from_msg(cls, msg: Any) -> Duration:
        """Return the span in a builtin_interfaces/Duration; raises TypeError for anything else."""
        from builtin_interfaces.msg import Duration as DurationMsg

        if not isinstance(msg, DurationMsg):
            raise TypeError("Must pass a builtin_interfaces.msg.Duration object")
        return cls(seconds=msg.sec, nanoseconds=msg.nanosec)

    def __repr__(self) -> str:
        return f"Duration(nanoseconds={self._nanoseconds})"

    def __str__(self) -> str:
        if self == Infinite:
            return "Infinite"
        return f"{self._nanoseconds} nanoseconds"

    def __hash__(self) -> int:
        return hash(self._nanoseconds)

    def __eq__(self, other: object) -> bool:
        return self._nanoseconds == other._nanoseconds if isinstance(other, Duration) else NotImplemented

    def __ne__(self, other: object) -> bool:
        return self._nanoseconds != other._nanoseconds if isinstance(other, Duration) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self._nanoseconds < other._nanoseconds if isinstance(other, Duration) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self._nanoseconds <= other._nanoseconds if isinstance(other, Duration) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self._nanoseconds > other._nanoseconds if isinstance(other, Duration) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self._nanoseconds >= other._nanoseconds if isinstance(other, Duration) else NotImplemented

    def __mul__(self, factor: float) -> Duration:
        return Duration(nanoseconds=self._nanoseconds * factor)

    __rmul__ = __mul__


Infinite = Duration(nanoseconds=_LIMIT)
