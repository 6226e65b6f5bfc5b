"""What ``pip install`` puts in place is all that lies in the source folder."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest

_PROJECT = pathlib.Path(__file__).parents[2]
_BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy of the sources."""
    pytest.importorskip("setuptools", minversion="70.1", reason="builds wheels by itself from then on")
    folder = tmp_path_factory.mktemp("build")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(_PROJECT / name, folder / name)
    shutil.copytree(_PROJECT / "src", folder / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    command = [sys.executable, "-c", _BUILD, str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


def test_every_file_is_in_the_wheel(wheel):
    source = _PROJECT / "src"
    files = {file.relative_to(source).as_posix() for file in (source / "embedded_ros").rglob("*") if file.is_file()}
    wanted = {name for name in files if "__pycache__" not in name}
    assert wanted - set(zipfile.ZipFile(wheel).namelist()) == set()
    assert any(name.endswith("definitions/std_srvs.txt") for name in wanted)


def test_nothing_named_as_a_genuine_package_is_installed(wheel):
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"embedded_ros"}


def test_services_work_from_the_installed_files(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "import embedded_ros; embedded_ros.activate(); from std_srvs.srv import Trigger\n"
        "from vision_msgs.msg import Detection3DArray; print(embedded_ros.__file__, Trigger.Request(), Detection3DArray())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.stdout.startswith(str(tmp_path)), done.stderr
