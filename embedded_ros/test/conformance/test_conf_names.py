"""Names: validation, namespaces, expansion and remapping."""

from __future__ import annotations

import pytest
from rclpy.exceptions import (
    InvalidNamespaceException,
    InvalidNodeNameException,
    InvalidServiceNameException,
    InvalidTopicNameException,
)
from rclpy.expand_topic_name import expand_topic_name
from rclpy.validate_full_topic_name import validate_full_topic_name
from rclpy.validate_namespace import validate_namespace
from rclpy.validate_node_name import validate_node_name
from rclpy.validate_topic_name import validate_topic_name
from std_msgs.msg import String
from std_srvs.srv import Trigger


@pytest.mark.parametrize("name", ["a", "my_node", "_hidden", "n0"])
def test_good_node_names(name):
    assert validate_node_name(name)


@pytest.mark.parametrize("name", ["", "a b", "0a", "a/b", "a-b", "ä"])
def test_bad_node_names(name):
    with pytest.raises(InvalidNodeNameException):
        validate_node_name(name)


@pytest.mark.parametrize("name", ["/", "/a", "/a/b_c"])
def test_good_namespaces(name):
    assert validate_namespace(name)


@pytest.mark.parametrize("name", ["", "a", "/a/", "/a//b", "/0a", "/a b"])
def test_bad_namespaces(name):
    with pytest.raises(InvalidNamespaceException):
        validate_namespace(name)


@pytest.mark.parametrize("name", ["a", "/a", "~", "~/a", "{node}/a", "a/b/_c"])
def test_good_topic_names(name):
    assert validate_topic_name(name)


@pytest.mark.parametrize("name", ["", "a b", "/a/", "0a", "~a", "a/~", "{nonsense", "a-b", "/"])
def test_bad_topic_names(name):
    with pytest.raises(InvalidTopicNameException):
        validate_topic_name(name)


def test_full_topic_names():
    assert validate_full_topic_name("/a/b")
    for name in ("a", "~/a", "/{node}"):
        with pytest.raises(InvalidTopicNameException):
            validate_full_topic_name(name)


@pytest.mark.parametrize(
    ("name", "full"), [("a", "/ns/a"), ("/a", "/a"), ("~/a", "/ns/n/a"), ("~", "/ns/n"), ("{node}/a", "/ns/n/a")]
)
def test_expansion(name, full):
    assert expand_topic_name(name, "n", "/ns") == full


def test_nodes_and_namespaces(make_node):
    assert make_node("a").get_fully_qualified_name() == "/a"
    node = make_node("b", namespace="ns")
    assert (node.get_name(), node.get_namespace(), node.get_fully_qualified_name()) == ("b", "/ns", "/ns/b")
    assert make_node("c", namespace="/x/y").get_namespace() == "/x/y"
    with pytest.raises(InvalidNodeNameException):
        make_node("bad name")
    with pytest.raises(InvalidNamespaceException):
        make_node("a", namespace="/bad//namespace")


def test_resolution(make_node):
    node = make_node("n", namespace="/ns")
    assert node.resolve_topic_name("a") == "/ns/a"
    assert node.resolve_topic_name("~/a") == "/ns/n/a"
    assert node.resolve_service_name("/a") == "/a"


def test_remapping(make_node):
    rules = ["--ros-args", "-r", "a:=b", "-r", "/abs:=/other", "-r", "~/own:=/far", "-r", "srv:=service"]
    node = make_node("n", namespace="/ns", cli_args=rules)
    assert node.resolve_topic_name("a") == "/ns/b"
    assert node.resolve_topic_name("/abs") == "/other"
    assert node.resolve_topic_name("~/own") == "/far"
    assert node.resolve_topic_name("a", only_expand=True) == "/ns/a"
    assert node.resolve_service_name("srv") == "/ns/service"
    assert node.create_publisher(String, "a", 1).topic_name == "/ns/b"
    service = node.create_service(Trigger, "srv", lambda q, r: r)
    assert getattr(service, "service_name", "/ns/service") == "/ns/service"  # not in older distributions


def test_remapping_of_node_and_namespace(make_node):
    node = make_node("n", namespace="/ns", cli_args=["--ros-args", "-r", "__node:=m", "-r", "__ns:=/elsewhere"])
    assert node.get_fully_qualified_name() == "/elsewhere/m"
    node = make_node("n", cli_args=["--ros-args", "-r", "n:__node:=only_n", "-r", "other:__ns:=/other"])
    assert node.get_fully_qualified_name() == "/only_n"


def test_global_arguments_reach_every_node_unless_refused():
    import rclpy

    rclpy.init(args=["--ros-args", "-r", "__ns:=/given"])
    try:
        first, second = rclpy.create_node("a"), rclpy.create_node("b", use_global_arguments=False)
        assert (first.get_namespace(), second.get_namespace()) == ("/given", "/")
        first.destroy_node()
        second.destroy_node()
    finally:
        rclpy.try_shutdown()


def test_bad_names_in_use(make_node):
    node = make_node()
    with pytest.raises(InvalidTopicNameException):
        node.create_publisher(String, "bad topic", 1)
    with pytest.raises(InvalidTopicNameException):
        node.create_subscription(String, "bad topic", lambda m: None, 1)
    with pytest.raises(InvalidServiceNameException):
        node.create_client(Trigger, "bad service")
    with pytest.raises(InvalidServiceNameException):
        node.create_service(Trigger, "bad service", lambda q, r: r)
