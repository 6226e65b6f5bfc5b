"""Where furniture may stand in one room, and the search for a place: nothing interpenetrates, doors stay reachable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from shapely import affinity, prepare
from shapely.geometry import Point, Polygon
from shapely.geometry import box as rectangle
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from spatial_perception.simulation.furniture.catalog import Piece

PASSAGE_RADIUS = 0.3
"""Half the width (m) of the ways that furniture leaves free between doors."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A piece at (x, y, z), z being its underside above the floor, turned by `yaw` (rad)."""

    piece: Piece
    x: float
    y: float
    z: float
    yaw: float

    @property
    def footprint(self) -> Polygon:
        """The ground (or the air above it) that its box covers."""
        w, d, _ = self.piece.size
        flat = rectangle(-w / 2, -d / 2, w / 2, d / 2)
        return affinity.translate(affinity.rotate(flat, self.yaw, origin=(0, 0), use_radians=True), self.x, self.y)

    @property
    def top(self) -> float:
        """Height (m) of its upper side above the floor."""
        return self.z + self.piece.size[2]

    def point(self, x: float, y: float) -> tuple[float, float]:
        """A point given in the piece's own axes, in those of the home."""
        c, s = float(np.cos(self.yaw)), float(np.sin(self.yaw))
        return (self.x + c * x - s * y, self.y + s * x + c * y)


@dataclass(frozen=True, slots=True)
class WindowZone:
    """The ground in front of a window, and the height of its sill (m)."""

    area: Polygon
    sill: float
    along: tuple[tuple[float, float], tuple[float, float]]
    height: float


@dataclass(slots=True)
class RoomSpace:
    """The free space of one room while it is being furnished.

    `free` is the floor between wall faces, `doorways` what must stay clear, `probes` points before each door, `blocked`
    obstacles that are there already (door leaves, columns).
    """

    rng: Generator
    kind: str
    free: Polygon
    doorways: BaseGeometry
    probes: Sequence[Point]
    windows: Sequence[WindowZone]
    height: float
    blocked: Sequence[BaseGeometry] = ()
    placed: list[Placement] = field(default_factory=list)
    loose: list[Placement] = field(default_factory=list)

    def __post_init__(self) -> None:
        prepare(self.free)
        prepare(self.doorways)

    # ------------------------------------------------------------------------------------------ placing
    def put(
        self,
        piece: Piece,
        x: float,
        y: float,
        yaw: float,
        z: float = 0.0,
        touching: bool = False,
        host: Placement | None = None,
    ) -> Placement | None:
        """Place a piece there if it fits, else None. `touching` pieces may stand close to others; one with a `host` lies in
        the box of its host (a pillow before a headboard)."""
        spot = Placement(piece, float(x), float(y), float(z), float(yaw))
        if not self._fits(spot, touching, host):
            return None
        (self.placed if piece.label else self.loose).append(spot)
        return spot

    def _fits(self, spot: Placement, touching: bool, host: Placement | None) -> bool:
        area = spot.footprint
        if spot.top > self.height - 0.005 or not self.free.contains(area):
            return False
        flat = spot.top < 0.04
        if spot.z < 2.1 and not flat and self.doorways.intersects(area):
            return False
        gap = 0.0 if touching else 0.01
        if any(self._clash(spot, area, other, gap) for other in [*self.placed, *self.loose] if other is not host):
            return False
        if spot.z < 2.1 and any(b.intersects(area) for b in self.blocked):
            return False
        if any(
            spot.top > w.sill + 0.02 and spot.z < w.sill + w.height and area.intersects(w.area) for w in self.windows
        ):
            return spot.piece.label == "curtain"
        return flat or spot.z > 0.3 or self.walkable([area])

    @staticmethod
    def _clash(spot: Placement, area: Polygon, other: Placement, gap: float) -> bool:
        if spot.z >= other.top - 1e-6 or spot.top <= other.z + 1e-6:
            return False
        return area.distance(other.footprint) < max(gap, 1e-6)

    def walkable(self, extra: Sequence[BaseGeometry] = ()) -> bool:
        """Whether all doors stay joined by ways of twice PASSAGE_RADIUS when `extra` is occupied too."""
        room = self.walk_area(PASSAGE_RADIUS, extra)
        parts = sorted(getattr(room, "geoms", [room]), key=lambda g: -g.area)
        if not parts or parts[0].area < 0.4:
            return False
        return all(parts[0].distance(probe) < 0.1 for probe in self.probes)

    def walk_area(self, radius: float, extra: Sequence[BaseGeometry] = ()) -> BaseGeometry:
        """Where the middle of a disc of this radius (m) can be."""
        things = [p.footprint for p in [*self.placed, *self.loose] if p.z < 1.2 and p.top > 0.04]
        return self.free.difference(unary_union([*things, *self.blocked, *extra])).buffer(-radius, quad_segs=2)

    # ------------------------------------------------------------------------------------------ searching
    def edges(self) -> list[tuple[np.ndarray, np.ndarray, float]]:
        """Wall faces as (start, unit direction, length); the room lies to the left."""
        ring = np.array(self.free.exterior.normalize().coords)
        if not self.free.exterior.normalize().is_ccw:
            ring = ring[::-1]
        steps = np.diff(ring, axis=0)
        lengths = np.linalg.norm(steps, axis=1)
        return [(p, s / n, float(n)) for p, s, n in zip(ring, steps, lengths) if n > 0.2]

    def against_wall(self, piece: Piece, z: float = 0.0, tries: int = 14, gap: float | None = None) -> Placement | None:
        """A place with the back to a wall, `gap` (m) away from it (1.5-5 cm by default)."""
        w, d, _ = piece.size
        edges = [e for e in self.edges() if e[2] > w + 0.04]
        if not edges:
            return None
        odds = np.array([e[2] - w for e in edges])
        for _ in range(tries):
            start, u, length = edges[int(self.rng.choice(len(edges), p=odds / odds.sum()))]
            slack = length - w - 0.04
            s = 0.02 + w / 2 + (slack * self.rng.random() if self.rng.random() < 0.6 else slack * self.rng.integers(2))
            away = d / 2 + (float(self.rng.uniform(0.015, 0.05)) if gap is None else gap)
            x, y = start + u * s + np.array([-u[1], u[0]]) * away
            spot = self.put(piece, x, y, float(np.arctan2(u[1], u[0])), z)
            if spot:
                return spot
        return None

    def standing_free(self, piece: Piece, odd: float = 0.4, tries: int = 14, z: float = 0.0) -> Placement | None:
        """A place anywhere on the floor: along the walls, or at an odd angle with chance `odd`."""
        x0, y0, x1, y1 = self.free.bounds
        main = self.edges()[0][1]
        for _ in range(tries):
            x, y = self.rng.uniform(x0, x1), self.rng.uniform(y0, y1)
            yaw = float(np.arctan2(main[1], main[0])) + np.pi / 2 * int(self.rng.integers(4))
            if self.rng.random() < odd:
                yaw += float(self.rng.uniform(-0.7, 0.7))
            spot = self.put(piece, x, y, yaw, z)
            if spot:
                return spot
        return None

    def row(self, pieces: Sequence[Piece], gap: float = 0.005) -> list[Placement]:
        """Pieces side by side along the wall that holds most of them, flush at the back; those that do not fit are left out."""
        for start, u, length in sorted(self.edges(), key=lambda e: -e[2])[:4]:
            normal = np.array([-u[1], u[0]])
            mark, done = 0.02, []
            for piece in pieces:
                if mark + piece.size[0] > length - 0.02:
                    continue
                x, y = start + u * (mark + piece.size[0] / 2) + normal * (piece.size[1] / 2 + 0.02)
                spot = self.put(piece, x, y, float(np.arctan2(u[1], u[0])), touching=True)
                mark += (piece.size[0] if spot else 0.12) + gap
                done += [spot] if spot else []
            if len(done) >= min(2, len(pieces)):
                return done
            self.placed = [p for p in self.placed if p not in done]
        return []

    def on_top(self, piece: Piece, base: Placement, tries: int = 4, back: bool = False) -> Placement | None:
        """A place on the upper side of another piece; along its back edge if `back`."""
        w, d = (base.piece.size[k] - piece.size[k] for k in (0, 1))
        if w < 0 or d < -0.02:
            return None
        for _ in range(tries):
            x = w / 2 * self.rng.uniform(-0.9, 0.9)
            y = -d / 2 if back else d / 2 * self.rng.uniform(-0.9, 0.9)
            spot = self.put(piece, *base.point(float(x), float(y)), base.yaw, base.top, touching=True)
            if spot:
                return spot
        return None
