"""Images as sensors send them: raw pixels of any encoding, PNG and JPEG, and compressed depth."""

from __future__ import annotations

import io
import re
import struct

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import CloudError

_NAMED = re.compile(r"(mono|rgba|bgra|rgb|bgr)(8|16)")
_PLAIN = re.compile(r"(8U|8S|16U|16S|32S|32F|64F)(?:C([1-4]))?")
_KINDS = {"8U": "u1", "8S": "i1", "16U": "u2", "16S": "i2", "32S": "i4", "32F": "f4", "64F": "f8"}
_CHANNELS = {"mono": 1, "rgb": 3, "bgr": 3, "rgba": 4, "bgra": 4}
_HEADER = struct.Struct("<iff")
_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_PIXELS = 1 << 27


def pixel_layout(encoding: str) -> tuple[np.dtype, int]:
    """Element type and channels of an encoding of sensor_msgs/Image, such as rgb8 or 16UC1.

    Raises CloudError for Bayer, YUV and unknown encodings.
    """
    if match := _NAMED.fullmatch(encoding):
        return np.dtype(f"u{int(match[2]) // 8}"), _CHANNELS[match[1]]
    if match := _PLAIN.fullmatch(encoding):
        return np.dtype(_KINDS[match[1]]), int(match[2] or 1)
    raise CloudError(f"image encoding {encoding!r} is not supported; let the driver or image_proc give rgb8 or 16UC1")


def raw_pixels(
    data: bytes | bytearray | memoryview,
    encoding: str,
    width: int,
    height: int,
    step: int = 0,
    big_endian: bool = False,
) -> NDArray:
    """A view (H, W) or (H, W, C) of raw image bytes; `step` is the length of a row in bytes (0: without padding).

    Raises CloudError when the bytes do not suffice for the size.
    """
    kind, channels = pixel_layout(encoding)
    kind = kind.newbyteorder(">" if big_endian else "<")
    row = width * channels * kind.itemsize
    step = step or row
    flat = np.frombuffer(data, dtype=np.uint8)
    if width < 1 or height < 1 or step < row or len(flat) < step * (height - 1) + row:
        raise CloudError(
            f"{len(flat)} bytes in rows of {step} are no {width} x {height} image of {encoding}; check the driver"
        )
    rows = np.lib.stride_tricks.as_strided(flat, (height, row), (step, 1), writeable=False)
    shape = (height, width) if channels == 1 else (height, width, channels)
    return (rows if rows.flags.c_contiguous else np.ascontiguousarray(rows)).view(kind).reshape(shape)


def to_rgb(pixels: NDArray, encoding: str) -> NDArray[np.uint8]:
    """Colour (H, W, 3) uint8 of raw pixels: grey is repeated, alpha dropped, 16 bits reduced to 8."""
    match = _NAMED.fullmatch(encoding)
    if match is None and encoding not in ("8UC1", "8UC3"):
        raise CloudError(f"image encoding {encoding!r} holds no colours; choose the colour topic")
    if pixels.dtype.itemsize == 2:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        return np.repeat(pixels[:, :, None], 3, axis=2)
    reverse = encoding.startswith("bgr") or encoding == "8UC3"
    return np.ascontiguousarray(pixels[:, :, 2::-1] if reverse else pixels[:, :, :3])


def decode_image(data: bytes | bytearray | memoryview) -> NDArray:
    """A PNG or JPEG: grey (H, W) uint8 or uint16, else colour (H, W, 3) uint8 in the order red, green, blue.

    Raises CloudError when the bytes are no image, or one of more than 134 million pixels.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise CloudError(
                    f"an image of {picture.width} x {picture.height} pixels is refused; send a smaller one"
                )
            if picture.mode in ("I;16", "I;16B", "I"):
                return np.asarray(picture).astype(np.uint16)
            return np.array(picture if picture.mode == "L" else picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError) as error:
        raise CloudError(f"{len(bytes(data))} bytes are no readable PNG or JPEG ({error}); check the topic") from error


def decode_rgb(data: bytes | bytearray | memoryview) -> NDArray[np.uint8]:
    """A PNG or JPEG as colour (H, W, 3) uint8. Raises CloudError when it is no image."""
    image = decode_image(data)
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    return image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)


def decode_compressed_depth(data: bytes | bytearray | memoryview, layout: str) -> NDArray:
    """The depth image (H, W) of a compressedDepth message: uint16 as sent, or float32 in metres with NaN for none.

    `layout` is the message's format, such as "16UC1; compressedDepth png". The bytes start with 12 of header (kind and
    two parameters A, B); for 32FC1 the PNG holds the inverse depth A / depth + B in 16 bits.
    Raises CloudError for other codecs (RVL) and for bytes that are no depth image.
    """
    if "rvl" in layout.lower():
        raise CloudError("compressed depth in RVL is not supported; set the publisher's compressedDepth.format to png")
    content = bytes(data)
    start = 0 if content.startswith(_PNG) else _HEADER.size
    if len(content) <= start:
        raise CloudError(f"{len(content)} bytes are no compressed depth image; check the topic")
    image = decode_image(content[start:])
    if image.ndim != 2 or image.dtype != np.uint16:
        raise CloudError(f"a compressed depth image of {image.dtype} {image.shape} is none; choose the depth topic")
    if not layout.strip().startswith("32FC1") or start == 0:
        return image
    return _from_inverse(image, *_HEADER.unpack(content[:start])[1:])


def _from_inverse(image: NDArray[np.uint16], a: float, b: float) -> NDArray[np.float32]:
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.float32(a) / (image.astype(np.float32) - np.float32(b))
    return np.where((image > 0) & (depth > 0), depth, np.float32(np.nan)).astype(np.float32)


def encode_compressed_depth(depth: NDArray, *, depth_max: float = 10.0, quantization: float = 100.0) -> bytes:
    """The bytes of a compressedDepth message of a depth image (H, W), uint16 or float32 in metres (0 and NaN: none).

    With float32 depth beyond `depth_max` (m) is lost; the step at depth d is about d^2 / (quantization (quantization + 1)).
    """
    from PIL import Image

    a, b, image = 0.0, 0.0, depth
    if depth.dtype != np.uint16:
        a = quantization * (quantization + 1)
        b = 1.0 - a / depth_max
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = np.rint(a / depth + b)
        usable = (depth > 0) & (depth < depth_max) & (inverse < 65536)
        image = np.where(usable, inverse, 0).astype(np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG", compress_level=1)
    return _HEADER.pack(0, a, b) + buffer.getvalue()


def encode_image(pixels: NDArray[np.uint8], kind: str = "jpeg", quality: int = 90) -> bytes:
    """An image (H, W) or (H, W, 3) as JPEG or PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format=kind.upper(), quality=quality)
    return buffer.getvalue()
