"""`view`, `convert`, `eval`, `simulate`, `doctor` and `--help`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from spatial_perception.cli import checks
from spatial_perception.layout.json import load_layout
from spatial_perception.layout.text import read_layout
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.io import read_cloud, write_cloud

COMMANDS = ["layout", "eval", "simulate", "view", "convert", "doctor", "demo"]


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example_in_80_columns(run, command):
    done = run(command, "--help")
    assert done.code == 0
    assert f"spatial-perception {command}" in done.out
    assert "Examples" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_view_draws_plan_and_view_beside_each_other(run, cloud_file, layout_file, tmp_path):
    done = run("view", cloud_file(), layout_file())
    assert (done.code, done.out.split()) == (0, ["room_plan.png", "room_3d.png"])
    assert (tmp_path / "room_plan.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["a.png", "a.svg", "a.pdf"])
@pytest.mark.parametrize("style", ["plan", "3d"])
def test_view_draws_what_is_asked_for(run, layout_file, name, style, tmp_path):
    layout = layout_file()
    assert run("view", layout, "--truth", layout, "-o", name, "--style", style).code == 0
    assert (tmp_path / name).stat().st_size > 5000


def test_view_of_a_cloud_alone_and_as_recording(run, cloud_file, tmp_path):
    pytest.importorskip("rerun")
    assert run("view", cloud_file(), "-o", "a.rrd", "-o", "a.png").code == 0
    assert {"a.rrd", "a.png"} <= set(files(tmp_path))


def test_view_stands_clouds_up_as_layout_does(run, cloud_file, layout_file, tmp_path):
    """The same room, upright and lying on its side in millimetres, gives the same picture."""
    path, layout = cloud_file(), layout_file()
    xyz = read_cloud(path).xyz.astype(float)
    write_cloud(tmp_path / "side.ply", PointCloud(1000 * xyz[:, [0, 2, 1]] * [1, 1, -1]))
    options = (layout, "--title", "room", "-o")
    assert run("view", path, *options, "a.png", "--up", "z", "--scale", "keep").code == 0
    assert run("view", "side.ply", *options, "b.png", "--up", "y", "--scale", "mm").code == 0
    first, second = (image.imread(tmp_path / name) for name in ("a.png", "b.png"))
    assert first.shape == second.shape
    assert np.mean(np.abs(first - second)) < 0.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.ply"], "gone.ply: no such file"),
        (["room.ply", "gone.txt"], "gone.txt: cannot be read"),
        (["room.ply", "room.geojson"], "room.geojson: layouts are read from .txt and .json"),
        (["room.ply", "latin.txt"], "latin.txt: not UTF-8 text"),
        (["room.ply", "-o", "a.bmp"], "a.bmp: cannot draw into '.bmp'"),
        (["room.ply", "--style", "4d"], "unknown style '4d'"),
        (["room.ply", "--up", "north"], "unknown up axis 'north'"),
        (["room.ply", "--scale", "-1"], "scale '-1' is unknown"),
        (["room.ply", "-o", "room.ply/a.png"], "cannot be written"),
    ],
)
def test_view_faults_are_one_line(run, cloud_file, tmp_path, arguments, message):
    cloud_file()
    (tmp_path / "latin.txt").write_bytes("wall_0=Wall(0,0,0,1,0,0,2.5,0)\n#é".encode("latin-1"))
    before = set(files(tmp_path))
    done = run("view", *arguments)
    assert done.code == 2
    assert message in done.err
    assert len(done.err.splitlines()) == 1
    assert set(files(tmp_path)) == before


@pytest.mark.parametrize("source", [".ply", ".pcd", ".npz", ".xyz", ".txt"])
@pytest.mark.parametrize("target", [".ply", ".pcd", ".npz", ".xyz"])
def test_clouds_are_converted(run, cloud_file, tmp_path, source, target):
    path = cloud_file("a.xyz" if source == ".txt" else f"a{source}", count=50)
    if source == ".txt":
        path = path.rename(tmp_path / "a.txt")
    assert run("convert", path, f"b{target}").code == 0
    np.testing.assert_allclose(read_cloud(tmp_path / f"b{target}").xyz, read_cloud(path).xyz, atol=1e-4)


def test_layouts_are_converted_there_and_back(run, layout_file, tmp_path):
    layout_file("a.txt")
    assert run("convert", "a.txt", "b.json").code == 0
    assert run("convert", "b.json", "c.txt").code == 0
    assert run("convert", "b.json", "d.geojson").code == 0
    assert (tmp_path / "a.txt").read_bytes() == (tmp_path / "c.txt").read_bytes()
    assert load_layout(tmp_path / "b.json").walls == read_layout(tmp_path / "a.txt").walls
    assert json.loads((tmp_path / "d.geojson").read_text())["type"] == "FeatureCollection"


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("gone.txt", "a.ply", "gone.txt: no such file"),
        ("room.txt", "a.ply", "a.ply: layouts are written to .txt .json .geojson"),
        ("room.ply", "a.json", "a.json: clouds are written to"),
        ("map.geojson", "a.txt", "'.geojson' is for output only"),
        ("broken.json", "a.txt", "broken.json"),
    ],
)
def test_convert_faults_are_one_line(run, cloud_file, layout_file, tmp_path, source, target, message):
    cloud_file()
    layout_file()
    (tmp_path / "map.geojson").write_text("{}")
    (tmp_path / "broken.json").write_text("{")
    done = run("convert", source, target)
    assert done.code == 2
    assert message in done.err
    assert len(done.err.splitlines()) == 1
    assert not (tmp_path / target).exists()


@pytest.fixture
def testset(cloud_file, layout_file, tmp_path):
    """A test set of two scenes, and perfect predictions for them."""
    for name in ("s1", "s2"):
        cloud_file(f"set/pcd/{name}.ply")
        layout_file(f"set/layout/{name}.txt")
        layout_file(f"pred/{name}.txt")
    (tmp_path / "set" / "test.csv").write_text("id,pcd,layout\ns1,pcd/s1.ply,layout/s1.txt\ns2,,\n")
    return tmp_path / "set"


@pytest.mark.parametrize("mode", ["corrected", "compat", "both"])
def test_perfect_predictions_score_one(run, testset, mode, tmp_path):
    done = run("eval", "pred", "set", "--mode", mode, "--json", "s.json")
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 80
    scores = json.loads((tmp_path / "s.json").read_text())
    for report in scores.values() if mode == "both" else [scores]:
        assert {c["name"]: c["mean_f1"] for c in report["classes"]}["wall"] == 1.0


def test_a_test_set_is_predicted_and_scored(run, stub, testset, tmp_path):
    done = run("eval", "set", "-o", "kept")
    assert done.code == 0
    assert re.search(r"wall +1\.000 +1\.000", done.out)
    assert sorted(files(tmp_path / "kept")) == ["s1.txt", "s2.txt"]


def test_a_scene_that_fails_is_named_and_scored_as_empty(run, stub, testset):
    (testset / "pcd" / "s2.ply").write_bytes(b"")
    done = run("eval", "set")
    assert done.code == 2
    assert "s2.ply: is empty" in done.err
    assert "scene s2: no prediction" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone", "set"], "gone: is not a folder"),
        (["gone"], "gone: is not a folder"),
        (["pred", "set", "--mode", "strict"], "unknown mode 'strict'"),
        (["pred", "set", "--metadata", "gone.csv"], "gone.csv"),
        (["pred", "set", "--mapping", "gone.tsv"], "gone.tsv"),
    ],
)
def test_eval_faults_are_one_line(run, testset, arguments, message):
    done = run("eval", *arguments)
    assert done.code == 2
    assert message in done.err
    assert len(done.err.splitlines()) == 1


def test_simulated_homes_form_a_test_set(run, tmp_path):
    for folder in ("a", "b"):
        done = run("simulate", "-o", folder, "--seed", "5", "--rooms", "1", "--stations", "1", "--points", "2000")
        assert done.code == 0
    assert sorted(files(tmp_path / "a")) == ["layout/home_000005.txt", "pcd/home_000005.ply", "test.csv"]
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert len(read_cloud(tmp_path / "a/pcd/home_000005.ply")) == 2000
    assert read_layout(tmp_path / "a/layout/home_000005.txt").walls


def test_simulate_draws_pictures(run, tmp_path):
    done = run("simulate", "-o", "a", "--rooms", "1", "--points", "2000", "--pictures", "--suffix", "pcd")
    assert done.code == 0
    assert {"pictures/home_000000_plan.png", "pcd/home_000000.pcd"} <= set(files(tmp_path / "a"))


def test_simulate_refuses_other_cloud_formats(run, tmp_path):
    done = run("simulate", "-o", "a", "--suffix", "las")
    assert (done.code, "unknown cloud format 'las'" in done.err) == (2, True)


def test_doctor_looks_at_this_machine(run):
    done = run("doctor")
    assert done.code == 0
    for subject in ("Python", "base packages", "pictures", "extra models", "extra viewer", "GPU", "ROS 2"):
        assert subject in done.out


def test_doctor_names_the_command_that_brings_an_extra(run, monkeypatch):
    monkeypatch.setattr(checks, "find_spec", lambda name: None if name == "rerun" else object())
    done = run("doctor")
    assert "pip install 'spatial_perception[viewer]'" in " ".join(done.out.split())


def test_doctor_fails_where_a_base_package_is_missing(run, monkeypatch):
    monkeypatch.setattr(checks, "find_spec", lambda name: None if name == "scipy" else object())
    done = run("doctor")
    assert done.code == 2
    assert "pip install scipy" in done.out


def test_doctors_lists_are_those_of_the_package():
    text = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text()
    declared = {name.lower() for name in re.findall(r'"([A-Za-z0-9_.-]+)[<>=;]', text)}
    listed = {n.lower() for n in (*checks.BASE, *(n for _, names in checks.EXTRAS.values() for n in names))}
    assert listed <= declared


def test_doctor_tells_how_a_cloud_stands(run, cloud_file, tmp_path):
    path = cloud_file(count=20_000)
    xyz = read_cloud(path).xyz
    write_cloud(tmp_path / "y_mm.ply", PointCloud(1000 * xyz[:, [0, 2, 1]] * [1, 1, -1]))
    done = run("doctor", path, "y_mm.ply", "gone.ply")
    assert done.code == 2
    first, second, third = (done.out.split(name)[1] for name in ("room.ply", "y_mm.ply", "gone.ply"))
    assert re.search(r"ok +up axis +z", first)
    assert re.search(r"ok +unit +m ", first)
    assert re.search(r"(ok|warn) +up axis", second)
    assert re.search(r"warn +unit +mm ", second)
    assert re.search(r"fail +file +no such file", third)


@pytest.mark.parametrize("colour", [0, 255])
def test_doctor_sees_a_colour_field_without_colour(run, tmp_path, colour):
    xyz = np.random.default_rng(0).random((200, 3)).astype(np.float32)
    write_cloud(tmp_path / "a.ply", PointCloud(xyz, np.full((200, 3), colour, np.uint8)))
    assert re.search(r"warn +colour", run("doctor", "a.ply").out)
