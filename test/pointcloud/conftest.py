"""Synthetic rooms, written without the package: surfaces, openings, furniture, and what scanners would see of them."""

from __future__ import annotations

import numpy as np
import pytest


def _rectangle(rng, corner, first, second, density):
    area = np.linalg.norm(np.cross(first, second))
    uv = rng.random((max(4, int(area * density)), 2))
    return np.asarray(corner) + uv[:, :1] * np.asarray(first) + uv[:, 1:] * np.asarray(second)


def _wall(rng, start, end, height, openings, density):
    """A vertical rectangle without the points in `openings` (from, to, sill, head) along it."""
    run = np.asarray(end, float) - np.asarray(start, float)
    points = _rectangle(rng, start, run, (0, 0, height), density)
    along = (points - start) @ run / np.linalg.norm(run)
    keep = np.ones(len(points), bool)
    for begin, stop, sill, head in openings:
        keep &= ~((along > begin) & (along < stop) & (points[:, 2] > sill) & (points[:, 2] < head))
    return points[keep]


def _box(rng, center, size, density):
    c, (sx, sy, sz) = np.asarray(center) - np.asarray(size) / 2, size
    ex, ey, ez = (sx, 0, 0), (0, sy, 0), (0, 0, sz)
    sides = [(c, ex, ez), (c, ey, ez), (c + ey, ex, ez), (c + ex, ey, ez), (c + ez, ex, ey)]
    return np.concatenate([_rectangle(rng, *side, density) for side in sides])


def _openings(rng, length, height):
    openings, at = [], rng.uniform(0.2, 1.0)
    while at < length - 1.2 and len(openings) < 3:
        width = rng.uniform(0.8, 1.6)
        door = rng.random() < 0.5
        openings.append((at, min(at + width, length - 0.1), 0.0 if door else 0.9, min(2.1, height - 0.1)))
        at += width + rng.uniform(0.6, 3.0)
    return openings


def _furniture(rng, width, depth, height, density):
    parts = []
    for _ in range(rng.integers(2, 9)):
        tall = rng.uniform(1.2, min(2.2, height - 0.2)) if rng.random() < 0.3 else rng.uniform(0.35, 1.0)
        size = np.array([rng.uniform(0.4, 1.4), rng.uniform(0.4, 1.0), tall])
        against = rng.integers(4)
        x, y = rng.uniform(size[0], width - size[0]), rng.uniform(size[1], depth - size[1])
        x = {0: size[0] / 2, 1: width - size[0] / 2}.get(int(against), x)
        y = {2: size[1] / 2, 3: depth - size[1] / 2}.get(int(against), y)
        parts.append(_box(rng, (x, y, size[2] / 2), size, density))
    return parts


def make_room(rng, *, ceiling=True, furniture=True, occlusion=True, noise=0.01, density=400.0, inner=None, height=None):
    """Points (N, 3) of a rectangular home, z up, floor at 0, walls along x and y; two scanner stations look at it."""
    width, depth = rng.uniform(3.0, 11.0), rng.uniform(3.0, 8.0)
    height = rng.uniform(2.3, 3.2) if height is None else height
    corners = [np.array(c) for c in ((0, 0, 0), (width, 0, 0), (width, depth, 0), (0, depth, 0))]
    parts = [_rectangle(rng, (0, 0, 0), (width, 0, 0), (0, depth, 0), density)]
    if ceiling:
        parts.append(_rectangle(rng, (0, 0, height), (width, 0, 0), (0, depth, 0), density))
    for start, end in zip(corners, [*corners[1:], corners[0]]):
        parts.append(_wall(rng, start, end, height, _openings(rng, np.linalg.norm(end - start), height), density))
    if (inner if inner is not None else rng.random() < 0.5) and width > 5:
        x = rng.uniform(2.0, width - 2.0)
        parts.append(_wall(rng, (x, 0, 0), (x, depth, 0), height, [(0.5, 1.5, 0.0, 2.0)], density))
    if furniture:
        pieces = _furniture(rng, width, depth, height, density)
        # Nobody sees the floor below furniture.
        for piece in pieces:
            low, high = piece.min(axis=0), piece.max(axis=0)
            parts[0] = parts[0][~((parts[0] > low - 0.01) & (parts[0] < high + 0.01))[:, :2].all(axis=1)]
        parts += pieces
    points = np.concatenate(parts)
    if occlusion:
        stations = [
            (rng.uniform(0.8, width - 0.8), rng.uniform(0.8, depth - 0.8), rng.uniform(1.0, 1.7)) for _ in range(2)
        ]
        points = points[np.any([_visible(points - station) for station in stations], axis=0)]
    return points + rng.normal(0.0, noise, points.shape)


def _visible(offsets):
    """The points that nothing nearer hides, by a table of the nearest range in each direction."""
    step = np.radians(0.9)
    reach = np.linalg.norm(offsets, axis=1)
    azimuth = np.floor((np.arctan2(offsets[:, 1], offsets[:, 0]) + np.pi) / step).astype(int)
    polar = np.floor(np.arccos(np.clip(offsets[:, 2] / np.maximum(reach, 1e-9), -1, 1)) / step).astype(int)
    key = azimuth * 1000 + polar
    nearest = np.full(key.max() + 1, np.inf)
    np.minimum.at(nearest, key, reach)
    return reach < nearest[key] + 0.15 + 0.06 * reach


def rotation_from(axis, angle):
    """Rotation matrix about `axis` by `angle` radians."""
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


@pytest.fixture
def room():
    """The generator of rooms."""
    return make_room


@pytest.fixture
def rotation():
    """The generator of rotations."""
    return rotation_from
