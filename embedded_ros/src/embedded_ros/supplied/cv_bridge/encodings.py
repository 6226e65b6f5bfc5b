"""What the names of image encodings mean: element type, number and order of channels.

Names follow ``sensor_msgs/image_encodings``: colour names such as ``bgr8``, and plain OpenCV types such as ``16UC1``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

_DEPTHS = ("8U", "8S", "16U", "16S", "32S", "32F", "64F")  # in the order of OpenCV's depth codes
DTYPES: dict[str, np.dtype] = {
    "8U": np.dtype(np.uint8),
    "8S": np.dtype(np.int8),
    "16U": np.dtype(np.uint16),
    "16S": np.dtype(np.int16),
    "32S": np.dtype(np.int32),
    "32F": np.dtype(np.float32),
    "64F": np.dtype(np.float64),
}
_DEPTH_OF_DTYPE = {dtype.name: depth for depth, dtype in DTYPES.items()}
_ORDERS = {"mono": "y", "rgb": "rgb", "bgr": "bgr", "rgba": "rgba", "bgra": "bgra"}
_COLOUR = re.compile(r"(mono|rgba|bgra|rgb|bgr)(8|16)")
_BAYER = re.compile(r"bayer_(rggb|bggr|gbrg|grbg)(8|16)")
_PLAIN = re.compile(r"(8U|8S|16U|16S|32S|32F|64F)(?:C([1-4]))?")
_PACKED = {"yuv422": 2, "yuv422_yuy2": 2, "uyvy": 2, "yuyv": 2}
_PLANAR = ("nv21", "nv24")


class CvBridgeError(TypeError):
    """An image cannot be converted."""


@dataclass(frozen=True)
class Encoding:
    """One encoding: its name, element type, channel count, and the order of the colours ('' if it has no colour)."""

    name: str
    dtype: np.dtype
    channels: int
    order: str

    @property
    def is_raw(self) -> bool:
        """Whether colours are there but need a decoder (Bayer patterns, YUV)."""
        return self.order in ("bayer", "yuv")

    @property
    def cv_name(self) -> str:
        """The OpenCV type, such as ``8UC3``."""
        return cv_name(self.dtype, self.channels)


def encoding_of(name: str) -> Encoding:
    """Return what an encoding name means; CvBridgeError for an unknown one."""
    if match := _COLOUR.fullmatch(name):
        order = _ORDERS[match[1]]
        return Encoding(name, _unsigned(match[2]), len(order), order)
    if match := _PLAIN.fullmatch(name):
        return Encoding(name, DTYPES[match[1]], int(match[2] or 1), "")
    if match := _BAYER.fullmatch(name):
        return Encoding(name, _unsigned(match[2]), 1, "bayer")
    if name in _PACKED:
        return Encoding(name, DTYPES["8U"], _PACKED[name], "yuv")
    if name in _PLANAR:
        raise NotImplementedError(f"cv_bridge of embedded_ros does not support the planar encoding {name!r}")
    raise CvBridgeError(f"Unrecognized image encoding [{name}]")


def _unsigned(bits: str) -> np.dtype:
    return DTYPES[f"{bits}U"]


def cv_name(dtype: np.dtype, channels: int) -> str:
    """Return the OpenCV type of an array, such as ``16UC1``; CvBridgeError if there is none."""
    try:
        return f"{_DEPTH_OF_DTYPE[np.dtype(dtype).name]}C{channels}"
    except KeyError:
        raise CvBridgeError(
            f"images of {np.dtype(dtype).name} have no OpenCV type; use {sorted(_DEPTH_OF_DTYPE)}"
        ) from None


def cv_type(dtype: np.dtype, channels: int) -> int:
    """Return OpenCV's number of a type: the depth code plus eight for each channel after the first."""
    return _DEPTHS.index(cv_name(dtype, channels).split("C")[0]) + 8 * (channels - 1)


def from_cv_type(number: int) -> tuple[str, int]:
    """Return the dtype name and channel count of OpenCV's number of a type."""
    depth, channels = number % 8, number // 8 + 1
    if not 0 <= depth < len(_DEPTHS) or channels > 4:
        raise CvBridgeError(f"{number} is no OpenCV type with up to four channels")
    return DTYPES[_DEPTHS[depth]].name, channels
