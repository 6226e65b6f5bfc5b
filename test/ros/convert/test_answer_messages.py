"""Answers, rooms, grids and navigation values as messages."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from flat_home import flat, moved
from geometry_msgs.msg import Pose
from nav_msgs.msg import OccupancyGrid as OccupancyGridMsg
from rclpy.serialization import deserialize_message, serialize_message
from visualization_msgs.msg import Marker

from spatial_perception.errors import CloudError
from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.msg import Answer as AnswerMsg
from spatial_perception.msg import RoomGraph as RoomGraphMsg
from spatial_perception.navigation.navigator import build_navigation
from spatial_perception.reasoning.answers import Answer, Check, Proposal, Status
from spatial_perception.reasoning.occupancy import FREE, OCCUPIED
from spatial_perception.reasoning.scene import make_scene
from spatial_perception.reasoning.solver import SpatialSolver
from spatial_perception.ros.convert.answer_markers import answer_markers
from spatial_perception.ros.convert.answers import LONGEST, AnswerContext, answer_message, check_text, status_code
from spatial_perception.ros.convert.grids import grid_message, occupancy_of_grid
from spatial_perception.ros.convert.marker_diff import MarkerDiff
from spatial_perception.ros.convert.navigation_markers import navigation_markers
from spatial_perception.ros.convert.rooms import room_graph_from_message, room_graph_message
from spatial_perception.ros.convert.stamps import header_message

BOX = OrientedBox(3, "bbox", "chair", (1.0, 2.0, 0.4), 4.0, (0.5, 0.6, 0.8))
HEADER = header_message("map", 5.0)


def test_every_status_has_its_constant():
    assert {status.name: status_code(status) for status in Status}.keys() <= {
        name for name in dir(AnswerMsg) if name.isupper()
    }
    codes = [status_code(status) for status in Status]
    assert len(set(codes)) == len(codes)
    assert status_code(Status.OK) == 0


def test_an_answer_survives_the_wire():
    answer = Answer("how far?", "2 m", value=2.0, unit="m", boxes=(BOX,), rooms=(4, 9), key=("2",), choice="B",
                    segments=(((0, 0, 0), (2, 0, 0)),), kind="Distance", confidence=0.5)  # fmt: skip
    context = AnswerContext("map", 12.25, 7, "geometric", 0.02)
    message = answer_message(answer, context)
    again = deserialize_message(serialize_message(message), AnswerMsg)
    assert (again.text, again.value, again.unit, again.kind, again.choice) == ("2 m", 2.0, "m", "Distance", "B")
    assert (again.header.frame_id, again.header.stamp.sec, again.map_epoch) == ("map", 12, 7)
    assert list(again.rooms) == [4, 9]
    assert (again.entities, again.boxes[0].label, again.boxes[0].id) == (["bbox_3"], "chair", 3)
    assert -math.pi <= again.boxes[0].yaw <= math.pi
    assert [end.x for end in again.segments] == [0.0, 2.0]


def test_answers_without_a_number_and_texts_without_end():
    message = answer_message(Answer("q", "x" * 10_000 + "\x1b"), AnswerContext())
    assert math.isnan(message.value)
    assert len(message.text) == LONGEST
    assert answer_message(Answer("q", "a\x00\x1b[2Jb\nc"), AnswerContext()).text == "a  [2Jb\nc"


def test_checks_in_words():
    assert check_text(Check("collision", True, 0.0, "ignored")) == "collision: passed"
    assert check_text(Check("support", False, None, "nothing is under it")) == "support: failed, nothing is under it"


def test_a_room_graph_goes_to_a_message_and_back():
    place = build_navigation(flat())
    message = room_graph_message(place.rooms, 0.0, 3, 1)
    again = deserialize_message(serialize_message(message), RoomGraphMsg)
    assert (again.map_epoch, again.current_room) == (3, 1)
    graph = room_graph_from_message(again)
    assert graph == replace(place.rooms, findings=(), stamp=graph.stamp, rooms=graph.rooms)
    for room, before in zip(graph.rooms, place.rooms.rooms):
        assert replace(room, confidence=before.confidence, area=before.area) == before


def test_markers_of_answers_are_valid_and_tell_kinds_apart():
    door = replace(BOX, kind="door", label="door")
    answer = Answer("q", "text", boxes=(BOX, door), segments=(((0, 0, 0), (1, 1, 1)),),
                    proposal=Proposal(replace(BOX, center=(2.0, 2.0, 0.4)), BOX))  # fmt: skip
    made = answer_markers(answer, HEADER, (0.0, 0.0, 0.0))
    assert len({(m.ns, m.id) for m in made}) == len(made)
    assert {m.ns for m in made} == {"meant", "meant_door", "distances", "proposal", "answer"}
    frames = [m for m in made if m.ns.startswith("meant")]
    assert all(len(m.points) == 24 for m in frames)
    xs = {round(p.x, 3) for p in frames[0].points}
    assert len(xs) == 4
    assert all(m.pose.orientation.w or m.pose.orientation.z for m in made)
    above_robot = answer_markers(Answer("q", "text", Status.NOT_FOUND), HEADER, (1.0, 2.0, 0.0))
    assert [m.pose.position.x for m in above_robot] == [1.0]
    assert answer_markers(Answer("q", "text", Status.NOT_FOUND), HEADER) == []


def test_markers_of_a_map_update_in_place():
    diff = MarkerDiff()
    first = build_navigation(flat())
    shown = diff.update(navigation_markers(first, 0, HEADER), HEADER).markers
    assert shown[0].action == Marker.DELETEALL
    changed = diff.update(
        navigation_markers(build_navigation(moved(flat(), 5, 0.1)), 0, HEADER), HEADER, only_changes=True
    )
    assert {m.ns for m in changed.markers} <= {"goals", "routes", "route_nodes"}
    assert ("goals", 5) in {(m.ns, m.id) for m in changed.markers}
    for m in shown[1:]:
        assert m.frame_locked
        assert m.color.a > 0
        assert len({(x.ns, x.id) for x in shown}) == len(shown)


def grid_message_of(layout):
    return grid_message(build_navigation(layout).grid)


def test_a_flat_grid_and_a_layout_are_space():
    scene = make_scene(flat())
    space = occupancy_of_grid(grid_message_of(flat()), scene)
    bed = OrientedBox(-1, "bbox", "", (1.1, 1.2, 0.3), 0.0, (0.2, 0.2, 0.2))
    assert set(np.unique(space.within(bed))) == {OCCUPIED}
    above = replace(bed, center=(1.1, 1.2, 1.5))
    assert set(np.unique(space.within(above))) == {FREE}, "above the bed there is room"
    assert set(np.unique(space.within(replace(bed, center=(3.0, 2.0, 0.3))))) == {FREE}


def test_proposals_keep_off_what_only_the_grid_shows():
    question, scene = "put a chair next to the wardrobe", make_scene(flat())
    free = SpatialSolver().ask(question, scene).proposal.new
    message = grid_message_of(flat())
    cells = np.frombuffer(message.data, dtype=np.int8).reshape(message.info.height, message.info.width)
    column, row = (round((value + 1.0) / 0.05) for value in free.center[:2])
    cells[row - 4 : row + 4, column - 4 : column + 4] = 100
    seen = replace(scene, occupancy=occupancy_of_grid(message, scene))
    kept = SpatialSolver().ask(question, seen).proposal.new
    beside = [abs(a - b) for a, b in zip(kept.center[:2], free.center[:2])]
    assert max(beside) > 0.2 + min(kept.size[:2]) / 2 - 0.1, "the hidden thing is where the chair would have gone"


@pytest.mark.parametrize("fault", ["frame", "turned", "empty", "short", "coarse"])
def test_grids_that_cannot_be_used_say_why(fault):
    message = grid_message_of(flat())
    if fault == "frame":
        message.header.frame_id = "odom"
    elif fault == "turned":
        message.info.origin.orientation.z = 0.5
    elif fault == "empty":
        message = OccupancyGridMsg(header=message.header)
        message.info.origin = Pose()
    elif fault == "short":
        message.info.width += 1
    else:
        message.info.resolution = 5.0
    with pytest.raises(CloudError, match="grid"):
        occupancy_of_grid(message, make_scene(flat()))
