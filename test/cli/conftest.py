from __future__ import annotations

import inspect
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from spatial_perception.cli.main import app, hoist_debug
from spatial_perception.layout.entities import Box, Door, Layout, Provenance, Wall, Window
from spatial_perception.layout.text import write_layout
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.io import write_cloud

ROOT = Path(__file__).resolve().parents[2]

ROOM = Layout(
    walls=(
        Wall(0, (0, 0, 0), (4, 0, 0), 2.6, 0.1),
        Wall(1, (4, 0, 0), (4, 3, 0), 2.6, 0.1),
        Wall(2, (4, 3, 0), (0, 3, 0), 2.6, 0.1),
        Wall(3, (0, 3, 0), (0, 0, 0), 2.6, 0.1),
    ),
    doors=(Door(0, 0, (2, 0, 1), 0.9, 2.0),),
    windows=(Window(0, 2, (2, 3, 1.5), 1.2, 1.2),),
    boxes=(Box(0, "sofa", (1, 2, 0.4), 0.0, (1.8, 0.9, 0.8)),),
)


def room_points(count=6000, seed=0):
    """Points on floor, ceiling and walls of ROOM, and on its sofa."""
    rng = np.random.default_rng(seed)
    xyz = rng.uniform((0, 0, 0), (4, 3, 2.6), (count, 3))
    face = rng.integers(0, 6, count)
    for axis, size in enumerate((4, 3, 2.6)):
        xyz[face == 2 * axis, axis] = 0.0
        xyz[face == 2 * axis + 1, axis] = size
    xyz[: count // 10] = rng.uniform((0.1, 1.55, 0.8), (1.9, 2.45, 0.8), (count // 10, 3))
    return (xyz + rng.normal(0, 0.005, xyz.shape)).astype(np.float32)


@dataclass
class Run:
    """What a command left: exit status and both outputs."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command line in this process, in a fresh folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    split = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}

    def go(*arguments):
        result = CliRunner(**split).invoke(
            app, hoist_debug([str(a) for a in arguments]), prog_name="spatial-perception"
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Run(result.exit_code, result.stdout, result.stderr)

    return go


@pytest.fixture
def shell(tmp_path):
    """Run the command line in a process of its own."""

    def go(*arguments, **environment):
        variables = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "COLUMNS": "80", **environment}
        command = [sys.executable, "-m", "spatial_perception.cli.main", *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=120)
        return Run(done.returncode, done.stdout, done.stderr)

    return go


class StubEstimator:
    """Finds ROOM in every cloud."""

    name = "stub"

    def estimate(self, cloud, task="all", categories=(), previous=None):
        if len(cloud) == 13:
            raise ZeroDivisionError("thirteen\npoints")
        boxes = tuple(b for b in ROOM.boxes if not categories or b.label in categories)
        return Layout(ROOM.walls, ROOM.doors, ROOM.windows, boxes, provenance=Provenance("stub"))


@pytest.fixture
def stub(monkeypatch):
    """Take StubEstimator for every estimator, so that a test of the command line does not wait for a real one."""
    from spatial_perception.cli import estimation

    monkeypatch.setattr(estimation, "load", lambda name, settings="{}": StubEstimator())


@pytest.fixture
def cloud_file(tmp_path):
    """Write ROOM's points as NAME and return the path."""

    def make(name="room.ply", count=3000, seed=0):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_cloud(path, PointCloud(room_points(count, seed)))
        return path

    return make


@pytest.fixture
def layout_file(tmp_path):
    """Write ROOM as NAME and return the path."""

    def make(name="room.txt"):
        return write_layout(ROOM, tmp_path / name)

    return make
