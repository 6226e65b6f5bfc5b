"""Finding packages and their executables, and running those written in Python."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest
from ament_index_python import (
    InvalidResourceNameError,
    PackageNotFoundError,
    get_package_prefix,
    get_package_share_directory,
    get_package_share_path,
    get_packages_with_prefixes,
    get_resource,
    get_resource_types,
    get_resources,
    get_search_paths,
    has_resource,
)

from embedded_ros.run import ExecutableNotFoundError, find_executable, list_executables

MANIFEST = "<?xml version='1.0'?><package format='3'><name>{}</name><version>0.1.0</version></package>"


@pytest.fixture(autouse=True)
def _bare(monkeypatch, tmp_path):
    for name in ("AMENT_PREFIX_PATH", "EMBEDDED_ROS_PACKAGE_PATH"):
        monkeypatch.delenv(name, raising=False)
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)


def make_prefix(root: pathlib.Path, package: str) -> pathlib.Path:
    (root / "share" / package / "launch").mkdir(parents=True)
    (root / "share" / package / "package.xml").write_text(MANIFEST.format(package))
    index = root / "share/ament_index/resource_index/packages"
    index.mkdir(parents=True)
    (index / package).write_text("")
    (root / "lib" / package).mkdir(parents=True)
    return root


def make_source(root: pathlib.Path, package: str) -> pathlib.Path:
    (root / package).mkdir(parents=True)
    (root / "package.xml").write_text(MANIFEST.format(package))
    (root / package / "__init__.py").write_text("")
    return root


def test_an_editable_installation_is_found_from_any_folder(tmp_path):
    """pip installs such packages by a finder of its own, not by a folder on the path."""
    source = make_source(tmp_path / "source", "editable_pkg")
    (source / "msg").mkdir()
    (source / "msg" / "Level.msg").write_text("float64 value\n")
    (source / "scripts").mkdir()
    (source / "scripts" / "greet").write_text("#!/usr/bin/env python3\nprint('hello')\n")
    (source / "scripts" / "greet").chmod(0o755)
    script = f"""
import importlib.util, sys
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "editable_pkg":
            return importlib.util.spec_from_file_location(name, {str(source / "editable_pkg" / "__init__.py")!r})
sys.meta_path.append(Finder)
import embedded_ros
from embedded_ros.run import find_executable
embedded_ros.activate()
from editable_pkg.msg import Level
print(Level(value=2.0).value, find_executable("editable_pkg", "greet")[-1])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=400)
    assert done.stdout.split() == ["2.0", str(source / "scripts" / "greet")], done.stderr


def test_installed_packages(monkeypatch, tmp_path):
    first, second = make_prefix(tmp_path / "a", "demo_pkg"), make_prefix(tmp_path / "b", "demo_pkg")
    monkeypatch.setenv("AMENT_PREFIX_PATH", os.pathsep.join([str(first), str(tmp_path / "missing"), str(second)]))
    assert get_search_paths() == [str(first), str(second)]
    assert get_package_prefix("demo_pkg") == str(first)
    assert get_package_share_directory("demo_pkg") == str(first / "share/demo_pkg")
    assert get_package_share_path("demo_pkg") == first / "share/demo_pkg"
    assert get_packages_with_prefixes() == {"demo_pkg": str(first)}
    assert get_resources("packages") == {"demo_pkg": str(first)}
    assert get_resource("packages", "demo_pkg") == ("", str(first))
    assert has_resource("packages", "demo_pkg") == str(first)
    assert has_resource("packages", "other") is None
    assert get_resource_types() == {"packages"}
    with pytest.raises(LookupError, match="other"):
        get_resource("packages", "other")
    with pytest.raises(InvalidResourceNameError):
        get_resource("packages", "a/b")


def test_source_folders(monkeypatch, tmp_path):
    source = make_source(tmp_path / "ws/src/demo", "demo_pkg")
    make_source(tmp_path / "ws/build/demo", "ignored_pkg")
    monkeypatch.setenv("EMBEDDED_ROS_PACKAGE_PATH", str(tmp_path / "ws"))
    assert get_package_prefix("demo_pkg") == str(source)
    assert get_package_share_directory("demo_pkg") == str(source)
    assert get_packages_with_prefixes() == {"demo_pkg": str(source)}
    with pytest.raises(PackageNotFoundError):
        get_package_prefix("ignored_pkg")


def test_the_current_folder_and_those_above_it(monkeypatch, tmp_path):
    source = make_source(tmp_path / "demo", "demo_pkg")
    (source / "deep/er").mkdir(parents=True)
    monkeypatch.chdir(source / "deep/er")
    assert get_package_share_directory("demo_pkg") == str(source)


def test_an_importable_python_package_counts(monkeypatch, tmp_path):
    folder = tmp_path / "site/wheel_pkg"
    (folder / "launch").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert get_package_share_directory("wheel_pkg") == str(folder)
    assert get_package_share_directory("embedded_ros").endswith("embedded_ros")


@pytest.mark.parametrize("name", ["surely_no_package", "sensor_msgs"])
def test_unknown_packages_are_reported_with_where_was_looked(name):
    with pytest.raises(PackageNotFoundError, match="AMENT_PREFIX_PATH"):
        get_package_share_directory(name)
    with pytest.raises(KeyError):
        get_package_prefix(name)


@pytest.mark.parametrize("name", ["", "a/b"])
def test_invalid_names(name):
    with pytest.raises(ValueError, match="valid package name"):
        get_package_prefix(name)


def run(command: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    source = pathlib.Path(__file__).parents[2] / "src"
    environment = {**os.environ, "PYTHONPATH": str(source)}
    return subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, timeout=400, check=False
    )


def test_scripts_of_a_source_folder_import_their_package(monkeypatch, tmp_path):
    source = make_source(tmp_path / "demo", "demo_pkg")
    (source / "demo_pkg/core.py").write_text("WORD = 'from the package'")
    (source / "scripts").mkdir()
    (source / "scripts/talker").write_text(
        "#!/usr/bin/env python3\nimport sys\nfrom demo_pkg.core import WORD\nimport geometry_msgs.msg\n"
        "from launch import LaunchDescription\n"
        "if __name__ == '__main__':\n    print(WORD, sys.argv[1:])\n"
    )
    (source / "scripts/talker").chmod(0o755)
    (source / "launch").mkdir()  # must not hide the package of that name
    monkeypatch.setenv("EMBEDDED_ROS_PACKAGE_PATH", str(source))
    done = run(find_executable("demo_pkg", "talker"), "--ros-args", "-r", "a:=b")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "from the package ['--ros-args', '-r', 'a:=b']"


def test_programs_of_a_prefix_win_and_run_as_they_are(monkeypatch, tmp_path):
    prefix = make_prefix(tmp_path / "install", "demo_pkg")
    program = prefix / "lib/demo_pkg/program"
    program.write_text("#!/bin/sh\necho program $1\n")
    program.chmod(0o755)
    (prefix / "lib/demo_pkg/notes.txt").write_text("no program")
    source = make_source(tmp_path / "demo", "demo_pkg")
    (source / "scripts").mkdir()
    (source / "scripts/program").write_text("#!/usr/bin/env python3\n")
    (source / "scripts/program").chmod(0o755)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(prefix))
    monkeypatch.setenv("EMBEDDED_ROS_PACKAGE_PATH", str(source))
    assert find_executable("demo_pkg", "program") == [str(program)]
    assert run(find_executable("demo_pkg", "program"), "x").stdout == "program x\n"
    assert list_executables("demo_pkg") == ["program"]


def test_entry_points_of_source_packages(monkeypatch, tmp_path):
    source = make_source(tmp_path / "demo", "demo_pkg")
    (source / "demo_pkg/node.py").write_text(
        "import sys\ndef main():\n    print('entry', sys.argv[1:])\n    return 3\n"
    )
    (source / "setup.py").write_text(
        "from setuptools import setup\nsetup(entry_points={'console_scripts': ['listener = demo_pkg.node:main']})\n"
        "raise SystemExit('never executed')\n"
    )
    monkeypatch.setenv("EMBEDDED_ROS_PACKAGE_PATH", str(tmp_path))
    done = run(find_executable("demo_pkg", "listener"), "a")
    assert (done.returncode, done.stdout) == (3, "entry ['a']\n"), done.stderr


def test_modules_of_an_importable_package(monkeypatch, tmp_path):
    folder = tmp_path / "site/wheel_pkg/nodes"
    folder.mkdir(parents=True)
    for file in (folder / "__init__.py", folder.parent / "__init__.py"):
        file.write_text("")
    (folder / "mapper.py").write_text("print('module')")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert find_executable("wheel_pkg", "mapper")[1:] == ["-m", "embedded_ros.run", "module", "wheel_pkg.nodes.mapper"]


def test_unknown_executables_are_reported_with_those_there_are(monkeypatch, tmp_path):
    source = make_source(tmp_path / "demo", "demo_pkg")
    (source / "scripts").mkdir()
    (source / "scripts/talker.py").write_text("")
    monkeypatch.setenv("EMBEDDED_ROS_PACKAGE_PATH", str(source))
    assert find_executable("demo_pkg", "talker")[-1] == str(source / "scripts/talker.py")
    with pytest.raises(ExecutableNotFoundError, match=r"'walker'; it has talker\.py"):
        find_executable("demo_pkg", "walker")
    with pytest.raises(ExecutableNotFoundError, match="none was found"):
        find_executable("surely_no_package", "walker")


def test_the_runner_explains_itself():
    done = run([sys.executable, "-m", "embedded_ros.run"], "nonsense")
    assert done.returncode == 2
    assert "usage" in done.stderr


@pytest.mark.parametrize("has_command", [True, False])
def test_launch_hands_over_to_a_genuine_installation(monkeypatch, tmp_path, has_command):
    (tmp_path / "site/rclpy").mkdir(parents=True)
    (tmp_path / "site/rclpy/__init__.py").write_text("")
    (tmp_path / "bin").mkdir()
    if has_command:
        (tmp_path / "bin/ros2").write_text("#!/bin/sh\necho genuine $*\n")
        (tmp_path / "bin/ros2").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/bin")
    source = pathlib.Path(__file__).parents[2] / "src"
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path / 'site'}{os.pathsep}{source}", "EMBEDDED_ROS": "auto"}
    command = [sys.executable, "-m", "embedded_ros", "launch", "demo_pkg", "demo.launch.py", "a:=b"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400, check=False)
    if has_command:
        assert (done.returncode, done.stdout) == (0, "genuine launch demo_pkg demo.launch.py a:=b\n"), done.stderr
    else:
        assert done.returncode == 1
        assert "source its setup file" in done.stderr
