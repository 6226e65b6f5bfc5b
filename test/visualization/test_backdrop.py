"""Clouds as pictures."""

from __future__ import annotations

import numpy as np
import pytest

from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.visualization import backdrop


def test_thin_draws_one_point_from_each_stratum():
    index = backdrop.thin(1_000_000, 1000)
    assert len(index) == 1000
    assert np.array_equal(index // 1000, np.arange(1000))
    assert np.array_equal(index, backdrop.thin(1_000_000, 1000))
    assert len(np.unique(np.diff(index))) > 100  # not a stride


def test_thin_keeps_what_is_few():
    assert backdrop.thin(5, 10).tolist() == [0, 1, 2, 3, 4]


def test_prepare_drops_nan_and_keeps_precision_far_from_zero():
    xyz = np.array([[0, 0, 0], [0.01, 0, 0], [np.nan, 0, 0]], np.float32)
    far = PointCloud(xyz, origin=(500_000.0, 5_600_000.0, 100.0))
    points = backdrop.prepare(far, np.array([500_000.0, 5_600_000.0, 100.0]))
    assert points.xyz[:, 0] == pytest.approx([0, 0.01])


def test_uniform_colour_counts_as_none():
    xyz = np.random.default_rng(0).random((100, 3)).astype(np.float32)
    black = backdrop.prepare(PointCloud(xyz, np.zeros((100, 3), np.uint8)), np.zeros(3))
    assert np.ptp(black.colour[:, 0]) > 0.3  # coloured by height instead


def test_splat_shows_the_nearest_point():
    uv = np.array([[0.5, 0.5], [0.5, 0.5], [1.5, 0.5]])
    colour = np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]])
    raster = backdrop.splat(uv, np.array([2.0, 1.0, 0.0]), colour, (0, 3, 0, 1), 1.0)
    assert raster.pixels[0, 0].tolist() == [1, 0, 0, 1]
    assert raster.pixels[0, 1].tolist() == [0, 0, 1, 1]
    assert raster.pixels[0, 2, 3] == 0


def test_splat_clips_at_the_border_and_puts_y_upwards():
    uv = np.array([[0.5, 1.5], [-4.0, 0.5], [0.5, 9.0]])
    raster = backdrop.splat(uv, np.zeros(3), np.ones((3, 3)), (0, 2, 0, 2), 1.0, radius=1)
    assert raster.pixels[..., 3].tolist() == [[1, 1], [1, 1]]


def test_the_ceiling_is_left_out():
    xyz = np.array([[0, 0, z] for z in np.linspace(0, 2.6, 500)], np.float32)
    points = backdrop.prepare(PointCloud(xyz), np.zeros(3))
    low, high = backdrop.height_range(points, 0.0, 2.6)
    assert low < 0
    assert 2.0 < high < 2.5
    assert backdrop.height_range(points.select(np.zeros(500, bool)), None, None) == (0.0, 0.0)
