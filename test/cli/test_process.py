"""The command line as a process: start-up, exit status, interrupts, dead workers."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time

import pytest

from spatial_perception._version import __version__
from spatial_perception.cli.main import hoist_debug
from spatial_perception.cli.pool import run_jobs

HEAVY = ("numpy", "scipy", "matplotlib", "torch", "pydantic", "shapely", "yaml", "rerun")


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], set()),
        (["--version"], set()),
        (["layout", "--help"], {"pydantic"}),  # newer releases of typer check arguments with it
    ],
)
def test_help_loads_nothing_heavy(arguments, allowed):
    probe = (
        "import sys, json, io, contextlib\n"
        "from spatial_perception.cli.main import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        f"    main({arguments!r})\n"
        f"print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, env=environment)
    assert set(json.loads(done.stdout)) <= allowed


def test_version(shell):
    assert shell("--version").out == f"spatial-perception {__version__}\n"


def test_a_real_run_keeps_results_and_remarks_apart(shell, cloud_file):
    done = shell("layout", cloud_file(), "--task", "layout")
    assert done.code == 0
    assert all(line.startswith(("wall_", "door_", "window_")) for line in done.out.splitlines())
    assert done.out.count("wall_") >= 4


def test_errors_have_status_2_and_no_traceback(shell):
    done = shell("layout", "gone.ply")
    assert (done.code, done.out, done.err) == (2, "", "error: gone.ply: no such file; check the path\n")


def test_debug_shows_the_traceback_wherever_it_stands(shell):
    assert "Traceback" in shell("layout", "gone.ply", "--debug").err
    assert hoist_debug(["layout", "a", "--debug"]) == ["--debug", "layout", "a"]
    assert hoist_debug(["layout", "--", "--debug"]) == ["layout", "--", "--debug"]


def test_an_unknown_option_has_status_2(shell):
    assert shell("layout", "--nope").code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_ends_cleanly(tmp_path, jobs):
    """The interrupt reaches all processes of the terminal, as Ctrl-C does, while homes are being written."""
    command = [
        sys.executable,
        "-m",
        "spatial_perception.cli.main",
        "simulate",
        "-o",
        str(tmp_path / "out"),
        "-n",
        "500",
    ]
    command += ["-j", jobs, "--points", "2000"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    # A shell starts background jobs deaf to interrupts, and children inherit that.
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    layouts = tmp_path / "out" / "layout"
    deadline = time.monotonic() + 60
    while not (layouts.is_dir() and any(layouts.glob("*.txt"))) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "interrupted" in err
    assert not [p for p in tmp_path.rglob(".*") if p.is_file()]


def test_a_dead_worker_costs_only_its_own_job():
    """The workers send themselves signals: the harmless one returns, SIGKILL ends the process."""
    heard = []
    jobs = [signal.SIGCHLD, signal.SIGCHLD, signal.SIGKILL, signal.SIGCHLD]
    results = run_jobs(signal.raise_signal, jobs, 2, lambda job, why: f"{job!r}: {why}", heard.append)
    assert results[:2] + results[3:] == [None, None, None]
    assert "SIGKILL" in results[2]
    assert "the process died" in results[2]
    assert len(heard) == 4


def test_results_are_in_the_order_of_the_jobs():
    assert run_jobs(math.sqrt, [25.0, 16.0, 4.0], 2, lambda job, why: -1.0, lambda _: None) == [5, 4, 2]
    assert run_jobs(math.sqrt, [25.0, 16.0], 1, lambda job, why: -1.0, lambda _: None) == [5, 4]
    assert run_jobs(math.sqrt, [], 4, lambda job, why: -1.0, lambda _: None) == []


def test_an_interrupt_that_a_destructor_swallows_still_ends_the_run(monkeypatch):
    swallowed = []
    monkeypatch.setattr(sys, "unraisablehook", swallowed.append)

    class Swallows:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)

    ran = []

    def work(number):
        ran.append(number)
        if number == 1:
            Swallows()

    with pytest.raises(KeyboardInterrupt):
        run_jobs(work, range(5), 1, lambda job, why: None, lambda result: None)
    assert ran == [0, 1]
    assert len(swallowed) == 1
