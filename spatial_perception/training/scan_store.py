"""Worn scans with their findings on disk: made once, read and moved about at each epoch of a training."""

from __future__ import annotations

import logging
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import ConfigError, OutputError
from spatial_perception.layout.entities import Layout
from spatial_perception.layout.json import dump_layout, parse_json
from spatial_perception.layout.text import format_layout, parse_layout
from spatial_perception.models.spatiallm.core import core_mask
from spatial_perception.models.spatiallm.findings import find
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.training.scans import FIRST_SEED, FIRST_SURVEY, Scan, make_scan
from spatial_perception.training.variation import wear, wear_little

_MILLIMETRE = 1e-3
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class WornScan:
    """A scan as a sensor would have left it, and what the geometric estimator found in it."""

    scan: Scan
    findings: Layout


def scan_path(folder: Path, seed: int) -> Path:
    """Where the scan of a seed lies."""
    return folder / f"{seed // 1000}" / f"{seed}.npz"


def make_worn_scan(seed: int) -> WornScan:
    """The scan of a seed, worn, with its findings (none where the geometric estimator refuses the cloud)."""
    worn = wear_little if seed >= FIRST_SURVEY else wear
    scan = worn(make_scan(seed), np.random.default_rng([seed, 11]))
    scan = replace(scan, xyz=_in_metres(_in_millimetres(scan.xyz)))  # findings are of what is stored
    return WornScan(scan, find(PointCloud(scan.xyz)))


def _in_millimetres(xyz: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.round(xyz / _MILLIMETRE).astype(np.int16)


def _in_metres(millimetres: NDArray[np.int16]) -> NDArray[np.float32]:
    return millimetres.astype(np.float32) * np.float32(_MILLIMETRE)


def write_scan(found: WornScan, path: Path) -> None:
    """Write a scan, in millimetres, in one step; raises OutputError."""
    scan = found.scan
    values = _in_millimetres(scan.xyz)
    layout, findings = np.array(format_layout(scan.layout)), np.array(dump_layout(found.findings, indent=None))
    part = path.with_suffix(f".{os.getpid()}.part.npz")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(part, xyz=values, view=scan.view, entity=scan.entity, layout=layout, findings=findings)
        os.replace(part, path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; check the folder and the space") from error


def read_scan(path: Path) -> WornScan:
    """Read the points of a scan that a model gets to see; raises ConfigError that says what to do."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            xyz = _in_metres(stored["xyz"])
            core = core_mask(xyz)
            scan = Scan(parse_layout(str(stored["layout"])), xyz[core], stored["view"][core], stored["entity"][core])
            return WornScan(scan, parse_json(str(stored["findings"])))
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise ConfigError(f"{path}: no scan can be read ({error}); remove it, it is made anew") from error


def ensure_scans(folder: Path, count: int, first: int = FIRST_SEED, workers: int = 1) -> list[Path]:
    """The paths of `count` scans from seed `first` on; those that are missing are made by `workers` processes."""
    paths = [scan_path(folder, seed) for seed in range(first, first + count)]
    missing = [first + k for k, path in enumerate(paths) if not path.is_file()]
    if missing:
        _LOG.info("%d of %d scans have to be made in %s", len(missing), count, folder)
    if workers <= 1 or len(missing) < 2:
        for seed in missing:
            _make(folder, seed)
    else:
        with ProcessPoolExecutor(workers) as pool:
            list(pool.map(_make, [folder] * len(missing), missing, chunksize=4))
    return paths


def _make(folder: Path, seed: int) -> None:
    write_scan(make_worn_scan(seed), scan_path(folder, seed))


def count_entities(paths: list[Path], folder: Path) -> NDArray[np.int64]:
    """How many entities the home of each scan has; kept in `folder` for the next time."""
    known = folder / "sizes.npz"
    names = np.array([path.stem for path in paths])
    if known.is_file():
        with np.load(known, allow_pickle=False) as stored:
            if np.array_equal(stored["names"], names):
                return stored["sizes"]
    sizes = np.array([_lines(path) for path in paths], dtype=np.int64)
    part = folder / f"sizes.{os.getpid()}.part.npz"
    np.savez(part, names=names, sizes=sizes)
    os.replace(part, known)
    return sizes


def _lines(path: Path) -> int:
    with np.load(path, allow_pickle=False) as stored:
        return str(stored["layout"]).count("\n") + 1
