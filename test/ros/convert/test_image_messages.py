"""Images and cameras of every make."""

from array import array

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, RegionOfInterest
from std_msgs.msg import Header

from spatial_perception.errors import CloudError, ConfigError
from spatial_perception.mapping.images import encode_compressed_depth, encode_image
from spatial_perception.mapping.pose import Pose
from spatial_perception.ros.convert.images import (
    camera_model,
    cloud_from_rgbd,
    colour_pixels,
    depth_pixels,
    stored_image,
)

HEADER = Header(stamp=Time(sec=3, nanosec=250_000_000), frame_id="optical")


def info(**changes):
    result = CameraInfo(header=HEADER, width=8, height=6, distortion_model="plumb_bob")
    result.k = [10.0, 0.0, 3.5, 0.0, 11.0, 2.5, 0.0, 0.0, 1.0]
    result.p = [9.0, 0.0, 3.0, 0.0, 0.0, 9.5, 2.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    result.d = [0.0] * 5
    for name, value in changes.items():
        setattr(result, name, value)
    return result


def image(pixels, encoding, big=False):
    height, width = pixels.shape[:2]
    data = array("B", pixels.tobytes())
    step = pixels.strides[0]
    return Image(
        header=HEADER, height=height, width=width, encoding=encoding, step=step, data=data, is_bigendian=int(big)
    )


def compressed(data, layout):
    return CompressedImage(header=HEADER, format=layout, data=array("B", data))


DEPTH = np.full((6, 8), 2000, dtype=np.uint16)
COLOURS = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)


@pytest.mark.parametrize(
    "message",
    [
        image(DEPTH, "16UC1"),
        image(DEPTH, "mono16"),
        image(DEPTH.astype(">u2"), "16UC1", True),
        image(np.full((6, 8), 2.0, np.float32), "32FC1"),
        compressed(encode_compressed_depth(DEPTH), "16UC1; compressedDepth png"),
        compressed(encode_compressed_depth(np.full((6, 8), 2.0, np.float32)), "32FC1; compressedDepth png"),
    ],
    ids=["16UC1", "mono16", "big endian", "32FC1", "compressed 16UC1", "compressed 32FC1"],
)
def test_depth_in_every_form_makes_the_same_cloud(message):
    cloud = cloud_from_rgbd(message, info(), image(COLOURS, "rgb8"))
    assert (len(cloud), cloud.frame_id, cloud.stamp) == (48, "optical", 3.25)
    np.testing.assert_allclose(cloud.xyz[0], [-0.7, -2.5 / 11 * 2, 2.0], rtol=1e-6)
    assert np.array_equal(cloud.rgb, COLOURS.reshape(-1, 3))


@pytest.mark.parametrize(
    "message",
    [
        image(COLOURS, "rgb8"),
        image(np.ascontiguousarray(COLOURS[:, :, ::-1]), "bgr8"),
        compressed(encode_image(COLOURS, "png"), "rgb8; png compressed bgr8"),
    ],
)
def test_colour_in_every_form(message):
    assert np.array_equal(colour_pixels(stored_image(message)), COLOURS)


def test_bytes_are_shared_until_someone_needs_pixels():
    message = image(DEPTH, "16UC1")
    assert stored_image(message).data is message.data


def test_colour_of_another_camera():
    cloud = cloud_from_rgbd(
        image(DEPTH, "16UC1"),
        info(),
        image(COLOURS, "rgb8"),
        colour_info=info(),
        depth_in_colour=Pose((0.2, 0.0, 0.0)),
    )
    rgb = cloud.rgb.reshape(6, 8, 3)
    assert np.array_equal(rgb[:, :7], COLOURS[:, 1:])
    assert (rgb[:, 7] == 128).all()


def test_no_colour():
    assert cloud_from_rgbd(image(DEPTH, "16UC1"), info()).rgb is None


def test_rectified_images_have_the_projection_matrix_and_no_distortion():
    message = info(d=[0.1, 0.0, 0.0, 0.0, 0.0])
    raw, rectified = camera_model(message), camera_model(message, rectified=True)
    assert (raw.fx, raw.cy, raw.distortion) == (10.0, 2.5, (0.1, 0.0, 0.0, 0.0, 0.0))
    assert (rectified.fx, rectified.fy, rectified.cx, rectified.cy, rectified.distortion) == (9.0, 9.5, 3.0, 2.0, ())


def test_binning_and_region():
    roi = RegionOfInterest(x_offset=2, y_offset=1, width=4, height=4)
    model = camera_model(info(binning_x=2, binning_y=2, roi=roi))
    assert (model.width, model.height, model.fx) == (2, 2, 5.0)
    # Pixel 0 of the result is the mean of pixels 2 and 3 of the sensor.
    assert model.cx == pytest.approx((3.5 - 2.5) / 2)


@pytest.mark.parametrize(
    ("model", "coefficients", "expected"),
    [
        ("plumb_bob", [0.1, 0.2, 0.0, 0.0], 5),
        ("fisheye", [0.1, 0.0, 0.0, 0.0], 4),
        ("rational_polynomial", [0.1] * 8 + [0.0] * 6, 8),
        ("", [], 0),
        ("something new", [0.0] * 5, 0),
    ],
)
def test_distortion_models(model, coefficients, expected):
    assert len(camera_model(info(distortion_model=model, d=coefficients)).distortion) == expected


def test_cameras_that_cannot_be_used():
    with pytest.raises(ConfigError, match="calibrate it"):
        camera_model(CameraInfo(width=8, height=6))
    with pytest.raises(ConfigError, match="unknown distortion model"):
        camera_model(info(distortion_model="something new", d=[0.1]))
    with pytest.raises(ConfigError, match="use a rectified image topic"):
        camera_model(info(distortion_model="rational_polynomial", d=[0.1] * 14))


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (image(COLOURS, "rgb8"), "choose the depth topic"),
        (image(np.zeros((6, 8), np.uint8), "mono8"), "choose the depth topic"),
        (image(DEPTH, "bayer_rggb16"), "is not supported"),
        (compressed(encode_image(COLOURS), "jpeg"), "choose the compressedDepth topic"),
        (compressed(b"", "16UC1; compressedDepth png"), "no compressed depth"),
        (Image(header=HEADER, width=8, height=6, encoding="16UC1"), "check the driver"),
    ],
)
def test_what_is_no_depth_is_refused(message, what):
    with pytest.raises(CloudError, match=what):
        depth_pixels(stored_image(message))
