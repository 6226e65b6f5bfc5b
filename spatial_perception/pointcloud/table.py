"""From the columns of a file to a `PointCloud`: which column means what, colours, invalid points, large coordinates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import CloudFileError
from spatial_perception.pointcloud.cloud import PointCloud, Vec3

Column = NDArray[Any]

# Points are converted in pieces of this size, so that a mapped file is never copied as a whole.
CHUNK = 1 << 18
# From here on float32 resolves less than a millimetre.
LARGE_COORDINATE = 1e4
ORIGIN_STEP = 1000.0

_RGB_NAMES = (
    ("red", "green", "blue"),
    ("r", "g", "b"),
    ("diffuse_red", "diffuse_green", "diffuse_blue"),
    ("rf", "gf", "bf"),
)
_PACKED_NAMES = ("rgb", "rgba", "color", "colour")
_XYZ_NAMES = (("x", "y", "z"), ("x_coord", "y_coord", "z_coord"), ("px", "py", "pz"))


@dataclass(frozen=True)
class Table:
    """Columns of a file before they become a cloud.

    `columns` maps names to (N,) arrays, which may be strided views of a mapped file. `format` names the kind of file
    for people. `typed` is False where the file does not say of which type its colours are (plain text).
    """

    columns: Mapping[str, Column]
    format: str
    typed: bool = True
    notes: tuple[str, ...] = ()
    origin: Vec3 = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class ReadReport:
    """What a reader found, dropped and assumed.

    `declared` counts the points in the file, `kept` those in the cloud, `non_finite` those dropped for NaN or Inf.
    `fields` are the column names as written, `colour` says how colours were stored ("none" where there are none),
    and `notes` are sentences for people.
    """

    path: str
    format: str
    declared: int
    kept: int
    non_finite: int
    fields: tuple[str, ...]
    colour: str
    notes: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class ColourSource:
    """The columns that hold colour: one packed column, or three. `kind` is "packed", "uint8", "uint16", "float", ..."""

    names: tuple[str, ...]
    kind: str


def find_xyz(columns: Mapping[str, Column]) -> tuple[str, str, str] | None:
    """The names of the three coordinate columns (case is ignored), or None where the columns hold none."""
    for triple in _XYZ_NAMES:
        found = _named(columns, triple)
        if found:
            return found[0], found[1], found[2]
    return None


def find_colour(columns: Mapping[str, Column]) -> ColourSource | None:
    """The columns that hold colour, or None."""
    for triple in _RGB_NAMES:
        found = _named(columns, triple)
        if found:
            return ColourSource(found, _kind(columns[found[0]].dtype))
    for name in _PACKED_NAMES:
        found = _named(columns, (name,))
        if found and columns[found[0]].ndim == 1 and columns[found[0]].dtype.itemsize >= 4:
            return ColourSource(found, "packed")
    return None


def _named(columns: Mapping[str, Column], names: tuple[str, ...]) -> tuple[str, ...] | None:
    by_lower = {name.lower(): name for name in reversed(list(columns))}
    if all(name in by_lower for name in names):
        return tuple(by_lower[name] for name in names)
    return None


def _kind(dtype: np.dtype[Any]) -> str:
    return "float" if dtype.kind == "f" else dtype.name


def build_cloud(table: Table, path: str, frame_id: str = "", stamp: float = 0.0) -> tuple[PointCloud, ReadReport]:
    """Turn the columns of `path` into a cloud of finite points, and say what was dropped or assumed.

    Points with a NaN or infinite coordinate are dropped and counted. Coordinates beyond 10 km are stored relative to
    `PointCloud.origin` (whole kilometres). Raises CloudFileError when there are no coordinates or no finite point.
    """
    names = find_xyz(table.columns)
    if names is None:
        present = ", ".join(table.columns) or "none"
        raise CloudFileError(f"{path}: no x, y and z columns (columns: {present}); export the cloud with coordinates")
    axes = [_plain(table.columns[name], name, path) for name in names]
    if not len(axes[0]):
        raise CloudFileError(f"{path}: holds no points; export the cloud again")
    origin = _choose_origin(axes)
    keep, xyz = _finite_points(axes, origin)
    if not len(xyz):
        raise CloudFileError(f"{path}: all {len(axes[0])} points are NaN or infinite; export the cloud again")
    source = find_colour(table.columns)
    rgb, notes = read_colour(table, source, keep)
    notes = [*table.notes, *_coordinate_notes(origin, axes), *notes]
    dropped = len(axes[0]) - len(xyz)
    if dropped:
        notes.append(f"{dropped} of {len(axes[0])} points dropped: NaN or infinite coordinates")
    total = tuple(a + b for a, b in zip(origin, table.origin))
    cloud = PointCloud(xyz, rgb, frame_id, stamp, (total[0], total[1], total[2]))
    colour = "none" if source is None else source.kind
    fields = tuple(table.columns)
    return cloud, ReadReport(path, table.format, len(axes[0]), len(xyz), dropped, fields, colour, tuple(notes))


def _plain(column: Column, name: str, path: str) -> Column:
    if column.ndim != 1 or column.dtype.kind not in "fiub":
        raise CloudFileError(f"{path}: column '{name}' is not one number per point; export plain coordinates")
    return column


def _choose_origin(axes: list[Column]) -> Vec3:
    """Whole kilometres near the middle of the cloud for axes that lie far from zero; 0 for all others."""
    origin = []
    for axis in axes:
        sample = axis[:: max(1, len(axis) // 100_000)].astype(np.float64)
        sample = sample[np.isfinite(sample)]
        middle = float(np.median(sample)) if len(sample) else 0.0
        origin.append(round(middle / ORIGIN_STEP) * ORIGIN_STEP if LARGE_COORDINATE < abs(middle) < 1e15 else 0.0)
    return origin[0], origin[1], origin[2]


def _chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, CHUNK):
        yield slice(start, min(start + CHUNK, count))


def _finite_points(axes: list[Column], origin: Vec3) -> tuple[NDArray[np.bool_] | None, NDArray[np.float32]]:
    """The finite rows as (M, 3) float32 and their mask over all rows; the mask is None where nothing was dropped."""
    count = len(axes[0])
    xyz = np.empty((count, 3), np.float32)
    keep = np.ones(count, bool)
    filled = 0
    for piece in _chunks(count):
        block = _block(axes, origin, piece)
        good = np.isfinite(block).all(axis=1)
        if not good.all():
            keep[piece] = good
            block = block[good]
        xyz[filled : filled + len(block)] = block
        filled += len(block)
    if filled == count:
        return None, xyz
    return keep, xyz[:filled].copy() if filled < count // 2 else xyz[:filled]


def _block(axes: list[Column], origin: Vec3, piece: slice) -> NDArray[np.float32]:
    block = np.empty((piece.stop - piece.start, 3), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for column, (axis, shift) in enumerate(zip(axes, origin)):
            block[:, column] = axis[piece] if shift == 0.0 else axis[piece].astype(np.float64) - shift
    return block


def _coordinate_notes(origin: Vec3, axes: list[Column]) -> list[str]:
    if origin == (0.0, 0.0, 0.0):
        return []
    notes = [f"coordinates lie far from zero: stored relative to ({origin[0]:g}, {origin[1]:g}, {origin[2]:g})"]
    if any(axis.dtype == np.float32 and shift for axis, shift in zip(axes, origin)):
        step = float(np.spacing(np.float32(max(abs(value) for value in origin))))
        notes.append(f"the file holds 32-bit floats there, so positions are only exact to {step:.2g}; export as double")
    return notes


def read_colour(
    table: Table, source: ColourSource | None, keep: NDArray[np.bool_] | None
) -> tuple[NDArray[np.uint8] | None, list[str]]:
    """Colours (M, 3) uint8 of the kept rows, or None, and notes for people.

    A colour column that is black everywhere carries no colour: the result is None, with a note.
    """
    if source is None:
        return None, []
    columns = [table.columns[name] for name in source.names]
    packed = source.kind == "packed"
    rgb, notes = (unpack_rgb(columns[0], keep), []) if packed else scale_colours(columns, keep, table.typed)
    if not rgb.any():
        return None, [*notes, "the colour fields are black everywhere: treated as a cloud without colour"]
    if len(rgb) > 1 and (rgb == rgb[0]).all():
        notes.append("all points have the same colour")
    return rgb, notes


def unpack_rgb(column: Column, keep: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """Colours (M, 3) from packed values 0xAARRGGBB, stored as 32-bit integers or as the bits of a float32 (PCL)."""
    count = len(column) if keep is None else int(keep.sum())
    rgb = np.empty((count, 3), np.uint8)
    filled = 0
    for piece in _chunks(len(column)):
        bits = _packed_bits(column[piece] if keep is None else column[piece][keep[piece]])
        for channel, shift in enumerate((16, 8, 0)):
            rgb[filled : filled + len(bits), channel] = (bits >> np.uint32(shift)) & np.uint32(255)
        filled += len(bits)
    return rgb


def _packed_bits(values: Column) -> NDArray[np.uint32]:
    if values.dtype.kind != "f":
        return values.astype(np.uint32)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)


def scale_colours(
    columns: list[Column], keep: NDArray[np.bool_] | None, typed: bool
) -> tuple[NDArray[np.uint8], list[str]]:
    """Three colour columns as (M, 3) uint8, and notes.

    uint8 is taken as it is. Floats, and numbers of unknown type, with a maximum below 1.1 are in [0, 1]; a maximum
    above 255 means 16 bits per channel. NaN becomes 0.
    """
    if all(column.dtype == np.uint8 for column in columns):
        chosen = columns if keep is None else [column[keep] for column in columns]
        return np.stack(chosen, axis=1), []
    is_float = not typed or columns[0].dtype.kind == "f"
    factor, notes = _colour_factor(_largest(columns, keep), is_float)
    count = len(columns[0]) if keep is None else int(keep.sum())
    rgb = np.empty((count, 3), np.uint8)
    filled = 0
    for piece in _chunks(len(columns[0])):
        block = _colour_block(columns, keep, piece) * factor
        rgb[filled : filled + len(block)] = np.clip(np.rint(block), 0, 255)
        filled += len(block)
    return rgb, notes


def _colour_block(columns: list[Column], keep: NDArray[np.bool_] | None, piece: slice) -> NDArray[np.float64]:
    parts = [column[piece] if keep is None else column[piece][keep[piece]] for column in columns]
    return np.nan_to_num(np.stack([part.astype(np.float64) for part in parts], axis=1), posinf=0.0, neginf=0.0)


def _largest(columns: list[Column], keep: NDArray[np.bool_] | None) -> float:
    tops = [float(_colour_block(columns, keep, piece).max(initial=0.0)) for piece in _chunks(len(columns[0]))]
    return max(tops, default=0.0)


def _colour_factor(largest: float, is_float: bool) -> tuple[float, list[str]]:
    if is_float and largest < 1.1:
        return 255.0, []
    if largest <= 255.5:
        return 1.0, []
    if largest <= 65535.5:
        return 255.0 / 65535.0, ["colours have 16 bits per channel: reduced to 8"]
    return 0.0, [f"colour values reach {largest:.3g}, beyond any known range: ignored"]
