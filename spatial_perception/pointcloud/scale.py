"""Is a cloud in metres? The height of rooms, the size of homes and the height of tables tell the unit of the file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.pointcloud.axis_evidence import AxisEvidence, gather_evidence
from spatial_perception.pointcloud.surfels import Surfels, surface_elements

UNITS = {"m": 1.0, "mm": 0.001, "cm": 0.01, "ft": 0.3048, "in": 0.0254}
# Ceilings of homes and offices; a room is scaled to this where its unit cannot be known.
USUAL_HEIGHT = 2.6
# From this confidence on, a unit other than metres is believed without asking.
SURE = 0.9
_PRIOR = {"m": 0.87, "mm": 0.06, "cm": 0.03, "ft": 0.03, "in": 0.01}
_UNLIKELY = 1e-6


@dataclass(frozen=True)
class ScaleCheck:
    """The unit that fits a cloud best.

    `unit` is "m", "mm", "cm", "ft", "in" or "unknown"; lengths times `factor` are metres. `height` is the distance from
    floor to ceiling (or the vertical extent, where `has_ceiling` is False) in units of the file. `confidence` in [0, 1].
    """

    unit: str
    factor: float
    confidence: float
    height: float
    has_ceiling: bool
    reason: str

    @property
    def is_sure(self) -> bool:
        """True where the unit is beyond reasonable doubt, and the height with it that of a room."""
        return self.unit != "unknown" and self.confidence >= SURE and 1.0 <= self.height_m <= 4.0

    @property
    def height_m(self) -> float:
        """The height in metres, if the unit is right."""
        return self.height * self.factor


def check_scale(xyz: NDArray[np.generic], up: tuple[float, float, float] = (0.0, 0.0, 1.0)) -> ScaleCheck:
    """Judge in which unit points (N, 3) with the up direction `up` are given.

    Raises CloudError for fewer than 50 points or a cloud without extent.
    """
    return scale_of_surfels(surface_elements(xyz), np.asarray(up, np.float64))


def scale_of_surfels(surfels: Surfels, up: NDArray[np.float64]) -> ScaleCheck:
    """As `check_scale`, from surface elements."""
    evidence = gather_evidence(surfels, up)
    has_ceiling = min(evidence.areas) > 0.1 * max(evidence.areas)
    heights = surfels.points @ up
    extent = float(np.ptp(np.percentile(heights, (0.5, 99.5))))
    height = evidence.layers[1] - evidence.layers[0] if has_ceiling else extent
    tops = _top_heights(surfels, evidence, heights)
    breadth = float(np.sqrt(np.prod(np.ptp(np.percentile(_plan(surfels, up), (2, 98), axis=0), axis=0))))
    likelihoods = {
        unit: _PRIOR[unit] * _likelihood(height * factor, breadth * factor, tops * factor, has_ceiling)
        for unit, factor in UNITS.items()
    }
    return _judge(likelihoods, height, breadth, has_ceiling)


def _plan(surfels: Surfels, up: NDArray[np.float64]) -> NDArray[np.float64]:
    first = np.cross(up, np.eye(3)[np.abs(up).argmin()])
    first /= np.linalg.norm(first)
    return surfels.points @ np.stack([first, np.cross(up, first)], axis=1)


def _top_heights(surfels: Surfels, evidence: AxisEvidence, heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Heights above the floor of the level faces between floor and ceiling."""
    low, high = evidence.layers
    level = surfels.flat() & (np.abs(surfels.normals @ evidence.axis) > 0.985)
    margin = max(1.6 * surfels.size, 0.03 * (high - low))
    return heights[level & (heights > low + margin) & (heights < high - margin)] - low


def _bell(value: float, middle: float, spread: float) -> float:
    """A log-normal bell around `middle` with a floor, so that no single measure decides alone."""
    return float(np.exp(-0.5 * (np.log(max(value, 1e-9) / middle) / spread) ** 2)) + _UNLIKELY


def _likelihood(height: float, breadth: float, tops: NDArray[np.float64], has_ceiling: bool) -> float:
    if has_ceiling:
        # Halls are rare, but there are halls.
        fit = (_bell(height, USUAL_HEIGHT, 0.22) + 0.02 * _bell(height, 5.0, 0.5)) * _bell(breadth, 7.0, 0.8)
    else:
        fit = _bell(height, 2.2, 0.45) * _bell(breadth, 5.0, 0.9)
    if len(tops) >= 30:
        fit *= 0.1 + 0.9 * float(((tops > 0.3) & (tops < 1.2)).mean())
    return fit


def _judge(likelihoods: dict[str, float], height: float, breadth: float, has_ceiling: bool) -> ScaleCheck:
    unit = max(likelihoods, key=lambda name: likelihoods[name])
    confidence = likelihoods[unit] / sum(likelihoods.values())
    metres = height * UNITS[unit]
    what = "floor to ceiling" if has_ceiling else "vertical extent (no ceiling seen)"
    if has_ceiling and not 1.7 < metres < 12.0:
        return ScaleCheck(
            "unknown", USUAL_HEIGHT / height, 0.0, height, True,
            f"{what} is {height:.4g}, which is a room in no known unit; {USUAL_HEIGHT / height:.4g} would make it"
            f" {USUAL_HEIGHT} m",
        )  # fmt: skip
    reason = f"{what} is {height:.4g}, that is {metres:.2f} m if the unit is {unit}"
    if not has_ceiling:
        confidence *= 0.95 if unit != "m" or 1.0 < metres < 5.0 else 0.5
    return ScaleCheck(unit, UNITS[unit], confidence, height, has_ceiling, reason)
