"""Which way is up: the floor, the ceiling and what stands between tell it, whatever the axes of the file are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.pointcloud.axis_evidence import AxisEvidence, aligned_share, gather_evidence
from spatial_perception.pointcloud.surfels import Surfels, surface_elements

# Tilts below this cannot be told from noise: the axis of the file is taken as it is.
SNAP_ANGLE = float(np.radians(0.3))
# Scores of file axes: most clouds are z-up, many y-up (meshes) or y-down (cameras).
_AXIS_PRIOR = (0.0, 1.0, 2.0)
_SIGN_PRIOR = (0.0, 0.3, 1.0)
# A cloud along z is taken as upside down on strong evidence only: scans without a floor look like that, and are far commoner.
_UPRIGHT_PRIOR = 2.0
_CAMERA_PRIOR = 2.5


@dataclass(frozen=True)
class UpEstimate:
    """The direction away from the floor.

    `axis` is a unit vector in the frame of the cloud, `confidence` in [0, 1] the belief in it, `convention` names it for
    people ("z", "-y", "z tilted by 12.0 deg"), `tilt` is the angle (rad) to the nearest axis of the file, and `reason`
    one sentence.
    """

    axis: tuple[float, float, float]
    confidence: float
    convention: str
    tilt: float
    reason: str


def estimate_up(xyz: NDArray[np.generic]) -> UpEstimate:
    """Find the up direction of an indoor cloud (N, 3), in any unit and any orientation.

    Floor and ceiling are the layers that cover the footprint; the low breadth of homes, walls square to the vertical,
    furniture that stands on the floor and hides it, and doors that reach it tell which is which. Tilts below 0.3 degrees
    are taken as none. Raises CloudError for fewer than 50 points or a cloud without extent.
    """
    return up_of_surfels(surface_elements(xyz))


def up_of_surfels(surfels: Surfels) -> UpEstimate:
    """As `estimate_up`, from surface elements."""
    candidates = candidate_axes(surfels)
    shares = [aligned_share(surfels, axis) for axis in candidates]
    evidence = [gather_evidence(surfels, axis) for axis, share in zip(candidates, shares) if share > max(shares) - 0.25]
    camera = _looks_like_camera(surfels)
    scores = np.array([axis_score(item) + _axis_prior(item.axis, camera) for item in evidence])
    best = evidence[int(scores.argmax())]
    if _is_single_plane(surfels, best):
        return _plane_estimate(best, camera)
    upward = upward_score(best) + _sign_prior(best.axis, camera)
    axis = best.axis if upward >= 0 else -best.axis
    belief = float(1.0 / np.exp(scores - scores.max()).sum() / (1.0 + np.exp(-abs(upward))))
    return _described(axis, belief, _reason(best, upward))


def _described(axis: NDArray[np.float64], confidence: float, reason: str) -> UpEstimate:
    nearest = int(np.abs(axis).argmax())
    sign = float(np.sign(axis[nearest]))
    tilt = float(np.arccos(min(1.0, abs(float(axis[nearest])))))
    name = ("" if sign > 0 else "-") + "xyz"[nearest]
    if tilt < SNAP_ANGLE:
        axis, tilt = np.eye(3)[nearest] * sign, 0.0
    else:
        name += f" tilted by {np.degrees(tilt):.1f} deg"
    return UpEstimate((float(axis[0]), float(axis[1]), float(axis[2])), confidence, name, tilt, reason)


def _reason(evidence: AxisEvidence, upward: float) -> str:
    low, high = evidence.areas if upward >= 0 else evidence.areas[::-1]
    seen = "floor and ceiling" if low and high else "a single level layer"
    return (
        f"{seen} cover {evidence.cover:.0%} of the footprint, {evidence.aligned:.0%} of flat area is level or upright"
    )


def _looks_like_camera(surfels: Surfels) -> bool:
    """True where all points lie in a cone about +z from the origin: one view in the optical frame of a camera."""
    points = surfels.points + surfels.center
    depth = points[:, 2]
    inside = (depth > 0) & (np.abs(points[:, 0]) < 1.3 * depth) & (np.abs(points[:, 1]) < 1.1 * depth)
    return bool(inside.mean() > 0.995)


def _axis_prior(axis: NDArray[np.float64], camera: bool) -> float:
    if camera:
        return _CAMERA_PRIOR if abs(axis[1]) > 0.4 else 0.0
    nearest = int(np.abs(axis).argmax())
    return _AXIS_PRIOR[nearest] * float(np.clip((abs(axis[nearest]) - 0.7) / 0.25, 0.0, 1.0))


def _sign_prior(axis: NDArray[np.float64], camera: bool) -> float:
    if camera:
        return -_CAMERA_PRIOR * float(np.sign(axis[1]))
    nearest = int(np.abs(axis).argmax())
    upright = _UPRIGHT_PRIOR * float(np.clip((abs(axis[2]) - 0.9) / 0.08, 0.0, 1.0))
    return (_SIGN_PRIOR[nearest] + upright) * float(np.sign(axis[nearest]))


def _is_single_plane(surfels: Surfels, evidence: AxisEvidence) -> bool:
    """True where nearly all there is lies in one thin layer: a bare floor, or a bare wall."""
    heights = surfels.points @ evidence.axis
    return bool(np.ptp(np.percentile(heights, (2, 98))) < 4 * surfels.size and evidence.flatness < -2.5)


def _plane_estimate(evidence: AxisEvidence, camera: bool) -> UpEstimate:
    """A single plane is a floor where it is roughly level in the file, and says nothing of the vertical otherwise."""
    guess = np.array([0.0, -1.0, 0.0]) if camera else np.array([0.0, 0.0, 1.0])
    along = float(evidence.axis @ guess)
    if abs(along) > np.cos(np.radians(40.0)):
        return _described(evidence.axis * np.sign(along), 0.6, "all points lie in one plane, taken as the floor")
    return _described(guess, 0.2, "all points lie in one upright plane: the axis of the file is kept")


def candidate_axes(surfels: Surfels) -> list[NDArray[np.float64]]:
    """Directions worth looking at: the strongest groups of normals, what is square to two of them, the file's axes."""
    flat = surfels.flat()
    normals = surfels.normals[flat][:: max(1, int(flat.sum()) // 8000)]
    peaks = _normal_peaks(normals, 5)
    candidates = list(peaks)
    for i, first in enumerate(peaks[:3]):
        for second in peaks[i + 1 : 4]:
            cross = np.cross(first, second)
            if np.linalg.norm(cross) > 0.5:
                candidates.append(_refine(normals, cross / np.linalg.norm(cross), across=True))
    candidates += [_refine(normals, axis) for axis in np.eye(3)]
    return _distinct(candidates)


def _normal_peaks(normals: NDArray[np.float64], count: int) -> list[NDArray[np.float64]]:
    directions = _hemisphere(1000).astype(np.float32)
    left, peaks = normals, []
    for _ in range(count):
        if len(left) < max(10, 0.01 * len(normals)):
            break
        sample = left[:: max(1, len(left) // 2000)].astype(np.float32)
        votes = (np.abs(sample @ directions.T) > np.cos(np.radians(6.0))).sum(axis=0)
        peaks.append(_refine(left, directions[votes.argmax()]))
        left = left[np.abs(left @ peaks[-1]) < np.cos(np.radians(20.0))]
    return peaks


def _hemisphere(count: int) -> NDArray[np.float64]:
    """Evenly spread unit vectors with z >= 0, by Fibonacci's spiral."""
    z = (np.arange(count) + 0.5) / count
    angle = np.arange(count) * np.pi * (3.0 - np.sqrt(5.0))
    radius = np.sqrt(1.0 - z * z)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), z], axis=1)


def _refine(normals: NDArray[np.float64], axis: NDArray[np.float64], across: bool = False) -> NDArray[np.float64]:
    """Turn `axis` to where the normals near it (or, `across`, square to it) agree; the sign is kept."""
    for width in (10.0, 6.0, 4.0):
        share = np.abs(normals @ axis)
        near = share > np.cos(np.radians(width))
        square = share < np.sin(np.radians(width))
        chosen = np.concatenate([normals[near], normals[square] if across else normals[:0]])
        if len(chosen) < 10:
            return axis
        scatter = normals[near].T @ normals[near] - (normals[square].T @ normals[square] if across else 0.0)
        turned = np.linalg.eigh(scatter)[1][:, -1]
        axis = turned if turned @ axis > 0 else -turned
    return axis


def _distinct(candidates: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    kept: list[NDArray[np.float64]] = []
    for axis in candidates:
        if all(abs(axis @ other) < np.cos(np.radians(5.0)) for other in kept):
            kept.append(axis)
    return kept


def axis_score(evidence: AxisEvidence) -> float:
    """How well the evidence fits a vertical: log-odds up to a constant, weights set on synthetic homes."""
    flatness = float(np.clip(-evidence.flatness, -1.2, 1.2))
    return (
        8.0 * evidence.aligned
        + 4.0 * evidence.cover
        + 2.0 * evidence.layered
        + 3.0 * flatness
        - 3.0 * min(evidence.outside, 0.5)
    )


def upward_score(evidence: AxisEvidence) -> float:
    """Log-odds that `evidence.axis` points up, not down.

    Furniture hides the floor but not the ceiling, stands low, and shows its upper faces; a single layer is a floor,
    since sensors look down more than up.
    """
    low, high = evidence.areas
    sides = _layer_odds(min(low, high) / max(low, high, 1)) * (1.0 if low < high else -1.0)
    trust = min(1.0, evidence.furniture / 0.03)
    shadow = evidence.shadow if min(low, high) > 0.1 * max(low, high) else 0.0
    standing = trust * (3.0 * shadow - 2.0 * evidence.standing)
    tops = -1.5 * evidence.tops * min(1.0, evidence.top_area / 0.05)
    gaps = 1.5 * evidence.gaps * max(0.0, 1.0 - evidence.furniture / 0.01)
    return sides + standing + tops + gaps


def _layer_odds(ratio: float) -> float:
    """Log-odds that the smaller of two layers is the floor, from the ratio of their areas."""
    return float(np.interp(ratio, (0.0, 0.1, 0.35, 0.5, 0.7, 0.9, 1.0), (-3.0, -1.5, 1.2, 2.8, 2.0, 1.2, 0.0)))
