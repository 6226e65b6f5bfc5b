"""The interface files: where they are found, what they hash to, and that both build files name them all."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILES = sorted(p for kind in ("msg", "srv", "action") for p in (ROOT / kind).glob(f"*.{kind}"))
embedded_only = pytest.mark.skipif(
    importlib.util.find_spec("embedded_ros") is None, reason="needs the embedded runtime"
)

LOAD = """
import embedded_ros
embedded_ros.activate("force")
from spatial_perception.msg import Box, Door, Layout, Timing, Wall, Window
from spatial_perception.srv import SaveCloud, SaveLayout, SetCategories
from spatial_perception.action import EstimateLayout
from embedded_ros.messages.registry import _package_folder
import spatial_perception
print(_package_folder("spatial_perception"))
print(spatial_perception.__path__[0])
print(EstimateLayout.Result(layout=Layout(walls=[Wall(id=3)])).layout.walls[0].id, EstimateLayout.Result.TIMEOUT)
"""


def test_interfaces_import():
    from spatial_perception.action import EstimateLayout
    from spatial_perception.msg import Layout, Wall
    from spatial_perception.srv import SaveCloud, SaveLayout, SetCategories

    layout = Layout(map_epoch=2, walls=[Wall(id=5, height=2.5)])
    assert EstimateLayout.Feedback(layout=layout).layout.walls[0].id == 5
    assert SetCategories.Request(categories=["sofa"]).categories == ["sofa"]
    assert (SaveCloud.Response().points, SaveLayout.Request().overwrite) == (0, False)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_every_interface_can_be_made_and_sent(path):
    """As the runtime reads the files; parts of services and actions each on their own."""
    from rclpy.serialization import deserialize_message, serialize_message

    kind = getattr(import_module(f"spatial_perception.{path.suffix[1:]}"), path.stem)
    parts = {".msg": (), ".srv": ("Request", "Response"), ".action": ("Goal", "Result", "Feedback")}[path.suffix]
    for made in [getattr(kind, part)() for part in parts] or [kind()]:
        assert deserialize_message(serialize_message(made), type(made)) == made


def test_answers_know_every_status_that_the_solver_has():
    from spatial_perception.msg import Answer
    from spatial_perception.reasoning.answers import Status

    numbers = {status.name: getattr(Answer, status.name) for status in Status}
    assert len(set(numbers.values())) == len(numbers)
    assert not {Answer.REFUSED, Answer.CANCELED, Answer.FAILED} & set(numbers.values())


def test_build_file_names_every_interface():
    named = re.findall(r'"((?:msg|srv|action)/\w+\.\w+)"', (ROOT / "CMakeLists.txt").read_text())
    assert sorted(named) == [str(path.relative_to(ROOT)) for path in FILES]


def test_executables_can_be_started():
    """Scripts without a suffix are what `ros2 run` starts, in an ament prefix as in a wheel."""
    scripts = [path for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix]
    assert scripts
    assert [path.name for path in scripts if not os.access(path, os.X_OK)] == []
    assert [path.name for path in scripts if not path.read_text().startswith("#!/usr/bin/env python3\n")] == []
    assert "install(PROGRAMS ${_executables}" in (ROOT / "CMakeLists.txt").read_text()


def test_python_folder_is_installed_after_the_interfaces():
    """The generator installs an empty __init__.py; written later, ours wins."""
    text = (ROOT / "CMakeLists.txt").read_text()
    assert text.index("rosidl_generate_interfaces(") < text.index("install(DIRECTORY ${PROJECT_NAME}/")
    assert "ament_python_install_package(" not in text


def test_manifest_declares_an_interface_package():
    root = ElementTree.parse(ROOT / "package.xml").getroot()
    assert root.findtext("member_of_group") == "rosidl_interface_packages"
    assert root.findtext("export/build_type") == "ament_cmake"
    used = {m for path in FILES for m in re.findall(r"^(\w+)/\w+", path.read_text(), re.M)} - {"spatial_perception"}
    assert used <= {element.text for element in root.iter("depend")}
    assert not any((ROOT / "spatial_perception" / kind).exists() for kind in ("msg", "srv", "action"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_every_field_of_a_message_says_what_it_is(path):
    lines = [line for line in path.read_text().splitlines() if re.match(r"^[\w/\[\]]+ +\w+ *(#|$)", line)]
    known = {"success", "walls", "doors", "windows", "boxes", "NONE"}
    assert [line for line in lines if "#" not in line and line.split()[1] not in known] == []


@embedded_only
def test_types_and_bytes_are_those_of_another_implementation():
    rosbags = pytest.importorskip("rosbags.typesys")
    from rclpy.serialization import deserialize_message, serialize_message

    from embedded_ros.messages.hashing import type_hash
    from spatial_perception.msg import Door, Layout, StageTiming, Wall

    store = rosbags.get_typestore(rosbags.Stores.ROS2_JAZZY)
    known = {}
    for path in FILES:
        if path.suffix == ".msg":
            known |= rosbags.get_types_from_msg(path.read_text(), f"spatial_perception/msg/{path.stem}")
    store.register(known)
    for name in known:
        assert type_hash(name) == store.hash_rihs01(name), name
    message = Layout(map_epoch=7, estimator="nano", timings=[StageTiming(stage="estimate", duration=0.5)])
    message.header.frame_id = "map"
    message.walls = [Wall(id=1, label="wall", height=2.5, score=0.75, support=12), Wall(id=2)]
    message.doors = [Door(id=4, wall_id=1, width=0.9)]
    data = serialize_message(message)
    other = store.deserialize_cdr(data, "spatial_perception/msg/Layout")
    assert (other.map_epoch, other.walls[0].support, other.doors[0].width) == (7, 12, 0.9)
    assert bytes(store.serialize_cdr(other, "spatial_perception/msg/Layout")) == bytes(data)
    assert deserialize_message(data, Layout) == message


def environment(tmp_path, **extra):
    """Nothing but the embedded runtime and its dependencies; run in an empty folder, so that no source is near."""
    import embedded_ros

    path = os.pathsep.join(
        [str(Path(embedded_ros.__file__).parents[1]), *(p for p in sys.path if p.endswith("-packages"))]
    )
    kept = {k: v for k, v in os.environ.items() if k not in ("AMENT_PREFIX_PATH", "EMBEDDED_ROS_PACKAGE_PATH")}
    return {**kept, "PYTHONPATH": path, **extra}


def load(tmp_path, **extra):
    folder = tmp_path / "elsewhere" / "deep" / "down"
    folder.mkdir(parents=True)
    run = subprocess.run(
        [sys.executable, "-S", "-c", LOAD],
        cwd=folder,
        env=environment(tmp_path, **extra),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


@embedded_only
@pytest.mark.slow
def test_a_wheel_carries_the_interfaces(tmp_path):
    source = tmp_path / "source"
    for name in ("spatial_perception", "msg", "srv", "action", "scripts"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "package.xml", "README.md", "MANIFEST.in"):
        shutil.copy(ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", str(source), "--no-deps", "--no-build-isolation", "-qw", str(tmp_path)],
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    path = f"{site}{os.pathsep}{environment(tmp_path)['PYTHONPATH']}"
    folder, package, values = load(tmp_path, PYTHONPATH=path)
    assert Path(folder) == site / "spatial_perception/share/spatial_perception"
    assert Path(package) == site / "spatial_perception"
    assert values == "3 5"
    assert (site / "spatial_perception/lib/spatial_perception/spatial-perception").is_file()


@embedded_only
def test_an_ament_share_folder_serves_too(tmp_path):
    share = tmp_path / "prefix/share/spatial_perception"
    for kind in ("msg", "srv", "action"):
        shutil.copytree(ROOT / kind, share / kind)
    python = tmp_path / "site/spatial_perception"
    shutil.copytree(ROOT / "spatial_perception", python, ignore=shutil.ignore_patterns("__pycache__", "*.json"))
    path = f"{python.parent}{os.pathsep}{environment(tmp_path)['PYTHONPATH']}"
    folder, _, values = load(tmp_path, PYTHONPATH=path, AMENT_PREFIX_PATH=str(tmp_path / "prefix"))
    assert Path(folder) == share
    assert values == "3 5"
