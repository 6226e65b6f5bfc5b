"""`spatial-perception demo` as a process: the whole live run, interrupts at any moment, nothing left behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from node_harness import ROOT

COMMAND = [sys.executable, "-m", "spatial_perception.cli.main", "demo"]
QUICK = ["--rooms", "1", "--seed", "3", "--pace", "8"]


def can_unshare():
    """Whether a process may be started in a network without any interface."""
    return (
        bool(shutil.which("unshare"))
        and subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0
    )


def start(folder, *arguments, cwd=None, prefix=()):
    """The demo in a session of its own, so that an interrupt of its group reaches what a terminal's would."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "OMP_NUM_THREADS": "1"}
    environment.pop("ROS_DOMAIN_ID", None)
    return subprocess.Popen(
        [*prefix, *COMMAND, "-o", str(folder), *arguments], env=environment, cwd=cwd or folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def relatives(folder):
    """Processes that mention the folder of a demo in their command line or belong to a session of one that does."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace")
                variables = (entry / "environ").read_bytes().decode(errors="replace")
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if state != "Z" and (str(folder) in words or f"ROS_LOG_DIR={folder}" in variables):
                found.append((int(entry.name), words.replace("\0", " ")))
    return found


def wait_until(true, seconds=40.0):
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert true()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
class TestLive:
    @pytest.mark.timeout(600)
    def test_a_robot_maps_a_home_and_answers(self, tmp_path):
        process = start("results", *QUICK, cwd=tmp_path)
        out, err = process.communicate(timeout=500)
        assert process.returncode == 0, f"{out}\n{err}"
        assert "started   recorder, layout node, scene node, simulated robot" in out
        assert re.search(r" 100 % +\d+\.\d m ", out)
        assert float(re.search(r"wall +(\d\.\d\d)", out[out.index("score") :])[1]) > 0.4
        assert out.count("\n> ") == 5
        assert out.count("truth: ") == 5
        assert "\x1b" not in out
        assert "Traceback" not in err
        for name in ("layout.txt", "layout.json", "layout.geojson", "truth.txt", "map.ply", "plan.png", "view_3d.png",
                     "comparison.png", "navigation.png", "recording/recording.mcap"):  # fmt: skip
            assert (tmp_path / "results" / name).stat().st_size > 500, name
        assert recorded_topics(tmp_path / "results" / "recording") >= {
            "/layout_node/layout",
            "/simulated_robot/truth",
            "/tf",
        }
        assert relatives(tmp_path) == []

    @pytest.mark.parametrize("moment", [0.3, 1.0, 2.0, 5.0])
    def test_an_interrupt_ends_everything_within_a_second(self, tmp_path, moment):
        process = start(tmp_path, "--rooms", "2")
        time.sleep(moment)
        os.killpg(process.pid, signal.SIGINT)
        began = time.monotonic()
        _, err = process.communicate(timeout=30)
        took = time.monotonic() - began
        busy = os.getloadavg()[0] > os.cpu_count()
        assert took < (3.0 if busy else 1.0)
        assert process.returncode in (130, -2)
        assert moment < 1.0 or "Traceback" not in err  # before that Python itself may be starting
        assert relatives(tmp_path) == []

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
    def test_other_ends_leave_no_orphans(self, tmp_path, number):
        process = start(tmp_path, "--rooms", "1")
        wait_until(lambda: len(relatives(tmp_path)) >= 4)
        process.send_signal(number)
        process.communicate(timeout=30)
        wait_until(lambda: not relatives(tmp_path), 5.0)

    def test_a_node_that_dies_ends_the_demo_with_its_last_words(self, tmp_path):
        process = start(tmp_path, "--rooms", "1")
        robot = "scripts/simulated_robot"
        wait_until(lambda: any(robot in words for _, words in relatives(tmp_path)))
        os.kill(next(pid for pid, words in relatives(tmp_path) if robot in words), signal.SIGKILL)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "simulated_robot ended with status -9" in err
        assert relatives(tmp_path) == []

    def test_an_unknown_estimator_is_told_before_the_drive(self, tmp_path):
        process = start(tmp_path, "--rooms", "1", "--estimator", "no_such_estimator")
        out, err = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "layout_node is unconfigured" in err
        assert "no_such_estimator" in err
        assert "voxels" not in out
        assert relatives(tmp_path) == []

    def test_a_viewer_without_its_extra_is_told_at_once(self, tmp_path):
        (tmp_path / "foxglove.py").write_text("raise ImportError('not here')\n")
        process = start(tmp_path, "--rooms", "1", "--foxglove", prefix=["env", f"PYTHONPATH={tmp_path}:{ROOT}"])
        out, err = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "pip install 'spatial_perception[foxglove]'" in err
        assert "started" not in out
        assert relatives(tmp_path) == []

    @pytest.mark.skipif(not can_unshare(), reason="may not make a network of its own")
    def test_without_a_network_it_says_so_and_goes_on(self, tmp_path):
        process = start(tmp_path, "--rooms", "1", prefix=["unshare", "-rn"])
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert err.count("no live demo here, going on without nodes") == 1
        assert "scanned" in out

    @pytest.mark.slow
    def test_two_at_once_do_not_meet(self, tmp_path):
        folders = [tmp_path / "a", tmp_path / "b"]
        for folder in folders:
            folder.mkdir()
        running = [start(folder, *QUICK[:2], "--seed", str(3 + k), "--pace", "8") for k, folder in enumerate(folders)]
        outs = [process.communicate(timeout=280)[0] for process in running]
        assert [process.returncode for process in running] == [0, 0]
        domains = {re.search(r"domain (\d+)", out)[1] for out in outs}
        assert len(domains) == 2
        truths = [(folder / "truth.txt").read_text() for folder in folders]
        assert truths[0] != truths[1]


def recorded_topics(folder):
    rosbag2 = pytest.importorskip("rosbags.rosbag2")
    with rosbag2.Reader(folder) as reader:
        return {connection.topic for connection in reader.connections if connection.msgcount}
