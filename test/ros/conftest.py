"""Nodes run on a genuine ROS 2, else on the embedded runtime; without either there is nothing to test here."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

if importlib.util.find_spec("embedded_ros") is not None:
    import embedded_ros

    embedded_ros.activate()

collect_ignore_glob = [] if importlib.util.find_spec("rclpy") is not None else ["test_*.py"]
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"


@pytest.fixture
def world(tmp_path):
    """A ROS domain of its own with a probe node; processes started in it end with the test."""
    from node_harness import World

    with World(tmp_path) as world:
        yield world


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory):
    """As `world`, for all tests of a module."""
    from node_harness import World

    with World(tmp_path_factory.mktemp("world")) as world:
        yield world
