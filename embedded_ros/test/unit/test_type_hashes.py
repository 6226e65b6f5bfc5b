"""Type hashes and field names against those of genuine ROS 2 Jazzy."""

from __future__ import annotations

import json
import pathlib

import pytest
import rosbags.typesys as typesys

from embedded_ros.messages.hashing import type_hash
from embedded_ros.messages.stock import bundled_texts

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "ros2_cdr"
HASHES = json.loads((GOLDEN / "type_hashes_rihs01.json").read_text())


def test_every_hash_of_genuine_ros2_is_reproduced():
    assert len(HASHES) == 344
    assert {name: type_hash(name) for name in HASHES} == HASHES


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*__*.json")), ids=lambda file: file.stem)
def test_hash_of_each_sampled_type(file):
    data = json.loads(file.read_text())
    assert type_hash(data["type"]) == data["rihs01"]


def test_messages_of_nav2_hash_as_another_implementation_says():
    """There are no samples of genuine nav2_msgs: rosbags reads the same texts on its own."""
    store = typesys.get_typestore(typesys.Stores.ROS2_JAZZY)
    texts = {name: text for name, text in bundled_texts("nav2_msgs").items() if name.startswith("msg/")}
    known = {}
    for name, text in texts.items():
        known |= typesys.get_types_from_msg(text, f"nav2_msgs/{name}")
    store.register(known)
    assert len(known) >= 7
    for name in known:
        assert type_hash(name) == store.hash_rihs01(name), name
