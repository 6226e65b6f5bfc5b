"""Every sample of genuine ROS 2 Jazzy is written and read byte for byte."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np
import pytest

from embedded_ros.messages.classes import message_class
from embedded_ros.messages.codec import deserialize, serialize
from embedded_ros.messages.model import Shape

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "ros2_cdr"
FILES = sorted(GOLDEN.glob("*__*.json"))


def build(name: str, values: dict[str, Any]) -> Any:
    """Make a message of the golden field values through the public constructor."""
    cls = message_class(name)
    return cls(**{field.name: convert(field.type, values[field.name]) for field in cls._definition.fields})


def convert(kind: Any, value: Any) -> Any:
    if kind.shape is not Shape.SINGLE:
        element = type(kind)(kind.base)
        return [convert(element, item) for item in value]
    if kind.is_nested:
        return build(kind.base, value)
    if kind.base == "byte":
        return bytes([value])
    return float(value) if kind.base.startswith("float") else value


def test_all_files_are_there():
    assert len(FILES) == 60


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_samples(file):
    data = json.loads(file.read_text())
    cls = message_class(data["type"])
    assert cls.get_fields_and_field_types() == data["fields_and_types"]
    for sample in data["samples"]:
        golden = bytes.fromhex(sample["cdr_hex"])
        message = build(data["type"], sample["fields"])
        assert serialize(message).hex() == golden.hex()
        received = deserialize(golden, cls)
        assert serialize(received).hex() == golden.hex()
        assert received == message or "nan" in sample["cdr_hex"] or has_nan(sample["fields"])


def has_nan(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(has_nan, value.values()))
    if isinstance(value, list):
        return any(map(has_nan, value))
    return isinstance(value, str) and value in ("nan", "NaN", "-nan")


def in_rosbags(file: pathlib.Path) -> bool:
    """Whether rosbags can write the type in big-endian order, to compare with."""
    from rosbags.typesys import Stores, get_typestore

    name = file.stem.replace("__", "/")
    return name in get_typestore(Stores.ROS2_JAZZY).types and not name.startswith("diagnostic_msgs")


@pytest.mark.parametrize("file", [file for file in FILES if in_rosbags(file)], ids=lambda file: file.stem)
def test_big_endian_reads_the_same(file):
    from rosbags.typesys import Stores, get_typestore

    data = json.loads(file.read_text())
    store = get_typestore(Stores.ROS2_JAZZY)
    for sample in data["samples"]:
        golden = bytes.fromhex(sample["cdr_hex"])
        big = bytes(store.serialize_cdr(store.deserialize_cdr(golden, data["type"]), data["type"], little_endian=False))
        np.testing.assert_equal(serialize(deserialize(big, message_class(data["type"]))), golden)
