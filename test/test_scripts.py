"""The set-up scripts say plainly what is missing, and do nothing twice."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def clone(tmp_path):
    """The files that the set-up reads, without an environment."""
    for name in ("pyproject.toml", "setup.py", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    return tmp_path


def run(folder, script, *arguments, **environment):
    return subprocess.run(
        [shutil.which("bash"), f"scripts/{script}", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("script", ["demo.sh", "test.sh", "lint.sh"])
def test_no_python(clone, script):
    tools = clone / "tools"
    tools.mkdir()
    for tool in ("dirname", "cat", "cksum", "tr"):
        (tools / tool).symlink_to(shutil.which(tool))
    done = run(clone, script, PATH=str(tools), PYTHON="")
    assert done.returncode == 2
    assert "no Python 3.10 to 3.13 found" in done.stderr
    assert "apt-get install" in done.stderr


def test_no_venv_module(clone):
    (clone / "modules").mkdir()
    (clone / "modules" / "ensurepip.py").write_text("raise ImportError('left out by the distribution')\n")
    done = run(clone, "demo.sh", PYTHON=sys.executable, PYTHONPATH=str(clone / "modules"))
    assert done.returncode == 2
    assert "sudo apt-get install python3-venv" in done.stderr
    assert not (clone / ".venv").exists()


def test_no_index(clone):
    environment = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_NO_INDEX": "1"}
    environment |= {"PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull, "PIP_EXTRA_INDEX_URL": ""}
    done = run(clone, "demo.sh", PYTHON=sys.executable, **environment)
    assert done.returncode == 2
    assert "pip could not install what is needed" in done.stderr


@pytest.mark.skipif(not list((ROOT / ".venv").glob(".installed-test-*")), reason="the tests run outside .venv")
def test_set_up_is_quick_when_nothing_is_left_to_do():
    done = run(ROOT, "test.sh", "--setup-only", PIP_NO_INDEX="1")
    assert done.returncode == 0
    assert "Installing" not in done.stdout


def test_an_interrupt_leaves_no_half_environment(clone):
    """As Ctrl-C at a terminal: the signal goes to the whole foreground group."""
    process = subprocess.Popen(
        [shutil.which("bash"), "scripts/demo.sh"], cwd=clone, env={**os.environ, "PYTHON": sys.executable}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not (clone / ".venv").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted" in out
    assert "Traceback" not in out + err
    assert not (clone / ".venv").exists()
