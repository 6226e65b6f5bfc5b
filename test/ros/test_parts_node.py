"""The parts that nodes share, without processes: parameters, worker, queue of transforms, QoS, settings, sources."""

from __future__ import annotations

import subprocess
import sys
import threading
from itertools import pairwise
from typing import Literal

import numpy as np
import pytest
import rclpy
from builtin_interfaces.msg import Time as TimeMsg
from rcl_interfaces.msg import ParameterType
from rclpy.parameter import Parameter
from tf2_ros import Buffer

from spatial_perception.configuration import StrictModel
from spatial_perception.errors import CloudFileError, ConfigError, OutputError
from spatial_perception.mapping.pose import Pose
from spatial_perception.ros import transforms
from spatial_perception.ros.layout_settings import Filters, LayoutSettings
from spatial_perception.ros.mapper import limits_of
from spatial_perception.ros.messages import transform_message
from spatial_perception.ros.navigation_settings import NavigationNodeSettings
from spatial_perception.ros.nodes.replay import ReplaySettings
from spatial_perception.ros.nodes.simulated_robot import RobotSettings
from spatial_perception.ros.parameters import NodeSettings, declarations, setting, table
from spatial_perception.ros.qos import LATCHED, mismatch, qos_text, sensor_qos
from spatial_perception.ros.replay_source import FrameFolder
from spatial_perception.ros.saving import checked_path
from spatial_perception.ros.scene_settings import SceneSettings
from spatial_perception.ros.simulated_drive import EndlessDrive, timetable
from spatial_perception.ros.transforms import TransformQueue
from spatial_perception.ros.worker import LatestWorker
from spatial_perception.simulation import RobotModel, Trajectory

SECOND = 10**9


# ------------------------------------------------------------------ processes
ORPHANED = """
import os, time
from spatial_perception.ros.processes import _ending_with
prepare, parent = _ending_with(os.getpid()), os.getpid()
if os.fork() == 0:
    while os.getppid() == parent:
        time.sleep(0.01)
    prepare()
    print("went on")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs the parent death signal of Linux")
def test_a_child_whose_parent_died_before_it_could_ask_for_the_signal_ends():
    done = subprocess.run([sys.executable, "-c", ORPHANED], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


# ------------------------------------------------------------------ parameters
class Inner(StrictModel):
    size: float = setting(1.0, "Some size.", unit="m", gt=0.0, le=10.0)
    names: tuple[str, ...] = setting((), "Some names.")


class Outer(StrictModel):
    mode: Literal["a", "b"] = setting("a", "Some mode.")
    count: int = setting(3, "Some count.", read_only=True, ge=1)
    inner: Inner = Inner()


@pytest.fixture
def context():
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=101)
    yield context
    context.try_shutdown()


def make_node(context, **overrides):
    given = [Parameter(name, value=value) for name, value in overrides.items()]
    return rclpy.create_node("some_node", context=context, parameter_overrides=given)


def test_parameters_come_from_the_model(context):
    node = make_node(context, **{"inner.size": 2.5, "inner.names": ["x", "y"]})
    settings = NodeSettings(node, Outer)
    assert settings.values == Outer(inner=Inner(size=2.5, names=("x", "y")))
    described = node.describe_parameter("inner.size")
    assert described.floating_point_range[0].to_value == 10.0
    assert described.description == "Some size. [m]"
    assert node.describe_parameter("count").read_only
    assert node.describe_parameter("inner.names").type == ParameterType.PARAMETER_STRING_ARRAY
    node.destroy_node()


def test_changes_are_checked_and_told(context):
    told = []
    node = make_node(context)
    settings = NodeSettings(node, Outer, lambda before, after: told.append((before.inner.size, after.inner.size)))
    assert node.set_parameters([Parameter("inner.size", value=4.0)])[0].successful
    assert told == [(1.0, 4.0)]
    assert not node.set_parameters([Parameter("inner.size", value=11.0)])[0].successful
    refused = node.set_parameters([Parameter("mode", value="c")])[0]
    assert not refused.successful
    assert "mode" in refused.reason
    assert not node.set_parameters([Parameter("count", value=4)])[0].successful
    assert node.set_parameters([Parameter("inner.names", value=[""])])[0].successful
    assert settings.values == Outer(inner=Inner(size=4.0))
    node.destroy_node()


def test_a_refused_start_value_is_named(context):
    node = make_node(context, mode="c")
    with pytest.raises(ConfigError, match="parameter 'mode' = 'c'"):
        NodeSettings(node, Outer)
    node.destroy_node()


@pytest.mark.parametrize(
    "model", [LayoutSettings, RobotSettings, ReplaySettings, SceneSettings, NavigationNodeSettings]
)
def test_every_parameter_is_described(model):
    found = list(declarations(model))
    assert len({d.name for d in found}) == len(found)
    for declared in found:
        assert declared.description.endswith("."), declared.name
        if declared.kind in (int, float):
            assert declared.low is not None, declared.name
            assert declared.high is not None, declared.name


def test_the_table_names_type_default_range_and_unit():
    assert "| `inner.size` | double | `1.0` | 0 … 10 | any time | Some size. [m] |" in table(Outer)
    assert '| `mode` | string | `"a"` | a, b | any time | Some mode. |' in table(Outer)
    assert "| `count` | integer | `3` | 1 …  | at start | Some count. |" in table(Outer)


def test_limits_must_be_in_order():
    with pytest.raises(ValueError, match="range_min"):
        Filters(range_min=3.0, range_max=2.0)
    assert limits_of(Filters(body_radius=0.3)).body[0].high == (0.3, 0.3, 1.5)


# ------------------------------------------------------------------ worker
def test_of_those_that_wait_only_the_newest_is_done():
    gate, entered, done, lost = threading.Event(), threading.Event(), [], []

    def work(job):
        entered.set()
        gate.wait(10)
        done.append(job)

    worker = LatestWorker(work, lambda job, error: None, lost.append)
    worker.submit("first")
    assert entered.wait(10)
    assert worker.submit("second")
    assert worker.submit("third")
    assert worker.submit("urgent", urgent=True)
    assert not worker.submit("periodic")
    gate.set()
    assert worker.stop(10) or True
    assert lost[:2] == ["second", "third"]
    assert "periodic" in lost
    assert worker.counts.superseded >= 3
    assert done[0] == "first"


def test_faults_are_told_and_the_worker_goes_on():
    faults, done = [], threading.Event()

    def work(job):
        if job == "bad":
            raise MemoryError("no room")
        done.set()

    worker = LatestWorker(work, lambda job, error: faults.append((job, type(error))))
    worker.submit("bad")
    while worker.busy:
        pass
    worker.submit("good")
    assert done.wait(10)
    assert worker.stop(10)
    assert faults == [("bad", MemoryError)]
    assert not worker.submit("late")


def test_a_job_that_waits_can_be_taken_back():
    gate = threading.Event()
    worker = LatestWorker(lambda job: gate.wait(10), lambda job, error: None)
    worker.submit("first")
    while worker.current is None:
        pass
    job = "second"
    worker.submit(job)
    assert worker.withdraw(job)
    assert not worker.withdraw(job)
    gate.set()
    assert worker.stop(10)


# ------------------------------------------------------------------ transforms
def buffer_with(*stamps, x=0.0):
    buffer = Buffer()
    for stamp in stamps:
        buffer.set_transform(transform_message(Pose((x + stamp, 0.0, 0.0)), "map", "lidar", float(stamp)), "test")
    return buffer


def test_a_message_leaves_with_its_pose_at_its_stamp():
    queue = TransformQueue(buffer_with(1, 2), "map", 1.0, 10)
    queue.add("points", "/lidar", round(1.5 * SECOND), "cloud")
    item, pose = queue.take()
    assert item.payload == "cloud"
    assert pose.position == pytest.approx((1.5, 0.0, 0.0))
    assert queue.take() is None


def test_a_message_waits_for_its_transform_without_blocking_other_topics():
    buffer = buffer_with(1, 2)
    queue = TransformQueue(buffer, "map", 60.0, 10)
    queue.add("a", "lidar", 3 * SECOND, "late")
    queue.add("a", "lidar", 1 * SECOND, "behind it")
    queue.add("b", "lidar", 1 * SECOND, "other topic")
    assert queue.take()[0].payload == "other topic"
    assert queue.take() is None
    buffer.set_transform(transform_message(Pose((3.0, 0.0, 0.0)), "map", "lidar", 3.0), "test")
    assert [queue.take()[0].payload for _ in range(2)] == ["late", "behind it"]


@pytest.mark.parametrize(
    ("frame", "stamp", "patience", "reason"),
    [
        ("lidar", 9.0, 0.0, transforms.TF_MISSING),
        ("cellar", 1.5, 0.0, transforms.TF_MISSING),
        ("lidar", 0.5, 60.0, transforms.TF_TOO_OLD),
        ("", 1.5, 60.0, transforms.NO_FRAME),
    ],
)
def test_what_cannot_be_transformed_is_counted_by_reason(frame, stamp, patience, reason):
    queue = TransformQueue(buffer_with(1, 2), "map", patience, 10)
    queue.add("points", frame, round(stamp * SECOND), "cloud")
    assert queue.take() is None
    assert queue.take() is None
    assert queue.drops == {("points", reason): 1}
    assert not len(queue)


def test_each_topic_has_its_own_missing_transform():
    queue = TransformQueue(buffer_with(1, 2), "map", 60.0, 10)
    queue.add("a", "cellar", SECOND, "cloud")
    queue.add("b", "lidar", 9 * SECOND, "cloud")
    assert queue.take() is None
    assert {topic: missing.source for topic, missing in queue.missing.items()} == {"a": "cellar", "b": "lidar"}


def test_the_queue_is_bounded_and_drops_the_oldest():
    queue = TransformQueue(Buffer(), "map", 60.0, 3)
    for number in range(5):
        queue.add("points", "lidar", number, number)
    assert len(queue) == 3
    assert queue.drops["points", transforms.QUEUE_FULL] == 2


def test_with_latest_only_the_newest_of_each_topic_waits():
    queue = TransformQueue(Buffer(), "map", 60.0, 10, latest=True)
    for number in range(3):
        queue.add("a", "map", number, f"a{number}")
        queue.add("b", "map", number, f"b{number}")
    assert {queue.take()[0].payload, queue.take()[0].payload} == {"a2", "b2"}
    assert queue.drops["a", transforms.QUEUE_FULL] == 2


def test_impossible_transforms_do_not_raise():
    buffer = Buffer()
    message = transform_message(Pose(), "map", "lidar", 1.0)
    message.header.stamp = TimeMsg(sec=1)
    message.transform.translation.x = 1e308
    buffer.set_transform(message, "test")
    queue = TransformQueue(buffer, "map", 60.0, 10)
    queue.add("points", "lidar", SECOND, "cloud")
    taken = queue.take()
    assert taken is None or np.isfinite(taken[1].position).all()


# ------------------------------------------------------------------ QoS, saving
def test_qos_that_does_not_match_is_explained():
    best, reliable = sensor_qos(), sensor_qos("reliable")
    assert mismatch(best, best) == mismatch(reliable, best) == ""
    assert "best effort" in mismatch(best, reliable)
    assert "volatile" in mismatch(reliable, LATCHED)
    assert qos_text(LATCHED) == "reliable, transient local"


def test_paths_stay_in_their_folder(tmp_path):
    endings = (".ply",)
    assert checked_path("a/b.ply", str(tmp_path), endings, False) == tmp_path / "a/b.ply"
    (tmp_path / "there.ply").write_text("")
    for text, overwrite, reason in (
        ("x.txt", False, "ends with"),
        ("../x.ply", True, "outside"),
        ("there.ply", False, "exists"),
    ):
        with pytest.raises(OutputError, match=reason):
            checked_path(text, str(tmp_path), endings, overwrite)
    assert checked_path("there.ply", str(tmp_path), endings, True).name == "there.ply"


# ------------------------------------------------------------------ sources
def test_events_take_turns_at_their_rates():
    events = timetable({"pose": 10.0, "lidar": 5.0, "camera": 0.0})
    first = [next(events) for _ in range(16)]
    assert [time for time, _ in first] == sorted(time for time, _ in first)
    assert sum(event == "pose" for _, event in first) in (10, 11)
    assert first[0] == (0.0, "pose")
    assert not any(event == "camera" for _, event in first)


def test_an_endless_drive_has_no_jumps():
    stamps = np.linspace(0.0, 10.0, 101)
    positions = np.stack([np.sin(stamps * 0.2 * np.pi), np.zeros(101), np.zeros(101)], axis=1)
    tour = Trajectory(stamps, positions, np.linspace(0.0, 2.0, 101))
    way = EndlessDrive(tour, RobotModel(), drift=0.5, seed=3)
    times = np.arange(0.0, 2.5 * way.period, 0.05)
    poses = [way.odom_in_map(t).inverse() @ way.base_in_map(t) for t in times]
    steps = [a.distance(b) for a, b in pairwise(poses)]
    assert max(shift for shift, _ in steps) < 0.2
    assert max(turn for _, turn in steps) < 0.2
    assert EndlessDrive(tour, RobotModel()).odom_in_map(5.0) == Pose()
    assert way.odom_in_map(30.0) == EndlessDrive(tour, RobotModel(), drift=0.5, seed=3).odom_in_map(30.0)


@pytest.fixture
def frames(tmp_path):
    from PIL import Image

    for kind, pixels in (("color", np.full((6, 8, 3), 90, np.uint8)), ("depth", np.full((6, 8), 2000, np.uint16))):
        (tmp_path / kind).mkdir()
        for number in (2, 10):
            Image.fromarray(pixels).save(tmp_path / kind / f"{number}.png")
    (tmp_path / "pose.txt").write_text("1 2 3 0 0 0 1\n4 5 6 0 0 0 1\n")
    return tmp_path


def test_posed_frames_come_in_order_with_z_up(frames):
    folder = FrameFolder(frames, (10.0, 10.0), (3.5, 2.5), 0.001, "y")
    first, second = folder.frames()
    assert first.depth[0, 0] == pytest.approx(2.0)
    # y up becomes z up: (x, y, z) -> (x, -z, y).
    assert first.pose.position == pytest.approx((1.0, -3.0, 2.0))
    assert second.pose.position == pytest.approx((4.0, -6.0, 5.0))


def test_mirrored_worlds_are_mirrored_back(frames):
    folder = FrameFolder(frames, (10.0, -10.0), (3.5, 2.5), 0.001, "z")
    first = next(folder.frames())
    assert folder.intrinsics[1, 1] == 10.0
    assert first.pose.position == pytest.approx((1.0, -2.0, 3.0))
    assert np.linalg.det(first.pose.rotation) == pytest.approx(1.0)


def test_faulty_folders_are_explained(frames):
    (frames / "pose.txt").write_text("1 2 3\n")
    with pytest.raises(CloudFileError, match="tx ty tz"):
        list(FrameFolder(frames, (1.0, 1.0), (0.0, 0.0)).frames())
    (frames / "pose.txt").write_text("1 2 3 0 0 0 1\n")
    with pytest.raises(CloudFileError, match="as many"):
        list(FrameFolder(frames, (1.0, 1.0), (0.0, 0.0)).frames())
    with pytest.raises(ConfigError, match="up axis"):
        FrameFolder(frames, (1.0, 1.0), (0.0, 0.0), up="q")
    with pytest.raises(ConfigError, match="focal"):
        FrameFolder(frames, (0.0, 1.0), (0.0, 0.0))
