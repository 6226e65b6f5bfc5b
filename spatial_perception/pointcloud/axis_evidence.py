"""What speaks for a direction as the vertical: layers, footprint, furniture and gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial_perception.pointcloud.surfels import Surfels

_PARALLEL = np.cos(np.radians(10.0))
_UPRIGHT = np.sin(np.radians(10.0))


@dataclass(frozen=True)
class AxisEvidence:
    """What speaks for a direction as the vertical; lengths in units of the cloud.

    `aligned`: share of flat area along or across it. `layered`: share of the level area in the two strongest layers.
    `cover`: share of the footprint that the strongest layer covers. `outside`: share of elements beyond the layers.
    `flatness`: log of height over breadth. `layers`: heights of the two strongest layers, `areas` their elements.
    `standing`: whether furniture rises from the lower layer (-1) or the upper (1), and `shadow` whether it hides the
    lower layer (1) or the upper (-1); it takes the share `furniture` of the ground. `gaps`: whether walls are open at
    the lower end (1, doors) or at the upper (-1). `tops`: mean height of the level surfaces in between, from -1 (at the
    lower layer) to 1, and `top_area` their share of the stronger layer.
    """

    axis: NDArray[np.float64]
    aligned: float
    layered: float = 0.0
    cover: float = 0.0
    outside: float = 0.0
    flatness: float = 0.0
    layers: tuple[float, float] = (0.0, 0.0)
    areas: tuple[int, int] = (0, 0)
    standing: float = 0.0
    shadow: float = 0.0
    gaps: float = 0.0
    furniture: float = 0.0
    tops: float = 0.0
    top_area: float = 0.0


def aligned_share(surfels: Surfels, axis: NDArray[np.float64]) -> float:
    """Share of the flat elements whose normals lie along `axis` (3,) or across it, within 10 degrees."""
    share = np.abs(surfels.normals[surfels.flat()] @ axis)
    return float(((share > _PARALLEL) | (share < _UPRIGHT)).sum() / max(1, len(share)))


def gather_evidence(surfels: Surfels, axis: NDArray[np.float64]) -> AxisEvidence:
    """Measure what speaks for `axis` (3,) as the vertical."""
    level = surfels.flat() & (np.abs(surfels.normals @ axis) > _PARALLEL)
    heights = surfels.points @ axis
    layers, areas = _two_layers(heights[level], heights, surfels.size)
    low, high = layers
    margin = 4 * surfels.size
    ground, footprint = _ground_cells(surfels, axis)
    standing, shadow, gaps, furniture = _furnishing(ground, heights, level, layers)
    tops, top_area = _tops(heights[level], layers, max(areas))
    strongest = low if areas[0] >= areas[1] else high
    covered = ground[level & (np.abs(heights - strongest) < 3 * surfels.size)]
    height = np.ptp(np.percentile(heights, (1, 99)))
    return AxisEvidence(
        axis=axis,
        aligned=aligned_share(surfels, axis),
        layered=sum(areas) / max(1, int(level.sum())),
        cover=len(np.unique(covered)) / footprint,
        outside=float(((heights < low - margin) | (heights > high + margin)).mean()),
        flatness=float(np.log(max(height, surfels.size) / (np.sqrt(footprint) * 3 * surfels.size))),
        layers=layers,
        areas=areas,
        standing=standing,
        shadow=shadow,
        gaps=gaps,
        furniture=furniture,
        tops=tops,
        top_area=top_area,
    )


def _two_layers(
    level: NDArray[np.float64], heights: NDArray[np.float64], size: float
) -> tuple[tuple[float, float], tuple[int, int]]:
    """Heights and areas of the two strongest layers of level surface, the lower first.

    The second must close the cloud on its side. Where none does, the end of the cloud stands for it, with area 0.
    """
    start, stop = float(heights.min()), float(heights.max())
    bins = max(8, int((stop - start) / size) + 1)
    counts, edges = np.histogram(level, bins, (start, start + bins * size))
    smooth = np.convolve(counts, (1, 1, 1, 1, 1), "same")[:bins]
    first = int(smooth.argmax())
    rest = np.where(np.abs(np.arange(bins) - first) < max(6, bins // 10), -1, smooth)
    second = int(rest.argmax())
    found, other = (_layer_height(level, float(edges[i] + size / 2), size) for i in (first, second))
    area = int(max(rest[second], 0))
    beyond = (heights > other + 4 * size) if other > found else (heights < other - 4 * size)
    if area < 0.02 * smooth[first] or beyond.mean() > 0.05:
        other, area = (stop if stop - found > found - start else start), 0
    pair = ((found, int(smooth[first])), (other, area))
    (low, low_area), (high, high_area) = sorted(pair)
    return (low, high), (low_area, high_area)


def _layer_height(level: NDArray[np.float64], near: float, size: float) -> float:
    """The median height of the layer around `near`."""
    members = level[np.abs(level - near) <= 3 * size]
    return float(np.median(members)) if len(members) else near


def _tops(level: NDArray[np.float64], layers: tuple[float, float], largest: int) -> tuple[float, float]:
    """Mean height of the level elements between the layers, from -1 (low) to 1, and their area over the larger layer's."""
    relative = (level - layers[0]) / max(layers[1] - layers[0], 1e-12)
    between = relative[(relative > 0.08) & (relative < 0.92)]
    if not len(between):
        return 0.0, 0.0
    return float(2.0 * between.mean() - 1.0), len(between) / max(1, largest)


def _ground_cells(surfels: Surfels, axis: NDArray[np.float64]) -> tuple[NDArray[np.int64], int]:
    """The cell of the plane square to `axis` in which each element lies, cells being three voxels wide; how many."""
    first = np.cross(axis, np.eye(3)[np.abs(axis).argmin()])
    first /= np.linalg.norm(first)
    plane = np.stack([surfels.points @ first, surfels.points @ np.cross(axis, first)], axis=1)
    cells = np.floor((plane - plane.min(axis=0)) / (3 * surfels.size)).astype(np.int64)
    keys = cells[:, 0] * (int(cells[:, 1].max()) + 1) + cells[:, 1]
    _, ranks = np.unique(keys, return_inverse=True)
    return ranks.reshape(-1), int(ranks.max()) + 1


def _furnishing(
    ground: NDArray[np.int64], heights: NDArray[np.float64], level: NDArray[np.bool_], layers: tuple[float, float]
) -> tuple[float, float, float, float]:
    """The measures `standing`, `shadow`, `gaps` and `furniture` of `AxisEvidence`.

    Furniture is what shows a level face between the layers; columns that are filled over most of the height are walls.
    """
    low, high = layers
    relative = (heights - low) / max(high - low, 1e-12)
    inside = (relative > 0.06) & (relative < 0.94)
    columns = int(ground.max()) + 1
    filled = np.zeros((columns, 12), bool)
    filled[ground[inside], (relative[inside] * 12).astype(np.int64)] = True
    between = _marked(columns, ground[level & (relative > 0.08) & (relative < 0.92)])
    furniture = between & (filled.sum(axis=1) <= 8)
    roofed = furniture & _marked(columns, ground[level & (relative > 0.94)])
    floored = furniture & _marked(columns, ground[level & (relative < 0.06)])
    standing = _balance(filled[furniture, 9:].any(axis=1), filled[furniture, :3].any(axis=1))
    return standing, _balance(roofed, floored), _gaps(filled[~between]), float(furniture.mean())


def _marked(count: int, members: NDArray[np.int64]) -> NDArray[np.bool_]:
    mask = np.zeros(count, bool)
    mask[members] = True
    return mask


def _gaps(columns: NDArray[np.bool_]) -> float:
    """Whether wall columns that are open at one end are open below (1) or above (-1); 0 where they are few."""
    columns = columns[(columns.sum(axis=1) <= 8)]
    hanging = columns[:, 9:].any(axis=1) & ~columns[:, :3].any(axis=1)
    rising = columns[:, :3].any(axis=1) & ~columns[:, 9:].any(axis=1)
    return _balance(hanging, rising) if int(np.sum(hanging) + np.sum(rising)) >= 6 else 0.0


def _balance(upper: ArrayLike, lower: ArrayLike) -> float:
    """From -1 (only `lower` holds) to 1 (only `upper`)."""
    above, below = int(np.sum(upper)), int(np.sum(lower))
    return (above - below) / max(1, above + below)
