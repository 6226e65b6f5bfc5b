"""Variations of a simulated scan: views, holes, floor and ceiling taken away, turns and scales, noise, outliers, ghosts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import cos, pi, sin
from typing import TypeVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from spatial_perception.layout.entities import Box, Door, Layout, Vec3, Wall, Window
from spatial_perception.layout.transforms import rotate_points, wrap_angle
from spatial_perception.training.scans import Scan

SEEN = 8
"""Voxels that must be left of a wall or a box for it to be told."""
_ENOUGH_OF_WALL = 0.4
Points = NDArray[np.float32]
_Opening = TypeVar("_Opening", Door, Window)


@dataclass(frozen=True, eq=False)
class View:
    """What a model sees and is to write: points (N, 3) float32 m, once per voxel, and the layout in their frame.

    `entity` (N,) is what each point lies on, an index into `whole`, the layout with what is not seen; -1 for nothing.
    `findings` is what another estimator has found there.
    """

    xyz: Points
    layout: Layout
    entity: NDArray[np.int16]
    whole: Layout
    findings: Layout = field(default_factory=Layout)


@dataclass(frozen=True)
class Move:
    """Mirror about the x axis, scale (plan, height), then a turn by `yaw` (rad) about z."""

    mirrored: bool = False
    plan: float = 1.0
    height: float = 1.0
    yaw: float = 0.0

    def points(self, xyz: Points) -> Points:
        """The moved points (N, 3)."""
        factor = np.array([self.plan, -self.plan if self.mirrored else self.plan, self.height])
        return rotate_points(xyz * factor, self.yaw).astype(np.float32)

    def layout(self, layout: Layout) -> Layout:
        """The moved layout."""
        return replace(
            layout,
            walls=tuple(self._wall(wall) for wall in layout.walls),
            doors=tuple(self._opening(door) for door in layout.doors),
            windows=tuple(self._opening(window) for window in layout.windows),
            boxes=tuple(self._box(box) for box in layout.boxes),
        )

    def _opening(self, opening: _Opening) -> _Opening:
        width, height = opening.width * self.plan, opening.height * self.height
        return replace(opening, center=self._at(opening.center), width=width, height=height)

    def _at(self, place: Vec3) -> Vec3:
        x, y = self.plan * place[0], (-self.plan if self.mirrored else self.plan) * place[1]
        c, s = cos(self.yaw), sin(self.yaw)
        return c * x - s * y, s * x + c * y, self.height * place[2]

    def _wall(self, wall: Wall) -> Wall:
        start, end = self._at(wall.start), self._at(wall.end)
        return replace(
            wall, start=start, end=end, height=wall.height * self.height, thickness=wall.thickness * self.plan
        )

    def _box(self, box: Box) -> Box:
        x, y, z = box.size
        yaw = wrap_angle((-box.yaw if self.mirrored else box.yaw) + self.yaw)
        return replace(box, center=self._at(box.center), yaw=yaw, size=(x * self.plan, y * self.plan, z * self.height))


def draw_move(rng: Generator) -> Move:
    """A move at random; the walls stay within 5 degrees of the axes."""
    residue = rng.normal(0.0, 0.5) if rng.random() < 0.6 else rng.uniform(-5.0, 5.0)
    yaw = rng.integers(4) * pi / 2 + np.radians(residue)
    return Move(bool(rng.random() < 0.5), float(rng.uniform(0.9, 1.12)), float(rng.uniform(0.95, 1.06)), float(yaw))


def wear(scan: Scan, rng: Generator) -> Scan:
    """The scan with views, floor, ceiling and parts taken away, thinned, with noise, outliers and ghosts."""
    chosen = _views(scan, rng)
    chosen = chosen[_not_cut(scan, scan.xyz[chosen], rng)]
    if rng.random() < 0.5:
        wanted = int(np.exp(rng.uniform(np.log(3000), np.log(len(scan.xyz) + 3000))))
        if wanted < len(chosen):
            chosen = np.sort(rng.choice(chosen, wanted, replace=False))
    xyz = _noisy(scan.xyz[chosen], rng)
    extra = _strays(xyz, rng)
    nothing = np.full(len(extra), -1, scan.entity.dtype)
    view = np.concatenate([scan.view[chosen], np.zeros(len(extra), scan.view.dtype)])
    return Scan(scan.layout, np.concatenate([xyz, extra]), view, np.concatenate([scan.entity[chosen], nothing]))


def wear_little(scan: Scan, rng: Generator) -> Scan:
    """The scan as a survey leaves it: some noise, and now and then few points, outliers, or no ceiling."""
    kept = np.arange(len(scan.xyz))
    if rng.random() < 0.15:
        kept = np.flatnonzero(scan.xyz[:, 2] < scan.layout.walls[0].start[2] + scan.layout.walls[0].height - 0.1)
    if rng.random() < 0.3:
        kept = np.sort(rng.permutation(kept)[: int(np.exp(rng.uniform(np.log(5000), np.log(60_000))))])
    xyz = scan.xyz[kept]
    xyz = xyz + rng.standard_normal(xyz.shape, dtype=np.float32) * np.float32(rng.uniform(0.002, 0.025))
    strays = _outliers(xyz, rng.uniform(0.0, 0.03), rng) if rng.random() < 0.3 else xyz[:0]
    nothing = np.full(len(strays), -1, scan.entity.dtype)
    view = np.concatenate([scan.view[kept], np.zeros(len(strays), scan.view.dtype)])
    return Scan(scan.layout, np.concatenate([xyz, strays]), view, np.concatenate([scan.entity[kept], nothing]))


def vary(scan: Scan, voxel: float, rng: Generator, findings: Layout | None = None) -> View:
    """A scan moved about, at times thinned, sampled once per `voxel` (m). The same generator gives the same view.

    `findings` in the frame of the scan are moved with it.
    """
    move = draw_move(rng)
    chosen = np.arange(len(scan.xyz))
    if rng.random() < 0.5:
        chosen = np.flatnonzero(rng.random(len(chosen)) < rng.uniform(0.5, 1.0))
    xyz, entity = move.points(scan.xyz[chosen]), scan.entity[chosen]
    kept = _once_per_voxel(xyz, voxel)
    layout = move.layout(_seen(scan.layout, entity[kept]))
    return View(xyz[kept], layout, entity[kept], move.layout(scan.layout), move.layout(findings or Layout()))


def _views(scan: Scan, rng: Generator) -> NDArray[np.intp]:
    """The points of some of the views, of all where a wall would go unseen."""
    count = int(scan.view.max()) + 1
    everything = np.arange(len(scan.xyz))
    if count == 1 or rng.random() < 0.5:
        return everything
    some = rng.choice(count, int(rng.integers(1, count)), replace=False)
    chosen = np.flatnonzero(np.isin(scan.view, some))
    walls = len(scan.layout.walls)
    before, after = (
        np.bincount(e[(e >= 0) & (e < walls)], minlength=walls) for e in (scan.entity, scan.entity[chosen])
    )
    return chosen if bool((after >= _ENOUGH_OF_WALL * before).all()) else everything


def _not_cut(scan: Scan, xyz: Points, rng: Generator) -> NDArray[np.bool_]:
    """Which points stay when floor, ceiling or upright holes are taken away."""
    floor = scan.layout.walls[0].start[2]
    top = floor + scan.layout.walls[0].height
    kept = np.ones(len(xyz), dtype=bool)
    if rng.random() < 0.2:
        kept &= xyz[:, 2] < top - rng.uniform(0.05, 0.5)
    if rng.random() < 0.12:
        kept &= xyz[:, 2] > floor + rng.uniform(0.04, 0.2)
    for _ in range(int(rng.integers(0, 3)) if rng.random() < 0.3 else 0):
        middle, radius = xyz[rng.integers(len(xyz)), :2], rng.uniform(0.2, 0.6)
        kept &= ((xyz[:, :2] - middle) ** 2).sum(axis=1) > radius**2
    return kept


def _noisy(xyz: Points, rng: Generator) -> Points:
    sigma = rng.uniform(0.0, 0.015) if rng.random() < 0.65 else rng.uniform(0.015, 0.04)
    return xyz + rng.standard_normal(xyz.shape, dtype=np.float32) * np.float32(sigma)


def _strays(xyz: Points, rng: Generator) -> Points:
    """Outliers anywhere in the home and a little beyond, and ghosts: parts that a mirror shows behind a plane."""
    found = [np.empty((0, 3), np.float32)]
    if rng.random() < 0.5:
        # 3 % of a dense cloud are several times as much of one that is thinned to a point per voxel
        share = rng.uniform(0.0, 0.03) if rng.random() < 0.6 else rng.uniform(0.03, 0.2)
        found.append(_outliers(xyz, share, rng))
    if rng.random() < 0.15:
        part = xyz[rng.integers(0, len(xyz), int(rng.uniform(0.0, 0.02) * len(xyz)))].copy()
        axis, plane = int(rng.integers(2)), xyz[rng.integers(len(xyz))]
        part[:, axis] = 2 * plane[axis] - part[:, axis]
        found.append(part[np.abs(part[:, axis] - plane[axis]) < 2.0])
    return np.concatenate(found)


def _outliers(xyz: Points, share: float, rng: Generator) -> Points:
    low, high = np.percentile(xyz[:: max(1, len(xyz) // 2000)], [1, 99], axis=0)
    margin = rng.uniform(0.0, 0.6)
    return rng.uniform(low - margin, high + margin, (int(share * len(xyz)), 3)).astype(np.float32)


def _once_per_voxel(xyz: Points, voxel: float) -> NDArray[np.intp]:
    cell = np.floor((xyz - xyz.min(axis=0)) / voxel).astype(np.int64)
    size = cell.max(axis=0) + 1
    return np.unique((cell[:, 0] * size[1] + cell[:, 1]) * size[2] + cell[:, 2], return_index=True)[1]


def _seen(layout: Layout, entity: NDArray[np.int16]) -> Layout:
    """Without walls and boxes that no points are left of, and without the openings of such walls."""
    counts = np.bincount(entity[entity >= 0], minlength=len(list(layout)))
    walls = tuple(w for k, w in enumerate(layout.walls) if counts[k] >= SEEN)
    ids = {wall.id for wall in walls}
    first = len(layout.walls) + len(layout.doors) + len(layout.windows)
    return replace(
        layout,
        walls=walls,
        doors=tuple(d for d in layout.doors if d.wall_id in ids),
        windows=tuple(w for w in layout.windows if w.wall_id in ids),
        boxes=tuple(b for k, b in enumerate(layout.boxes) if counts[first + k] >= SEEN),
    )
