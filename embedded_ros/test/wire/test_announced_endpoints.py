"""What our endpoints announce equals what those of genuine ROS 2 Jazzy announced, policy by policy.

A plain DDS program that knows nothing of ROS reads the announcements in a process of its own.
"""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys

import pytest

GOLDEN = json.loads((pathlib.Path(__file__).parents[1] / "golden/ros2_cdr/endpoints_announced.json").read_text())
_ROS_TOPIC = re.compile(r"(rt|rq|rr)/|ros_discovery_info")
_OBSERVER = """
import json, sys, time
from cyclonedds.builtin import BuiltinDataReader, BuiltinTopicDcpsParticipant, BuiltinTopicDcpsPublication, \
    BuiltinTopicDcpsSubscription
from cyclonedds.domain import Domain, DomainParticipant
domain, configuration, wanted = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
_keep = Domain(domain, configuration)
participant = DomainParticipant(domain)
kinds = {"publications": BuiltinTopicDcpsPublication, "subscriptions": BuiltinTopicDcpsSubscription,
         "participants": BuiltinTopicDcpsParticipant}
readers = {kind: BuiltinDataReader(participant, topic) for kind, topic in kinds.items()}
found = {kind: [] for kind in kinds}
end = time.monotonic() + 60
def count():
    return sum(len(found[kind]) for kind in ("publications", "subscriptions"))
while count() < wanted and time.monotonic() < end:
    for kind, reader in readers.items():
        for sample in reader.take(N=1000):
            name = getattr(sample, "topic_name", "")
            if kind == "participants" or name.startswith(("rt/", "rq/", "rr/", "ros_")):
                found[kind].append([name, getattr(sample, "type_name", ""), [str(policy) for policy in sample.qos]])
    time.sleep(0.02)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def announced():
    """What nodes like those of the recording announce."""
    import rclpy
    from example_interfaces.action import Fibonacci
    from example_interfaces.srv import AddTwoInts
    from rclpy.action import ActionServer
    from sensor_msgs.msg import PointCloud2
    from std_msgs.msg import String

    from embedded_ros.wire import profile

    rclpy.init()
    server, pub = rclpy.create_node("t2_server"), rclpy.create_node("t1_pub")
    server.create_service(AddTwoInts, "/add", lambda request, response: response)
    action = ActionServer(server, Fibonacci, "/fib", lambda handle: None)
    pub.create_publisher(String, "/chatter", 10)
    pub.create_publisher(PointCloud2, "/cloud", 10)
    graph = server.context.graph
    nodes = [record for record in graph.nodes() if record.name in ("t2_server", "t1_pub")]
    wanted = sum(len(record.readers) + len(record.writers) for record in nodes) + 2  # two of ros_discovery_info
    arguments = [str(profile.domain_id()), profile.configuration(), str(wanted)]
    done = subprocess.run([sys.executable, "-c", _OBSERVER, *arguments], capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    yield json.loads(done.stdout)
    action.destroy()
    rclpy.try_shutdown()


def comparable(policies: list[str]) -> set[str]:
    """Return policies without what differs from run to run."""
    return {re.sub(r"(serviceid|clientid)= 1(\.[0-9a-f]{1,2}){15};", r"\1=ID;", policy) for policy in policies}


def by_topic(entries) -> dict[tuple[str, str], list[set[str]]]:
    found: dict[tuple[str, str], list[set[str]]] = {}
    for topic, kind, policies in entries:
        found.setdefault((topic, kind), []).append(comparable(policies))
    return found


@pytest.mark.parametrize("kind", ["publications", "subscriptions"])
def test_every_policy_of_every_endpoint_is_that_of_the_recording(announced, kind):
    ours = by_topic(announced[kind])
    golden = by_topic(
        (entry["topic_name"], entry["type_name"], entry["qos"])
        for entry in GOLDEN[kind]
        if _ROS_TOPIC.match(entry["topic_name"])
    )
    assert set(ours) == set(golden)
    # Transport priority concerns writers; the older Cyclone of the recording listed the default of readers as well.
    idle = {"Policy.TransportPriority(priority=0)"} if kind == "subscriptions" else set()
    for key, recorded in golden.items():
        assert all(policies in [entry - idle for entry in recorded] for policies in ours[key]), key
    assert len(golden) >= 18


def test_participants_announce_their_enclave_and_lease(announced):
    [ours] = [policies for _, _, policies in announced["participants"] if any("Userdata" in text for text in policies)]
    golden = [entry["qos"] for entry in GOLDEN["participants"] if any("Userdata" in text for text in entry["qos"])]
    fixed = [{text for text in policies if "Property" not in text} for policies in (ours, *golden)]
    assert (
        fixed[0]
        == fixed[1]
        == {
            "Policy.Liveliness.Automatic(lease_duration=10000000000)",
            "Policy.Userdata(data=b'enclave=/;')",
        }
    )


def test_service_identifiers_have_the_form_of_genuine_ones(announced):
    [policies] = [policies for topic, _, policies in announced["publications"] if topic == "rr/addReply"]
    [data] = [text for text in policies if "Userdata" in text]
    assert re.search(r"serviceid= 1\.10(\.[0-9a-f]{1,2}){14};typehash=RIHS01_[0-9a-f]{64};", data)
