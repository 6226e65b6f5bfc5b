"""Parameters seen from another node: services and events."""

from __future__ import annotations

import pytest
from rcl_interfaces.msg import Parameter as ParameterMsg
from rcl_interfaces.msg import ParameterDescriptor, ParameterEvent, ParameterType, ParameterValue
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    GetParameterTypes,
    ListParameters,
    SetParameters,
    SetParametersAtomically,
)
from rclpy.qos import qos_profile_parameter_events


@pytest.fixture
def call(make_node, spin):
    """A function that calls a parameter service of the node ``/server``."""
    server = make_node("server")
    server.declare_parameter("rate", 10, ParameterDescriptor(description="in hertz"))
    server.declare_parameter("camera.name", "front")
    client_node = make_node("client")
    spin.background(server, client_node)

    def call(service, name, **fields):
        client = client_node.create_client(service, f"/server/{name}")
        assert client.wait_for_service(timeout_sec=60.0)
        return client.call(service.Request(**fields))

    return call


def integer(name, value):
    return ParameterMsg(name=name, value=ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=value))


def test_get(call):
    values = call(GetParameters, "get_parameters", names=["rate", "camera.name"]).values
    assert [v.type for v in values] == [ParameterType.PARAMETER_INTEGER, ParameterType.PARAMETER_STRING]
    assert (values[0].integer_value, values[1].string_value) == (10, "front")


def test_types(call):
    types = call(GetParameterTypes, "get_parameter_types", names=["rate", "camera.name"]).types
    assert list(types) == [ParameterType.PARAMETER_INTEGER, ParameterType.PARAMETER_STRING]


def test_describe(call):
    (descriptor,) = call(DescribeParameters, "describe_parameters", names=["rate"]).descriptors
    assert (descriptor.name, descriptor.description) == ("rate", "in hertz")


def test_list(call):
    everything = call(ListParameters, "list_parameters").result
    assert {"rate", "camera.name", "use_sim_time"} <= set(everything.names)
    camera = call(ListParameters, "list_parameters", prefixes=["camera"]).result
    assert list(camera.names) == ["camera.name"]
    assert "camera" in camera.prefixes


def test_set(call):
    results = call(SetParameters, "set_parameters", parameters=[integer("rate", 20), integer("camera.name", 1)]).results
    assert [r.successful for r in results] == [True, False]
    assert call(GetParameters, "get_parameters", names=["rate"]).values[0].integer_value == 20


def test_set_atomically(call):
    wrong = [integer("rate", 20), integer("camera.name", 1)]
    assert not call(SetParametersAtomically, "set_parameters_atomically", parameters=wrong).result.successful
    assert call(GetParameters, "get_parameters", names=["rate"]).values[0].integer_value == 10


def test_changes_are_announced(make_node, spin):
    listener, speaker = make_node("listener"), make_node("speaker")
    events = []
    listener.create_subscription(
        ParameterEvent, "/parameter_events", lambda e: events.append(e), qos_profile_parameter_events
    )
    assert spin.until(listener, lambda: speaker.count_subscribers("/parameter_events") > 0)
    spin.for_seconds(listener, 0.3)
    speaker.declare_parameter("n", 1)
    from rclpy.parameter import Parameter

    def mine():
        return [e for e in events if e.node == "/speaker"]

    assert spin.until(listener, lambda: any(p.name == "n" for e in mine() for p in e.new_parameters))
    speaker.set_parameters([Parameter("n", value=2)])
    assert spin.until(
        listener, lambda: any(p.value.integer_value == 2 for e in mine() for p in e.changed_parameters if p.name == "n")
    )


def test_the_parameter_client(make_node, spin):
    from rclpy.parameter import Parameter
    from rclpy.parameter_client import AsyncParameterClient

    server, node = make_node("server"), make_node("client")
    server.declare_parameter("rate", 10)
    spin.background(server)
    client = AsyncParameterClient(node, "server")
    assert client.wait_for_services(timeout_sec=60.0)

    def result(future):
        assert spin.until(node, future.done)
        return future.result()

    assert result(client.get_parameters(["rate"])).values[0].integer_value == 10
    assert result(client.set_parameters([Parameter("rate", value=20)])).results[0].successful
    assert server.get_parameter("rate").value == 20
    assert "rate" in result(client.list_parameters(prefixes=[], depth=10)).result.names
