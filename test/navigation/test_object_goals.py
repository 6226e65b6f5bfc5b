"""Goals beside objects, judged by a planner and by plane geometry that know nothing of how they were found."""

from __future__ import annotations

import heapq
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from spatial_perception.errors import ConfigError
from spatial_perception.layout.entities import Box, Layout
from spatial_perception.layout.transforms import move_box
from spatial_perception.navigation.goals import GoalFinder, GoalStatus, find_goal, goal_map, goals_for, object_goals
from spatial_perception.navigation.navigator import build_navigation
from spatial_perception.navigation.robot import Pose2
from spatial_perception.navigation.settings import NavigationSettings
from spatial_perception.simulation import make_home

RADIUS = 0.22
SQUARE = ((0, 1, 1.0), (1, 0, 1.0), (0, -1, 1.0), (-1, 0, 1.0))
STEPS = (*SQUARE, (1, 1, 2**0.5), (1, -1, 2**0.5), (-1, 1, 2**0.5), (-1, -1, 2**0.5))


def inflated(grid, radius):
    """Cells whose centre is within `radius` of a cell that is not free: a costmap's lethal area."""
    reach = math.floor(radius / grid.resolution + 1e-9)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.hypot(x, y) * grid.resolution <= radius
    return ndimage.binary_dilation(np.pad(grid.data != 0, reach, constant_values=True), disc)[
        reach:-reach, reach:-reach
    ]


def astar(blocked, start, goal):
    """Cells from start to goal on an 8-connected grid, or None (Hart, Nilsson and Raphael, 1968)."""
    best, came, queue = {start: 0.0}, {}, [(0.0, start)]
    while queue:
        _, here = heapq.heappop(queue)
        if here == goal:
            way = [here]
            while way[-1] in came:
                way.append(came[way[-1]])
            return way[::-1]
        for dr, dc, length in STEPS:
            there = (here[0] + dr, here[1] + dc)
            if blocked[there] or (length > 1 and (blocked[here[0], there[1]] or blocked[there[0], here[1]])):
                continue
            cost = best[here] + length
            if cost < best.get(there, math.inf) - 1e-9:
                best[there], came[there] = cost, here
                heapq.heappush(queue, (cost + math.hypot(there[0] - goal[0], there[1] - goal[1]), there))
    return None


def drive_to(goals, place, judge):
    """How many of the goals a planner reaches from one of them without touching anything.

    It keeps its centre a radius and a cell off occupied cells; plane geometry judges whether the base touched something.
    """
    grid = place.grid
    blocked = inflated(grid, RADIUS + grid.resolution)
    cells = [grid.frame.cell_of(goal.pose.x, goal.pose.y) for goal in goals]
    reached = 0
    for goal, cell in zip(goals, cells):
        way = None if blocked[cell] else astar(blocked, cells[0], cell)
        if way is None:
            continue
        points = grid.frame.centers(*np.array(way).T)
        reached += judge.room_left([*points, (goal.pose.x, goal.pose.y)]) >= 0
    return reached


def reachable(place):
    return [goal for goal in place.goals if goal.status is GoalStatus.OK]


def test_a_planner_reaches_the_goals_without_collision(homes, judge_of):
    reached = total = 0
    for home in homes:
        place = build_navigation(home.layout)
        goals = reachable(place)[::4]
        reached += drive_to(goals, place, judge_of(home.layout))
        total += len(goals)
    assert total >= 30
    assert reached == total


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_planner_reaches_99_percent_of_all_goals_in_40_homes(judge_of):
    reached = total = objects = 0
    for seed in range(10000, 10040):
        home = make_home(seed)
        place = build_navigation(home.layout)
        goals = reachable(place)
        reached += drive_to(goals, place, judge_of(home.layout)) if goals else 0
        total, objects = total + len(goals), objects + len(place.goals)
    assert reached / total >= 0.99
    assert total / objects >= 0.9


def test_goals_touch_nothing_and_face_their_object(homes, judge_of):
    found = total = 0
    for home in homes:
        place, judge = build_navigation(home.layout), judge_of(home.layout)
        boxes = {box.id: box for box in home.layout.boxes}
        goals = reachable(place)
        found, total = found + len(goals), total + len(boxes)
        for goal in goals:
            pose, box = goal.pose, boxes[goal.box_id]
            assert judge.room_left([(pose.x, pose.y)]) >= -1e-6
            towards = math.atan2(box.center[1] - pose.y, box.center[0] - pose.x)
            assert math.cos(towards - pose.yaw) == pytest.approx(1.0)
            gap = judge.outline(box).distance(judge_point(pose)) - RADIUS
            assert goal.gap == pytest.approx(max(gap, 0.0), abs=1e-6)
            assert goal.gap <= 2.0 + 1e-6
    assert found >= 0.9 * total


def judge_point(pose):
    from shapely.geometry import Point

    return Point(pose.x, pose.y)


def test_goals_stand_in_the_room_of_the_object(flat):
    place = build_navigation(flat)
    for goal in place.goals:
        assert goal.status is GoalStatus.OK
        room = place.rooms.room_at(goal.pose.x, goal.pose.y)
        assert room.id == goal.room_id == place.rooms.room_of(goal.box_id).id
        assert goal.pose.frame_id == "map"


def test_the_room_beyond_a_wall_is_no_place_to_stand(flat):
    """A thing at the dividing wall is looked at from its own side, however near the other side is."""
    boxes = (Box(0, "tv", (4.1, 2.5, 1.0), 0, (0.1, 0.8, 0.5)),)
    goal = build_navigation(replace(flat, boxes=boxes)).goals[0]
    assert goal.pose.x > 4.2
    assert abs(goal.pose.y - 2.5) < 0.3


def test_goals_of_things_on_things_and_carpets(flat):
    boxes = (*flat.boxes, Box(20, "pillow", (0.5, 2.4, 0.7), 0, (0.5, 0.4, 0.15)))
    goals = {g.box_id: g for g in build_navigation(replace(flat, boxes=boxes)).goals}
    assert goals[20].status is GoalStatus.OK
    assert goals[4].gap < 0.3


def test_a_blocked_room_is_out_of_reach(flat):
    wall = Box(30, "wardrobe", (4.4, 1.5, 1.0), 0, (0.4, 2.85, 2.0))
    place = build_navigation(replace(flat, boxes=(*flat.boxes, wall)), robot_pose=Pose2(1.0, 0.8))
    states = {goal.box_id: goal.status for goal in place.goals}
    assert (states[0], states[2]) == (GoalStatus.OK, GoalStatus.INFEASIBLE)
    message = next(g.message for g in place.goals if g.box_id == 2)
    assert "no free floor within 2.0 m that the robot can reach" in message
    beyond = build_navigation(replace(flat, boxes=(*flat.boxes, wall)), robot_pose=Pose2(6.0, 1.5))
    assert next(g.status for g in beyond.goals if g.box_id == 2) is GoalStatus.OK


def test_objects_outside_any_room_have_no_goal(flat):
    far = Box(9, "sofa", (20, 20, 0.4), 0, (2, 1, 0.8))
    goal = build_navigation(replace(flat, boxes=(*flat.boxes, far))).goals[-1]
    assert goal.status is GoalStatus.INFEASIBLE
    assert goal.pose is None
    assert "no closed room" in goal.message


@pytest.mark.parametrize(
    ("pose", "message"),
    [
        (Pose2(50.0, 0.0), r"the robot at \(50.00, 0.00\) is outside the map; check the localisation"),
        (Pose2(math.nan, 0.0), "the robot pose is not finite"),
        (Pose2(1.0, 1.0, frame_id="odom"), "is in frame 'odom', the map in 'map'"),
        (Pose2(1.0, 2.2), r"fits at \(1.00, 2.20\) not"),
        (Pose2(-0.4, -0.4), "fits at"),
    ],
)
def test_a_robot_that_is_nowhere_is_told(flat, pose, message):
    boxes = (Box(0, "bed", (1.2, 2.0, 0.3), 0.0, (2.2, 1.8, 0.6)),)
    goals = build_navigation(replace(flat, boxes=boxes), robot_pose=pose).goals
    assert {goal.status for goal in goals} == {GoalStatus.INFEASIBLE}
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(goals[0].message)


def test_without_rooms_there_is_no_scene(flat):
    goals = build_navigation(replace(flat, walls=(), doors=())).goals
    assert {goal.status for goal in goals} == {GoalStatus.NO_SCENE}
    assert build_navigation(Layout()).goals == ()


def test_a_robot_that_is_too_large_finds_no_place(flat):
    goals = build_navigation(flat, NavigationSettings(radius=2.0)).goals
    assert {goal.status for goal in goals} == {GoalStatus.INFEASIBLE}
    assert "a robot of radius 2.00 m fits nowhere on the map" in goals[0].message


def test_a_reach_of_nothing_is_refused(flat):
    place = build_navigation(flat)
    with pytest.raises(ConfigError, match="goal reach is 0 m"):
        goal_map(place.rooms, place.space, place.places.obstacles, place.places.walls, 0.0)


def test_goals_by_label(flat):
    boxes = (*flat.boxes, Box(10, "bed", (1.2, 0.3, 0.2), 0.0, (1.0, 0.3, 0.4)))
    goals = build_navigation(replace(flat, boxes=boxes)).goals
    assert [g.box_id for g in goals_for("Bed", goals)] == [0, 10]
    assert [g.box_id for g in goals_for("bed", goals, 2)] == [10]
    near = Pose2(1.2, 0.8)
    assert next(g.box_id for g in goals_for("bed", goals, nearest_to=near)) == 10
    (missing,) = goals_for("piano", goals)
    assert missing.status is GoalStatus.NOT_FOUND
    assert "there is no piano on the map; there is bed" in missing.message
    (third,) = goals_for("bed", goals, 3)
    assert "there is no bed number 3; there are 2" in third.message
    assert goals_for("bed", ())[0].message == "there are no objects on the map"


def test_remembered_goals_are_those_found_anew(homes):
    for home in homes[:3]:
        finder = GoalFinder()
        for k in range(4):
            box = home.layout.boxes[(5 * k) % len(home.layout.boxes)]
            layout = move_box(home.layout, box.id, 0.2 * k, -0.1 * k)
            place = build_navigation(layout)
            fresh = object_goals(layout.boxes, place.places)
            assert finder.find(layout.boxes, place.places) == fresh == place.goals
            piece = place.space.piece_of(None)
            assert find_goal(layout.boxes[0], place.places, piece) == fresh[0]
