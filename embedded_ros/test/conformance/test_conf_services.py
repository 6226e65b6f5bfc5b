"""Services and clients: calls of all kinds, also from callbacks."""

from __future__ import annotations

import threading
import time

import pytest
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from std_srvs.srv import SetBool, Trigger


def answer(request, response):
    response.success = request.data
    response.message = f"got {request.data}"
    return response


def test_asynchronous_calls(node, spin):
    service = node.create_service(SetBool, "set", answer)
    client = node.create_client(SetBool, "set")
    assert spin.until(node, client.service_is_ready)
    future = client.call_async(SetBool.Request(data=True))
    assert spin.until(node, future.done)
    assert (future.result().success, future.result().message) == (True, "got True")
    futures = [client.call_async(SetBool.Request(data=bool(i % 2))) for i in range(10)]
    assert spin.until(node, lambda: all(f.done() for f in futures))
    assert [f.result().success for f in futures] == [bool(i % 2) for i in range(10)]
    assert node.destroy_client(client)
    assert node.destroy_service(service)


def test_every_client_gets_its_own_answers(make_node, spin):
    server = make_node("server")
    server.create_service(SetBool, "set", answer)
    nodes = [make_node(f"client_{i}") for i in range(3)]
    clients = [n.create_client(SetBool, "set") for n in nodes]
    spin.background(server, *nodes)
    assert all(c.wait_for_service(timeout_sec=60.0) for c in clients)
    futures = [c.call_async(SetBool.Request(data=i == 1)) for i, c in enumerate(clients)]
    deadline = time.monotonic() + 60
    while not all(f.done() for f in futures) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [f.result().success for f in futures] == [False, True, False]


def test_synchronous_calls_from_another_thread(node, spin):
    node.create_service(SetBool, "set", answer)
    client = node.create_client(SetBool, "set")
    spin.background(node)
    assert client.wait_for_service(timeout_sec=60.0)
    assert client.call(SetBool.Request(data=True)).success


def test_waiting_for_a_service_that_never_comes(node, stopwatch):
    client = node.create_client(Trigger, "nowhere")
    assert not client.service_is_ready()
    watch = stopwatch()
    assert not client.wait_for_service(timeout_sec=0.3)
    assert watch.seconds() < 2.0


def test_services_that_appear_late(make_node, spin):
    client_node, server = make_node("client"), make_node("server")
    client = client_node.create_client(Trigger, "late")
    threading.Timer(0.2, lambda: server.create_service(Trigger, "late", lambda q, r: r)).start()
    assert client.wait_for_service(timeout_sec=60.0)


def test_coroutines_as_services_may_call_others(node, spin):
    """A service awaits another service of the same executor."""
    group = ReentrantCallbackGroup()
    client = node.create_client(SetBool, "inner", callback_group=group)
    node.create_service(SetBool, "inner", answer, callback_group=group)

    async def relay(request, response):
        inner = await client.call_async(SetBool.Request(data=True))
        response.success, response.message = inner.success, "relayed " + inner.message
        return response

    node.create_service(Trigger, "outer", relay, callback_group=group)
    outer = node.create_client(Trigger, "outer", callback_group=group)
    assert spin.until(node, lambda: outer.service_is_ready() and client.service_is_ready())
    future = outer.call_async(Trigger.Request())
    assert spin.until(node, future.done)
    assert future.result().message == "relayed got True"


def test_synchronous_calls_inside_callbacks_need_a_second_thread_and_group(node, spin):
    results = []
    node.create_service(SetBool, "set", answer, callback_group=MutuallyExclusiveCallbackGroup())
    client = node.create_client(SetBool, "set", callback_group=MutuallyExclusiveCallbackGroup())

    def on_timer():
        timer.cancel()
        if client.wait_for_service(timeout_sec=60.0):
            results.append(client.call(SetBool.Request(data=True)).success)

    timer = node.create_timer(0.05, on_timer, callback_group=MutuallyExclusiveCallbackGroup())
    spin.background(node, threads=3)
    deadline = time.monotonic() + 60
    while not results and time.monotonic() < deadline:
        time.sleep(0.01)
    assert results == [True]


def test_done_callbacks_of_calls(node, spin):
    seen = []
    node.create_service(SetBool, "set", answer)
    client = node.create_client(SetBool, "set")
    assert spin.until(node, client.service_is_ready)
    client.call_async(SetBool.Request(data=True)).add_done_callback(lambda f: seen.append(f.result().message))
    assert spin.until(node, lambda: seen)
    assert seen == ["got True"]


def test_requests_that_are_given_up(node, spin):
    client = node.create_client(Trigger, "silent")
    future = client.call_async(Trigger.Request())
    assert not future.done()
    client.remove_pending_request(future)
    spin.for_seconds(node, 0.05)
    assert not future.done()


def test_wrong_types(node):
    client = node.create_client(SetBool, "set")
    with pytest.raises(TypeError):
        client.call_async(Trigger.Request())
    with pytest.raises(TypeError):
        client.call("text")


def test_the_graph_shows_services(make_node, spin):
    server, other = make_node("server"), make_node("other")
    server.create_service(Trigger, "/visible", lambda q, r: r)
    assert spin.until(
        other,
        lambda: ("/visible", ["std_srvs/srv/Trigger"])
        in [(n, list(t)) for n, t in other.get_service_names_and_types()],
    )
    by_node = dict(other.get_service_names_and_types_by_node("server", "/"))
    assert "/visible" in by_node
    assert "/server/get_parameters" in by_node


def test_spinning_on_a_call(ros, make_node):
    node = make_node()
    node.create_service(SetBool, "set", answer)
    client = node.create_client(SetBool, "set")
    deadline = time.monotonic() + 60
    while not client.service_is_ready() and time.monotonic() < deadline:
        ros.spin_once(node, timeout_sec=0.05)
    future = client.call_async(SetBool.Request(data=True))
    ros.spin_until_future_complete(node, future, timeout_sec=60.0)
    assert future.result().success
