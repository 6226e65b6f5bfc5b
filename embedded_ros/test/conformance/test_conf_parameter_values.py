"""Parameters by themselves: types, values, messages."""

from __future__ import annotations

import array

import pytest
from rcl_interfaces.msg import ParameterType, ParameterValue
from rclpy.parameter import Parameter

Type = Parameter.Type


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, Type.BOOL),
        (1, Type.INTEGER),
        (1.0, Type.DOUBLE),
        ("a", Type.STRING),
        ([b"a", b"b"], Type.BYTE_ARRAY),
        ([True, False], Type.BOOL_ARRAY),
        ([1, 2], Type.INTEGER_ARRAY),
        (array.array("q", [1, 2]), Type.INTEGER_ARRAY),
        ([1.0, 2.0], Type.DOUBLE_ARRAY),
        (array.array("d", [1.0]), Type.DOUBLE_ARRAY),
        (["a", "b"], Type.STRING_ARRAY),
        (None, Type.NOT_SET),
    ],
)
def test_types_are_inferred_and_survive_the_message(value, kind):
    parameter = Parameter("p", value=value)
    assert (parameter.name, parameter.type_) == ("p", kind)
    assert parameter.get_parameter_value().type == kind.value
    back = Parameter.from_parameter_msg(parameter.to_parameter_msg())
    assert (back.name, back.type_) == ("p", kind)
    assert back.value == value or list(back.value) == list(value)


@pytest.mark.parametrize("value", [[1, "a"], [1, 2.0], {"a": 1}, object(), [[1]]])
def test_values_that_no_parameter_can_have(value):
    with pytest.raises(TypeError):
        Parameter("p", value=value)


def test_type_and_value_must_agree():
    assert Parameter("p", Type.INTEGER, 1).value == 1
    for kind, value in ((Type.STRING, 1), (Type.INTEGER, 1.0), (Type.DOUBLE, 1), (Type.BOOL, 1)):
        with pytest.raises(ValueError, match="do not agree"):
            Parameter("p", kind, value)
    with pytest.raises(TypeError):
        Parameter("p", "integer", 1)


def test_type_numbers_are_those_of_the_message():
    for kind in Type:
        assert kind.value == getattr(ParameterType, f"PARAMETER_{kind.name}")


def test_values_of_messages():
    value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="a")
    assert Parameter("p", value="a").get_parameter_value() == value
    assert Type.BOOL.check(True)
    assert not Type.BOOL.check(1)
    assert Type.INTEGER_ARRAY.check([1, 2])
    assert not Type.INTEGER_ARRAY.check([1, "a"])
