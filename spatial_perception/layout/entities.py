"""The values of a layout: walls, doors, windows and oriented boxes.

All lengths are metres and all angles radians, in a right-handed frame with z up (REP-103).
Vectors are tuples of three floats, so that entities compare and hash by value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias

Vec3: TypeAlias = tuple[float, float, float]


def vec3(values: Sequence[float]) -> Vec3:
    """Three floats from any sequence or array of length 3; raises ValueError for another length."""
    x, y, z = values
    return (float(x), float(y), float(z))


def _normalise(entity: Any) -> None:
    """Coerce numpy scalars and arrays, so that frozen entities hold plain Python values only."""
    for spec in fields(entity):
        value = getattr(entity, spec.name)
        if spec.name in ("start", "end", "center", "size"):
            object.__setattr__(entity, spec.name, vec3(value))
        elif value is not None and spec.name in ("id", "wall_id", "support"):
            object.__setattr__(entity, spec.name, int(value))
        elif value is not None and spec.name in ("height", "width", "thickness", "yaw", "score"):
            object.__setattr__(entity, spec.name, float(value))


@dataclass(frozen=True, slots=True)
class Wall:
    """A vertical rectangle: base line from `start` to `end` at floor level (centre line of the wall), `height` upwards.

    `thickness` is 0 where only one face is known. `score` is in [0, 1]; `support` counts the points that lie on it.
    """

    id: int
    start: Vec3
    end: Vec3
    height: float
    thickness: float = 0.0
    score: float | None = None
    support: int | None = None

    def __post_init__(self) -> None:
        _normalise(self)


@dataclass(frozen=True, slots=True)
class Door:
    """An opening in wall `wall_id` that reaches the floor: `center` of the opening, `width` along the wall, `height` along z."""

    id: int
    wall_id: int
    center: Vec3
    width: float
    height: float
    score: float | None = None
    support: int | None = None

    def __post_init__(self) -> None:
        _normalise(self)


@dataclass(frozen=True, slots=True)
class Window:
    """An opening in wall `wall_id` above a sill: `center` of the opening, `width` along the wall, `height` along z."""

    id: int
    wall_id: int
    center: Vec3
    width: float
    height: float
    score: float | None = None
    support: int | None = None

    def __post_init__(self) -> None:
        _normalise(self)


@dataclass(frozen=True, slots=True)
class Box:
    """An oriented box: `center`, full lengths `size` along its own x, y, z, turned by `yaw` about +z (counter-clockwise)."""

    id: int
    label: str
    center: Vec3
    yaw: float
    size: Vec3
    score: float | None = None
    support: int | None = None

    def __post_init__(self) -> None:
        _normalise(self)


Entity: TypeAlias = Wall | Door | Window | Box


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who made a layout, and what a reader should know of it.

    `estimator` and `version` name the program, `settings` is a digest of its configuration, `source` names the input,
    `notes` are sentences for people (up axis corrected, scale doubtful, ...). No times: same input, same bytes.
    """

    estimator: str = ""
    version: str = ""
    settings: str = ""
    source: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything that is known of an indoor space, in frame `frame_id` at time `stamp` (s)."""

    walls: tuple[Wall, ...] = ()
    doors: tuple[Door, ...] = ()
    windows: tuple[Window, ...] = ()
    boxes: tuple[Box, ...] = ()
    frame_id: str = ""
    stamp: float = 0.0
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        for name in ("walls", "doors", "windows", "boxes"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    def __iter__(self) -> Iterator[Entity]:
        """All entities in the order of the layout language: walls, doors, windows, boxes."""
        yield from self.walls
        yield from self.doors
        yield from self.windows
        yield from self.boxes

    def __len__(self) -> int:
        return len(self.walls) + len(self.doors) + len(self.windows) + len(self.boxes)

    def __bool__(self) -> bool:
        """An empty layout is a result too: `if layout` asks whether there is one."""
        return True

    def wall(self, wall_id: int) -> Wall | None:
        """The wall with this id (the last one, where ids repeat), or None."""
        return next((w for w in reversed(self.walls) if w.id == wall_id), None)
