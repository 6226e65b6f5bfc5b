"""``CvBridge``: image messages to arrays and back."""

from __future__ import annotations

import array
import sys
from typing import Any

import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from . import compressed, conversion
from .encodings import CvBridgeError, cv_name, cv_type, encoding_of, from_cv_type


class CvBridge:
    """Converts between ``sensor_msgs/Image`` and numpy arrays laid out as OpenCV does; OpenCV is not needed."""

    def dtype_with_channels_to_cvtype2(self, dtype: np.dtype, n_channels: int) -> str:
        """Return the OpenCV type of an array, such as ``8UC3``."""
        return cv_name(dtype, n_channels)

    def cvtype2_to_dtype_with_channels(self, cvtype: int) -> tuple[str, int]:
        """Return dtype name and channel count of OpenCV's number of a type."""
        return from_cv_type(cvtype)

    def encoding_to_cvtype2(self, encoding: str) -> int:
        """Return OpenCV's number of the type of an encoding; CvBridgeError for an unknown one."""
        found = encoding_of(encoding)
        return cv_type(found.dtype, found.channels)

    def encoding_to_dtype_with_channels(self, encoding: str) -> tuple[str, int]:
        """Return dtype name and channel count of an encoding; CvBridgeError for an unknown one."""
        found = encoding_of(encoding)
        return found.dtype.name, found.channels

    def imgmsg_to_cv2(self, img_msg: Image, desired_encoding: str = "passthrough") -> np.ndarray:
        """Return an image message as an array (height, width) or (height, width, channels) that may be written to.

        ``passthrough`` keeps the encoding and avoids a copy where the message may be written to as well.
        Raises CvBridgeError when the sizes contradict or the conversion makes no sense.
        """
        image = _pixels(img_msg)
        if desired_encoding == "passthrough":
            return image if image.flags.writeable else image.copy()
        return conversion.convert(image, img_msg.encoding, desired_encoding)

    def cv2_to_imgmsg(self, cvim: np.ndarray, encoding: str = "passthrough", header: Header | None = None) -> Image:
        """Return an array as an image message; the encoding must have the type of the array.

        Raises TypeError for something else than an array, CvBridgeError when encoding and array do not match.
        """
        _check_array(cvim)
        kind = cv_name(cvim.dtype, cvim.shape[2] if cvim.ndim > 2 else 1)
        if encoding != "passthrough" and encoding_of(encoding).cv_name != kind:
            raise CvBridgeError(f"encoding specified as {encoding}, but image has incompatible type {kind}")
        message = Image(
            height=cvim.shape[0], width=cvim.shape[1], encoding=kind if encoding == "passthrough" else encoding
        )
        if header is not None:
            message.header = header
        message.is_bigendian = int(_is_big_endian(cvim.dtype))
        message.data = array.array("B", np.ascontiguousarray(cvim).tobytes())
        message.step = len(message.data) // max(message.height, 1)
        return message

    def compressed_imgmsg_to_cv2(
        self, cmprs_img_msg: CompressedImage, desired_encoding: str = "passthrough"
    ) -> np.ndarray:
        """Return a compressed image as grey, BGR or BGRA array, or in the encoding asked for."""
        image = compressed.decode(bytes(memoryview(cmprs_img_msg.data)))
        if desired_encoding == "passthrough":
            return image
        return conversion.convert(image, _colour_name(image), desired_encoding)

    def cv2_to_compressed_imgmsg(self, cvim: np.ndarray, dst_format: str = "jpg") -> CompressedImage:
        """Return a grey, BGR or BGRA array as a compressed image in a format such as ``jpg`` or ``png``."""
        _check_array(cvim)
        message = CompressedImage(format=dst_format)
        message.data = array.array("B", compressed.encode(cvim, dst_format))
        return message


def _check_array(image: Any) -> None:
    if not isinstance(image, np.ndarray) or image.ndim not in (2, 3):
        raise TypeError("Your input type is not a numpy array of two or three dimensions")


def _is_big_endian(dtype: np.dtype) -> bool:
    if dtype.itemsize == 1:
        return False
    return dtype.byteorder == ">" or (dtype.byteorder in "=|" and sys.byteorder == "big")


def _colour_name(image: np.ndarray) -> str:
    channels = 1 if image.ndim == 2 else image.shape[2]
    return {1: "mono", 3: "bgr", 4: "bgra"}[channels] + str(8 * image.dtype.itemsize)


def _pixels(message: Image) -> np.ndarray:
    """Return the pixels of a message, a view of its data unless the byte order is foreign."""
    encoding = encoding_of(message.encoding)
    dtype = encoding.dtype.newbyteorder(">" if message.is_bigendian else "<")
    row = message.width * encoding.channels * dtype.itemsize
    step = message.step or row
    if step < row:
        raise CvBridgeError(f"step of {step} bytes is too small for {message.width} pixels of {message.encoding}")
    needed = (message.height - 1) * step + row if message.height else 0
    if len(message.data) < needed:
        raise CvBridgeError(
            f"image of {message.width} x {message.height} pixels of {message.encoding} needs {needed} bytes, "
            f"the message has {len(message.data)}"
        )
    shape: tuple[int, ...] = (message.height, message.width)
    strides: tuple[int, ...] = (step, encoding.channels * dtype.itemsize)
    if encoding.channels > 1:
        shape, strides = (*shape, encoding.channels), (*strides, dtype.itemsize)
    image = np.ndarray(shape, dtype, message.data, strides=strides)
    return image if dtype.isnative else image.astype(encoding.dtype)
