"""Servers that are silent, vanish or belong to another vendor; clients that vanish."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time

import pytest

from embedded_ros.wire.participant import Participant, Reader, Writer
from embedded_ros.wire.profile import domain_id
from embedded_ros.wire.qos import EndpointQos
from embedded_ros.wire.service import ForeignServerError

_DYING_SERVER = """
import os
import embedded_ros; embedded_ros.activate()
import rclpy
from std_srvs.srv import Trigger
rclpy.init(); node = rclpy.create_node("dying")
def die(request, response):
    os._exit(7)
node.create_service(Trigger, "/dying", die)
rclpy.spin(node)
"""


def spin(ros, node, condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        ros.spin_once(node, timeout_sec=0.05)
    return condition()


@pytest.fixture
def client(node):
    from std_srvs.srv import Trigger

    return node.create_client(Trigger, "/ask")


def test_a_server_that_is_not_there(client, stopwatch):
    watch = stopwatch()
    assert not client.wait_for_service(timeout_sec=0.3)
    assert watch.passed() > 0.25
    assert watch.seconds() < 2.0


def test_a_server_that_never_answers(ros, node, client):
    from std_srvs.srv import Trigger

    silent = Participant(domain_id())
    reader = Reader(silent, "rq/askRequest", "std_srvs/srv/Trigger_Request", EndpointQos(), "serviceid= 1;", True)
    Writer(silent, "rr/askReply", "std_srvs/srv/Trigger_Response", EndpointQos(), "serviceid= 1;", True)
    assert client.wait_for_service(timeout_sec=60.0)
    future = client.call_async(Trigger.Request())
    ros.spin_until_future_complete(node, future, timeout_sec=0.3)
    assert not future.done()
    assert client.call(Trigger.Request(), timeout_sec=0.2) is None
    assert not client._pending_requests or list(client._pending_requests.values()) == [future]
    client.remove_pending_request(future)
    assert not client._pending_requests
    assert reader.take() is not None
    silent.close()


def test_a_server_that_vanishes_in_the_middle(ros, node):
    from std_srvs.srv import Trigger

    client = node.create_client(Trigger, "/dying")
    server = subprocess.Popen([sys.executable, "-c", _DYING_SERVER], env=dict(os.environ))
    assert client.wait_for_service(timeout_sec=60.0)
    future = client.call_async(Trigger.Request())
    assert server.wait(60) == 7
    ros.spin_until_future_complete(node, future, timeout_sec=0.5)
    assert not future.done()
    assert node.get_name() == "test_node"


def test_a_client_that_vanishes_before_the_reply(ros, node):
    from std_srvs.srv import Trigger

    answered = []

    def slow(request, response):
        other.destroy_node()
        answered.append(1)
        return response

    node.create_service(Trigger, "/slow", slow)
    other = ros.create_node("asker")
    client = other.create_client(Trigger, "/slow")
    assert client.wait_for_service(timeout_sec=60.0)
    client.call_async(Trigger.Request())
    assert spin(ros, node, lambda: answered)
    assert spin(ros, node, lambda: True)


def test_requests_never_go_to_another_vendor(ros, node, client):
    from std_srvs.srv import Trigger

    server = node.create_service(Trigger, "/ask", lambda request, response: response)
    assert client.wait_for_service(timeout_sec=60.0)
    graph = node.context.graph
    for endpoint in [e for e in graph.endpoints() if e.topic_name in ("rq/askRequest", "rr/askReply")]:
        guid, participant = b"\x01\x0f" + endpoint.guid[2:-1] + b"\x55", b"\x01\x0f" + endpoint.participant[2:]
        graph._on_endpoint(guid, dataclasses.replace(endpoint, guid=guid, participant=participant))
    assert not client.service_is_ready()
    with pytest.raises(ForeignServerError, match="/ask"):
        client.call_async(Trigger.Request())
    assert server._take() is None


def test_replies_find_the_client_that_asked(ros, node):
    from example_interfaces.srv import AddTwoInts

    def add(request, response):
        response.sum = request.a + request.b
        return response

    node.create_service(AddTwoInts, "add", add)
    clients = [node.create_client(AddTwoInts, "add") for _ in range(3)]
    assert all(client.wait_for_service(timeout_sec=60.0) for client in clients)
    futures = [
        (a, b, client.call_async(AddTwoInts.Request(a=a, b=b))) for a, client in enumerate(clients) for b in range(3)
    ]  # history depth is 10
    assert spin(ros, node, lambda: all(future.done() for _, _, future in futures))
    assert [future.result().sum for _, _, future in futures] == [a + b for a, b, _ in futures]


def test_the_header_is_sixteen_bytes_before_the_payload(ros, node):
    """Client identifier (uint64) and sequence number (int64), echoed in the reply."""
    from example_interfaces.srv import AddTwoInts

    def add(request, response):
        response.sum = request.a + request.b
        return response

    node.create_service(AddTwoInts, "/add", add)
    stranger = Participant(domain_id())
    kind = "example_interfaces/srv/AddTwoInts"
    writer = Writer(stranger, "rq/addRequest", f"{kind}_Request", EndpointQos(), service=True)
    reader = Reader(stranger, "rr/addReply", f"{kind}_Response", EndpointQos(), service=True)
    assert spin(ros, node, lambda: writer.matched() and reader.matched())
    header = (0x1122334455667788).to_bytes(8, "little") + (77).to_bytes(8, "little")
    writer.write(b"\x00\x01\x00\x00" + header + (40).to_bytes(8, "little") + (2).to_bytes(8, "little"))
    found = []
    assert spin(ros, node, lambda: found or (found.append(sample) if (sample := reader.take()) else False))
    assert bytes(found[0].data) == b"\x00\x01\x00\x00" + header + (42).to_bytes(8, "little")
    stranger.close()
