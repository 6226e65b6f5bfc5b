"""Writing point clouds: .ply, .pcd, .npz, .npy, .bin and .xyz, complete or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import OutputError
from spatial_perception.files import atomic_path
from spatial_perception.pointcloud.cloud import PointCloud

_PLY_TYPES = {"<f4": "float", "<f8": "double", "|u1": "uchar"}


def write_cloud(path: str | os.PathLike[str], cloud: PointCloud, *, ascii: bool = False) -> None:
    """Write `cloud` to `path`; the suffix decides the format, `ascii` asks for text in .ply and .pcd.

    The file is written under a temporary name and renamed, so that no half-written file is ever seen. Clouds with an
    `origin` are stored as doubles (.npz keeps xyz and origin apart). Raises OutputError for an unknown suffix, a folder
    that cannot be written, or a .bin of coordinates that float32 cannot hold.
    """
    target = Path(path)
    writer = _WRITERS.get(target.suffix.lower())
    if writer is None:
        known = " ".join(WRITE_SUFFIXES)
        raise OutputError(f"{target}: cannot write clouds as '{target.suffix}'; use one of {known}")
    with atomic_path(target) as temporary, temporary.open("wb") as file:
        writer(file, cloud, ascii)


def _coordinates(cloud: PointCloud) -> NDArray[Any]:
    if cloud.origin == (0.0, 0.0, 0.0):
        return cloud.xyz
    return cloud.xyz.astype(np.float64) + np.asarray(cloud.origin)


def _records(cloud: PointCloud, packed: bool = False) -> NDArray[Any]:
    """Points as structured records: x y z, then red green blue (or the packed rgb of PCD) where there is colour."""
    xyz = _coordinates(cloud)
    kind = "<f8" if xyz.dtype == np.float64 else "<f4"
    fields = [(name, kind) for name in ("x", "y", "z")]
    if cloud.rgb is not None:
        fields += [("rgb", "<u4")] if packed else [(name, "|u1") for name in ("red", "green", "blue")]
    records = np.empty(len(cloud), np.dtype(fields))
    for i, name in enumerate(("x", "y", "z")):
        records[name] = xyz[:, i]
    if cloud.rgb is not None:
        _fill_colours(records, cloud.rgb, packed)
    return records


def _fill_colours(records: NDArray[Any], rgb: NDArray[np.uint8], packed: bool) -> None:
    if packed:
        wide = rgb.astype(np.uint32)
        records["rgb"] = (wide[:, 0] << 16) | (wide[:, 1] << 8) | wide[:, 2]
        return
    for i, name in enumerate(("red", "green", "blue")):
        records[name] = rgb[:, i]


def _write_text(file: IO[bytes], records: NDArray[Any]) -> None:
    """One row per point; the shortest decimals that read back to the same number."""
    columns = [records[name].tolist() if records[name].dtype.kind == "u" else _decimals(records[name])
               for name in records.dtype.names or ()]  # fmt: skip
    for row in zip(*columns):
        file.write((" ".join(map(str, row)) + "\n").encode("ascii"))


def _decimals(column: NDArray[Any]) -> list[str]:
    return np.char.mod("%.17g" if column.dtype.itemsize == 8 else "%.9g", column).tolist()


def _write_ply(file: IO[bytes], cloud: PointCloud, ascii: bool) -> None:
    records = _records(cloud)
    lines = ["ply", f"format {'ascii' if ascii else 'binary_little_endian'} 1.0", f"element vertex {len(cloud)}"]
    lines += [f"property {_PLY_TYPES[records.dtype[name].str]} {name}" for name in records.dtype.names or ()]
    file.write(("\n".join([*lines, "end_header"]) + "\n").encode("ascii"))
    _write_text(file, records) if ascii else file.write(records.tobytes())


def _write_pcd(file: IO[bytes], cloud: PointCloud, ascii: bool) -> None:
    records = _records(cloud, packed=True)
    types = [records.dtype[name] for name in records.dtype.names or ()]
    lines = [
        "# .PCD v0.7 - Point Cloud Data file format",
        "VERSION 0.7",
        "FIELDS " + " ".join(records.dtype.names or ()),
        "SIZE " + " ".join(str(kind.itemsize) for kind in types),
        "TYPE " + " ".join(kind.kind.upper() for kind in types),
        "COUNT " + " ".join("1" for _ in types),
        f"WIDTH {len(cloud)}",
        "HEIGHT 1",
        "VIEWPOINT 0 0 0 1 0 0 0",
        f"POINTS {len(cloud)}",
        f"DATA {'ascii' if ascii else 'binary'}",
    ]
    file.write(("\n".join(lines) + "\n").encode("ascii"))
    _write_text(file, records) if ascii else file.write(records.tobytes())


def _write_xyz(file: IO[bytes], cloud: PointCloud, ascii: bool) -> None:
    _write_text(file, _records(cloud))


def _write_npz(file: IO[bytes], cloud: PointCloud, ascii: bool) -> None:
    arrays = {"xyz": cloud.xyz} if cloud.rgb is None else {"xyz": cloud.xyz, "rgb": cloud.rgb}
    if cloud.origin != (0.0, 0.0, 0.0):
        arrays["origin"] = np.asarray(cloud.origin)  # type: ignore[assignment]
    np.savez(file, **arrays)  # type: ignore[arg-type]


def _write_npy(file: IO[bytes], cloud: PointCloud, ascii: bool) -> None:
    np.save(file, _records(cloud), allow_pickle=False)


def _write_bin(file: IO[bytes], cloud: PointCloud, ascii: bool) -> None:
    if cloud.origin != (0.0, 0.0, 0.0):
        raise OutputError(f"{file.name}: .bin has no room for coordinates far from zero; write .ply or .npz")
    records = np.zeros((len(cloud), 4), "<f4")
    records[:, :3] = cloud.xyz
    file.write(records.tobytes())


_WRITERS: MappingProxyType[str, Callable[[IO[bytes], PointCloud, bool], None]] = MappingProxyType(
    {
        ".ply": _write_ply, ".pcd": _write_pcd, ".npz": _write_npz, ".npy": _write_npy, ".bin": _write_bin,
        ".xyz": _write_xyz,
    }
)  # fmt: skip
WRITE_SUFFIXES = tuple(_WRITERS)
