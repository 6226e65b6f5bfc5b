"""The files that are shipped beside the nodes fit them: parameters that exist, topics that are published."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from node_harness import ROOT

from spatial_perception.configuration import check_settings
from spatial_perception.ros.layout_settings import LayoutSettings

OF_LAYOUT_NODE = ("lidar", "rgbd", "both", "simulation")
PUBLISHED = {
    "layout_node/markers", "layout_node/cloud", "layout_node/layout", "layout_node/timing", "layout_node/boxes",
    "navigation_node/map", "navigation_node/markers", "navigation_node/rooms", "scene_node/markers", "scene_node/answer",
    "simulated_robot/path", "simulated_robot/truth", "points", "diagnostics", "camera/rgb/image_rect_color",
    "camera/rgb/camera_info",
}  # fmt: skip


@pytest.mark.parametrize("name", OF_LAYOUT_NODE)
def test_parameters_of_robot_kinds_are_those_of_the_node(name):
    document = yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text(encoding="utf-8"))
    assert list(document) == ["/**"]
    parameters = document["/**"]["ros__parameters"]
    inputs = parameters["inputs"]
    # ROS has no empty lists in files: one empty word stands for it.
    inputs = {key: [w for w in value if w] if isinstance(value, list) else value for key, value in inputs.items()}
    settings = check_settings(LayoutSettings, {**parameters, "inputs": inputs})
    assert settings.inputs.clouds or settings.inputs.rgbd


def test_every_kind_of_robot_has_its_file():
    kinds = {path.stem for path in (ROOT / "config").glob("*.yaml")} - {"navigation"}
    assert kinds == set(OF_LAYOUT_NODE)


def test_rviz_shows_topics_that_are_published():
    document = yaml.safe_load((ROOT / "rviz" / "layout.rviz").read_text(encoding="utf-8"))
    topics = {item["Topic"]["Value"] for item in document["Visualization Manager"]["Displays"] if "Topic" in item}
    assert "layout_node/markers" in topics
    assert topics <= PUBLISHED, topics - PUBLISHED


def test_foxglove_shows_topics_that_are_published():
    text = (ROOT / "config" / "foxglove_layout.json").read_text(encoding="utf-8")
    assert json.loads(text)["configById"]
    topics = {match.strip("/") for match in re.findall(r'"/([a-z_]+(?:/[a-z_]+)*)', text)}
    assert {"layout_node/markers", "points"} <= topics
    assert topics <= PUBLISHED, topics - PUBLISHED
