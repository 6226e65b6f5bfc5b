"""The body that has to fit: a round base of some height."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from spatial_perception.errors import ConfigError

FLAT_LABELS = frozenset({"carpet", "rug", "mat", "doormat"})
"""What lies on the floor and is driven over, whatever the height of its box."""


@dataclass(frozen=True, slots=True)
class Robot:
    """A robot with a round base: `radius` (m) and `height` (m) of the body, and `step` (m), the height that it drives over.

    Raises ConfigError for a radius or height that is not positive, and for a step that is not below the height.
    """

    radius: float = 0.22
    height: float = 1.2
    step: float = 0.04

    def __post_init__(self) -> None:
        for name in ("radius", "height"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise ConfigError(f"robot {name} is {value:g} m; give a length above 0")
        if not 0 <= self.step < self.height:
            raise ConfigError(
                f"robot step is {self.step:g} m; give 0 or more, and less than the height of {self.height:g} m"
            )


@dataclass(frozen=True, slots=True)
class Pose2:
    """A place on the floor: `x`, `y` (m) and `yaw` (rad, counter-clockwise from +x) in frame `frame_id`."""

    x: float
    y: float
    yaw: float = 0.0
    frame_id: str = ""

    @property
    def is_finite(self) -> bool:
        """Whether no number is NaN or infinite."""
        return all(isfinite(value) for value in (self.x, self.y, self.yaw))
