"""The service GetObjectGoal: from a label, an entity or a description to poses beside things."""

from __future__ import annotations

from math import cos, sin
from typing import Any

from geometry_msgs.msg import PoseStamped

from spatial_perception.mapping.pose import Pose
from spatial_perception.navigation.goals import GoalStatus, ObjectGoal, goals_for, object_goals
from spatial_perception.navigation.navigator import NavigationMap
from spatial_perception.navigation.robot import Pose2
from spatial_perception.navigation.structure import usable_boxes
from spatial_perception.reasoning.answers import Answer, Status
from spatial_perception.reasoning.lookup import ground
from spatial_perception.reasoning.scene import Scene
from spatial_perception.ros.convert.stamps import header_message

_STATUSES = {
    GoalStatus.OK: Status.OK,
    GoalStatus.NOT_FOUND: Status.NOT_FOUND,
    GoalStatus.INFEASIBLE: Status.INFEASIBLE,
    GoalStatus.NO_SCENE: Status.NO_SCENE,
}


def fill_goals(request: Any, response: Any, place: NavigationMap, scene: Scene, robot: Pose2 | None) -> Answer:
    """Fill in the poses, entities, rooms and gaps of a response; the answer says how it went."""
    start = robot if request.reachable else None
    found = _goals(request, place, scene, start, robot)
    if isinstance(found, Answer):
        return found
    good = [goal for goal in found if goal.status is GoalStatus.OK and goal.pose is not None]
    response.poses = [_pose_message(goal, place) for goal in good]
    response.entities = [f"bbox_{goal.box_id}" for goal in good]
    response.rooms = [-1 if goal.room_id is None else goal.room_id for goal in good]
    response.gaps = [float(goal.gap) for goal in good]
    chosen = good or found
    text = "; ".join(goal.message for goal in chosen[:5]) + (f"; and {len(chosen) - 5} more" if len(chosen) > 5 else "")
    status = Status.OK if good else _STATUSES[found[0].status]
    if good and request.reachable and robot is None:
        text += "; where the robot is is not known, so that the largest piece of floor was taken"
    return Answer(request.label, text, status, kind="Goal")


def _goals(
    request: Any, place: NavigationMap, scene: Scene, start: Pose2 | None, nearest_to: Pose2 | None
) -> list[ObjectGoal] | Answer:
    """Goals of the label, else of what the text describes; an answer where that fails."""
    boxes, _ = usable_boxes(scene.layout.boxes)
    named = {box.label for box in boxes if box.label == request.label.strip().lower().replace(" ", "_")}
    if named:
        own = [box for box in boxes if box.label in named]
    else:
        answer = ground(request.label, scene)
        # Of several things that fit, all are goals; the nearest comes first.
        if not answer.boxes or answer.status not in (Status.OK, Status.AMBIGUOUS, Status.UNVERIFIED):
            return answer if answer.status is not Status.OK else _no_thing(answer)
        wanted = {box.id for box in answer.boxes if box.kind == "bbox"}
        own = [box for box in boxes if box.id in wanted]
        if not own:
            return _no_thing(answer)
    goals = object_goals(own, place.places, start)
    ordinal = int(request.ordinal) or None
    return _ranked(goals, ordinal, nearest_to)


def _ranked(goals: tuple[ObjectGoal, ...], ordinal: int | None, nearest_to: Pose2 | None) -> list[ObjectGoal]:
    """Reachable ones first, then the nearest; of several labels in one order."""
    labels = {goal.label for goal in goals}
    if len(labels) == 1:
        return list(goals_for(labels.pop(), goals, ordinal, nearest_to=nearest_to))
    common = [ObjectGoal(g.box_id, "thing", g.uuid, g.status, g.message, g.pose, g.gap, g.room_id) for g in goals]
    return list(goals_for("thing", common, ordinal, nearest_to=nearest_to))


def _no_thing(answer: Answer) -> Answer:
    text = f"{answer.text} Goals are beside furniture; name a piece of it."
    return Answer(answer.question, text, Status.NOT_FOUND, confidence=0.0)


def _pose_message(goal: ObjectGoal, place: NavigationMap) -> PoseStamped:
    assert goal.pose is not None
    made = PoseStamped(header=header_message(place.layout.frame_id, place.layout.stamp))
    made.pose.position.x, made.pose.position.y = goal.pose.x, goal.pose.y
    made.pose.position.z = float(place.structure.floor)
    made.pose.orientation.z, made.pose.orientation.w = sin(goal.pose.yaw / 2), cos(goal.pose.yaw / 2)
    return made


def pose2(pose: Pose | None, frame_id: str) -> Pose2 | None:
    """A pose on the floor of a frame."""
    return None if pose is None else Pose2(pose.position[0], pose.position[1], pose.yaw, frame_id)
