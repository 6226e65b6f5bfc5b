"""Parameters of nodes: declaration, types, ranges, callbacks, overrides."""

from __future__ import annotations

import pytest
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.exceptions import (
    InvalidParameterValueException,
    ParameterAlreadyDeclaredException,
    ParameterImmutableException,
    ParameterNotDeclaredException,
    ParameterUninitializedException,
)
from rclpy.parameter import Parameter

Type = Parameter.Type


def set_one(node, name, value):
    (result,) = node.set_parameters([Parameter(name, value=value)])
    return result


def test_declare_and_get(node):
    parameter = node.declare_parameter("rate", 10)
    assert (parameter.name, parameter.value, parameter.type_) == ("rate", 10, Type.INTEGER)
    assert node.has_parameter("rate")
    assert node.get_parameter("rate").value == 10
    assert node.get_parameter("rate").get_parameter_value().integer_value == 10
    with pytest.raises(ParameterAlreadyDeclaredException):
        node.declare_parameter("rate", 10)


def test_declare_many(node):
    node.declare_parameters("camera", [("width", 640), ("height", 480, ParameterDescriptor(description="pixels"))])
    assert node.get_parameter("camera.width").value == 640
    assert node.describe_parameter("camera.height").description == "pixels"
    assert [p.value for p in node.get_parameters(["camera.width", "camera.height"])] == [640, 480]
    prefixed = node.get_parameters_by_prefix("camera")
    assert {name: p.value for name, p in prefixed.items()} == {"width": 640, "height": 480}


def test_parameters_that_are_not_declared(node):
    assert not node.has_parameter("nothing")
    with pytest.raises(ParameterNotDeclaredException):
        node.get_parameter("nothing")
    with pytest.raises(ParameterNotDeclaredException):
        node.set_parameters([Parameter("nothing", value=1)])
    with pytest.raises(ParameterNotDeclaredException):
        node.describe_parameter("nothing")
    with pytest.raises(ParameterNotDeclaredException):
        node.undeclare_parameter("nothing")
    fallback = Parameter("nothing", value=5)
    assert node.get_parameter_or("nothing", fallback).value == 5


def test_undeclared_parameters_may_be_allowed(make_node):
    node = make_node(allow_undeclared_parameters=True)
    assert set_one(node, "free", 1).successful
    assert node.get_parameter("free").value == 1
    assert node.get_parameter("nothing").type_ == Type.NOT_SET


def test_types_are_fixed_by_the_declaration(node):
    node.declare_parameter("rate", 10)
    node.declare_parameter("gain", 1.0)
    for name, wrong in (("rate", "ten"), ("rate", 1.5), ("gain", 1), ("gain", True)):
        result = set_one(node, name, wrong)
        assert not result.successful
        assert result.reason
    assert node.get_parameter("rate").value == 10
    assert set_one(node, "rate", 11).successful
    assert node.get_parameter("rate").value == 11


def test_types_may_be_free(node):
    node.declare_parameter("any", 1, ParameterDescriptor(dynamic_typing=True))
    assert set_one(node, "any", "text").successful
    assert node.get_parameter("any").value == "text"


def test_a_type_without_a_value(node):
    node.declare_parameter("must", Type.INTEGER)
    with pytest.raises(ParameterUninitializedException):
        node.get_parameter("must")
    assert not set_one(node, "must", "text").successful
    assert set_one(node, "must", 3).successful
    assert node.get_parameter("must").value == 3


def test_read_only(node):
    node.declare_parameter("fixed", 1, ParameterDescriptor(read_only=True))
    result = set_one(node, "fixed", 2)
    assert not result.successful
    assert node.get_parameter("fixed").value == 1
    with pytest.raises(ParameterImmutableException):
        node.undeclare_parameter("fixed")


def test_undeclare(node):
    node.declare_parameter("gone", 1)
    node.undeclare_parameter("gone")
    assert not node.has_parameter("gone")
    assert node.declare_parameter("gone", "other type").value == "other type"


@pytest.mark.parametrize(("value", "fits"), [(0, True), (5, True), (10, True), (3, False), (-5, False), (15, False)])
def test_integer_ranges(node, value, fits):
    allowed = IntegerRange(from_value=0, to_value=10, step=5)
    node.declare_parameter("n", 5, ParameterDescriptor(integer_range=[allowed]))
    assert set_one(node, "n", value).successful == fits


@pytest.mark.parametrize(
    ("value", "fits"), [(0.0, True), (0.5, True), (1.0, True), (0.25, False), (-0.5, False), (1.5, False)]
)
def test_floating_ranges(node, value, fits):
    allowed = FloatingPointRange(from_value=0.0, to_value=1.0, step=0.5)
    node.declare_parameter("x", 0.5, ParameterDescriptor(floating_point_range=[allowed]))
    assert set_one(node, "x", value).successful == fits


def test_a_step_that_does_not_divide_the_range_still_allows_the_end(node):
    allowed = IntegerRange(from_value=0, to_value=10, step=4)
    node.declare_parameter("n", 0, ParameterDescriptor(integer_range=[allowed]))
    assert [set_one(node, "n", value).successful for value in (4, 8, 10, 9)] == [True, True, True, False]


def test_defaults_outside_the_range_are_refused(node):
    allowed = IntegerRange(from_value=0, to_value=10)
    with pytest.raises(InvalidParameterValueException):
        node.declare_parameter("n", 11, ParameterDescriptor(integer_range=[allowed]))
    assert not node.has_parameter("n")


def test_descriptors(node):
    node.declare_parameter("n", 1, ParameterDescriptor(description="number", additional_constraints="small"))
    descriptor = node.describe_parameter("n")
    assert (descriptor.name, descriptor.description, descriptor.type) == ("n", "number", Type.INTEGER.value)
    assert [d.name for d in node.describe_parameters(["n"])] == ["n"]
    changed = node.set_descriptor("n", ParameterDescriptor(description="changed"))
    assert node.describe_parameter("n").description == "changed"
    assert changed.integer_value == 1


def test_atomic_sets_are_all_or_nothing(node):
    node.declare_parameter("a", 1)
    node.declare_parameter("b", 1)
    result = node.set_parameters_atomically([Parameter("a", value=2), Parameter("b", value="wrong")])
    assert not result.successful
    assert node.get_parameter("a").value == 1
    results = node.set_parameters([Parameter("a", value=2), Parameter("b", value="wrong")])
    assert [r.successful for r in results] == [True, False]
    assert node.get_parameter("a").value == 2


def test_callbacks_may_refuse(node):
    seen = []

    def check(parameters):
        seen.append([(p.name, p.value) for p in parameters])
        return SetParametersResult(successful=parameters[0].value < 5, reason="must be below five")

    node.declare_parameter("n", 1)
    node.add_on_set_parameters_callback(check)
    assert set_one(node, "n", 2).successful
    result = set_one(node, "n", 9)
    assert (result.successful, result.reason) == (False, "must be below five")
    assert node.get_parameter("n").value == 2
    assert seen == [[("n", 2)], [("n", 9)]]
    node.remove_on_set_parameters_callback(check)
    assert set_one(node, "n", 9).successful


def test_callbacks_see_declarations_and_may_refuse_them(node):
    node.add_on_set_parameters_callback(lambda parameters: SetParametersResult(successful=False, reason="no"))
    with pytest.raises(InvalidParameterValueException):
        node.declare_parameter("n", 1)


def test_callbacks_after_the_change(node):
    if not hasattr(node, "add_post_set_parameters_callback"):
        pytest.skip("not in this distribution")
    seen = []
    node.declare_parameter("n", 1)
    node.add_post_set_parameters_callback(lambda parameters: seen.append(node.get_parameter("n").value))
    set_one(node, "n", 7)
    set_one(node, "n", "wrong")
    assert seen == [7]


def test_overrides_win_over_defaults(make_node):
    node = make_node(parameter_overrides=[Parameter("rate", value=50), Parameter("unused", value=1)])
    assert node.declare_parameter("rate", 10).value == 50
    assert not node.has_parameter("unused")
    assert node.declare_parameter("other", 1).value == 1


def test_overrides_may_be_ignored_or_declared_by_themselves(make_node):
    node = make_node(parameter_overrides=[Parameter("rate", value=50)])
    assert node.declare_parameter("rate", 10, ignore_override=True).value == 10
    node = make_node(
        parameter_overrides=[Parameter("a.b", value=1)], automatically_declare_parameters_from_overrides=True
    )
    assert node.get_parameter("a.b").value == 1


def test_command_line(make_node, tmp_path):
    file = tmp_path / "params.yaml"
    file.write_text(
        "/**:\n  ros__parameters:\n    common: 1\n    nested: {deep: [1.5, 2.5]}\n"
        "/robot/driver:\n  ros__parameters:\n    rate: 30\n    common: 2\n"
        "other:\n  ros__parameters:\n    rate: 99\n"
    )
    arguments = ["--ros-args", "--params-file", str(file), "-p", "name:='007'", "-p", "flag:=true", "-p", "x:=1.0"]
    node = make_node("driver", namespace="/robot", cli_args=arguments)
    assert node.declare_parameter("rate", 10).value == 30
    assert node.declare_parameter("common", 0).value == 2
    assert list(node.declare_parameter("nested.deep", [0.0]).value) == [1.5, 2.5]
    assert node.declare_parameter("name", "").value == "007"
    assert node.declare_parameter("flag", False).value is True
    assert node.declare_parameter("x", 0.0).value == 1.0


def test_an_override_of_another_type_is_refused(make_node):
    from rclpy.exceptions import InvalidParameterTypeException

    node = make_node(cli_args=["--ros-args", "-p", "rate:=fast"])
    with pytest.raises(InvalidParameterTypeException):
        node.declare_parameter("rate", 10)


def test_use_sim_time_is_there_from_the_start(node):
    assert node.get_parameter("use_sim_time").value is False
