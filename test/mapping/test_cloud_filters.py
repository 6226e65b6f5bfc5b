"""Range, height, body and finiteness, each counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.errors import ConfigError
from spatial_perception.mapping.filters import BodyBox, CloudLimits, Dropped, filter_height, filter_sensed
from spatial_perception.mapping.pose import Pose
from spatial_perception.pointcloud.cloud import PointCloud


def test_each_reason_is_counted():
    xyz = [[1, 0, 0], [0.1, 0, 0], [30, 0, 0], [np.nan, 0, 0], [0, np.inf, 0], [1, 1, 0], [3e30, 0, 0]]
    limits = CloudLimits(body=(BodyBox((0.9, 0.9, -1), (1.1, 1.1, 1)),))
    kept, dropped = filter_sensed(PointCloud(xyz), limits, Pose())
    assert kept.xyz.tolist() == [[1, 0, 0]]
    # 3e30 squared is no float32 number.
    assert dropped == Dropped(not_finite=3, near=1, far=1, body=1)
    assert dropped.total == 6


def test_body_is_given_in_the_axes_of_the_base():
    limits = CloudLimits(range_min=0.0, body=(BodyBox((-0.3, -0.3, 0.0), (0.3, 0.3, 0.5)),))
    mount = Pose.planar(0.2, 0.0, 0.6, np.pi)
    cloud = PointCloud([[0.2, 0.0, -0.3], [-0.2, 0.0, -0.3]], frame_id="lidar")
    kept, dropped = filter_sensed(cloud, limits, mount)
    assert dropped.body == 1
    assert kept.xyz.tolist() == [pytest.approx([-0.2, 0.0, -0.3])]
    assert filter_sensed(cloud, limits)[1].body == 0


def test_height():
    kept, dropped = filter_height(PointCloud([[0, 0, z] for z in (-0.5, 0.0, 1.0, 2.5)]), CloudLimits(0, 9, -0.1, 2.0))
    assert kept.xyz[:, 2].tolist() == [0.0, 1.0]
    assert dropped == Dropped(low=1, high=1)


@given(st.integers(0, 2**32), st.integers(0, 200))
@settings(derandomize=True, deadline=None, max_examples=30)
def test_every_point_is_kept_or_counted(seed, count):
    rng = np.random.default_rng(seed)
    xyz = rng.normal(scale=10, size=(count, 3))
    xyz[rng.random((count, 3)) < 0.02] = np.nan
    limits = CloudLimits(0.5, 15.0, -2.0, 3.0, (BodyBox((-3, -3, -3), (3, 3, 3)),))
    kept, sensed = filter_sensed(PointCloud(xyz), limits, Pose.planar(1, 2, 3, 0.5))
    left, height = filter_height(kept, limits)
    assert len(left) + (sensed + height).total == count
    assert np.isfinite(left.xyz).all()


def test_nothing_to_drop_keeps_the_cloud_itself():
    cloud = PointCloud([[1.0, 0.0, 0.0]])
    assert filter_sensed(cloud, CloudLimits())[0] is cloud
    assert filter_height(cloud, CloudLimits())[0] is cloud


def test_limits_that_cannot_be():
    for bad in ({"range_min": 2.0, "range_max": 1.0}, {"height_min": 1.0, "height_max": 0.0}, {"range_min": -1.0}):
        with pytest.raises(ConfigError):
            CloudLimits(**bad)
    with pytest.raises(ConfigError, match="low < high"):
        BodyBox((0, 0, 0), (1, 0, 1))
