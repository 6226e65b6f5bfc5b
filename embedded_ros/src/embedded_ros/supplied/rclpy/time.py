"""Points in time."""

from __future__ import annotations

from typing import Any

from rclpy.clock_type import ClockType
from rclpy.constants import S_TO_NS
from rclpy.duration import Duration

_LIMIT = 2**63 - 1


class Time:
    """A point in time of some clock with nanosecond resolution."""

    __slots__ = ("_clock_type", "_nanoseconds")

    def __init__(
        self, *, seconds: float = 0, nanoseconds: float = 0, clock_type: ClockType = ClockType.SYSTEM_TIME
    ) -> None:
        """Add up the parts; raises ValueError when one is negative, OverflowError when the sum exceeds 64 bits."""
        if not isinstance(clock_type, ClockType):
            raise TypeError("Clock type must be a ClockType enum")
        if seconds < 0:
            raise ValueError("Seconds value must not be negative")
        if nanoseconds < 0:
            raise ValueError("Nanoseconds value must not be negative")
        total = int(seconds * S_TO_NS) + int(nanoseconds)
        if total > _LIMIT:
            raise OverflowError("Total nanoseconds value is too large to store in C time point.")
        self._nanoseconds = total
        self._clock_type = clock_type

    @property
    def nanoseconds(self) -> int:
        """Return the nanoseconds since the clock's epoch."""
        return self._nanoseconds

    def seconds_nanoseconds(self) -> tuple[int, int]:
        """Return whole seconds and the nanoseconds after them."""
        return divmod(self._nanoseconds, S_TO_NS)

    @property
    def clock_type(self) -> ClockType:
        """Return the kind of clock this point belongs to."""
        return self._clock_type

    def to_msg(self) -> Any:
        """Return a builtin_interfaces/Time."""
        from builtin_interfaces.msg import Time as TimeMsg

        seconds, nanoseconds = self.seconds_nanoseconds()
        return TimeMsg(sec=seconds, nanosec=nanoseconds)

    @classmethod
    def from_msg(cls, msg: Any, clock_type: ClockType = ClockType.ROS_TIME) -> Time:
        """Return the point in a builtin_interfaces/Time; raises TypeError for anything else."""
        from builtin_interfaces.msg import Time as TimeMsg

        if not isinstance(msg, TimeMsg):
            raise TypeError("Must pass a builtin_interfaces.msg.Time object")
        return cls(seconds=msg.sec, nanoseconds=msg.nanosec, clock_type=clock_type)

    def __repr__(self) -> str:
        return f"Time(nanoseconds={self._nanoseconds}, clock_type={self._clock_type.name})"

    def __hash__(self) -> int:
        return hash((self._nanoseconds, self._clock_type))

    def __add__(self, other: object) -> Time:
        if not isinstance(other, Duration):
            return NotImplemented
        return self._moved(other.nanoseconds, "Addition")

    __radd__ = __add__

    def __sub__(self, other: object) -> Any:
        if isinstance(other, Time):
            if self._clock_type != other._clock_type:
                raise TypeError("Can't subtract times with different clock types")
            return Duration(nanoseconds=self._nanoseconds - other._nanoseconds)
        if isinstance(other, Duration):
            return self._moved(-other.nanoseconds, "Subtraction")
        return NotImplemented

    def _moved(self, nanoseconds: int, operation: str) -> Time:
        total = self._nanoseconds + nanoseconds
        if total < 0:
            raise ValueError(f"{operation} leads to negative time")
        if total > _LIMIT:
            raise OverflowError(f"{operation} leads to overflow in C storage.")
        return Time(nanoseconds=total, clock_type=self._clock_type)

    def _other(self, other: object) -> int | None:
        """Return the nanoseconds of a comparable time, None for other objects; raises TypeError across clocks."""
        if not isinstance(other, Time):
            return None
        if self._clock_type != other._clock_type:
            raise TypeError("Can't compare times with different clock types")
        return other._nanoseconds

    def __eq__(self, other: object) -> bool:
        found = self._other(other)
        return NotImplemented if found is None else self._nanoseconds == found

    def __ne__(self, other: object) -> bool:
        found = self._other(other)
        return NotImplemented if found is None else self._nanoseconds != found

    def __lt__(self, other: object) -> bool:
        found = self._other(other)
        return NotImplemented if found is None else self._nanoseconds < found

    def __le__(self, other: object) -> bool:
        found = self._other(other)
        return NotImplemented if found is None else self._nanoseconds <= found

    def __gt__(self, other: object) -> bool:
        found = self._other(other)
        return NotImplemented if found is None else self._nanoseconds > found

    def __ge__(self, other: object) -> bool:
        found = self._other(other)
        return NotImplemented if found is None else self._nanoseconds >= found
