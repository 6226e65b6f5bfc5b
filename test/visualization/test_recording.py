"""Recordings for the rerun viewer, with the installed SDK, an older one, and none."""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace

import pytest

from spatial_perception.errors import MissingExtraError, OutputError
from spatial_perception.layout.entities import Door, Layout
from spatial_perception.visualization.null import NullRecording
from spatial_perception.visualization.recording import as_box, entity_path, open_recording


def test_nothing_asked_for_is_recorded_nowhere(flat, cloud, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rerun", None)
    with open_recording(None) as recording:
        assert isinstance(recording, NullRecording)
        recording.log_cloud(cloud)
        recording.log_layout(flat)
        recording.log_entity(flat.walls[0], flat)
        recording.log_text("a", "b")
        recording.log_state(flat, at=1.0)
        recording.log_robot([(0, 0, 0)], at=1.0)
        recording.log_number("a", 1.0, 1.0)


def test_entities_have_one_path_each(flat):
    assert [entity_path(e) for e in (flat.walls[4], flat.doors[1], flat.windows[0], flat.boxes[2])] == [
        "world/pred/wall/4",
        "world/pred/door/1",
        "world/pred/window/0",
        "world/pred/bbox/2",
    ]
    assert entity_path(flat.boxes[0], "truth") == "world/truth/bbox/0"


def test_openings_stand_in_their_wall(flat):
    center, size, yaw = as_box(flat.walls[1], flat)
    assert (center, yaw) == ((6, 1.5, 1.3), pytest.approx(math.pi / 2))
    assert size == pytest.approx((3, 0.2, 2.6))
    assert as_box(flat.doors[1], flat)[1] == pytest.approx((1.0, 0.2, 2.0))
    assert as_box(Door(0, 77, (0, 0, 0), 1, 2), flat) is None


def test_the_sdk_writes_a_file_under_its_name_only_when_done(flat, cloud, tmp_path):
    pytest.importorskip("rerun")
    path = tmp_path / "scene.rrd"
    with open_recording(path) as recording:
        recording.log_cloud(cloud)
        recording.log_layout(flat, at=0.0)
        recording.log_layout(flat, branch="truth")
        recording.log_text("layout", "wall_0=...")
        assert not path.exists()
    content = path.read_bytes()
    for name in (b"world/pred/wall/0", b"world/truth/bbox/3", b"world/points", b"time_sec"):
        assert name in content
    assert list(tmp_path.iterdir()) == [path]


def test_a_state_takes_back_what_is_gone(flat, tmp_path, monkeypatch):
    pytest.importorskip("rerun")
    logged = []
    with open_recording(tmp_path / "scene.rrd") as recording:
        monkeypatch.setattr(
            recording, "_log", lambda path, content, at: logged.append((path, type(content).__name__, at))
        )
        recording.log_state(flat, at=1.0)
        before = len(logged)
        recording.log_state(Layout(flat.walls), at=2.0)
        recording.log_state(Layout(), branch="truth", at=3.0)
    again = logged[before:]
    gone = {path for path, kind, _ in again if kind == "Clear"}
    assert before == len(flat)
    assert gone == {entity_path(e) for e in (*flat.doors, *flat.windows, *flat.boxes)}
    assert {at for *_, at in again} == {2.0}
    assert sum(kind == "Boxes3D" for _, kind, _ in again) == len(flat.walls)


def test_robot_and_numbers_are_recorded(tmp_path):
    pytest.importorskip("rerun")
    path = tmp_path / "scene.rrd"
    with open_recording(path) as recording:
        recording.log_robot([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0)], at=1.0)
        recording.log_number("latency", 0.5, 1.0)
    content = path.read_bytes()
    assert all(name in content for name in (b"world/robot/trail", b"latency"))


def test_an_error_leaves_no_file(flat, tmp_path):
    pytest.importorskip("rerun")

    def fail():
        with open_recording(tmp_path / "scene.rrd") as recording:
            recording.log_layout(flat)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(OutputError, match=r"\.rrd"):
        open_recording(tmp_path / "a.png")


def test_without_the_sdk_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rerun", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'spatial_perception\[viewer\]'"):
        open_recording(tmp_path / "a.rrd")
    assert list(tmp_path.iterdir()) == []


def test_an_sdk_without_the_needed_types_is_too_old(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rerun", SimpleNamespace())
    with pytest.raises(MissingExtraError, match="too old"):
        open_recording(tmp_path / "a.rrd")


class OldStream:
    """The calls that a stream of rerun-sdk 0.21 has."""

    def __init__(self, logged):
        self.logged = logged

    def save(self, path):
        self.path = path
        with open(path, "w") as file:
            file.write("rrd")

    def log(self, path, content, static=False):
        self.logged.append((path, content, static))


def old_rerun(logged, times):
    def record(name):
        return lambda *args, **kwargs: (name, kwargs)

    return SimpleNamespace(
        RecordingStream=OldStream,
        new_recording=lambda application, recording_id: OldStream(logged),
        Boxes3D=record("boxes"),
        Points3D=record("points"),
        Quaternion=record("quaternion"),
        TextDocument=record("text"),
        ViewCoordinates=SimpleNamespace(RIGHT_HAND_Z_UP="z up"),
        set_time_seconds=lambda timeline, seconds, recording: times.append((timeline, seconds)),
    )


def test_an_older_sdk_is_spoken_to_in_its_own_calls(flat, tmp_path, monkeypatch):
    logged, times = [], []
    monkeypatch.setitem(sys.modules, "rerun", old_rerun(logged, times))
    with open_recording(tmp_path / "a.rrd") as recording:
        recording.log_layout(Layout(flat.walls[:2], frame_id="map"), at=1.0)
        recording.log_text("note", "hello")
    assert [path for path, _, _ in logged] == ["world", "world/pred/wall/0", "world/pred/wall/1", "note"]
    assert times == [("time_sec", 1.5), ("time_sec", 2.0)]
    assert (tmp_path / "a.rrd").read_text() == "rrd"


def test_far_away_scenes_are_shown_near_zero(flat, tmp_path, monkeypatch):
    logged = []
    monkeypatch.setitem(sys.modules, "rerun", old_rerun(logged, []))
    from spatial_perception.layout.transforms import translate

    with open_recording(tmp_path / "a.rrd") as recording:
        recording.log_layout(translate(flat, (500_000.0, 5_600_000.0, 0.0)))
    centers = [content[1]["centers"][0] for path, content, _ in logged if "pred" in path]
    assert max(abs(c).max() for c in centers) < 20
