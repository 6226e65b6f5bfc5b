"""Definitions made from classes are those that others read."""

from __future__ import annotations

import pytest

from spatial_perception.ros.convert.definitions import definition, message_class

typesys = pytest.importorskip("rosbags.typesys")
NAMES = (
    "sensor_msgs/msg/PointCloud2", "visualization_msgs/msg/MarkerArray", "tf2_msgs/msg/TFMessage",
    "diagnostic_msgs/msg/DiagnosticArray", "sensor_msgs/msg/CameraInfo", "nav_msgs/msg/Path", "std_msgs/msg/Header",
    "geometry_msgs/msg/PoseWithCovariance", "rcl_interfaces/msg/ParameterDescriptor", "shape_msgs/msg/SolidPrimitive",
)  # fmt: skip


def fields(types, name):
    return types[name][1]


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_read_by_others_has_the_fields_of_the_standard(name):
    stored = typesys.get_typestore(typesys.Stores.ROS2_JAZZY)
    parsed = typesys.get_types_from_msg(definition(name), name)
    for kind in parsed:
        assert fields(parsed, kind) == fields(stored.fielddefs, kind), kind
    assert name in parsed


def test_our_own_types_are_defined_with_all_that_they_hold():
    parsed = typesys.get_types_from_msg(definition("spatial_perception/msg/Layout"), "spatial_perception/msg/Layout")
    assert {f"spatial_perception/msg/{name}" for name in ("Layout", "Wall", "Door", "Window", "Box")} <= set(parsed)
    assert "geometry_msgs/msg/Point" in parsed


@pytest.mark.parametrize("name", ["nowhere_msgs/msg/Thing", "sensor_msgs/msg/Nothing"])
def test_unknown_types_are_refused(name):
    with pytest.raises((ImportError, AttributeError)):
        message_class(name)
