"""`spatial-perception navigation`."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from spatial_perception.cli.main import app, hoist_debug
from spatial_perception.layout.entities import Layout
from spatial_perception.layout.json import write_json
from spatial_perception.layout.text import write_layout

FILES = {"map.yaml", "map.pgm", "keepout.yaml", "keepout.pgm", "speed.yaml", "speed.pgm", "route_graph.geojson",
         "goals.json", "world_model.json", "layout.txt", "layout.geojson", "obstacles.ply", "nav2_params.yaml",
         "navigation.png"}  # fmt: skip


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    split = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}

    def go(*arguments):
        result = CliRunner(**split).invoke(
            app, hoist_debug([str(a) for a in arguments]), prog_name="spatial-perception"
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return go


def test_all_files_are_written_and_named(run, flat, tmp_path):
    write_layout(flat, tmp_path / "flat.txt")
    done = run("navigation", "flat.txt", "-o", "nav")
    assert done.exit_code == 0
    assert {path.name for path in (tmp_path / "nav").iterdir()} == FILES
    assert {f"nav/{name}" for name in FILES} <= set(done.stdout.split())
    assert "bedroom_0" in done.stdout
    assert "7 of 7 objects can be driven to" in done.stderr
    assert json.loads((tmp_path / "nav" / "world_model.json").read_text())["frame_id"] == "map"


def test_options_and_settings(run, flat, tmp_path):
    write_json(flat, tmp_path / "flat.json")
    (tmp_path / "robot.yaml").write_text("radius: 0.3\nroom_percent: {kitchen: 40}\n")
    done = run("navigation", "flat.json", "-o", "nav", "--config", "robot.yaml", "-s", "closed_doors=[0]",
               "--resolution", "0.1", "--no-furniture", "--no-picture", "--frame", "odom")  # fmt: skip
    assert done.exit_code == 0
    assert not (tmp_path / "nav" / "navigation.png").exists()
    assert "resolution: 0.1" in (tmp_path / "nav" / "map.yaml").read_text()
    assert json.loads((tmp_path / "nav" / "world_model.json").read_text())["frame_id"] == "odom"
    assert "5 of 7" in done.stderr or "3 of 7" in done.stderr


def test_what_is_wrong_is_told(run, flat, tmp_path):
    write_json(replace(flat, walls=flat.walls[:3], doors=()), tmp_path / "open.json")
    done = run("navigation", "open.json", "-o", "nav", "--no-picture")
    assert done.exit_code == 0
    assert "the walls enclose no room" in " ".join(done.stderr.split())
    assert "route_graph.geojson: not written" in done.stderr
    write_json(Layout(), tmp_path / "empty.json")
    assert "no usable wall" in run("navigation", "empty.json", "-o", "empty").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.txt"], "gone.txt: cannot be read"),
        (["flat.ply"], "layouts are read from .txt and .json"),
        (["flat.txt", "--radius", "0"], "setting 'radius' = 0.0"),
        (["flat.txt", "-s", "raduis=1"], "unknown setting 'raduis'; did you mean 'radius'?"),
        (["flat.txt", "-o", "flat.txt/nav"], "cannot be written"),
    ],
)
def test_errors_are_one_line(run, flat, tmp_path, arguments, message):
    write_layout(flat, tmp_path / "flat.txt")
    done = run("navigation", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_help_fits_80_columns(run):
    done = run("navigation", "--help")
    assert done.exit_code == 0
    assert "Examples" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
