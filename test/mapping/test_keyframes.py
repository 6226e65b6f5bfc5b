"""Views are kept when they are new, and bounded."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.errors import ConfigError
from spatial_perception.mapping.camera import CameraModel
from spatial_perception.mapping.keyframes import Keyframe, KeyframeBuffer, KeyframeSettings, StoredImage
from spatial_perception.mapping.pose import Pose

CAMERA = CameraModel(4, 4, 4.0, 4.0, 1.5, 1.5)


def view(x=0.0, yaw=0.0, stamp=0.0, size=100):
    return Keyframe(stamp, Pose.planar(x, 0.0, 0.0, yaw), CAMERA, StoredImage(bytes(size), "jpeg", compressed=True))


def test_a_view_from_the_same_place_is_refused():
    buffer = KeyframeBuffer()
    assert buffer.offer(view())
    assert not buffer.is_wanted(Pose.planar(0.1, 0, 0, 0.1), 1.0)
    assert not buffer.offer(view(0.1, 0.1, 1.0))
    assert buffer.refused == 1
    assert buffer.offer(view(0.5, 0.0, 2.0))
    assert buffer.offer(view(0.0, 0.5, 3.0))
    assert [frame.stamp for frame in buffer] == [0.0, 2.0, 3.0]


def test_an_old_view_is_replaced_by_a_fresh_one():
    buffer = KeyframeBuffer(KeyframeSettings(refresh=60.0))
    buffer.offer(view())
    assert buffer.is_wanted(Pose(), 61.0)
    assert buffer.offer(view(stamp=61.0))
    assert [frame.stamp for frame in buffer] == [61.0]


def test_images_are_kept_as_received():
    data = bytearray(b"\xff\xd8\xff")
    buffer = KeyframeBuffer()
    depth = StoredImage(np.zeros(50, np.uint16).data, "16UC1", 10, 5, 20)
    buffer.offer(Keyframe(0.0, Pose(), CAMERA, StoredImage(data, "jpeg", compressed=True), depth, CAMERA))
    (frame,) = buffer
    assert frame.colour.data is data
    assert (frame.nbytes, buffer.nbytes) == (103, 103)


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-3, 3), st.integers(1, 500)), max_size=40))
@settings(derandomize=True, deadline=None, max_examples=50)
def test_bounds_hold_and_views_differ(offers):
    limits = KeyframeSettings(max_count=6, max_bytes=1200)
    buffer = KeyframeBuffer(limits)
    for stamp, (x, yaw, size) in enumerate(offers):
        buffer.offer(view(x, yaw, float(stamp), size))
    frames = list(buffer)
    assert len(frames) <= 6
    assert buffer.nbytes <= 1200
    assert [f.stamp for f in frames] == sorted(f.stamp for f in frames)
    for i, a in enumerate(frames):
        assert all(limits.separation(a.pose, b.pose) >= 1.0 for b in frames[:i])
    assert len(frames) + buffer.refused + buffer.evicted == len(offers)


def test_when_full_the_most_superfluous_goes():
    buffer = KeyframeBuffer(KeyframeSettings(max_count=3))
    for stamp, x in enumerate((0.0, 5.0, 5.5, 10.0)):
        buffer.offer(view(x, stamp=float(stamp)))
    assert [frame.pose.position[0] for frame in buffer] == [0.0, 5.5, 10.0]
    assert buffer.evicted == 1


def test_one_image_larger_than_the_buffer_is_refused():
    buffer = KeyframeBuffer(KeyframeSettings(max_bytes=50))
    assert not buffer.offer(view())
    assert len(buffer) == 0


def test_clear():
    buffer = KeyframeBuffer()
    buffer.offer(view())
    buffer.clear()
    assert (len(buffer), buffer.nbytes) == (0, 0)


@pytest.mark.parametrize("bad", [{"distance": 0.0}, {"angle": -1.0}, {"max_count": 0}, {"refresh": float("nan")}])
def test_settings_that_cannot_be(bad):
    with pytest.raises(ConfigError):
        KeyframeSettings(**bad)
