"""Conversions between encodings in numpy, with the roundings of OpenCV."""

from __future__ import annotations

import numpy as np

from .encodings import CvBridgeError, Encoding, encoding_of

# Luma weights of ITU-R BT.601 in 15-bit fixed point, as OpenCV uses them.
_LUMA = {"r": 9798, "g": 19235, "b": 3735}
_LUMA_SHIFT = 15


def convert(image: np.ndarray, source: str, target: str) -> np.ndarray:
    """Return a new image in another encoding.

    image: (height, width) or (height, width, channels). Colours are reordered, made grey or spread; alpha is dropped or
    set opaque; 8 and 16 bit colours are scaled to the full range, plain types are cast with rounding and saturation.
    Raises CvBridgeError when the conversion makes no sense, NotImplementedError for Bayer and YUV images.
    """
    origin, wanted = encoding_of(source), encoding_of(target)
    _check(origin, wanted)
    if origin.order and wanted.order and origin.order != wanted.order:
        image = _recolour(image, origin.order, wanted.order)
    if image.dtype == wanted.dtype:
        return np.array(image, order="C") if image.base is not None else np.ascontiguousarray(image)
    both_colour = bool(origin.order and wanted.order)
    return _cast(image, wanted.dtype, _scale(image.dtype, wanted.dtype) if both_colour else 1.0)


def _check(origin: Encoding, wanted: Encoding) -> None:
    if origin.name == wanted.name:
        return
    for encoding in (origin, wanted):
        if encoding.is_raw:
            raise NotImplementedError(
                f"cv_bridge of embedded_ros does not convert {origin.name} to {wanted.name}: "
                f"{encoding.name} needs a decoder; ask for 'passthrough' and decode it yourself"
            )
    if not origin.order and wanted.order:
        raise CvBridgeError(
            f"[{origin.name}] is not a color format. but [{wanted.name}] is. The conversion does not make sense"
        )
    if not wanted.order and origin.channels != wanted.channels:
        raise CvBridgeError(f"[{origin.name}] and [{wanted.name}] do not have the same number of channels")


def _recolour(image: np.ndarray, source: str, target: str) -> np.ndarray:
    if source == "y":
        return _spread(image, target)
    if target == "y":
        return _grey(image, source)
    full = np.iinfo(image.dtype).max
    result = np.empty((*image.shape[:2], len(target)), image.dtype)
    for channel, colour in enumerate(target):
        result[..., channel] = image[..., source.index(colour)] if colour in source else full
    return result


def _spread(image: np.ndarray, target: str) -> np.ndarray:
    plane = image.reshape(image.shape[:2])
    result = np.empty((*plane.shape, len(target)), plane.dtype)
    result[...] = plane[..., None]
    if "a" in target:
        result[..., target.index("a")] = np.iinfo(plane.dtype).max
    return result


def _grey(image: np.ndarray, source: str) -> np.ndarray:
    total = np.full(image.shape[:2], 1 << (_LUMA_SHIFT - 1), np.uint32)
    for colour, weight in _LUMA.items():
        total += image[..., source.index(colour)].astype(np.uint32) * np.uint32(weight)
    return (total >> _LUMA_SHIFT).astype(image.dtype)


def _scale(source: np.dtype, target: np.dtype) -> float:
    return float(np.iinfo(target).max) / float(np.iinfo(source).max)


def _cast(image: np.ndarray, dtype: np.dtype, scale: float) -> np.ndarray:
    """Multiply, round half to even and saturate; NaN becomes 0 in integer images."""
    if dtype.kind == "f" and scale == 1.0:
        return image.astype(dtype)
    values = np.rint(image.astype(np.float64) * scale)
    limits = np.iinfo(dtype)
    return np.nan_to_num(np.clip(values, limits.min, limits.max), nan=0.0).astype(dtype)
