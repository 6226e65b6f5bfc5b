"""Spatial relations between boxes, each a yes or no with fixed limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, hypot, pi, radians, sin, tan
from types import MappingProxyType

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.reasoning.measures import (
    corners,
    footprint,
    gap,
    heights,
    horizontal_gap,
    overlap_share,
    planar_penetration,
)

CONTACT = 0.05
NEXT_TO = 0.5
NEAR = 1.0
FAR = 2.0
WALL_DISTANCE = 0.10
_SIDE_MARGIN, _SIDE_ANGLE = 0.1, radians(30)
VIEWED = frozenset({"left_of", "right_of", "in_front_of", "behind"})
"""Relations that depend on where one looks from."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: position (m) and direction of view `yaw` (rad) in plan."""

    x: float
    y: float
    yaw: float


def on(b: OrientedBox, a: OrientedBox) -> bool:
    """b rests on a: bottom at a's top within 5 cm, at least half of it over a."""
    return abs(heights(b)[0] - heights(a)[1]) <= CONTACT and overlap_share(b, a) >= 0.5


def above(b: OrientedBox, a: OrientedBox) -> bool:
    """b is higher than a and partly over it."""
    return heights(b)[0] >= heights(a)[1] - CONTACT and overlap_share(b, a) > 0


def below(b: OrientedBox, a: OrientedBox) -> bool:
    """b is lower than a and partly beneath it."""
    return heights(b)[1] <= heights(a)[0] + CONTACT and overlap_share(b, a) > 0


def under(b: OrientedBox, a: OrientedBox) -> bool:
    """b is beneath a's top with at least half of its footprint, as a stool under a desk, or lies wholly below it."""
    return (heights(b)[1] <= heights(a)[1] and overlap_share(b, a) >= 0.5) or below(b, a)


def inside(b: OrientedBox, a: OrientedBox) -> bool:
    """b lies within a, to 5 cm."""
    (low_b, high_b), (low_a, high_a) = heights(b), heights(a)
    contained = bool(shapely.covers(footprint(a).buffer(CONTACT, join_style="mitre"), footprint(b)))
    return contained and low_b >= low_a - CONTACT and high_b <= high_a + CONTACT


def next_to(b: OrientedBox, a: OrientedBox) -> bool:
    """b is within half a metre of a in plan, at overlapping heights (openings count down to the floor), and not in it."""
    if "bbox" not in (a.kind, b.kind) or a.kind != b.kind:
        return horizontal_gap(a, b) <= NEXT_TO
    (low_b, high_b), (low_a, high_a) = heights(b), heights(a)
    level = min(high_a, high_b) - max(low_a, low_b)
    return level > 0 and horizontal_gap(a, b) <= NEXT_TO and min(level, planar_penetration(a, b)) <= 0.02


def near(b: OrientedBox, a: OrientedBox, limit: float = NEAR) -> bool:
    """Nearest points at most `limit` (m) apart."""
    return gap(a, b) <= limit


def far_from(b: OrientedBox, a: OrientedBox, limit: float = FAR) -> bool:
    """Nearest points at least `limit` (m) apart."""
    return gap(a, b) >= limit


def opposite(b: OrientedBox, a: OrientedBox) -> bool:
    """b stands across from a: at least half a metre apart in plan, within 30 degrees of straight ahead of a broad side of a."""
    dx, dy = b.center[0] - a.center[0], b.center[1] - a.center[1]
    along, across = abs(dx * cos(a.yaw) + dy * sin(a.yaw)), abs(-dx * sin(a.yaw) + dy * cos(a.yaw))
    ahead, aside = (across, along) if a.size[0] >= a.size[1] else (along, across)
    return horizontal_gap(a, b) >= NEXT_TO and aside <= ahead * tan(_SIDE_ANGLE)


def sides(b: OrientedBox, a: OrientedBox, viewer: Viewer) -> tuple[float, float]:
    """How far b is ahead of and left of a (m) in the axes of a viewer."""
    dx, dy = b.center[0] - a.center[0], b.center[1] - a.center[1]
    c, s = cos(viewer.yaw), sin(viewer.yaw)
    return dx * c + dy * s, -dx * s + dy * c


def _beyond(amount: float, across: float) -> bool:
    return amount >= max(_SIDE_MARGIN, abs(across) * tan(_SIDE_ANGLE))


def viewed(name: str, b: OrientedBox, a: OrientedBox, viewer: Viewer) -> bool:
    """Whether b is left_of, right_of, in_front_of (nearer to the viewer) or behind a, by at least 0.1 m and 30 degrees."""
    ahead, left = sides(b, a, viewer)
    amount, across = {"left_of": (left, ahead), "right_of": (-left, ahead)}.get(
        name, (ahead if name == "behind" else -ahead, left)
    )
    return _beyond(amount, across)


def between(b: OrientedBox, first: OrientedBox, second: OrientedBox) -> bool:
    """b's centre projects on the middle 60 % of the line between two centres, and lies beside it by less than
    max(0.3 m, half of the smaller footprint)."""
    start, end = np.asarray(first.center[:2]), np.asarray(second.center[:2])
    along, offset = end - start, np.asarray(b.center[:2]) - start
    length = float(hypot(*along))
    if length < 1e-9:
        return False
    share = float(offset @ along) / length**2
    lateral = abs(float(along[0] * offset[1] - along[1] * offset[0])) / length
    return 0.2 <= share <= 0.8 and lateral <= max(0.3, min(*first.size[:2], *second.size[:2]) / 2)


def wall_distance(b: OrientedBox, faces: list[LineString]) -> float:
    """The distance (m) of the nearest vertical face of b from the nearest wall face; infinite without walls.

    A face counts by its middle: a corner that touches a wall does not stand against it.
    """
    if not faces:
        return float("inf")
    ring = corners(b.center, b.yaw, b.size)
    middles = shapely.points((ring + np.roll(ring, -1, axis=0)) / 2)
    return float(shapely.distance(middles[:, None], np.array(faces)[None, :]).min())


def aligned(b: OrientedBox, a: OrientedBox) -> bool:
    """Yaw equal to 10 degrees, apart from quarter turns."""
    turn = (b.yaw - a.yaw + pi / 4) % (pi / 2) - pi / 4
    return abs(turn) <= radians(10)


def in_area(b: OrientedBox, area: Polygon) -> bool:
    """b's centre lies in an area in plan."""
    return bool(shapely.intersects_xy(area, *b.center[:2]))


PREDICATES: Mapping[str, Callable[[OrientedBox, OrientedBox], bool]] = MappingProxyType(
    {"on": on, "above": above, "below": below, "under": under, "inside": inside, "next_to": next_to, "near": near,
     "far_from": far_from, "opposite_to": opposite, "aligned": aligned}
)  # fmt: skip
"""Relations of b (first argument) to a that need neither viewer nor walls."""

OPPOSITES = (
    ("left_of", "right_of"), ("in_front_of", "behind"), ("on", "under"), ("above", "below"), ("on", "below"),
    ("above", "under"), ("near", "far_from"), ("next_to", "far_from"), ("inside", "far_from"), ("on", "far_from"),
    ("inside", "next_to"), ("under", "far_from"),
)  # fmt: skip
"""Pairs that cannot hold of one box and one anchor at the same time."""
