"""What `doctor` finds in a cloud: how it is stored, how it stands, its unit, colour and density, and what to do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from spatial_perception.cli.checks import Finding, Status
from spatial_perception.cli.console import describe_error
from spatial_perception.errors import SpatialPerceptionError

if TYPE_CHECKING:
    from spatial_perception.pointcloud.alignment import Alignment
    from spatial_perception.pointcloud.cloud import PointCloud
    from spatial_perception.pointcloud.io import ReadReport

_FEW, _MANY = 5_000, 30_000_000
_NEIGHBOURS = 8
_DOUBTFUL = 0.6  # confidence in metres up to which a person should look
_SPARSE, _COARSE = 0.10, 0.05  # m between neighbours


def examine(path: Path) -> Iterator[Finding]:
    """Findings about one cloud file; a file that cannot be read is one failure."""
    from spatial_perception.pointcloud.io import read_cloud_report

    try:
        cloud, report = read_cloud_report(path)
    except SpatialPerceptionError as error:
        yield Finding("file", "fail", describe_error(error).removeprefix(f"{path}: "), "nothing more can be said")
        return
    yield from _stored(report)
    yield _colour(cloud, report)
    yield from _standing(cloud)


def _stored(report: ReadReport) -> Iterator[Finding]:
    yield Finding("file", "ok", f"{report.format}, fields {' '.join(report.fields)}", "; ".join(report.notes))
    if report.kept < _FEW:
        yield Finding("points", "warn", f"{report.kept:,}", "few for a room; walls may be missed")
    elif report.kept > _MANY:
        yield Finding("points", "warn", f"{report.kept:,}", "more than needed; thin to 1-2 cm to save memory and time")
    else:
        yield Finding("points", "ok", f"{report.kept:,}")
    share = report.non_finite / max(report.declared, 1)
    advice = "left out; normal for depth cameras" if report.non_finite else ""
    status: Status = "warn" if share > 0.5 else "ok"
    yield Finding("NaN or infinite", status, f"{report.non_finite:,} of {report.declared:,} ({share:.0%})", advice)


def _colour(cloud: PointCloud, report: ReadReport) -> Finding:
    import numpy as np

    if cloud.rgb is None and report.colour != "none":
        return Finding("colour", "warn", f"{report.colour} fields without colour", "taken as a cloud without colour")
    if cloud.rgb is None:
        return Finding("colour", "ok", "none", "not needed for walls; SpatialLM's checkpoints were trained with colour")
    low, high = int(cloud.rgb.min()), int(cloud.rgb.max())
    if low == high:
        return Finding(
            "colour", "warn", f"{report.colour}, every point is {cloud.rgb[0].tolist()}", "taken as no colour"
        )
    spread = float(np.abs(np.diff(cloud.rgb.astype(np.int16), axis=1)).mean())
    kind = "grey" if spread < 1.0 else "rgb"
    return Finding("colour", "ok", f"{report.colour}, {kind}, values {low} to {high}")


def _standing(cloud: PointCloud) -> Iterator[Finding]:
    """Up axis, unit, extent, heading and density, each judged on what the ones before said."""
    from spatial_perception.pointcloud.alignment import align, estimate_up, estimate_yaw

    try:
        up = estimate_up(cloud.xyz)
        aligned, alignment = align(cloud, yaw=False)
        yaw = estimate_yaw(aligned.xyz)
    except SpatialPerceptionError as error:
        yield Finding("shape", "fail", describe_error(error), "record more of the scene")
        return
    certain = up.confidence >= 0.5
    advice = (
        "" if up.convention == "z" and certain else "turned on its own" if certain else "name it: --up z, --up y, ..."
    )
    status: Status = "ok" if certain else "warn"
    yield Finding("up axis", status, f"{up.convention} (confidence {up.confidence:.2f})", advice)
    yield _unit(cloud, up.axis)
    yield _extent(aligned, alignment)
    degrees = f"{math.degrees(yaw.yaw):.1f} deg (confidence {yaw.confidence:.2f})"
    remark = "" if yaw.confidence >= 0.15 else "no main directions; round or very cluttered scenes are harder"
    yield Finding("yaw of the walls", "ok", degrees, remark)
    yield _density(aligned)


def _unit(cloud: PointCloud, up: tuple[float, float, float]) -> Finding:
    from spatial_perception.pointcloud.alignment import check_scale
    from spatial_perception.pointcloud.scale import SURE

    check = check_scale(cloud.xyz, up)
    seen = f"{check.unit} (confidence {check.confidence:.2f}): {check.reason}"
    if check.unit == "m" and check.confidence > _DOUBTFUL:
        return Finding("unit", "ok", seen)
    if check.unit == "m":
        return Finding("unit", "warn", seen, "taken as metres; give the factor if that is wrong: --scale 0.001")
    if check.unit == "unknown" or check.confidence < SURE:
        return Finding("unit", "warn", seen, "measure one wall and give the factor: --scale 0.001 for millimetres")
    return Finding("unit", "warn", seen, f"scaled on its own by {check.factor:g}; --scale keep leaves it")


def _extent(cloud: PointCloud, alignment: Alignment) -> Finding:
    import numpy as np

    low, high = np.percentile(cloud.xyz, (0.5, 99.5), axis=0)
    core, whole = high - low, np.ptp(cloud.xyz, axis=0)
    seen = " x ".join(f"{v:.2f}" for v in core) + " m (the middle 99 %)"
    if float(max(core[:2])) > 120.0:
        return Finding("extent", "warn", seen, "very large; check the unit, or cut the scene into storeys")
    if float(whole.max()) > 3 * float(core.max()) + 1:
        return Finding("extent", "warn", f"{seen}; all: {whole.max():.0f} m", "stray points far off; they are ignored")
    far = float(np.abs(alignment.pivot).max())
    return Finding("extent", "ok", seen, f"surveyed coordinates, {far / 1000:.0f} km from zero" if far > 1e4 else "")


def _density(cloud: PointCloud) -> Finding:
    import numpy as np
    from scipy.spatial import cKDTree

    some = cloud.xyz[:: max(1, len(cloud) // 2000)][:2000]
    count = min(_NEIGHBOURS + 1, len(cloud))
    distance = cKDTree(cloud.xyz[:: max(1, len(cloud) // 2_000_000)]).query(some, k=count)[0][:, -1]
    # On a surface, n neighbours fill a disc: n * spacing^2 = pi * r^2.
    spacing = float(np.median(distance)) * math.sqrt(math.pi / _NEIGHBOURS)
    seen = f"{100 * spacing:.1f} cm between neighbours"
    if spacing > _SPARSE:
        return Finding("density", "warn", seen, "sparse; scan from more places, furniture will be missed")
    if spacing > _COARSE:
        return Finding("density", "warn", seen, "coarse; small openings and furniture may be missed")
    return Finding("density", "ok", seen)
