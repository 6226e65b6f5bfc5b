"""`layout_node` as users see it: one process, real DDS, a room scanned over and over."""

from __future__ import annotations

import time
from importlib.util import find_spec

import pytest
from action_msgs.msg import GoalStatus
from diagnostic_msgs.msg import DiagnosticArray
from node_harness import Robot, diagnostics
from rcl_interfaces.srv import DescribeParameters
from rclpy.action import ActionClient
from sensor_msgs.msg import PointCloud2
from std_srvs.srv import Trigger
from vision_msgs.msg import Detection3DArray, LabelInfo
from visualization_msgs.msg import Marker, MarkerArray

from spatial_perception.action import EstimateLayout
from spatial_perception.layout.json import load_layout
from spatial_perception.msg import Layout, Timing
from spatial_perception.srv import LoadMap, SaveCloud, SaveLayout, SaveMap, SetCategories

NODE = "/layout_node"


@pytest.fixture(scope="module")
def running(shared_world):
    world = shared_world
    world.run(
        "layout_node",
        parameters={
            "autostart": "true", "estimation.period": 1.0, "map.voxel": 0.05, "map.min_hits": 1,
            "estimation.min_voxels": 1000, "estimation.min_change": 0.0,
            "outputs.folder": str(world.folder),
        },
    )  # fmt: skip
    world.layouts = world.listen(Layout, f"{NODE}/layout")
    world.markers = world.listen(MarkerArray, f"{NODE}/markers")
    world.diagnostics = world.listen(DiagnosticArray, "/diagnostics", 10)
    world.robot = Robot(world)
    return world


def epoch(world):
    return world.layouts[-1].map_epoch if world.layouts else 0


def next_layout(world, count=1):
    """A layout with walls that is published from now on."""
    seen = len(world.layouts)
    world.wait(lambda: len([m for m in world.layouts[seen:] if m.walls]) >= count, describe="a layout")
    return world.layouts[-1]


def send_goal(world, **goal):
    client = ActionClient(world.node, EstimateLayout, f"{NODE}/estimate_layout")
    world.wait(client.server_is_ready, describe="action server")
    feedback = []
    accepted = client.send_goal_async(EstimateLayout.Goal(**goal), feedback_callback=feedback.append)
    world.wait(accepted.done, describe="answer to the goal")
    return accepted.result(), feedback


def test_a_room_becomes_a_layout_in_all_forms(running):
    world = running
    boxes, labels = world.listen(Detection3DArray, f"{NODE}/boxes"), world.listen(LabelInfo, f"{NODE}/boxes/label_info")
    timings = world.listen(Timing, f"{NODE}/timing", 10)
    with world.robot:
        layout = next_layout(world)
        world.wait(lambda: boxes and labels and timings, describe="boxes, labels, timings")
    assert layout.header.frame_id == "map"
    assert layout.estimator == ("nano" if find_spec("torch") else "geometric")
    assert len(layout.walls) == 4
    assert {stage.stage for stage in layout.timings} >= {"snapshot", "transfer", "align", "estimate", "track"}
    assert timings[-1].latency > 0
    assert abs(time.time() - layout.header.stamp.sec) < 60
    assert "sofa" in {item.class_name for item in labels[-1].class_map}
    walls = {m.id for m in world.markers[-1].markers if m.ns == "walls" and m.action == Marker.ADD}
    assert walls == {wall.id for wall in world.layouts[-1].walls}


def test_ids_stay_while_walls_stay(running):
    world = running
    with world.robot:
        before = next_layout(world)
        world.robot.xyz = world.robot.xyz[::-1].copy()
        after = next_layout(world, 2)
    assert {wall.id for wall in before.walls} == {wall.id for wall in after.walls}


def test_whoever_comes_late_sees_the_last_layout(running):
    world = running
    with world.robot:
        next_layout(world)
    late, drawn = world.listen(Layout, f"{NODE}/layout"), world.listen(MarkerArray, f"{NODE}/markers")
    world.wait(lambda: late and drawn, describe="latched layout")
    assert len(late[0].walls) == 4
    assert len([m for m in drawn[0].markers if m.ns == "walls"]) == 4


def test_parameters_change_while_clouds_come(running):
    world = running
    with world.robot:
        next_layout(world)
        assert world.set_parameter(NODE, "filters.range_max", 15.0).successful
        assert world.set_parameter(NODE, "estimation.period", 0.5).successful
        refused = world.set_parameter(NODE, "filters.range_max", 0.1)
        fixed = world.set_parameter(NODE, "map.voxel", 0.1)
        next_layout(world)
        assert world.set_parameter(NODE, "estimation.period", 1.0).successful
    assert not refused.successful
    assert "range_min" in refused.reason
    assert not fixed.successful
    described = world.call(DescribeParameters, f"{NODE}/describe_parameters", names=["filters.range_max"]).descriptors[
        0
    ]
    assert described.floating_point_range[0].to_value == 500.0
    assert "[m]" in described.description


def test_a_goal_is_answered_with_feedback(running):
    world = running
    with world.robot:
        next_layout(world)
    handle, feedback = send_goal(world, task="layout")
    result = handle.get_result_async()
    world.wait(result.done, describe="result")
    assert result.result().status == GoalStatus.STATUS_SUCCEEDED
    answer = result.result().result
    assert answer.error_code == EstimateLayout.Result.NONE
    assert answer.layout.task == "layout"
    assert len(answer.layout.walls) == 4
    assert {item.feedback.stage for item in feedback} & {"snapshot", "estimate"}
    world.wait(lambda: feedback[-1].feedback.stage == "track", describe="the last feedback")
    assert feedback[-1].feedback.entity_count == len(feedback[-1].feedback.layout.walls) == 4


def test_a_goal_can_be_canceled(running):
    world = running
    with world.robot:
        next_layout(world)
        for _ in range(20):  # on a busy machine the layout may be there before the wish to cancel it
            handle, _ = send_goal(world)
            cancel = handle.cancel_goal_async()
            result = handle.get_result_async()
            world.wait(lambda c=cancel, r=result: c.done() and r.done(), describe="result of the canceled goal")
            if result.result().status != GoalStatus.STATUS_SUCCEEDED:
                break
        assert result.result().status == GoalStatus.STATUS_CANCELED
        assert result.result().result.error_code == EstimateLayout.Result.CANCELED
        next_layout(world)


def test_a_goal_with_an_unknown_task_is_refused_with_the_reason(running):
    handle, _ = send_goal(running, task="doors")
    result = handle.get_result_async()
    running.wait(result.done, describe="result")
    assert result.result().result.error_code == EstimateLayout.Result.INVALID_REQUEST
    assert "choose from" in result.result().result.error_msg


def test_layout_and_cloud_are_saved_but_never_over_a_file(running):
    world = running
    with world.robot:
        next_layout(world)
    saved = world.call(SaveLayout, f"{NODE}/save_layout", path="sub/room.json")
    assert saved.success, saved.message
    assert len(load_layout(saved.path).walls) == 4
    again = world.call(SaveLayout, f"{NODE}/save_layout", path="sub/room.json")
    assert not again.success
    assert "overwrite" in again.message
    outside = world.call(SaveCloud, f"{NODE}/save_cloud", path="/tmp/elsewhere.ply")
    assert not outside.success
    assert "outside" in outside.message
    cloud = world.call(SaveCloud, f"{NODE}/save_cloud", path="room.ply")
    assert cloud.success, cloud.message
    assert cloud.points > 1000


def test_the_map_is_published_while_somebody_listens(running):
    world = running
    world.set_parameter(NODE, "outputs.cloud_period", 0.5)
    with world.robot:
        next_layout(world)
        clouds = world.listen(PointCloud2, f"{NODE}/cloud")
        world.wait(lambda: len(clouds) >= 2, describe="two clouds")
    assert clouds[-1].header.frame_id == "map"
    assert clouds[-1].width > 1000
    assert world.set_parameter(NODE, "outputs.cloud_period", 0.0).successful
    count = len(clouds)
    with world.robot:
        next_layout(world, 2)
    assert len(clouds) <= count + 1, "0 switches it off"


def test_a_map_is_saved_and_gone_on_with(running):
    world = running
    with world.robot:
        next_layout(world)
    saved = world.call(SaveMap, f"{NODE}/save_map", path="flat")
    assert saved.success, saved.message
    assert not world.call(SaveMap, f"{NODE}/save_map", path="flat").success, "nothing is overwritten unasked"
    assert world.call(Trigger, f"{NODE}/reset").success
    before = epoch(world)
    refused = world.call(LoadMap, f"{NODE}/load_map", path="nowhere")
    assert not refused.success
    assert "not a voxel map" in refused.message
    loaded = world.call(LoadMap, f"{NODE}/load_map", path="flat")
    assert loaded.success, loaded.message
    assert loaded.voxels == saved.voxels > 1000
    assert loaded.map_epoch == before + 1
    assert len(next_layout(world).walls) == 4


def test_a_change_of_the_map_is_enough(running):
    world = running
    world.set_parameter(NODE, "estimation.period", 0.0)
    assert world.set_parameter(NODE, "estimation.on_change", 0.01).successful
    assert world.call(Trigger, f"{NODE}/reset").success
    with world.robot:
        assert next_layout(world).walls
    world.set_parameter(NODE, "estimation.on_change", 0.0)
    world.set_parameter(NODE, "estimation.period", 1.0)


def test_categories_are_checked(running):
    refused = running.call(SetCategories, f"{NODE}/set_categories", categories=["sofaa"])
    assert not refused.success
    assert "did you mean 'sofa'?" in refused.message
    assert running.call(SetCategories, f"{NODE}/set_categories", categories=["sofa"]).categories == ["sofa"]
    assert running.call(SetCategories, f"{NODE}/set_categories", categories=[]).success


def test_reset_starts_anew_and_clears_what_is_shown(running):
    world = running
    with world.robot:
        next_layout(world)
    before = epoch(world)
    assert world.call(Trigger, f"{NODE}/reset").success
    world.wait(lambda: epoch(world) == before + 1, describe="new epoch")
    assert not world.layouts[-1].walls
    assert any(marker.action == Marker.DELETEALL for marker in world.markers[-1].markers)


def bag_loops(world, count):
    for _ in range(count):
        before = epoch(world)
        world.robot.offset -= 20.0
        world.robot.drive()
        world.wait(lambda before=before: epoch(world) > before, describe="new epoch")
        world.robot.stop()
        assert epoch(world) == before + 1
    with world.robot:
        assert len(next_layout(world).walls) == 4


def test_time_that_jumps_back_starts_one_epoch_each(running):
    with running.robot:
        next_layout(running)
    bag_loops(running, 5)


@pytest.mark.slow
def test_time_that_jumps_back_a_hundred_times(running):
    with running.robot:
        next_layout(running)
    bag_loops(running, 100)


def test_a_jump_of_localisation_starts_an_epoch(running):
    from spatial_perception.mapping.pose import Pose

    world = running
    with world.robot:
        next_layout(world)
        before = epoch(world)
        world.robot.correction = Pose((2.0, 0.0, 0.0))
        world.wait(lambda: epoch(world) == before + 1, describe="new epoch")
        assert len(next_layout(world).walls) == 4


def test_missing_transforms_are_counted_and_named(running):
    world = running
    with world.robot:
        next_layout(world)
        world.robot.has_tf = False
        status = world.wait(
            lambda: (s := diagnostics(world.diagnostics, "inputs")) and s[0] == 2 and s, describe="an ERROR about TF"
        )
        assert "/points" in status[1]
        assert "no transform map <- lidar" in status[1]
        assert "no transform in time" in status[2]["/points lost"] or "queue full" in status[2]["/points lost"]
        world.robot.has_tf = True
        world.wait(lambda: diagnostics(world.diagnostics, "inputs")[0] == 0, describe="recovery")
        next_layout(world)
