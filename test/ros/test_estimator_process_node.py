"""The estimator in a process of its own: results, faults, cancel, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from node_harness import room

from spatial_perception.layout.entities import Layout, Wall
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.ros.estimation_process import Channel, Heading, Server, gravity_notes, thinned
from spatial_perception.ros.estimator_process import (
    CANCELED,
    FAILED,
    INVALID,
    MEMORY,
    TIMEOUT,
    EstimationError,
    EstimatorProcess,
    Query,
    _header,
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
    first, second = estimator.estimate(Query(cloud)), estimator.estimate(Query(cloud))
    assert first.layout == second.layout
    assert (first.layout.frame_id, first.layout.stamp) == ("map", 12.5)
    assert len(first.layout.walls) == 4
    corners = np.array([wall.start for wall in first.layout.walls])
    assert np.abs(corners[:, :2]).max() < 3.3
    assert [stage for stage, _ in first.stages] == ["transfer", "align", "estimate"]


def test_colour_passes(estimator, cloud):
    rgb = np.full((len(cloud), 3), 200, np.uint8)
    coloured = PointCloud(cloud.xyz, rgb, "map", 1.0)
    assert len(estimator.estimate(Query(coloured, "layout")).layout.walls) == 4


def test_what_the_estimator_refuses_comes_back_in_its_words(estimator, cloud):
    with pytest.raises(EstimationError, match="at least 50") as caught:
        estimator.estimate(Query(cloud.select(np.arange(10))))
    assert caught.value.kind == FAILED
    with pytest.raises(EstimationError, match="empty"):
        estimator.estimate(Query(cloud.select(np.arange(0))))
    with pytest.raises(EstimationError, match="no category"):
        estimator.estimate(Query(cloud, "all", ("nonsense",)))


def test_it_can_be_canceled_and_asked_again(estimator):
    big = PointCloud(np.concatenate([room(200_000, seed) for seed in range(3)]), None, "map")
    threading.Timer(0.3, estimator.cancel).start()
    with pytest.raises(EstimationError) as caught:
        estimator.estimate(Query(big))
    assert caught.value.kind == CANCELED
    assert len(estimator.estimate(Query(PointCloud(room(20000), None, "map"))).layout.walls) == 4


def test_a_timeout_ends_it(estimator, cloud):
    with pytest.raises(EstimationError, match=r"estimation\.timeout") as caught:
        estimator.estimate(Query(cloud), timeout=0.01)
    assert caught.value.kind == TIMEOUT
    assert len(estimator.estimate(Query(cloud)).layout.walls) == 4


def test_a_killed_process_is_taken_for_want_of_memory(estimator, cloud):
    estimator.start()
    os.kill(estimator.pid, signal.SIGSTOP)
    threading.Timer(0.2, os.kill, (estimator.pid, signal.SIGKILL)).start()
    with pytest.raises(EstimationError, match="memory") as caught:
        estimator.estimate(Query(cloud))
    assert caught.value.kind == MEMORY
    assert len(estimator.estimate(Query(cloud)).layout.walls) == 4


class Watched:
    """A language model that takes its time: two walls, one after the other."""

    name = "watched"

    def __init__(self):
        self.statistics, self.asked, self.canvases = [], [], []
        self.canvas = None

    def run(self, cloud, task, categories, previous, canvas, cancelled):
        self.asked.append((cloud, previous))
        self.canvases.append(canvas)
        self.canvas = f"canvas {len(self.asked)}"
        self.cancelled = cancelled
        return self

    def __iter__(self):
        for number in range(2):
            time.sleep(0.3)
            yield Wall(number, (float(number), 0.0, 0.0), (float(number), 2.0, 0.0), 2.5)

    def layout(self):
        return Layout((Wall(0, (0.0, 0.0, 0.0), (0.0, 2.0, 0.0), 2.5),), frame_id="map")


@pytest.fixture
def served():
    """The channel to a server with an estimator of our own, and that estimator."""
    (source, theirs), (mine, sink) = os.pipe(), os.pipe()
    watched = Watched()
    server = Server(Channel(os.fdopen(source, "rb"), os.fdopen(sink, "wb")), watched)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    writer = os.fdopen(theirs, "wb")
    yield Channel(os.fdopen(mine, "rb"), writer), watched
    writer.close()
    thread.join(10)
    assert not thread.is_alive()


def ask(channel, query, number=1):
    """All answers to a query."""
    channel.send(_header(query, number), query.cloud.xyz.tobytes())
    answers = []
    while not answers or answers[-1]["kind"] == "entity":
        answers.append(channel.receive())
    return answers


def test_bins_are_kept_while_there_is_a_layout_before(served, cloud):
    channel, watched = served
    layout = watched.layout()
    for number, previous in enumerate((None, layout, layout, None)):
        ask(channel, Query(cloud, previous=previous), number)
    assert watched.canvases == [None, "canvas 1", "canvas 2", None]


def test_entities_are_told_as_they_come(served, cloud):
    channel, _ = served
    first, second, done = ask(channel, Query(cloud))
    assert [first["count"], second["count"]] == [1, 2]
    assert [len(answer["layout"]["walls"]) for answer in (first, second)] == [1, 2]
    assert done["kind"] == "done"


def test_drafts_turn_with_the_cloud_and_the_heading_stays(served, cloud):
    channel, watched = served
    ask(channel, Query(cloud))
    for number in range(2):
        previous = Layout((Wall(0, (0.8, 0.6, 0.0), (1.6, 1.2, 0.0), 2.5),), frame_id="map")
        ask(channel, Query(cloud.select(np.arange(number, 20000, 2)), previous=previous, check=False), 2 + number)
    (_, none), (one, draft), (other, _) = watched.asked
    assert none is None
    assert abs(draft.walls[0].start[1]) < 0.02, "the wall runs along an axis of the turned cloud"
    assert np.allclose(one.xyz[0], Heading().of(cloud, 0, True).apply(cloud).xyz[0])
    assert np.ptp(other.xyz[:, 0]) < 5.1, "walls of the other half stand along the axes as well"


@pytest.mark.parametrize(("error", "kind"), [(MemoryError("no room"), MEMORY), (RuntimeError("oh"), FAILED)])
def test_what_an_estimator_raises_is_an_answer(served, cloud, error, kind):
    channel, watched = served

    def fail(*_, **__):
        raise error

    watched.run = fail
    (answer,) = ask(channel, Query(cloud))
    assert (answer["kind"], answer["error"]) == ("error", kind)
    assert str(error) in answer["message"]


def test_priority_and_threads_are_passed_on():
    process = EstimatorProcess("geometric", niceness=7, threads=1)
    process.start()
    assert os.getpriority(os.PRIO_PROCESS, process.pid) >= 7
    assert "OMP_NUM_THREADS=1" in Path(f"/proc/{process.pid}/environ").read_text().split("\0")
    process.close()


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
