"""sensor_msgs/PointCloud2 to `PointCloud` and back: whole arrays at a time, never point by point."""

from __future__ import annotations

from array import array
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField

from spatial_perception.errors import CloudError
from spatial_perception.pointcloud.cloud import PointCloud, Vec3
from spatial_perception.pointcloud.table import scale_colours
from spatial_perception.ros.convert.stamps import header_message, seconds

_KINDS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 8: "f8"}
_FLOAT32 = 7
_SEPARATE = (("r", "g", "b"), ("red", "green", "blue"))
_PIECE = 1 << 14
_FAR = 1e4
"""Coordinates (m) beyond which float32 has no millimetres: 64-bit clouds then get an origin."""


def cloud_from_message(message: PointCloud2) -> PointCloud:
    """The points of a message, in its frame: any layout of fields, padding, byte order, organised or not.

    x, y, z may have any numeric type. Colour is taken from rgb or rgba (packed in 32 bits, whatever their declared type) or
    from three fields r, g, b; all black counts as none. Points that are not finite stay in: filters count them.
    Raises CloudError when the message contradicts itself (fields outside the point, too few bytes) or has no x, y, z.
    """
    grid = _Grid(message)
    columns = [grid.column(axis) for axis in ("x", "y", "z")]
    missing = [axis for axis, column in zip("xyz", columns) if column is None]
    if missing:
        names = ", ".join(field.name for field in message.fields) or "none"
        raise CloudError(f"the cloud has no field {missing[0]} (it has {names}); choose a topic with x, y and z")
    present = [column for column in columns if column is not None]
    origin = _origin(present)
    xyz = np.empty((grid.count, 3), dtype=np.float32)
    for axis, column in enumerate(present):
        with np.errstate(over="ignore", invalid="ignore"):
            xyz[:, axis] = (column - origin[axis] if origin[axis] else column).reshape(-1)
    return PointCloud(xyz, grid.colours(), message.header.frame_id, seconds(message.header.stamp), origin)


class _Grid:
    """The bytes of a message as (height, width) points, each field a strided view of them."""

    def __init__(self, message: PointCloud2) -> None:
        self.height, self.width, self.step = message.height, message.width, message.point_step
        self.count = self.height * self.width
        self.order = ">" if message.is_bigendian else "<"
        self.data = np.frombuffer(message.data, dtype=np.uint8) if len(message.data) else np.empty(0, dtype=np.uint8)
        self.fields: Mapping[str, PointField] = {field.name.lower(): field for field in reversed(message.fields)}
        self.row = self._row(message.row_step) if self.count else 0

    def _row(self, claimed: int) -> int:
        """Bytes from one row to the next. Some drivers leave row_step at 0, or count points in it."""
        packed = self.width * self.step
        row = claimed if claimed >= packed and self.height > 1 else packed
        needed = row * (self.height - 1) + packed
        if self.step < 1 or len(self.data) < needed:
            raise CloudError(
                f"{len(self.data)} bytes do not hold {self.height} x {self.width} points of {self.step} bytes; "
                "the driver fills in the message wrongly"
            )
        return row

    def view(self, field: PointField, kind: str, count: int = 1) -> NDArray:
        """A field as (height, width, count) of a numpy type; raises CloudError when it does not fit the point."""
        size = np.dtype(kind).itemsize
        if not self.count:
            return np.empty((self.height, self.width, count), dtype=kind)
        if field.offset + size * count > self.step:
            raise CloudError(
                f"field {field.name} at byte {field.offset} lies outside points of {self.step} bytes; "
                "the driver fills in the message wrongly"
            )
        shape, strides = (self.height, self.width, count), (self.row, self.step, size)
        return np.ndarray(shape, self.order + kind, self.data.data, field.offset, strides)

    def column(self, name: str) -> NDArray | None:
        """The first value of a field as (height, width); None where there is no such field."""
        field = self.fields.get(name)
        if field is None:
            return None
        if field.datatype not in _KINDS:
            raise CloudError(
                f"field {name} has the unknown type {field.datatype}; the driver fills in the message wrongly"
            )
        return self.view(field, _KINDS[field.datatype])[:, :, 0]

    def colours(self) -> NDArray[np.uint8] | None:
        """Colours (N, 3), None where there are none."""
        rgb = self._packed()
        if rgb is None:
            rgb = self._separate()
        return rgb if rgb is not None and rgb.any() else None

    def _packed(self) -> NDArray[np.uint8] | None:
        field = self.fields.get("rgb") or self.fields.get("rgba")
        if field is None or field.datatype not in (2, 5, 6, 7) or (field.datatype == 2 and field.count not in (3, 4)):
            return None
        if field.datatype == 2:
            return self.view(field, "u1", 3).reshape(-1, 3)
        # 0xAARRGGBB in the byte order of the message, also where the field claims to be a float.
        bytes_ = self.view(field, "u1", 4)
        chosen = bytes_[:, :, 1:] if self.order == ">" else bytes_[:, :, 2::-1]
        return np.ascontiguousarray(chosen).reshape(-1, 3)

    def _separate(self) -> NDArray[np.uint8] | None:
        for names in _SEPARATE:
            if all(name in self.fields for name in names):
                columns = [column.reshape(-1) for name in names if (column := self.column(name)) is not None]
                return scale_colours(columns, None, True)[0]
        return None


def _origin(columns: list[NDArray]) -> Vec3:
    """Zero, or for 64-bit coordinates far away a round place near them."""
    if any(column.dtype.itemsize < 8 for column in columns):
        return (0.0, 0.0, 0.0)
    lows = [float(np.min(column, where=np.isfinite(column), initial=np.inf)) for column in columns]
    x, y, z = (float(np.floor(low)) if np.isfinite(low) and abs(low) > _FAR else 0.0 for low in lows)
    return (x, y, z)


def cloud_message(cloud: PointCloud, reuse: array | None = None) -> PointCloud2:
    """The message of a cloud: x, y, z and (where there are colours) rgb packed in a float, as PCL and RViz read them.

    `reuse` is the data of an earlier message that nobody needs any more: it is filled again when it has the right size,
    which saves asking the system for fresh memory (more than half of the time at 40 MB).
    """
    names = ("x", "y", "z") if cloud.rgb is None else ("x", "y", "z", "rgb")
    step = 4 * len(names)
    # An array of bytes that numpy fills in place: anything else is copied or, worse, checked element by element.
    size = len(cloud) * step
    data = reuse if reuse is not None and len(reuse) == size else array("B", bytes(1)) * size
    _fill(np.frombuffer(data, dtype="<f4").reshape(-1, len(names)), cloud)
    message = PointCloud2(height=1, width=len(cloud), point_step=step, row_step=len(cloud) * step)
    message.header = header_message(cloud.frame_id, cloud.stamp)
    message.fields = [PointField(name=n, offset=4 * i, datatype=_FLOAT32, count=1) for i, n in enumerate(names)]
    message.is_bigendian, message.is_dense = False, _is_finite(cloud.xyz)
    message.data = data
    return message


def _fill(table: NDArray[np.float32], cloud: PointCloud) -> None:
    """Write coordinates and colours (N, 3 or 4), in pieces that stay in the cache."""
    for start in range(0, len(cloud), _PIECE):
        piece = slice(start, start + _PIECE)
        for axis in range(3):
            column = cloud.xyz[piece, axis]
            table[piece, axis] = column + np.float64(cloud.origin[axis]) if cloud.origin[axis] else column
        if cloud.rgb is not None:
            bytes_ = table[piece].view(np.uint8)
            for channel in range(3):
                bytes_[:, 14 - channel] = cloud.rgb[piece, channel]


def _is_finite(xyz: NDArray[np.float32]) -> bool:
    """Whether all are; one sum tells mostly, and only where it overflows each number is looked at."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(xyz.sum())) or bool(np.isfinite(xyz).all())
