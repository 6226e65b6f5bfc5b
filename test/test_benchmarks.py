"""The benchmarks that the README names run and print their figures, in a small size."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
needs_nodes = pytest.mark.skipif(
    find_spec("rclpy") is None and find_spec("embedded_ros") is None,
    reason="neither ROS 2 nor embedded_ros is installed",
)
NEED_TORCH = ("overfitting.py", "decoding.py")


@pytest.mark.parametrize(
    ("script", "arguments", "says"),
    [
        ("geometric_accuracy.py", ["--seeds", "3-4", "--rooms", "1"], "wall"),
        ("geometric_cost.py", ["--points", "20000", "40000"], "time grows"),
        ("evaluation_speed.py", ["--scenes", "3"], "scenes"),
        ("cli_startup.py", ["--runs", "2"], "ms"),
        ("encoder.py", ["--tiny", "--voxels", "3000", "--runs", "1", "--rounds", "1"], "times faster"),
        ("question_answering.py", ["--homes", "1"], "numbers, MRA"),
        ("navigation_speed.py", ["--repeat", "1"], "of the limit"),
        ("node_updates.py", ["--repeat", "2"], "update after one moved box"),
        pytest.param("live_ingest.py", ["--seconds", "3"], "last cloud to layout", marks=needs_nodes),
        pytest.param(
            "live_drive.py",
            ["--minutes", "0.5", "--rooms", "1", "--hz", "5", "--rings", "16", "--columns", "600"],
            "F1 @.25 wall",
            marks=[needs_nodes, pytest.mark.slow],
        ),
        pytest.param(
            "overfitting.py",
            ["--rooms", "1", "--epochs", "2", "--output", "{tmp}/overfitted"],
            "rooms whose walls",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "decoding.py",
            ["--layers", "1", "--width", "128", "--vocabulary", "1000", "--points", "20"],
            "x generate",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_benchmark_runs(script, arguments, says, tmp_path):
    if script in NEED_TORCH:
        pytest.importorskip("torch")
        pytest.importorskip("transformers")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, f"benchmarks/{script}", *(text.format(tmp=tmp_path) for text in arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    assert says in done.stdout
