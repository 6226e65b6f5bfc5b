"""The estimator in a process of its own: results, faults, cancel, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest
from node_harness import room

from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.ros.estimation_process import gravity_notes, thinned
from spatial_perception.ros.estimator_process import (
    CANCELED,
    FAILED,
    INVALID,
    MEMORY,
    TIMEOUT,
    EstimationError,
    EstimatorProcess,
)


@pytest.fixture(scope="module")
def estimator():
    process = EstimatorProcess("geometric")
    yield process
    process.close()
    assert process.pid is None


@pytest.fixture
def cloud():
    turn = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]], np.float32)
    return PointCloud(room(20000) @ turn.T, None, "map", 12.5)


def test_layouts_come_back_in_the_frame_of_the_cloud(estimator, cloud):
    first, second = estimator.estimate(cloud), estimator.estimate(cloud)
    assert first.layout == second.layout
    assert (first.layout.frame_id, first.layout.stamp) == ("map", 12.5)
    assert len(first.layout.walls) == 4
    corners = np.array([wall.start for wall in first.layout.walls])
    assert np.abs(corners[:, :2]).max() < 3.3
    assert [stage for stage, _ in first.stages] == ["align", "estimate"]


def test_colour_passes(estimator, cloud):
    rgb = np.full((len(cloud), 3), 200, np.uint8)
    coloured = PointCloud(cloud.xyz, rgb, "map", 1.0)
    assert len(estimator.estimate(coloured, "layout").layout.walls) == 4


def test_what_the_estimator_refuses_comes_back_in_its_words(estimator, cloud):
    with pytest.raises(EstimationError, match="at least 50") as caught:
        estimator.estimate(cloud.select(np.arange(10)))
    assert caught.value.kind == FAILED
    with pytest.raises(EstimationError, match="empty"):
        estimator.estimate(cloud.select(np.arange(0)))
    with pytest.raises(EstimationError, match="no category"):
        estimator.estimate(cloud, "all", ("nonsense",))


def test_it_can_be_canceled_and_asked_again(estimator):
    big = PointCloud(np.concatenate([room(200_000, seed) for seed in range(3)]), None, "map")
    threading.Timer(0.3, estimator.cancel).start()
    with pytest.raises(EstimationError) as caught:
        estimator.estimate(big)
    assert caught.value.kind == CANCELED
    assert len(estimator.estimate(PointCloud(room(20000), None, "map")).layout.walls) == 4


def test_a_timeout_ends_it(estimator, cloud):
    with pytest.raises(EstimationError, match=r"estimation\.timeout") as caught:
        estimator.estimate(cloud, timeout=0.01)
    assert caught.value.kind == TIMEOUT
    assert len(estimator.estimate(cloud).layout.walls) == 4


def test_a_killed_process_is_taken_for_want_of_memory(estimator, cloud):
    estimator.start()
    os.kill(estimator.pid, signal.SIGSTOP)
    threading.Timer(0.2, os.kill, (estimator.pid, signal.SIGKILL)).start()
    with pytest.raises(EstimationError, match="memory") as caught:
        estimator.estimate(cloud)
    assert caught.value.kind == MEMORY
    assert len(estimator.estimate(cloud).layout.walls) == 4


def test_an_unknown_estimator_is_named():
    with pytest.raises(EstimationError, match="cannot load estimator 'geometrix'") as caught:
        EstimatorProcess("geometrix").start()
    assert caught.value.kind == INVALID
    with pytest.raises(EstimationError, match="voxle"):
        EstimatorProcess("geometric", {"voxle": 1}).start()


def test_a_cloud_that_does_not_stand_upright_is_noticed():
    upright = PointCloud(room(20000), None, "map")
    turned = PointCloud(upright.xyz[:, [2, 0, 1]], None, "map")
    assert not list(gravity_notes(upright))
    assert not list(gravity_notes(upright.select(np.arange(5))))
    notes = list(gravity_notes(turned))
    assert not notes or "off the z axis of map" in notes[0]


def test_thinned_clouds_keep_their_order():
    cloud = PointCloud(room(1000), None, "map")
    assert thinned(cloud, 2000) is cloud
    assert len(thinned(cloud, 300)) == 250
    assert (thinned(cloud, 300).xyz == cloud.xyz[::4]).all()
