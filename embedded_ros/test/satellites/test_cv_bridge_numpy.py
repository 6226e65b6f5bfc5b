"""Image conversion: layouts, colours, depths, byte order, padding, errors."""

from __future__ import annotations

import array

import numpy as np
import pytest
from cv_bridge import CvBridge, CvBridgeError
from sensor_msgs.msg import Image
from std_msgs.msg import Header

BRIDGE = CvBridge()


def random_image(channels: int, dtype=np.uint8, shape=(5, 7)):
    high = np.iinfo(dtype).max
    size = shape if channels == 1 else (*shape, channels)
    return np.random.default_rng(1).integers(0, high, size, dtype=dtype, endpoint=True)


@pytest.mark.parametrize(
    ("encoding", "channels", "dtype"),
    [
        ("mono8", 1, np.uint8),
        ("mono16", 1, np.uint16),
        ("bgr8", 3, np.uint8),
        ("rgb8", 3, np.uint8),
        ("bgra8", 4, np.uint8),
        ("rgba8", 4, np.uint8),
        ("rgb16", 3, np.uint16),
        ("16UC1", 1, np.uint16),
        ("8UC2", 2, np.uint8),
        ("16SC1", 1, np.int16),
        ("bayer_rggb8", 1, np.uint8),
        ("yuv422", 2, np.uint8),
    ],
)
def test_there_and_back(encoding, channels, dtype):
    image = random_image(channels, dtype)
    message = BRIDGE.cv2_to_imgmsg(image, encoding)
    assert (message.height, message.width, message.encoding) == (5, 7, encoding)
    assert message.step == 7 * channels * np.dtype(dtype).itemsize
    back = BRIDGE.imgmsg_to_cv2(message)
    assert back.dtype == dtype
    assert np.array_equal(back, image)
    assert np.array_equal(BRIDGE.imgmsg_to_cv2(message, encoding), image)


def test_passthrough_names_the_opencv_type_and_takes_a_header():
    message = BRIDGE.cv2_to_imgmsg(np.zeros((2, 3), np.float32), header=Header(frame_id="camera"))
    assert message.encoding == "32FC1"
    assert message.header.frame_id == "camera"
    assert BRIDGE.cv2_to_imgmsg(np.zeros((2, 3, 4), np.float64)).encoding == "64FC4"


def test_a_received_image_may_be_written_to():
    message = BRIDGE.cv2_to_imgmsg(random_image(3), "bgr8")
    message.data = np.frombuffer(bytes(message.data), np.uint8)
    for encoding in ("passthrough", "bgr8", "rgb8"):
        BRIDGE.imgmsg_to_cv2(message, encoding)[0, 0] = 255


def test_colours_are_reordered():
    image = np.zeros((1, 2, 3), np.uint8)
    image[0, 0] = (10, 20, 30)
    message = BRIDGE.cv2_to_imgmsg(image, "bgr8")
    assert BRIDGE.imgmsg_to_cv2(message, "rgb8")[0, 0].tolist() == [30, 20, 10]
    assert BRIDGE.imgmsg_to_cv2(message, "rgba8")[0, 0].tolist() == [30, 20, 10, 255]
    assert BRIDGE.imgmsg_to_cv2(message, "bgra8")[0, 0].tolist() == [10, 20, 30, 255]
    assert BRIDGE.imgmsg_to_cv2(message, "8UC3")[0, 0].tolist() == [10, 20, 30]


@pytest.mark.parametrize(
    ("bgr", "grey"), [((255, 255, 255), 255), ((0, 0, 255), 76), ((0, 255, 0), 150), ((255, 0, 0), 29)]
)
def test_grey_has_the_weights_of_opencv(bgr, grey):
    message = BRIDGE.cv2_to_imgmsg(np.array([[bgr]], np.uint8), "bgr8")
    assert BRIDGE.imgmsg_to_cv2(message, "mono8").tolist() == [[grey]]


def test_grey_is_spread_over_colours():
    message = BRIDGE.cv2_to_imgmsg(np.array([[7, 8]], np.uint8), "mono8")
    assert BRIDGE.imgmsg_to_cv2(message, "bgr8").tolist() == [[[7] * 3, [8] * 3]]
    assert BRIDGE.imgmsg_to_cv2(message, "bgra8")[0, 0].tolist() == [7, 7, 7, 255]


def test_depths_are_scaled_for_colours_and_cast_for_plain_types():
    grey = BRIDGE.cv2_to_imgmsg(np.array([[0, 128, 255]], np.uint8), "mono8")
    assert BRIDGE.imgmsg_to_cv2(grey, "mono16").tolist() == [[0, 32896, 65535]]
    deep = BRIDGE.cv2_to_imgmsg(np.array([[0, 32896, 65535]], np.uint16), "mono16")
    assert BRIDGE.imgmsg_to_cv2(deep, "mono8").tolist() == [[0, 128, 255]]
    depth = BRIDGE.cv2_to_imgmsg(np.array([[1.6, np.nan, -3.0, 1e9]], np.float32), "32FC1")
    assert BRIDGE.imgmsg_to_cv2(depth, "16UC1").tolist() == [[2, 0, 0, 65535]]
    millimetres = BRIDGE.cv2_to_imgmsg(np.array([[1500]], np.uint16), "16UC1")
    assert BRIDGE.imgmsg_to_cv2(millimetres, "32FC1").tolist() == [[1500.0]]


def test_big_endian_and_padded_rows():
    values = np.array([[1, 2, 3], [4, 5, 6]], ">u2")
    padded = b"".join(row.tobytes() + b"\xff\xff" for row in values)
    message = Image(height=2, width=3, encoding="16UC1", is_bigendian=1, step=8, data=array.array("B", padded))
    image = BRIDGE.imgmsg_to_cv2(message)
    assert image.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert image.dtype.isnative
    assert BRIDGE.cv2_to_imgmsg(values, "16UC1").is_bigendian == 1


def test_non_contiguous_arrays_are_published_in_order():
    image = random_image(3)[::-1, ::2, ::-1]
    message = BRIDGE.cv2_to_imgmsg(image, "rgb8")
    assert np.array_equal(BRIDGE.imgmsg_to_cv2(message), image)


def test_errors_name_what_does_not_fit():
    message = BRIDGE.cv2_to_imgmsg(random_image(3), "bgr8")
    with pytest.raises(CvBridgeError, match="encoding specified as mono8, but image has incompatible type 8UC3"):
        BRIDGE.cv2_to_imgmsg(random_image(3), "mono8")
    with pytest.raises(CvBridgeError, match="nonsense"):
        BRIDGE.imgmsg_to_cv2(message, "nonsense")
    with pytest.raises(CvBridgeError, match="not a color format"):
        BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(random_image(3)), "bgr8")
    with pytest.raises(CvBridgeError, match="same number of channels"):
        BRIDGE.imgmsg_to_cv2(message, "16UC1")
    with pytest.raises(NotImplementedError, match="bayer_rggb8"):
        BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(random_image(1), "bayer_rggb8"), "bgr8")
    with pytest.raises(CvBridgeError, match="needs 105 bytes"):
        BRIDGE.imgmsg_to_cv2(Image(height=5, width=7, encoding="rgb8", step=21, data=b"\x00" * 10))
    with pytest.raises(CvBridgeError, match="too small"):
        BRIDGE.imgmsg_to_cv2(Image(height=5, width=7, encoding="rgb8", step=3, data=b"\x00" * 200))
    with pytest.raises(TypeError, match="numpy"):
        BRIDGE.cv2_to_imgmsg([[1]])


def test_type_numbers_are_those_of_opencv():
    assert BRIDGE.encoding_to_cvtype2("bgr8") == 16
    assert BRIDGE.encoding_to_cvtype2("32FC1") == 5
    assert BRIDGE.encoding_to_dtype_with_channels("mono16") == ("uint16", 1)
    assert BRIDGE.cvtype2_to_dtype_with_channels(16) == ("uint8", 3)
    assert BRIDGE.dtype_with_channels_to_cvtype2(np.dtype("uint16"), 1) == "16UC1"


def test_png_is_lossless_and_jpeg_is_close():
    image = np.zeros((16, 16, 3), np.uint8)
    image[..., 0], image[4:, :, 2] = 200, 90
    png = BRIDGE.cv2_to_compressed_imgmsg(image, "png")
    assert png.format == "png"
    assert np.array_equal(BRIDGE.compressed_imgmsg_to_cv2(png), image)
    assert np.array_equal(BRIDGE.compressed_imgmsg_to_cv2(png, "rgb8"), image[..., ::-1])
    jpeg = BRIDGE.cv2_to_compressed_imgmsg(image)
    assert np.abs(BRIDGE.compressed_imgmsg_to_cv2(jpeg).astype(int) - image).mean() < 6
    grey = BRIDGE.cv2_to_compressed_imgmsg(image[..., 0], "png")
    assert BRIDGE.compressed_imgmsg_to_cv2(grey).shape == (16, 16)
    jpeg.data = b"no picture"
    with pytest.raises(CvBridgeError, match="cannot decode"):
        BRIDGE.compressed_imgmsg_to_cv2(jpeg)


def test_images_of_absurd_size_are_refused(monkeypatch):
    pillow = pytest.importorskip("PIL.Image")
    monkeypatch.setattr("cv_bridge.compressed.importlib.util.find_spec", lambda name: None if name == "cv2" else name)
    png = BRIDGE.cv2_to_compressed_imgmsg(np.zeros((40, 40), np.uint8), "png")
    monkeypatch.setattr(pillow, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(CvBridgeError, match="cannot decode"):
        BRIDGE.compressed_imgmsg_to_cv2(png)


def test_without_a_decoder_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr("cv_bridge.compressed.importlib.util.find_spec", lambda name: None)
    with pytest.raises(NotImplementedError, match="pip install pillow"):
        BRIDGE.cv2_to_compressed_imgmsg(np.zeros((4, 4), np.uint8), "png")
