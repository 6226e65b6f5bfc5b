"""Straight lines in the plan, from samples of vertical surfaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.models.geometric.samples import Floats

_ANGLE_BIN = np.pi / 180
_OFFSET_BIN = 0.02  # m
_SPREAD = np.radians(14.0)  # normals this far from a direction still vote for it
_INLIER = 0.05  # m
_MOST_DIRECTIONS = 24


@dataclass(frozen=True, slots=True)
class Line:
    """A line in the plan: points p with p . normal = offset; `angle` (rad) is that of its direction (cos, sin)."""

    angle: float
    offset: float

    @property
    def direction(self) -> Floats:
        """Unit vector (2,) along the line."""
        return np.array([np.cos(self.angle), np.sin(self.angle)])

    @property
    def normal(self) -> Floats:
        """Unit vector (2,) to the left of the direction."""
        return np.array([-np.sin(self.angle), np.cos(self.angle)])

    def along(self, xy: Floats) -> Floats:
        """Coordinates (N,) of points (N, 2) along the line (m)."""
        return xy[:, 0] * np.cos(self.angle) + xy[:, 1] * np.sin(self.angle)

    def aside(self, xy: Floats) -> Floats:
        """Signed distances (N,) of points (N, 2) from the line (m), positive on the left."""
        return xy[:, 1] * np.cos(self.angle) - xy[:, 0] * np.sin(self.angle) - self.offset

    def point(self, u: float, s: float = 0.0) -> Floats:
        """The point (2,) at `u` along and `s` aside."""
        return self.direction * u + self.normal * (self.offset + s)


def turn_between(a: float, b: float) -> float:
    """Smallest angle (rad) in [0, pi/2] between two undirected directions."""
    return float(abs((a - b + np.pi / 2) % np.pi - np.pi / 2))


def find_lines(xy: Floats, normal: Floats, area: Floats, weight: Floats, least: float) -> list[Line]:
    """Lines through samples (N, 2) with plan normals (N, 2), strongest direction first.

    Each holds samples that stand for `least` square metres or more, by their `area` (N,); `weight` (N,) says how much
    their area counts in placing the line.
    """
    mass, xy = area * weight, np.asfortranarray(xy)
    angle = np.mod(np.arctan2(normal[:, 1], normal[:, 0]) - np.pi / 2, np.pi)
    free = np.ones(len(xy), dtype=bool)
    lines: list[Line] = []
    for _ in range(_MOST_DIRECTIONS):
        direction = _strongest_direction(angle[free], area[free], least)
        if direction is None:
            break
        found = _parallel_lines(xy, angle, (area, mass), free, direction, least)
        lines += found
        if not found:
            free &= np.abs(_difference(angle, direction)) > 2 * _ANGLE_BIN
    return lines


def _difference(angle: Floats, direction: float) -> Floats:
    return np.mod(angle - direction + np.pi / 2, np.pi) - np.pi / 2


def _strongest_direction(angle: Floats, area: Floats, least: float) -> float | None:
    bins = 180
    histogram = np.bincount((angle / _ANGLE_BIN).astype(int) % bins, weights=area, minlength=bins)
    smooth = np.convolve(np.r_[histogram[-2:], histogram, histogram[:2]], np.ones(5), mode="valid")
    best = int(np.argmax(smooth))
    if smooth[best] < least:
        return None
    delta = _difference(angle, (best + 0.5) * _ANGLE_BIN)
    near = delta[np.abs(delta) < 3 * _ANGLE_BIN]
    return float(np.mod((best + 0.5) * _ANGLE_BIN + np.median(near), np.pi))


def _parallel_lines(
    xy: Floats, angle: Floats, masses: tuple[Floats, Floats], free: NDArray[np.bool_], direction: float, least: float
) -> list[Line]:
    """Lines of about one direction; samples on them are struck from `free` in place."""
    base = Line(direction, 0.0)
    turn = np.abs(_difference(angle, direction))
    voters, other = np.flatnonzero(free & (turn < _SPREAD)), turn > 2.5 * _SPREAD
    u, s = base.along(xy[voters]), base.aside(xy[voters])
    area, mass = masses[0][voters], masses[1][voters]
    lines: list[Line] = []
    while True:
        peak = _offset_peak(s, mass, least)
        if peak is None:
            return lines
        slope, height = _fit(u, s, mass, peak)
        inlier = np.abs(s - slope * u - height) < _INLIER
        if area[inlier].sum() >= least:
            bend = float(np.arctan(slope))
            lines.append(Line(direction + bend, height * float(np.cos(bend))))
            free &= (np.abs(lines[-1].aside(xy)) > _INLIER) | other
        inlier |= np.abs(s - peak) < _OFFSET_BIN
        free[voters[inlier]] = False
        rest = ~inlier
        voters, u, s, area, mass = voters[rest], u[rest], s[rest], area[rest], mass[rest]


def _offset_peak(s: Floats, weight: Floats, least: float) -> float | None:
    if len(s) < 8:
        return None
    lowest = float(s.min())
    histogram = np.bincount(((s - lowest) / _OFFSET_BIN).astype(np.int64), weights=weight)
    smooth = np.convolve(histogram, np.ones(3), mode="same")
    best = int(np.argmax(smooth))
    return None if smooth[best] < 0.5 * least else lowest + (best + 0.5) * _OFFSET_BIN


def _fit(u: Floats, s: Floats, weight: Floats, peak: float) -> tuple[float, float]:
    """Slope and height of s(u) near the peak, by repeated least squares on the inliers; slopes over 10 degrees are refused."""
    slope, height = 0.0, peak
    for width in (1.5 * _INLIER, _INLIER, 0.6 * _INLIER, 0.4 * _INLIER, 0.4 * _INLIER):
        near = np.abs(s - slope * u - height) < width
        if near.sum() < 8 or np.ptp(u[near]) < 0.3:
            break
        new = np.polyfit(u[near] - u[near].mean(), s[near], 1, w=np.sqrt(weight[near]))
        if abs(new[0]) > 0.18:
            break
        slope, height = float(new[0]), float(new[1] - new[0] * u[near].mean())
    return slope, height
