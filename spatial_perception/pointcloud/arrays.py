"""Array files: NumPy .npy and .npz (never pickled), and the raw float32 records of KITTI and nuScenes (.bin)."""

from __future__ import annotations

import os
import tokenize
import zipfile
import zlib
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from spatial_perception.errors import CloudFileError
from spatial_perception.pointcloud.cloud import Vec3
from spatial_perception.pointcloud.table import Column, Table

_POINT_KEYS = ("xyz", "points", "point", "coords", "coord", "pos", "positions", "pcd", "pointcloud", "arr_0", "data")
_COLOUR_KEYS = ("rgb", "colors", "colours", "color", "colour")
_FAULTS = (
    ValueError, TypeError, KeyError, IndexError, EOFError, OSError, SyntaxError, MemoryError, OverflowError,
    RecursionError, NotImplementedError, RuntimeError, AttributeError, zipfile.BadZipFile, zlib.error,
    tokenize.TokenError,
)  # fmt: skip
# Deflate grows at most 1032-fold; a point cloud of such regularity and size is an attack, not a scan.
_LARGEST_RATIO, _RATIO_MATTERS = 200, 1 << 30


def read_npy(path: str) -> Table:
    """A .npy file: structured with named fields, or (N, 3), (N, 4), (N, 6) and (H, W, C) plain numbers."""
    with open(path, "rb") as file:
        shape, _ = _npy_header(path, file, os.path.getsize(path))
    if not int(np.prod(shape, dtype=object)):
        raise CloudFileError(f"{path}: holds no points (shape {shape}); export the cloud again")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except _FAULTS as error:
        raise _unreadable(path, error) from error
    return _array_table(path, array, "NumPy .npy")


def _unreadable(path: str, error: BaseException) -> CloudFileError:
    reason = " ".join(str(error).split())[:160] or type(error).__name__
    return CloudFileError(f"{path}: not a readable NumPy file: {reason}; write it again with numpy.save or numpy.savez")


def _npy_header(path: str, file: IO[bytes], size: int) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type; the size that they claim must be there, or nothing is allocated."""
    try:
        version = npy_format.read_magic(file)
        reader = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
        shape, _, dtype = reader(file)
        start = file.tell()
    except _FAULTS as error:
        raise _unreadable(path, error) from error
    if dtype.hasobject:
        raise CloudFileError(f"{path}: holds pickled Python objects, which are never loaded; save plain numbers")
    needed = int(np.prod(shape, dtype=object)) * dtype.itemsize if shape else dtype.itemsize
    if any(length < 0 for length in shape) or needed > size - start:
        raise CloudFileError(
            f"{path}: truncated: shape {shape} needs {needed} bytes, {size - start} found; copy or write it again"
        )
    return shape, dtype


def read_npz(path: str) -> Table:
    """An .npz archive with points under a usual name (xyz, points, coords, ...) and colours (rgb, colors, ...)."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            points = next((key for key in _POINT_KEYS if key in names), None)
            if points is None:
                return _columns_by_name(path, archive, names)
            table = _array_table(path, _member(path, archive, names[points]), "NumPy .npz")
            colour = next((key for key in _COLOUR_KEYS if key in names), None)
            extra = {} if colour is None else _colour_columns(path, _member(path, archive, names[colour]))
            origin = _stored_origin(path, archive, names)
    except _FAULTS as error:
        raise _unreadable(path, error) from error
    _same_length(path, {**table.columns, **extra})
    return Table({**table.columns, **extra}, table.format, notes=table.notes, origin=origin)


def _member(path: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[Any]:
    if info.file_size > _RATIO_MATTERS and info.file_size > _LARGEST_RATIO * max(info.compress_size, 1):
        raise CloudFileError(f"{path}: '{info.filename}' would grow to {info.file_size} bytes; save it uncompressed")
    with archive.open(info) as file:
        _npy_header(path, file, info.file_size)
    with archive.open(info) as file:
        return npy_format.read_array(file, allow_pickle=False)


def _columns_by_name(path: str, archive: zipfile.ZipFile, names: dict[str, zipfile.ZipInfo]) -> Table:
    """Archives that hold every column as an array of its own: x, y, z and so on."""
    if not {"x", "y", "z"} <= {name.lower() for name in names}:
        found = ", ".join(sorted(names)[:8]) or "nothing"
        raise CloudFileError(f"{path}: no point array found ({found}); name it 'xyz' (N, 3) and colours 'rgb'")
    arrays = {name: _member(path, archive, info) for name, info in names.items()}
    length = arrays[next(name for name in names if name.lower() == "x")].size
    columns = {name: array.reshape(-1) for name, array in arrays.items() if array.size == length}
    return Table(columns, "NumPy .npz")


def _stored_origin(path: str, archive: zipfile.ZipFile, names: dict[str, zipfile.ZipInfo]) -> Vec3:
    if "origin" not in names:
        return (0.0, 0.0, 0.0)
    values = _member(path, archive, names["origin"]).astype(np.float64).reshape(-1)
    if len(values) != 3 or not np.isfinite(values).all():
        raise CloudFileError(f"{path}: 'origin' must be three finite numbers; write the archive again")
    return float(values[0]), float(values[1]), float(values[2])


def _same_length(path: str, columns: dict[str, Column]) -> None:
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise CloudFileError(f"{path}: points and colours differ in number ({sorted(lengths)}); write it again")


def _colour_columns(path: str, array: NDArray[Any]) -> dict[str, Column]:
    if array.ndim >= 2 and array.shape[-1] in (3, 4) and array.dtype.kind in "fiub":
        flat = array.reshape(-1, array.shape[-1])
        return dict(zip(("red", "green", "blue"), (flat[:, i] for i in range(3))))
    if array.ndim == 1 and array.dtype.itemsize == 4:
        return {"rgb": array}
    raise CloudFileError(f"{path}: colours must be (N, 3), got {array.shape} {array.dtype}; write it again")


def _array_table(path: str, array: NDArray[Any], kind: str) -> Table:
    if array.dtype.names:
        return Table(_structured_columns(array.reshape(-1)), kind, notes=_shape_notes(array.shape, 1))
    if array.ndim < 2 or array.shape[-1] < 3 or array.dtype.kind not in "fiu":
        raise CloudFileError(f"{path}: expected points (N, 3), got {array.shape} {array.dtype}; write it again")
    if array.shape[-1] > 64:
        raise CloudFileError(f"{path}: rows have {array.shape[-1]} numbers, expected x y z first; transpose the array")
    flat = array.reshape(-1, array.shape[-1])
    return Table(_named_columns(flat), kind, notes=_shape_notes(array.shape, 2))


def _structured_columns(flat: NDArray[Any]) -> dict[str, Column]:
    """Named fields; a field of three numbers such as 'xyz' or 'rgb' becomes three columns."""
    columns: dict[str, Column] = {}
    for name in flat.dtype.names or ():
        column = flat[name]
        if column.ndim == 2 and column.shape[1] >= 3 and name.lower() in (*_POINT_KEYS, *_COLOUR_KEYS):
            parts = ("x", "y", "z") if name.lower() in _POINT_KEYS else ("red", "green", "blue")
            columns.update({part: column[:, i] for i, part in enumerate(parts)})
        elif column.ndim == 1:
            columns[name] = column
    return columns


def _named_columns(flat: NDArray[Any]) -> dict[str, Column]:
    """(N, C) numbers by the usual order: x y z, then intensity (C = 4) or colour (C >= 6, never negative)."""
    columns = {name: flat[:, i] for i, name in enumerate(("x", "y", "z"))}
    if flat.shape[1] == 4:
        columns["intensity"] = flat[:, 3]
    elif flat.shape[1] >= 6 and not (flat[:, 3:6] < 0).any():
        columns.update({name: flat[:, 3 + i] for i, name in enumerate(("red", "green", "blue"))})
    return columns


def _shape_notes(shape: tuple[int, ...], flat_dimensions: int) -> tuple[str, ...]:
    if len(shape) <= flat_dimensions:
        return ()
    return (f"organised array of shape {shape}: flattened",)


def read_bin(path: str) -> Table:
    """Raw little-endian float32 records: x y z intensity (KITTI), or five values in .pcd.bin files (nuScenes).

    Raises CloudFileError where the size is not a multiple of a record.
    """
    values = bin_record_values(path)
    records = np.memmap(path, "<f4", "r").reshape(-1, values)
    columns = {name: records[:, i] for i, name in enumerate(("x", "y", "z", "intensity"))}
    return Table(columns, f"raw float32 x {values}")


def bin_record_values(path: str) -> int:
    """How many float32 values a record of this .bin file has; raises CloudFileError where none fits its size."""
    values = 5 if path.lower().endswith(".pcd.bin") else 4
    size = os.path.getsize(path)
    if size % (4 * values):
        raise CloudFileError(
            f"{path}: {size} bytes are not a whole number of records of {values} float32 ({size // (4 * values)} fit,"
            f" {size % (4 * values)} bytes are left): truncated or not a KITTI-style file; convert it to .ply"
        )
    return values
