"""Rigid transforms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.errors import CloudError
from spatial_perception.mapping.pose import Pose, transformed
from spatial_perception.pointcloud.cloud import PointCloud

numbers = st.floats(-100, 100)
poses = st.builds(
    lambda p, q: Pose.of_quaternion(p, q),
    st.tuples(numbers, numbers, numbers),
    st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 1e-3),
)


@given(poses, poses)
@settings(derandomize=True, deadline=None)
def test_inverse_and_composition(a, b):
    points = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_allclose(a.inverse().apply(a.apply(points)), points, atol=1e-9)
    np.testing.assert_allclose((a @ b).apply(points), a.apply(b.apply(points)), atol=1e-9)
    shift, turn = a.distance(b)
    assert (shift, turn) == pytest.approx(b.distance(a))
    assert 0 <= turn <= np.pi


@given(st.floats(-3, 3), st.floats(-3, 3))
@settings(derandomize=True, deadline=None)
def test_distance_of_level_poses(a, b):
    shift, turn = Pose.planar(1.0, 2.0, yaw=a).distance(Pose.planar(4.0, 6.0, yaw=b))
    assert shift == pytest.approx(5.0)
    assert np.cos(turn) == pytest.approx(np.cos(a - b), abs=1e-9)
    assert Pose.planar(0, 0, yaw=a).yaw == pytest.approx(a)


def test_tilt():
    assert Pose.planar(0, 0, yaw=2.0).tilt == pytest.approx(0.0)
    assert Pose((0, 0, 0), (np.sin(0.1), 0, 0, np.cos(0.1))).tilt == pytest.approx(0.2)


@pytest.mark.parametrize("quaternion", [(0, 0, 0, 0), (np.nan, 0, 0, 1), (np.inf, 0, 0, 1)])
def test_quaternions_never_filled_in_are_refused(quaternion):
    with pytest.raises(CloudError, match="fill in the transform"):
        Pose.of_quaternion((0, 0, 0), quaternion)


def test_cloud_is_moved_with_its_origin():
    cloud = PointCloud([[1, 0, 0]], np.array([[1, 2, 3]], dtype=np.uint8), "lidar", 5.0, (1.0, 0.0, 0.0))
    moved = transformed(cloud, Pose.planar(0.0, 0.0, 1.0, np.pi / 2), "map")
    np.testing.assert_allclose(moved.xyz, [[0, 2, 1]], atol=1e-6)
    assert (moved.frame_id, moved.stamp, moved.origin) == ("map", 5.0, (0.0, 0.0, 0.0))
    assert moved.rgb.tolist() == [[1, 2, 3]]
