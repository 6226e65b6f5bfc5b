"""Type hashes and field names against those of genuine ROS 2 Jazzy."""

from __future__ import annotations

import json
import pathlib

import pytest

from embedded_ros.messages.hashing import type_hash

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "ros2_cdr"
HASHES = json.loads((GOLDEN / "type_hashes_rihs01.json").read_text())


def test_every_hash_of_genuine_ros2_is_reproduced():
    assert len(HASHES) == 344
    assert {name: type_hash(name) for name in HASHES} == HASHES


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*__*.json")), ids=lambda file: file.stem)
def test_hash_of_each_sampled_type(file):
    data = json.loads(file.read_text())
    assert type_hash(data["type"]) == data["rihs01"]
