"""Polygons painted into grids of cells, all at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial_perception.errors import ConfigError

MAX_CELLS = 64_000_000
"""Grids with more cells than this are refused: a wrong unit or a stray coordinate, not a home."""
_BLOCK = 10  # cells; frames grow in blocks, so that a grid keeps its place while things move in it
_DIGITS = 6  # of cell coordinates; edges that run through cell centres fall the same way at every place


@dataclass(frozen=True, slots=True)
class GridFrame:
    """Where cells lie: cell (row, column) covers `resolution` (m) from `origin` (x, y) + (column, row) * resolution."""

    resolution: float
    origin: tuple[float, float]
    height: int
    width: int

    @classmethod
    def around(cls, points: NDArray[np.float64], resolution: float, margin: float) -> GridFrame:
        """The frame around points (N, 2) and `margin` (m), aligned to multiples of the resolution.

        Raises ConfigError for a resolution or margin out of range, and where there would be too many cells.
        """
        if not (isfinite(resolution) and resolution > 0):
            raise ConfigError(f"grid resolution is {resolution:g} m; give a length above 0, for example 0.05")
        if not (isfinite(margin) and margin >= 0):
            raise ConfigError(f"grid margin is {margin:g} m; give 0 or more")
        corners = points if len(points) else np.zeros((1, 2))
        block = resolution * _BLOCK
        low = [floor((v - margin) / block) * _BLOCK for v in corners.min(axis=0)]
        high = [ceil((v + margin) / block) * _BLOCK for v in corners.max(axis=0)]
        width, height = (max(b - a, _BLOCK) for a, b in zip(low, high))
        if width * height > MAX_CELLS:
            raise ConfigError(
                f"a grid of {width} x {height} cells is too large; use a coarser resolution than {resolution:g} m"
                " or remove entities far away"
            )
        return cls(resolution, (low[0] * resolution, low[1] * resolution), height, width)

    def cells(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (..., 2) m in units of cells from the origin."""
        return np.asarray(np.round((points - np.array(self.origin)) / self.resolution, _DIGITS))

    def cell_of(self, x: float, y: float) -> tuple[int, int] | None:
        """Row and column of the cell at a point (m), or None outside."""
        if not (isfinite(x) and isfinite(y)):
            return None
        column, row = (floor((v - o) / self.resolution) for v, o in zip((x, y), self.origin))
        return (row, column) if 0 <= row < self.height and 0 <= column < self.width else None

    def centers(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float64]:
        """Centres (N, 2) m of cells."""
        return np.asarray(np.stack([columns, rows], axis=-1) * self.resolution + self.resolution / 2 + self.origin)

    def window(self, lower: Sequence[float], upper: Sequence[float]) -> tuple[slice, slice]:
        """The rows and columns that cover an area from `lower` to `upper` (x, y) m, clipped to the frame."""
        x0, y0 = ((low - base) / self.resolution for low, base in zip(lower, self.origin))
        x1, y1 = ((high - base) / self.resolution for high, base in zip(upper, self.origin))
        return _span(y0, y1, self.height), _span(x0, x1, self.width)


def _span(low: float, high: float, size: int) -> slice:
    """Whole cells between two marks (in cells), clipped to 0 .. size."""
    first, last = floor(round(low, _DIGITS)), ceil(round(high, _DIGITS))
    return slice(min(max(first, 0), size), min(max(last, 0), size))


def fill(frame: GridFrame, rings: Sequence[NDArray[np.float64]] | NDArray[np.float64]) -> NDArray[np.bool_]:
    """The cells (H, W) whose centres lie inside the union of rings (K, 2) m; outlines counter-clockwise, holes clockwise.

    Winding numbers by scan line: each edge leaves its sign where it crosses the rows, and a running sum along the rows tells
    what is inside (Foley, van Dam, Feiner, Hughes: Computer Graphics, 2nd ed., section 3.6).
    """
    mask = np.zeros((frame.height, frame.width), dtype=bool)
    starts, ends = _edges(frame, rings)
    if len(starts) == 0:
        return mask
    low, high = np.minimum(starts, ends).min(axis=0), np.maximum(starts, ends).max(axis=0)
    left, bottom = (int(np.clip(floor(v), 0, size)) for v, size in zip(low, (frame.width, frame.height)))
    right, top = (int(np.clip(ceil(v), 0, size)) for v, size in zip(high, (frame.width, frame.height)))
    if right > left and top > bottom:
        shift = np.array([left, bottom])
        mask[bottom:top, left:right] = _winding(starts - shift, ends - shift, top - bottom, right - left) > 0
    return mask


def _edges(
    frame: GridFrame, rings: Sequence[NDArray[np.float64]] | NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Starts and ends (E, 2) of all edges, in cells; quadrilaterals in one array (N, 4, 2) are taken as they are."""
    if isinstance(rings, np.ndarray) and rings.ndim == 3:
        quads = frame.cells(rings)
        return quads.reshape(-1, 2), np.roll(quads, -1, axis=1).reshape(-1, 2)
    corners = [frame.cells(np.asarray(ring, dtype=np.float64)) for ring in rings if len(ring) > 2]
    if not corners:
        return np.empty((0, 2)), np.empty((0, 2))
    return np.concatenate(corners), np.concatenate([np.roll(ring, -1, axis=0) for ring in corners])


def _winding(starts: NDArray[np.float64], ends: NDArray[np.float64], height: int, width: int) -> NDArray[np.int16]:
    """How often the edges wind around each cell centre (H, W)."""
    y0, y1 = starts[:, 1], ends[:, 1]
    first = np.clip(np.ceil(np.minimum(y0, y1) - 0.5), 0, height).astype(np.int64)
    last = np.clip(np.ceil(np.maximum(y0, y1) - 0.5), 0, height).astype(np.int64)
    counts = np.maximum(last - first, 0)
    edge = np.repeat(np.arange(len(starts)), counts)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    share = (row + 0.5 - y0[edge]) / (y1 - y0)[edge]
    x = starts[edge, 0] + share * (ends - starts)[edge, 0]
    column = np.clip(np.ceil(np.round(x, _DIGITS) - 0.5), 0, width).astype(np.int64)
    sign = np.where(y1 > y0, -1, 1).astype(np.int16)[edge]
    changes = np.zeros(height * (width + 1), dtype=np.int16)
    np.add.at(changes, row * (width + 1) + column, sign)
    return np.asarray(np.cumsum(changes.reshape(height, width + 1), axis=1, dtype=np.int16)[:, :width])


def polygon_rings(outlines: Iterable[tuple[ArrayLike, ...]]) -> list[NDArray[np.float64]]:
    """Rings of areas given as (outline counter-clockwise, hole, ...): holes are turned clockwise."""
    rings = []
    for outline, *holes in outlines:
        rings.append(np.asarray(outline, dtype=np.float64))
        rings += [_clockwise(np.asarray(hole, dtype=np.float64)) for hole in holes]
    return rings


def _clockwise(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = ring.T
    return ring[::-1] if float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) > 0 else ring
