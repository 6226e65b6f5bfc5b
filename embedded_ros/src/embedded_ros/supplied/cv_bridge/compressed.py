"""Encoding and decoding of JPEG, PNG and the like with OpenCV or Pillow, whichever is installed."""

from __future__ import annotations

import importlib
import importlib.util
import io
from typing import Any

import numpy as np

from .encodings import CvBridgeError

_JPEG_QUALITY = 95  # OpenCV's default
_PILLOW_NAMES = {"jpg": "JPEG", "jpe": "JPEG", "tif": "TIFF", "jp2": "JPEG2000"}


def decode(data: bytes) -> np.ndarray:
    """Return an encoded image as OpenCV would: grey (H, W), BGR (H, W, 3) or BGRA (H, W, 4), 8 or 16 bit."""
    if importlib.util.find_spec("cv2") is not None:
        cv2 = importlib.import_module("cv2")
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if image is None:
            raise CvBridgeError(f"cannot decode the compressed image of {len(data)} bytes")
        return image
    return _decode_with_pillow(data)


def encode(image: np.ndarray, name: str) -> bytes:
    """Return an image (grey, BGR or BGRA) in a file format such as ``jpg`` or ``png``."""
    if importlib.util.find_spec("cv2") is not None:
        cv2 = importlib.import_module("cv2")
        done, buffer = cv2.imencode("." + name, image)
        if not done:
            raise CvBridgeError(f"cannot encode the image as {name}")
        return buffer.tobytes()
    return _encode_with_pillow(image, name)


def _pillow() -> Any:
    if importlib.util.find_spec("PIL") is None:
        raise NotImplementedError("compressed images need OpenCV or Pillow; install one of them (pip install pillow)")
    return importlib.import_module("PIL.Image")


def _decode_with_pillow(data: bytes) -> np.ndarray:
    pillow = _pillow()
    try:
        with pillow.open(io.BytesIO(data)) as picture:
            picture.load()
            if picture.mode not in ("L", "RGB", "RGBA", "I;16", "I;16B", "F"):
                picture = picture.convert("RGBA" if "transparency" in picture.info or picture.mode == "LA" else "RGB")
            image = np.array(picture)
    except (OSError, SyntaxError, ValueError, pillow.DecompressionBombError) as error:
        raise CvBridgeError(f"cannot decode the compressed image of {len(data)} bytes: {error}") from error
    return _swap_red_and_blue(image)


def _encode_with_pillow(image: np.ndarray, name: str) -> bytes:
    target = _PILLOW_NAMES.get(name.lower(), name.upper())
    picture = _swap_red_and_blue(image)
    if target == "JPEG" and picture.ndim == 3:
        picture = picture[..., :3]
    buffer = io.BytesIO()
    try:
        _pillow().fromarray(np.ascontiguousarray(picture)).save(buffer, format=target, quality=_JPEG_QUALITY)
    except (KeyError, OSError, TypeError) as error:
        raise CvBridgeError(f"cannot encode a {image.dtype} image of shape {image.shape} as {name}: {error}") from error
    return buffer.getvalue()


def _swap_red_and_blue(image: np.ndarray) -> np.ndarray:
    if image.ndim == 2:
        return image
    order = [2, 1, 0, 3][: image.shape[2]]
    return np.ascontiguousarray(image[..., order])
