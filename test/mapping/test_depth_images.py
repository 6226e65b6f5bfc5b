"""Depth images: units, lenses, colour from another camera, codecs."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.errors import CloudError, ConfigError
from spatial_perception.mapping.camera import CameraModel, distorted
from spatial_perception.mapping.depth import GREY, ColourView, DepthSettings, depth_metres, depth_to_cloud
from spatial_perception.mapping.images import (
    decode_compressed_depth,
    decode_image,
    decode_rgb,
    encode_compressed_depth,
    encode_image,
    pixel_layout,
    raw_pixels,
    to_rgb,
)
from spatial_perception.mapping.pose import Pose

CAMERA = CameraModel(64, 48, 50.0, 51.0, 31.0, 24.0)
DISTORTIONS = [
    ("plumb_bob", (-0.28, 0.07, 0.0002, -0.0003, 0.01)),
    ("rational_polynomial", (0.5, -2.5, 0.0005, -0.0002, 1.5, 0.4, -2.3, 1.4)),
    ("equidistant", (-0.01, 0.02, -0.004, 0.001)),
]


def wall(depth=2.0):
    return np.full((48, 64), depth, dtype=np.float32)


def test_a_flat_wall_comes_out_flat():
    cloud = depth_to_cloud(wall(), CAMERA, frame_id="optical", stamp=3.0)
    assert (len(cloud), cloud.frame_id, cloud.stamp, cloud.rgb) == (48 * 64, "optical", 3.0, None)
    assert (cloud.xyz[:, 2] == 2.0).all()
    np.testing.assert_allclose(cloud.xyz[0], [-31 / 50 * 2, -24 / 51 * 2, 2], rtol=1e-6)


def test_millimetres_and_metres_agree():
    metres = np.random.default_rng(0).uniform(0.5, 5, (48, 64)).round(3).astype(np.float32)
    metres[3:5] = np.nan
    steps = np.nan_to_num(metres * 1000).round().astype(np.uint16)
    a, b = depth_to_cloud(metres, CAMERA), depth_to_cloud(steps, CAMERA)
    assert len(a) == len(b) == 46 * 64
    np.testing.assert_allclose(a.xyz, b.xyz, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -np.inf, -1.0, 0.1, 9.0])
def test_what_is_no_depth_makes_no_point(value):
    depth = wall()
    depth[10, 10] = value
    assert len(depth_to_cloud(depth, CAMERA)) == 48 * 64 - 1


def test_stride_range_and_edges():
    depth = wall()
    depth[:, 32:] = 4.0
    assert len(depth_to_cloud(depth, CAMERA, settings=DepthSettings(stride=4))) == 12 * 16
    assert len(depth_to_cloud(depth, CAMERA, settings=DepthSettings(range_max=3.0))) == 48 * 32
    assert len(depth_to_cloud(depth, CAMERA, settings=DepthSettings(edge=0.1))) == 48 * 62


@pytest.mark.parametrize(("name", "coefficients"), DISTORTIONS)
def test_rays_and_pixels_undo_one_another(name, coefficients):
    camera = CameraModel(640, 480, 420.0, 421.0, 322.0, 238.0, name, coefficients)
    rays = camera.rays().reshape(-1, 2)
    assert np.isfinite(rays).all()
    pixels = camera.project(np.column_stack([rays * 3, np.full(len(rays), 3.0)]))
    u, v = np.meshgrid(np.arange(640), np.arange(480))
    np.testing.assert_allclose(pixels, np.column_stack([u.ravel(), v.ravel()]), atol=0.02)
    assert np.abs(rays - CameraModel(640, 480, 420.0, 421.0, 322.0, 238.0).rays().reshape(-1, 2)).max() > 1e-3


def test_published_lens_formula():
    model = CameraModel(640, 480, 500, 500, 320, 240, "plumb_bob", (0.1, 0.01, 0.001, 0.002))
    x, y = distorted(model, np.array([0.3]), np.array([-0.2]))
    r2, radial = 0.13, 1 + 0.1 * 0.13 + 0.01 * 0.13**2
    assert x[0] == pytest.approx(0.3 * radial + 2 * 0.001 * 0.3 * -0.2 + 0.002 * (r2 + 2 * 0.09))
    assert y[0] == pytest.approx(-0.2 * radial + 0.001 * (r2 + 2 * 0.04) + 2 * 0.002 * 0.3 * -0.2)


def test_points_behind_have_no_pixel():
    assert np.isnan(CAMERA.project(np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 0.0]]))).all()


def test_registered_colour_goes_with_its_pixel():
    rgb = np.random.default_rng(1).integers(0, 255, (48, 64, 3)).astype(np.uint8)
    depth = wall()
    depth[0, 0] = 0
    assert np.array_equal(depth_to_cloud(depth, CAMERA, colour=ColourView(rgb, CAMERA)).rgb, rgb.reshape(-1, 3)[1:])


def test_registered_colour_of_twice_the_size():
    rgb = np.random.default_rng(1).integers(0, 255, (96, 128, 3)).astype(np.uint8)
    cloud = depth_to_cloud(wall(), CAMERA, colour=ColourView(rgb, CAMERA.scaled(128, 96)))
    assert np.array_equal(cloud.rgb, rgb[::2, ::2].reshape(-1, 3))


def test_colour_of_another_camera_is_looked_up_where_points_project():
    """The colour camera sits 0.2 m to the right: the wall at 2 m appears 5 pixels further left."""
    columns = np.broadcast_to(np.arange(64, dtype=np.uint8)[None, :, None], (48, 64, 3)).copy()
    view = ColourView(columns, CAMERA, Pose((-0.2, 0.0, 0.0)))
    rgb = depth_to_cloud(wall(), CAMERA, colour=view).rgb.reshape(48, 64, 3)
    assert (rgb[:, 5:, 0] == np.arange(59)).all()
    assert (rgb[:, :5] == GREY).all()


def test_what_the_colour_camera_cannot_see_is_grey():
    depth = wall(4.0)
    depth[:, 30:40] = 1.0
    columns = np.zeros((48, 64, 3), dtype=np.uint8)
    rgb = depth_to_cloud(depth, CAMERA, colour=ColourView(columns, CAMERA, Pose((-0.2, 0.0, 0.0)))).rgb.reshape(
        48, 64, 3
    )
    # The front pole covers columns 20 to 29 of the picture: background from columns 22.5 to 32.5 of the depth image.
    assert (rgb[:, 24:29] == GREY).all()
    assert (rgb[:, 30:40] == 0).all()
    assert (rgb[:, 10:20] == 0).all()


def test_a_reduced_image_uses_the_reduced_camera():
    half = np.full((24, 32), 2.0, dtype=np.float32)
    cloud = depth_to_cloud(half, CAMERA)
    full = depth_to_cloud(wall(), CAMERA).xyz.reshape(24, 2, 32, 2, 3).mean(axis=(1, 3)).reshape(-1, 3)
    np.testing.assert_allclose(cloud.xyz, full, atol=1e-6)


def test_16_bit_depth_survives_compression():
    depth = np.random.default_rng(2).integers(0, 65536, (20, 30)).astype(np.uint16)
    for layout in ("16UC1; compressedDepth png", "16UC1; compressedDepth"):
        assert np.array_equal(decode_compressed_depth(encode_compressed_depth(depth), layout), depth)
    bare = encode_compressed_depth(depth)[12:]
    assert np.array_equal(decode_compressed_depth(bare, "16UC1; png compressed"), depth)


@given(st.integers(0, 2**32 - 1))
@settings(derandomize=True, deadline=None, max_examples=20)
def test_inverse_depth_is_good_to_its_step(seed):
    depth = np.random.default_rng(seed).uniform(0.3, 9.9, (20, 30)).astype(np.float32)
    depth[0] = np.nan
    depth[1] = 0
    back = decode_compressed_depth(encode_compressed_depth(depth), "32FC1; compressedDepth png")
    assert np.isnan(back[:2]).all()
    assert (np.abs(back[2:] - depth[2:]) <= 0.51 * depth[2:] ** 2 / (100 * 101) + 1e-5).all()
    assert depth_metres(back)[:2].max() == 0


def test_one_inverse_value_by_hand():
    """A = 10100, B = 1 - A / 10: depth 2 m is stored as A / 2 + B = 4041."""
    header_and_png = encode_compressed_depth(np.full((2, 2), 2.0, dtype=np.float32))
    assert decode_image(header_and_png[12:])[0, 0] == 4041
    assert np.frombuffer(header_and_png[4:12], dtype="<f4").tolist() == [10100.0, -1009.0]


@pytest.mark.parametrize(
    ("data", "layout", "what"),
    [
        (b"", "16UC1; compressedDepth png", "no compressed depth"),
        (bytes(400), "16UC1; compressedDepth png", "no readable PNG"),
        (bytes(400), "16UC1; compressedDepth rvl", "RVL is not supported"),
        (encode_image(np.zeros((4, 4, 3), np.uint8), "png"), "16UC1; compressedDepth png", "choose the depth topic"),
    ],
)
def test_broken_compressed_depth_is_refused(data, layout, what):
    with pytest.raises(CloudError, match=what):
        decode_compressed_depth(data, layout)


@given(st.binary(max_size=200), st.booleans())
@settings(derandomize=True, deadline=None)
def test_noise_is_no_image(data, png):
    with pytest.raises(CloudError):
        decode_image((b"\x89PNG\r\n\x1a\n" if png else b"\xff\xd8\xff") + data)


def test_png_and_jpeg_colours():
    rgb = np.full((16, 16, 3), (200, 30, 60), dtype=np.uint8)
    assert np.array_equal(decode_rgb(encode_image(rgb, "png")), rgb)
    assert np.abs(decode_rgb(encode_image(rgb, "jpeg")).astype(int) - rgb).max() <= 6
    assert decode_rgb(encode_image(np.full((4, 4), 9, np.uint8), "png")).tolist() == [[[9] * 3] * 4] * 4


@pytest.mark.parametrize("big", [False, True])
def test_raw_rows_with_padding_and_either_byte_order(big):
    image = np.arange(12, dtype=">u2" if big else "<u2").reshape(3, 4)
    rows = b"".join(row.tobytes() + b"pad!" for row in image)
    assert np.array_equal(raw_pixels(rows, "16UC1", 4, 3, 12, big), image)
    assert np.array_equal(raw_pixels(rows[:-4], "16UC1", 4, 3, 12, big), image)
    assert np.array_equal(raw_pixels(image.tobytes(), "mono16", 4, 3, 0, big), image)


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("rgb8", [1, 2, 3]), ("bgr8", [3, 2, 1]), ("rgba8", [1, 2, 3]), ("bgra8", [3, 2, 1]), ("8UC3", [3, 2, 1])],
)
def test_order_of_colours(encoding, expected):
    _, channels = pixel_layout(encoding)
    data = bytes([1, 2, 3, 4][:channels]) * 4
    assert to_rgb(raw_pixels(data, encoding, 2, 2), encoding).tolist() == [[expected] * 2] * 2


def test_grey_and_16_bits():
    assert to_rgb(raw_pixels(bytes([7] * 4), "mono8", 2, 2), "mono8").tolist() == [[[7] * 3] * 2] * 2
    deep = np.full((1, 1, 3), 0x1234, dtype="<u2")
    assert to_rgb(raw_pixels(deep.tobytes(), "rgb16", 1, 1), "rgb16").tolist() == [[[0x12] * 3]]


@pytest.mark.parametrize("encoding", ["bayer_rggb8", "yuv422", "", "16UC9"])
def test_encodings_that_need_a_decoder_are_named(encoding):
    with pytest.raises(CloudError, match="is not supported"):
        raw_pixels(bytes(100), encoding, 2, 2)


@pytest.mark.parametrize(("size", "width", "height", "step"), [(7, 2, 2, 4), (100, 0, 2, 0), (100, 4, 2, 3)])
def test_too_few_bytes(size, width, height, step):
    with pytest.raises(CloudError, match="check the driver"):
        raw_pixels(bytes(size), "16UC1", width, height, step)


def test_depth_has_no_colours():
    with pytest.raises(CloudError, match="choose the colour topic"):
        to_rgb(np.zeros((2, 2), np.uint16), "16UC1")
    with pytest.raises(CloudError, match="a depth image must be"):
        depth_metres(np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(CloudError, match="does not fit a camera"):
        depth_to_cloud(np.zeros((48, 100), np.uint16), CAMERA)
    with pytest.raises(CloudError, match="a colour image must be"):
        ColourView(np.zeros((2, 2), np.uint8), CAMERA)


@pytest.mark.parametrize(
    "bad",
    [
        {"fx": 0.0},
        {"width": 0},
        {"fy": float("nan")},
        {"distortion_model": "strange"},
        {"distortion_model": "plumb_bob", "distortion": (0.1,)},
    ],
)
def test_cameras_that_cannot_be(bad):
    with pytest.raises(ConfigError):
        CameraModel(**{"width": 4, "height": 4, "fx": 1.0, "fy": 1.0, "cx": 2.0, "cy": 2.0, **bad})


@pytest.mark.parametrize("bad", [{"range_min": 3.0, "range_max": 2.0}, {"stride": 0}, {"unit": 0.0}])
def test_depth_settings_that_cannot_be(bad):
    with pytest.raises(ConfigError):
        DepthSettings(**bad)


@pytest.mark.skipif("SPATIAL_PERCEPTION_DATA" not in os.environ, reason="real scans are not at hand")
def test_real_frames_overlap_where_they_were_taken():
    folder = Path(os.environ["SPATIAL_PERCEPTION_DATA"], "slambook2_rgbd")
    # A rendered sequence whose y axis points up: the focal length along it is negative.
    camera, settings = CameraModel(640, 480, 481.2, -480.0, 319.5, 239.5), DepthSettings(unit=1 / 5000)
    poses = [line.split() for line in (folder / "pose.txt").read_text().splitlines() if line.strip()]
    clouds = []
    for number, values in enumerate(poses[:2], start=1):
        numbers = [float(v) for v in values]
        depth = decode_image((folder / f"depth/{number}.png").read_bytes())
        rgb = decode_rgb((folder / f"color/{number}.png").read_bytes())
        cloud = depth_to_cloud(depth, camera, colour=ColourView(rgb, camera), settings=settings)
        clouds.append(Pose.of_quaternion(numbers[:3], numbers[3:]).apply(cloud.xyz))
    cells = [set(map(tuple, np.floor(xyz / 0.1).astype(int).tolist())) for xyz in clouds]
    assert len(cells[0] & cells[1]) > 0.4 * min(map(len, cells))
