"""The life cycle of `layout_node`, and two of them at once."""

from __future__ import annotations

import pytest
from node_harness import Robot, children
from std_srvs.srv import Trigger

from spatial_perception.msg import Layout

NODE = "/layout_node"


def up_and_down(world, process, count):
    for _ in range(count):
        assert world.transition(NODE, "configure")
        assert world.state(NODE) == "inactive"
        assert world.transition(NODE, "activate")
        assert world.state(NODE) == "active"
        assert world.transition(NODE, "deactivate")
        assert world.transition(NODE, "cleanup")
        assert world.state(NODE) == "unconfigured"
    assert not children(process.pid), "cleanup leaves an estimator behind"


@pytest.fixture
def process(world):
    parameters = {"estimation.period": 0.5, "estimation.min_change": 0.0, "map.min_hits": 1}
    process = world.run("layout_node", parameters=parameters)
    world.wait(lambda: "layout_node" in world.node.get_node_names(), describe="the node")
    return process


def test_states_do_what_they_say(world, process):
    def topics():
        return [i for i in world.node.get_subscriptions_info_by_topic("/points") if i.node_name == "layout_node"]

    assert world.state(NODE) == "unconfigured"
    assert not world.call(Trigger, f"{NODE}/reset").success
    assert world.transition(NODE, "configure")
    assert not topics()
    layouts = world.listen(Layout, f"{NODE}/layout")
    with Robot(world):
        assert world.transition(NODE, "activate")
        world.wait(lambda: layouts and layouts[-1].walls, describe="a layout")
        assert topics()
        assert world.transition(NODE, "deactivate")
        world.wait(lambda: not topics(), describe="the end of the subscription")
        count = len(layouts)
        assert world.transition(NODE, "activate")
        world.wait(lambda: len(layouts) > count, describe="a layout after the pause")
        ids = {wall.id for wall in layouts[-1].walls}
        assert ids == {wall.id for wall in layouts[count - 1].walls}, "the map outlives a pause"
    assert world.transition(NODE, "deactivate")
    assert world.transition(NODE, "cleanup")
    assert world.transition(NODE, "shutdown")
    assert world.state(NODE) == "finalized"


def test_up_and_down(world, process):
    up_and_down(world, process, 2)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_up_and_down_fifty_times(world, process):
    up_and_down(world, process, 50)


@pytest.mark.parametrize(
    ("parameter", "value", "reason"),
    [
        ("estimation.estimator", "geometrix", "cannot load estimator 'geometrix'"),
        ("map.load", "/nowhere/flat", "not a voxel map"),
    ],
)
def test_what_cannot_be_loaded_leaves_the_node_unconfigured(world, parameter, value, reason):
    process = world.run("layout_node", parameters={parameter: value})
    assert not world.transition(NODE, "configure")
    assert world.state(NODE) == "unconfigured"
    world.wait(lambda: reason in process.log.read_text(), describe="the reason in the log")
    assert "Traceback" not in process.log.read_text()


def test_two_robots_side_by_side(world):
    parameters = {"autostart": "true", "estimation.period": 0.5, "map.min_hits": 1, "frames.map": "map"}
    for name in ("left", "right"):
        world.run("layout_node", namespace=name, parameters=parameters)
    left, right = (world.listen(Layout, f"/{name}/layout_node/layout") for name in ("left", "right"))
    with Robot(world, "/left/points"):
        world.wait(lambda: left and left[-1].walls, describe="a layout on the left")
        assert not right
        with Robot(world, "/right/points"):
            world.wait(lambda: right and right[-1].walls, describe="a layout on the right")
