"""Geometry of a tracked entity over time: noise is averaged away, what is shown moves only when it matters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import pi

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import ConfigError
from spatial_perception.layout.association import turned_like
from spatial_perception.layout.entities import Box, Entity, Wall, vec3
from spatial_perception.layout.transforms import wrap_angle


@dataclass(frozen=True, slots=True)
class SmoothingSettings:
    """`share` of a new estimate in the running mean (larger for the first ones), `deadband` (m) by which the mean must
    leave what is shown before that follows, and `leap` (m): a change that large is taken over at once, but only when
    the next estimate is far from the mean as well."""

    share: float = 0.3
    deadband: float = 0.02
    leap: float = 0.3

    def __post_init__(self) -> None:
        if not (0 < self.share <= 1 and self.deadband >= 0 and self.leap > 0):
            raise ConfigError("smoothing needs 0 < share <= 1, deadband >= 0 and leap > 0")


@dataclass(frozen=True, slots=True)
class Smoothed:
    """The running `mean`, what is `shown`, how many estimates went in (`count`), and a leap waiting to be confirmed."""

    mean: Entity
    shown: Entity
    count: int = 1
    leap: Entity | None = None

    def follow(self, seen: Entity, settings: SmoothingSettings) -> Smoothed:
        """The state after one more estimate `seen` of the same entity."""
        seen = aligned(seen, self.mean)
        if difference(seen, self.mean) <= settings.leap:
            share = max(settings.share, 1.0 / (self.count + 1))
            mean, leap = blended(self.mean, seen, share), None
        elif self.leap is not None:
            # Twice in a row far from the mean: the mean is out of date, as with a wall that grows while it is explored.
            agree = difference(aligned(seen, self.leap), self.leap) <= settings.leap
            mean, leap = (blended(self.leap, aligned(seen, self.leap), 0.5) if agree else seen), None
        else:
            mean, leap = self.mean, seen
        moved = difference(mean, self.shown) > settings.deadband
        shown = mean if moved else _with_geometry(mean, geometry(self.shown))
        return Smoothed(_latest(mean, seen), _latest(shown, seen), self.count + 1, leap)


def geometry(entity: Entity) -> NDArray[np.float64]:
    """The numbers (K,) that say where and how large an entity is."""
    if isinstance(entity, Wall):
        return np.array([*entity.start, *entity.end, entity.height, entity.thickness])
    if isinstance(entity, Box):
        return np.array([*entity.center, *entity.size, entity.yaw])
    return np.array([*entity.center, entity.width, entity.height])


def difference(a: Entity, b: Entity) -> float:
    """The largest difference (m) between two aligned entities; turns count by what they move the farthest side."""
    steps = np.abs(geometry(a) - geometry(b))
    if isinstance(a, Box) and isinstance(b, Box):
        turn = abs(wrap_angle(a.yaw - b.yaw))
        steps[-1] = min(turn, pi) * max(max(a.size[:2]), max(b.size[:2])) / 2
    return float(steps.max())


def aligned(seen: Entity, reference: Entity) -> Entity:
    """The same entity written as the reference is: walls from the same end, boxes with the same side first."""
    if isinstance(seen, Wall) and isinstance(reference, Wall):
        along = np.subtract(reference.end, reference.start) @ np.subtract(seen.end, seen.start)
        return replace(seen, start=seen.end, end=seen.start) if along < 0 else seen
    if isinstance(seen, Box) and isinstance(reference, Box):
        turned = turned_like(seen, reference.yaw)
        # A half turn is a change of the front, which is news; a quarter turn is another way to write the same box.
        if round((turned.yaw - seen.yaw) / (pi / 2)) % 2:
            return replace(turned, yaw=wrap_angle(turned.yaw))
    return seen


def blended(mean: Entity, seen: Entity, share: float) -> Entity:
    """The entity between two: 0 gives `mean`, 1 `seen`."""
    a, b = geometry(mean), geometry(seen)
    if isinstance(mean, Box):
        b[-1] = a[-1] + wrap_angle(b[-1] - a[-1])
    return _with_geometry(mean, a + share * (b - a))


def _with_geometry(entity: Entity, numbers: NDArray[np.float64]) -> Entity:
    values = [float(v) for v in numbers]
    if isinstance(entity, Wall):
        start, end = vec3(values[:3]), vec3(values[3:6])
        return replace(entity, start=start, end=end, height=values[6], thickness=values[7])
    if isinstance(entity, Box):
        return replace(entity, center=vec3(values[:3]), size=vec3(values[3:6]), yaw=wrap_angle(values[6]))
    return replace(entity, center=vec3(values[:3]), width=values[3], height=values[4])


def _latest(entity: Entity, seen: Entity) -> Entity:
    """Score and support are those of the newest estimate."""
    return replace(entity, score=seen.score, support=seen.support)
