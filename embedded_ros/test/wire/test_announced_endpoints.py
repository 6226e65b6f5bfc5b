"""What our endpoints announce equals what those of genuine ROS 2 Jazzy announced."""

from __future__ import annotations

import json
import pathlib
import re

import pytest

from embedded_ros.wire.qos import EndpointQos, Liveliness

GOLDEN = json.loads((pathlib.Path(__file__).parents[1] / "golden/ros2_cdr/endpoints_announced.json").read_text())


def golden_endpoints():
    for writer, kind in ((True, "publications"), (False, "subscriptions")):
        for entry in GOLDEN[kind]:
            if re.match(r"(rt|rq|rr)/|ros_discovery_info", entry["topic_name"]):
                yield (entry["topic_name"], writer), entry


def parse(policies: list[str]) -> tuple[EndpointQos, dict[str, str]]:
    """Read the policies of the recording."""
    text = "\n".join(policies)

    def number(pattern: str) -> int:
        return int(re.search(pattern, text)[1])

    data = re.search(r"Userdata\(data=b'(.*?)'\)", text)
    qos = EndpointQos(
        reliable="Reliability.Reliable" in text,
        transient_local="Durability.TransientLocal" in text,
        keep_all="Policy.History.KeepAll" in re.sub(r"DurabilityService.*", "", text),
        depth=number(r"(?m)^Policy\.History\.KeepLast\(depth=(-?\d+)\)") if "\nPolicy.History.KeepLast" in text else -1,
        deadline=number(r"Policy\.Deadline\(deadline=(\d+)\)"),
        lifespan=number(r"Policy\.Lifespan\(lifespan=(\d+)\)") if "Policy.Lifespan(" in text else 2**63 - 1,
        liveliness=Liveliness.AUTOMATIC,
        liveliness_lease=number(r"Liveliness\.Automatic\(lease_duration=(\d+)\)"),
    )
    return qos, dict(part.split("=", 1) for part in (data[1] if data else "").split(";") if part)


@pytest.fixture
def announced(ros):
    """Endpoints of nodes like those of the recording, by DDS topic and direction."""
    from example_interfaces.action import Fibonacci
    from example_interfaces.srv import AddTwoInts
    from rclpy.action import ActionServer
    from sensor_msgs.msg import PointCloud2
    from std_msgs.msg import String

    server, pub = ros.create_node("t2_server"), ros.create_node("t1_pub")
    server.create_service(AddTwoInts, "/add", lambda request, response: response)
    action = ActionServer(server, Fibonacci, "/fib", lambda handle: None)
    pub.create_publisher(String, "/chatter", 10)
    pub.create_publisher(PointCloud2, "/cloud", 10)
    server.create_subscription(String, "/chatter", lambda message: None, 10)
    graph = server.context.graph
    wanted = set().union(*(record.readers | record.writers for record in graph.nodes()))
    assert graph.wait_until(lambda: wanted <= {e.guid for e in graph.endpoints()}, 5.0)
    yield {(e.topic_name, e.is_writer): e for e in graph.endpoints()}
    action.destroy()


def test_qos_types_and_user_data(announced):
    compared = 0
    for key, entry in golden_endpoints():
        if key not in announced:
            continue
        ours = announced[key]
        qos, user_data = parse(entry["qos"])
        assert ours.type_name == entry["type_name"], key
        assert ours.user_data.get("typehash") == user_data.get("typehash"), key
        assert set(ours.user_data) == set(user_data), key
        if key != ("ros_discovery_info", False) and key[0] not in ("rt/cloud", "rt/chatter", "rt/parameter_events"):
            assert (ours.qos.reliable, ours.qos.transient_local) == (qos.reliable, qos.transient_local), key
            assert (ours.qos.lifespan, ours.qos.deadline) == (qos.lifespan, qos.deadline), key
        compared += 1
    assert compared >= 20


def test_service_identifiers_have_the_form_of_genuine_ones(announced):
    text = announced[("rr/addReply", True)].user_data["serviceid"]
    assert re.fullmatch(r"1\.10(\.[0-9a-f]{1,2}){14}", text)
