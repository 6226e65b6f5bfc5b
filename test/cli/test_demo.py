"""`demo`: the parts of the live one without processes, and the whole of the offline one."""

from __future__ import annotations

import io
import os
import re
import signal
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from spatial_perception.cli import demo, demo_live, demo_questions, demo_results
from spatial_perception.cli.demo_map import DOOR, WALL, WAY, Canvas, terminal_map
from spatial_perception.cli.demo_screen import HEADER, Progress, Screen, line, panel
from spatial_perception.errors import MissingExtraError
from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.reasoning.answers import Answer, Status
from spatial_perception.reasoning.relations import Viewer
from spatial_perception.reasoning.scene import make_scene
from spatial_perception.simulation import HomeStyle, make_home

ROOM = Layout(
    walls=tuple(
        Wall(k, (*a, 0.0), (*b, 0.0), 2.6, 0.1)
        for k, (a, b) in enumerate([((0, 0), (4, 0)), ((4, 0), (4, 3)), ((4, 3), (0, 3)), ((0, 3), (0, 0))])
    ),
    doors=(Door(0, 0, (2, 0, 1), 0.9, 2.0),),
    windows=(Window(0, 2, (2, 3, 1.5), 1.2, 1.2),),
    boxes=(Box(0, "sofa", (1, 2, 0.4), 0.0, (1.8, 0.9, 0.8)),),
)
BOUNDS = ((-0.4, -0.4), (4.4, 3.4))


def moment(**changes):
    scores = ({"wall": 0.2, "door": 0.0, "window": 0.5, "boxes": 0.1}, {"wall": 1.0, "door": 0.5, "window": 1.0})
    rates = {"/points": 9.5, "/camera/depth_registered/image_rect": 2.0}
    known = Progress(0.42, 7.3, "living room", 1.9, rates, 98765, ROOM, 4, 0.8, scores, BOUNDS, ((1, 1), (3, 1)),
                     (3.0, 1.0, 0.1), 21.0)  # fmt: skip
    return replace(known, **changes)


def printed(content, width):
    stream = io.StringIO()
    Console(file=stream, width=width, force_terminal=False, color_system=None).print(content)
    return stream.getvalue()


# ------------------------------------------------------------------ offline
@pytest.fixture
def small_scan(monkeypatch):
    from spatial_perception.simulation import sensors

    real = sensors.simulate_scene
    monkeypatch.setattr(
        sensors, "simulate_scene", lambda seed, rooms, stations: real(seed, rooms=1, stations=1, max_points=2000)
    )


def test_offline_goes_the_whole_road(run, stub, small_scan, tmp_path):
    done = run("demo", "-o", "d", "--offline")
    assert done.code == 0
    assert re.search(r"wall +\d\.\d\d", done.out)
    written = {path.name for path in (tmp_path / "d").iterdir()}
    assert written == {name.split("/")[-1] for name in re.findall(r"d/\S+", done.out)}
    assert len(written) == 7


@pytest.mark.parametrize("lacking", ["embedded_ros", "cyclonedds"])
def test_without_dds_it_says_so_in_one_line_and_goes_on(run, stub, small_scan, monkeypatch, lacking):
    from spatial_perception.ros import runtime

    real = runtime.importlib.util.find_spec
    monkeypatch.setattr(
        runtime.importlib.util, "find_spec", lambda name, *a: None if name == lacking else real(name, *a)
    )
    with pytest.raises(MissingExtraError, match=lacking if lacking == "embedded_ros" else "no wheel"):
        runtime.find_runtime()
    done = run("demo", "-o", "d")
    assert done.code == 0
    remarks = [text for text in done.err.splitlines() if "without nodes" in text]
    assert len(remarks) == 1
    assert remarks[0].startswith("no live demo here")
    assert "estimated" in done.out


def test_an_earlier_demo_is_removed_and_nothing_else(tmp_path):
    (tmp_path / "recording").mkdir()
    (tmp_path / "recording" / "recording.mcap").write_text("old")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "thesis.tex").write_text("mine")
    for name in ("plan.png", "notes.txt"):
        (tmp_path / name).write_text("x")
    demo_live.clear(tmp_path)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"logs/thesis.tex", "notes.txt"}


def test_the_estimator_is_one_setting():
    assert demo.DEFAULT_ESTIMATOR == "auto"


# ------------------------------------------------------------------ screen
def test_the_map_shows_walls_doors_way_and_robot():
    text = terminal_map(BOUNDS, ROOM, [(1, 1), (3, 1)], (3.0, 1.0, np.pi / 2), (40, 12)).plain
    rows = text.split("\n")
    assert [len(row) for row in rows] == [40] * 12
    assert text.count("↑") == 1
    assert next(row for row in rows if "↑" in row).index("↑") > 20, "the robot is in the right half"
    assert any(c not in "\u2800↑" for c in rows[0] + rows[1]), "the far wall is at the top: y points up"


@pytest.mark.parametrize(("heading", "sign"), [(0.0, "→"), (np.pi, "←"), (-np.pi / 2, "↓"), (0.8, "↗"), (-3.1, "←")])
def test_the_robot_looks_where_it_looks(heading, sign):
    assert sign in terminal_map(BOUNDS, None, [], (2.0, 1.0, heading), (30, 8)).plain


def test_a_canvas_keeps_what_matters_most_and_forgets_what_lies_outside():
    canvas = Canvas((0, 0), (10, 10), 10, 5)
    canvas.line((0, 0), (10, 0), WAY)
    canvas.line((0, 0), (5, 0), WALL)
    canvas.line((50, 50), (60, 60), DOOR)
    codes, kinds = canvas.blocks()
    assert set(np.unique(kinds)) == {0, WAY, WALL}
    assert ((codes > 0x2800) == (kinds > 0)).all()


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_panel_fits_the_terminal(width):
    text = printed(panel(moment(), width), width)
    assert max(len(row) for row in text.splitlines()) <= width
    for shown in ("42 % of the round", "7.3 m, living room", "9.5 per second", "98,765 voxels", "number 4", "1.00"):
        assert shown in text


def test_a_narrow_terminal_gets_the_numbers_alone():
    text = printed(panel(moment(), 50), 50)
    assert max(len(row) for row in text.splitlines()) <= 50
    assert "98,765 voxels" in text
    assert "⠤" not in text


@pytest.mark.parametrize("empty", [Progress(), moment(layout=None, scores=(), pose=None, rates={}, latency=None)])
def test_before_anything_is_known_it_shows_what_there_is(empty):
    assert "voxels" in printed(panel(empty, 80), 80)
    assert len(line(empty)) == len(HEADER)


def test_a_pipe_gets_a_line_now_and_then_and_the_last():
    stream = io.StringIO()
    with Screen(Console(file=stream, width=80)) as screen:
        for share in (0.1, 0.2, 0.3):
            screen.show(moment(share=share))
        screen.show(moment(share=1.0), last=True)
    rows = stream.getvalue().splitlines()
    assert rows[0] == HEADER
    assert len(rows) == 3
    assert "  10 %" in rows[1]
    assert rows[2].split() == [
        "21",
        "s",
        "100",
        "%",
        "7.3",
        "m",
        "living",
        "room",
        "12",
        "98,765",
        "7",
        "1.00",
        "0.50",
        "1.00",
        "-",
    ]
    assert {len(row) for row in rows} == {len(HEADER)}
    assert "\x1b" not in stream.getvalue()


# ------------------------------------------------------------------ questions
@pytest.mark.parametrize("seed", range(6))
def test_five_questions_with_true_answers(seed):
    home = make_home(seed, rooms=1 + seed, style=HomeStyle(drivable=True))
    corner = home.rooms[0].free
    truth = make_scene(home.layout, robot=Viewer(*np.mean(corner, axis=0), 0.3))
    questions = demo_questions.choose_questions(truth)
    assert len(set(questions)) == 5
    assert all(demo_questions.ask(q, truth).answered for q in questions)


def test_an_empty_home_still_gives_five_questions():
    assert len(demo_questions.choose_questions(make_scene(Layout()))) == 5


@pytest.mark.parametrize(
    ("true", "given", "right", "text"),
    [
        ({"value": 3.0}, {"value": 3.0}, True, "exact"),
        ({"value": 3.0}, {"value": 5.0}, False, "off by 2"),
        ({"value": 4.0, "unit": "m"}, {"value": 4.2, "unit": "m"}, True, "5 % off"),
        ({"value": 4.0, "unit": "m"}, {"value": 6.0, "unit": "m"}, False, "50 % off"),
        ({"key": ("kitchen",)}, {"key": ("kitchen",)}, True, "the same"),
        ({"key": ("kitchen",)}, {"key": ("bedroom",)}, False, "different"),
        ({"kind": "Route", "key": ("hall", "bedroom 1")}, {"key": ("hall", "bedroom 2")}, True, "the same rooms"),
        ({"kind": "Route", "key": ("hall",)}, {"key": ("hall", "kitchen")}, False, "another way"),
        ({"value": 3.0}, {"status": Status.NOT_FOUND}, False, "no answer"),
    ],
)
def test_answers_are_compared_by_what_they_say(true, given, right, text):
    verdict = demo_questions.compare(Answer("q", "t", **true), Answer("q", "g", **given))
    assert (verdict.right, verdict.text) == (right, text)


def test_answers_are_shown_with_the_truth(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    demo_live.show_answers(
        [(Answer("How many?", "There are 2.", value=2.0), Answer("How many?", "There are 3.", value=3.0))]
    )
    shown = capsys.readouterr().out
    assert "> How many?" in shown
    assert "✗ There are 2." in shown
    assert "truth: There are 3. (off by 1)" in shown
    assert "0 of 1 right" in shown


# ------------------------------------------------------------------ results
def test_scores_name_the_classes_that_occur():
    assert demo_results.f1_scores(ROOM, ROOM) == {"wall": 1.0, "door": 1.0, "window": 1.0, "boxes": 1.0}
    assert demo_results.f1_scores(Layout(), ROOM)["wall"] == 0.0


def test_the_way_ends_beside_the_thing_asked_for():
    from spatial_perception.navigation.navigator import build_navigation

    place = build_navigation(ROOM)
    way = demo_results.way_to(place, (3.2, 0.6, 0.0), 0)
    assert np.hypot(*np.subtract(way[0], (3.2, 0.6))) < 0.1
    sofa = ROOM.boxes[0]
    assert 0.3 < np.hypot(*np.subtract(way[-1], sofa.center[:2])) < 2.0
    assert demo_results.way_to(place, (30.0, 0.6, 0.0), 0) == []
    assert demo_results.way_to(place, (3.2, 0.6, 0.0), 99) == []


def test_the_picture_of_the_map_shows_trail_and_way(tmp_path):
    plain, full = tmp_path / "plain", tmp_path / "full"
    demo_results.draw_navigation(plain, ROOM, None, (), None)
    demo_results.draw_navigation(full, ROOM, (3.2, 0.6, 0.0), [(3.2, 0.6), (1.0, 0.6)], (0, "sofa"))
    from PIL import Image

    one, other = (np.asarray(Image.open(folder / "navigation.png").convert("RGB")) for folder in (plain, full))
    blue = np.array([0x1D, 0x5F, 0xD1])
    assert not (np.abs(one.astype(int) - blue).sum(axis=2) < 12).any()
    assert (np.abs(other.astype(int) - blue).sum(axis=2) < 12).sum() > 200
    boxes = (Box(3, "bed", (1, 1, 0.3), 0.0, (1, 1, 0.5)),)
    demo_results.draw_navigation(full, replace(ROOM, boxes=boxes), (3.2, 0.6, 0.0), (), (7, "gone"))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_whose_exception_is_swallowed_ends_the_demo_all_the_same(tmp_path):
    class Dying:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGHUP)
            sum(range(1000))  # the handler runs within this method

    class Processes:
        def check(self):
            pass

    with demo_live._ended_by_signals() as heard:
        Dying()
        assert heard == [signal.SIGHUP]
        with pytest.raises(KeyboardInterrupt):
            demo_live._System(Processes(), None, 0, 0.0, heard).check()
