"""Wide strings: UTF-16 units of four bytes each, as rmw_cyclonedds writes them, through the codec and over the wire."""

from __future__ import annotations

import os
import struct
import subprocess
import sys

import pytest

from embedded_ros.messages.classes import message_class
from embedded_ros.messages.codec import CdrError, deserialize, serialize

_HEADER = b"\x00\x01\x00\x00"
_DEFINITION = """
wstring one "default"
int8 between
wstring[] many
wstring[2] pair
wstring<=5 short
float64 after
"""
_ROUND_TRIP = """
import time
import embedded_ros; embedded_ros.activate()
import rclpy
from wide_msgs.msg import Wide
from example_interfaces.msg import WString
rclpy.init(); node = rclpy.create_node("wide")
received, plain = [], []
node.create_subscription(Wide, "wide", received.append, 10)
node.create_subscription(WString, "plain", plain.append, 10)
publishers = node.create_publisher(Wide, "wide", 10), node.create_publisher(WString, "plain", 10)
end = time.monotonic() + 60
while not all(p.get_subscription_count() for p in publishers) and time.monotonic() < end:
    time.sleep(0.01)
sent = [
    Wide(),
    Wide(one="caf\\u00e9 \\u4e16 \\U0001f600", between=-3, many=["", "a", "\\u00df" * 300], pair=["x", "yz"], short="12345",
         after=0.5),
]
for message in sent:
    publishers[0].publish(message)
publishers[1].publish(WString(data="\\U0001f600!"))
while not (len(received) == 2 and plain) and time.monotonic() < end:
    rclpy.spin_once(node, timeout_sec=0.1)
assert sent[0].one == "default"
print(received == sent and plain == [WString(data="\\U0001f600!")])
rclpy.shutdown()
"""


@pytest.mark.parametrize("path", ["fast", "clayer"])
def test_they_arrive_alone_in_arrays_and_in_sequences(path, tmp_path):
    package = tmp_path / "wide_msgs"
    (package / "msg").mkdir(parents=True)
    (package / "msg" / "Wide.msg").write_text(_DEFINITION)
    (package / "package.xml").write_text("<package format='3'><name>wide_msgs</name><version>0.0.0</version></package>")
    settings = {**os.environ, "EMBEDDED_ROS_PACKAGE_PATH": str(tmp_path), "EMBEDDED_ROS_WIRE": path}
    command = [sys.executable, "-c", _ROUND_TRIP]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=400)
    assert done.stdout == "True\n", done.stdout + done.stderr


def test_each_unit_takes_four_bytes():
    cls = message_class("example_interfaces/msg/WString")
    encoded = _HEADER + struct.pack("<I3I", 3, 0x41, 0xD83D, 0xDE00)  # a letter and a pair of surrogates
    assert serialize(cls(data="A\U0001f600")) == encoded
    assert deserialize(encoded, cls) == cls(data="A\U0001f600")
    assert deserialize(b"\x00\x00\x00\x00" + struct.pack(">II", 1, 0x41), cls) == cls(data="A")


@pytest.mark.parametrize(
    "body",
    [
        struct.pack("<I", 1),
        struct.pack("<IH", 1, 0x41),
        struct.pack("<I", 2**31),
        struct.pack("<II", 1, 0x1F600),
        struct.pack("<II", 1, 0xD83D),
    ],
    ids=["no units", "short units", "absurd length", "a unit beyond 16 bits", "half a pair"],
)
def test_malformed_ones_are_refused(body):
    with pytest.raises(CdrError, match="WString"):
        deserialize(_HEADER + body, message_class("example_interfaces/msg/WString"))
