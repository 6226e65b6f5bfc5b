"""Image, CompressedImage and CameraInfo to the values of `mapping`, and RGB-D to clouds."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from spatial_perception.errors import CloudError, ConfigError
from spatial_perception.mapping.camera import CameraModel
from spatial_perception.mapping.depth import REGISTERED, ColourView, DepthSettings, depth_to_cloud
from spatial_perception.mapping.images import decode_compressed_depth, decode_image, decode_rgb, raw_pixels, to_rgb
from spatial_perception.mapping.keyframes import StoredImage
from spatial_perception.mapping.pose import Pose
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.ros.convert.stamps import seconds

AnyImage: TypeAlias = Image | CompressedImage
_MODELS = {"fisheye": "equidistant", "rational": "rational_polynomial", "none": ""}
_LENGTHS = {"plumb_bob": 5, "rational_polynomial": 8, "equidistant": 4}


def camera_model(info: CameraInfo, *, rectified: bool = False) -> CameraModel:
    """The camera of images with this CameraInfo: K and D, or, for `rectified` images, P. Binning and region are applied.

    Raises ConfigError for cameras never calibrated (K of zeros) and for unknown distortion models.
    """
    matrix = info.p if rectified else info.k
    row = 4 if rectified else 3
    fx, fy, cx, cy = (float(v) for v in (matrix[0], matrix[row + 1], matrix[2], matrix[row + 2]))
    across, down = max(info.binning_x, 1), max(info.binning_y, 1)
    region = info.roi
    width, height = (region.width or info.width) // across, (region.height or info.height) // down
    # Pixel centres lie at whole numbers, so the edge of the image is at -0.5.
    cx = (cx - region.x_offset + 0.5) / across - 0.5
    cy = (cy - region.y_offset + 0.5) / down - 0.5
    model, coefficients = ("", ()) if rectified else _distortion(info)
    return CameraModel(width, height, fx / across, fy / down, cx, cy, model, coefficients)


def _distortion(info: CameraInfo) -> tuple[str, tuple[float, ...]]:
    """Model and coefficients; none where all are zero, whatever the model is called."""
    values = tuple(float(v) for v in info.d)
    if not any(values):
        return "", ()
    name = _MODELS.get(info.distortion_model, info.distortion_model)
    length = _LENGTHS.get(name)
    if length is None:
        known = ", ".join(_LENGTHS)
        raise ConfigError(f"unknown distortion model {info.distortion_model!r}; use {known} or a rectified image topic")
    if any(values[length:]):
        raise ConfigError(f"{len(values)} coefficients of {name} are more than {length}; use a rectified image topic")
    return name, (values + (0.0,) * length)[:length]


def stored_image(message: AnyImage) -> StoredImage:
    """An image as it was received; its bytes are shared, not copied."""
    if isinstance(message, CompressedImage):
        return StoredImage(message.data, message.format, compressed=True)
    m = message
    return StoredImage(m.data, m.encoding, m.width, m.height, m.step, bool(m.is_bigendian))


def depth_pixels(image: StoredImage) -> NDArray:
    """The depth image (H, W), uint16 as sent or floating metres. Raises CloudError when it is none."""
    if image.compressed:
        if "compresseddepth" in image.encoding.lower().replace(" ", ""):
            return decode_compressed_depth(image.data, image.encoding)
        pixels = decode_image(image.data)
        if pixels.dtype != np.uint16:
            raise CloudError(f"a {image.encoding!r} image of 8 bits holds no depth; choose the compressedDepth topic")
        return pixels
    pixels = raw_pixels(image.data, image.encoding, image.width, image.height, image.step, image.big_endian)
    if pixels.ndim != 2 or image.encoding in ("mono8", "8UC1"):
        raise CloudError(f"image encoding {image.encoding!r} holds no depth; choose the depth topic")
    return pixels


def colour_pixels(image: StoredImage) -> NDArray[np.uint8]:
    """The colour image (H, W, 3), red first. Raises CloudError when it is none."""
    if image.compressed:
        # image_transport writes bgr8 and rgb8 alike as ordinary JPEG or PNG; decoders give red first.
        return decode_rgb(image.data)
    pixels = raw_pixels(image.data, image.encoding, image.width, image.height, image.step, image.big_endian)
    return to_rgb(pixels, image.encoding)


def cloud_from_rgbd(
    depth: AnyImage,
    info: CameraInfo,
    colour: AnyImage | None = None,
    settings: DepthSettings | None = None,
    *,
    colour_info: CameraInfo | None = None,
    depth_in_colour: Pose | None = None,
    rectified: bool = False,
) -> PointCloud:
    """The cloud of a depth image in its camera's optical frame, at the stamp of the depth image.

    Without `colour_info` and `depth_in_colour` (pose of the depth camera's optical frame in the colour camera's) colour
    must be registered: same frame, and an image of the same shape or a multiple of it.
    Raises CloudError or ConfigError when an image or the camera cannot be used.
    """
    camera = camera_model(info, rectified=rectified)
    view = None
    if colour is not None:
        colour_camera = camera if colour_info is None else camera_model(colour_info, rectified=rectified)
        view = ColourView(colour_pixels(stored_image(colour)), colour_camera, depth_in_colour or REGISTERED)
    return depth_to_cloud(
        depth_pixels(stored_image(depth)),
        camera,
        colour=view,
        settings=settings,
        frame_id=depth.header.frame_id,
        stamp=seconds(depth.header.stamp),
    )
