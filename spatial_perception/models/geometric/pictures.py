"""Flat things on the faces of walls: pictures, mirrors, boards."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spatial_perception.models.geometric.levels import Levels
from spatial_perception.models.geometric.raster import noise_of, standing_off
from spatial_perception.models.geometric.samples import Floats, Samples
from spatial_perception.models.geometric.sparse import fewest, widened
from spatial_perception.models.geometric.walls import Run

_CELL = 0.06  # m
_STANDS_OUT = 0.018  # m; on the mean over 3 x 3 cells, or more where the face is noisy
_OWN = 0.008  # m; what is nearer to the face is wall
_DEPTH = 0.08  # m; what stands out farther is no flat thing
_BEFORE = 0.25  # m; nothing else is seen this far before it
_MOST_BEFORE = 0.2  # share of its cells before which something is
_SIDE = (0.25, 2.5)  # m; width and height, from, to
_CLEAR = (0.5, 0.1)  # m; distance from floor and ceiling
_FILLED = 0.6  # least share of the rectangle around it
_LEAST_POINTS = 50
_SQUARE = np.ones((3, 3), dtype=bool)


def find_pictures(walls: list[Run], samples: Samples, levels: Levels) -> list[NDArray[np.intp]]:
    """Indices of the samples of each flat thing on a wall.

    On the mean over some cells it stands out of the face by more than noise does, it hangs clear of floor and ceiling, has
    about the shape of a rectangle, and nothing stands right before it.
    """
    z, least = samples.xyz[:, 2] - levels.floor, fewest(_LEAST_POINTS, samples.spacing)
    cell = widened(_CELL, samples.spacing)
    found = []
    for run in walls:
        u, s = run.line.along(samples.xyz[:, :2]), run.line.aside(samples.xyz[:, :2])
        for sign in run.room_sides:
            out = sign * s - run.thickness / 2
            near = np.flatnonzero(
                (u > run.start) & (u < run.end) & (out > -_DEPTH) & (out < _BEFORE) & (z > 0) & (z < levels.height)
            )
            if len(near) >= least:
                patches = _on_face(u[near] - run.start, z[near], out[near], levels.height, cell)
                found += [near[k] for k in patches if len(k) >= least]
    return found


def _on_face(u: Floats, z: Floats, out: Floats, height: float, cell: float) -> Iterator[NDArray[np.intp]]:
    """The same for points `u` (m) along a face, `z` above the floor, which stand out of it by `out`."""
    index = np.floor(np.stack([u, z]) / cell).astype(np.int64)
    shape = (int(index[0].max()) + 1, int(index[1].max()) + 1)
    flat = out < _DEPTH
    least = max(_STANDS_OUT, noise_of(out[flat]))
    raised = ndimage.binary_opening(standing_off(index[:, flat], out[flat], shape, least), _SQUARE)
    before = np.zeros(shape, dtype=bool)
    before[tuple(index[:, ~flat])] = True
    label, _ = ndimage.label(raised)
    for k, where in enumerate(ndimage.find_objects(label), start=1):
        patch = label[where] == k
        if _is_picture(patch, where, height, cell) and before[where][patch].mean() < _MOST_BEFORE:
            yield np.flatnonzero((label[index[0], index[1]] == k) & flat & (out > _OWN))


def _is_picture(patch: NDArray[np.bool_], where: tuple[slice, slice], height: float, cell: float) -> bool:
    """Whether cells of a face have the size, the shape and the place of a picture."""
    sides = np.array(patch.shape) * cell
    low, high = where[1].start * cell, where[1].stop * cell
    fits = bool((sides > _SIDE[0]).all() and (sides < _SIDE[1]).all() and patch.mean() > _FILLED)
    return fits and low > _CLEAR[0] and height - high > _CLEAR[1]
