"""Goals beside objects: where a robot can stand to face a thing, as near as is comfortable and reachable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from math import atan2, cos, hypot, isfinite, sin
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import ConfigError
from spatial_perception.layout.entities import Box
from spatial_perception.layout.raster import GridFrame, fill, polygon_rings
from spatial_perception.navigation.footprints import Rectangles, box_rectangles, join
from spatial_perception.navigation.free_space import FreeSpace
from spatial_perception.navigation.identity import stable_uuid
from spatial_perception.navigation.robot import Pose2
from spatial_perception.navigation.rooms import RoomGraph

NEAR = 0.6
"""Goals in the room of the object whose gap is below this (m) are taken before all others."""
REACH = 2.0
"""Goals are looked for up to this far (m) between the robot's rim and the object."""
_COMFORT = 0.15  # m from rim to object that is best
_ASIDE, _TIGHT, _ROOMY = 0.6, 0.5, 0.35  # prices: standing aside of the middle, close to other things; m that is roomy
_ELSEWHERE = 10.0  # price of standing in another room than the object
_TRIED = 64  # nearest good places that are examined exactly
_WALL_CLEAR = 0.02


class GoalStatus(str, Enum):
    """What came of looking for a goal."""

    OK = "OK"
    NOT_FOUND = "NOT_FOUND"
    INFEASIBLE = "INFEASIBLE"
    NO_SCENE = "NO_SCENE"


@dataclass(frozen=True, slots=True)
class ObjectGoal:
    """A pose beside object `box_id`, facing its middle, or why there is none.

    `gap` is the distance (m) from the rim of the robot to the footprint of the object, `room_id` the room of the pose.
    `pose` is None unless the status is OK; `message` is a sentence for people in every case.
    """

    box_id: int
    label: str
    uuid: UUID | None
    status: GoalStatus
    message: str
    pose: Pose2 | None = None
    gap: float = 0.0
    room_id: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class GoalMap:
    """What goals are looked for in: rooms, free space, footprints of what is in the way, and of walls alone.

    `regions` (H, W) holds 1 + the place in `rooms.rooms` of the room of each cell, 0 outside; `homes` the same for boxes by id.
    """

    rooms: RoomGraph
    space: FreeSpace
    obstacles: Rectangles
    walls: Rectangles
    regions: NDArray[np.int32]
    homes: Mapping[int, int]
    reach: float = REACH


def object_goals(boxes: Sequence[Box], place: GoalMap, robot_pose: Pose2 | None = None) -> tuple[ObjectGoal, ...]:
    """A goal for each box, in their order: on the piece of floor on which the robot is, or on the largest one.

    The goals keep the radius of the robot clear of everything in the way, see the object past no wall, and lie in its room
    where possible. A robot outside the map, objects in no room, and objects out of reach give a status other than OK.
    """
    piece, problem = robot_piece(place, robot_pose)
    if problem is not None:
        return tuple(_failed(box, place, *problem) for box in boxes)
    return tuple(find_goal(box, place, piece) for box in boxes)


def robot_piece(place: GoalMap, pose: Pose2 | None) -> tuple[int, tuple[GoalStatus, str] | None]:
    """The piece of floor that the robot is on, and what is wrong where it is on none."""
    if not place.rooms.rooms:
        return 0, (GoalStatus.NO_SCENE, "no closed room is known; goals need one")
    if pose is not None:
        problem = _pose_problem(place, pose)
        if problem:
            return 0, (GoalStatus.INFEASIBLE, problem)
    piece = place.space.piece_of(pose)
    if piece == 0:
        where = "nowhere on the map" if pose is None else f"at ({pose.x:.2f}, {pose.y:.2f}) not"
        return 0, (GoalStatus.INFEASIBLE, f"a robot of radius {place.space.robot.radius:.2f} m fits {where}")
    return piece, None


def _pose_problem(place: GoalMap, pose: Pose2) -> str:
    frame = place.rooms.frame_id
    if not pose.is_finite:
        return "the robot pose is not finite; wait for localisation"
    if pose.frame_id and frame and pose.frame_id != frame:
        return f"the robot pose is in frame '{pose.frame_id}', the map in '{frame}'; transform it first"
    if place.space.frame.cell_of(pose.x, pose.y) is None:
        return f"the robot at ({pose.x:.2f}, {pose.y:.2f}) is outside the map; check the localisation"
    return ""


def find_goal(box: Box, place: GoalMap, piece: int) -> ObjectGoal:
    """The goal of one box on a connected piece of floor; see `object_goals`."""
    return _search(box, place, piece)[0]


def _search(box: Box, place: GoalMap, piece: int) -> tuple[ObjectGoal, float]:
    """The goal of a box, and how far around it (m) was looked for it."""
    if box.id not in place.homes:
        text = "stands in no closed room; no way to it is known"
        return _failed(box, place, GoalStatus.INFEASIBLE, text), 0.0
    for reach in (NEAR, place.reach):
        cells = _standing_room(box, place, piece, reach, own_room=reach == NEAR)
        point = _best(box, cells, place) if len(cells) else None
        if point is not None:
            return _goal(box, point, place), reach
    text = f"has no free floor within {place.reach:.1f} m that the robot can reach and from which it is seen"
    return _failed(box, place, GoalStatus.INFEASIBLE, text), place.reach


def _best(box: Box, cells: NDArray[np.intp], place: GoalMap) -> NDArray[np.float64] | None:
    """The cheapest of some cells (N, 2) from which the box is seen and on which the robot touches nothing."""
    points = place.space.frame.centers(cells[:, 0], cells[:, 1])
    order = _prices(box, points, cells, place).argsort(kind="stable")
    for start in range(0, len(order), _TRIED):
        chosen = points[order[start : start + _TRIED]]
        good = _is_clear(chosen, place) & _sees(chosen, box, place.walls)
        if good.any():
            return np.asarray(chosen[int(good.argmax())])
    return None


def _goal(box: Box, point: NDArray[np.float64], place: GoalMap) -> ObjectGoal:
    x, y = float(point[0]), float(point[1])
    pose = Pose2(x, y, atan2(box.center[1] - y, box.center[0] - x), place.rooms.frame_id)
    gap = max(float(box_rectangles([box]).distances(point[None])[0, 0]) - place.space.robot.radius, 0.0)
    cell = place.space.frame.cell_of(x, y)
    number = 0 if cell is None else int(place.regions[cell])
    room = place.rooms.rooms[number - 1] if number else None
    where = f" in {room.name}" if room is not None else ""
    text = f"stand at ({x:.2f}, {y:.2f}){where}, {gap:.2f} m from the {box.label}"
    uuid = _uuid(box, place)
    return ObjectGoal(box.id, box.label, uuid, GoalStatus.OK, text, pose, gap, None if room is None else room.id)


def _failed(box: Box, place: GoalMap, status: GoalStatus, text: str) -> ObjectGoal:
    return ObjectGoal(box.id, box.label, _uuid(box, place), status, f"bbox_{box.id} ({box.label}): {text}")


def _uuid(box: Box, place: GoalMap) -> UUID:
    return stable_uuid(place.rooms.frame_id, "bbox", box.id)


def _standing_room(box: Box, place: GoalMap, piece: int, reach: float, own_room: bool) -> NDArray[np.intp]:
    """Reachable cells (N, 2) within `reach` (m) of a box, in all rooms or in its own."""
    rows, columns = place.space.frame.window(*goal_area(box, place, reach))
    mask = place.space.pieces[rows, columns] == piece
    if own_room:
        mask = mask & (place.regions[rows, columns] == place.homes[box.id])
    cells = np.add(np.argwhere(mask), (rows.start, columns.start))
    gaps = box_rectangles([box]).distances(place.space.frame.centers(cells[:, 0], cells[:, 1]))[:, 0]
    return np.asarray(cells[gaps <= reach + place.space.robot.radius])


def goal_area(box: Box, place: GoalMap, reach: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Lower and upper corner of the area in which a goal of a box is looked for, up to `reach` (m) from its footprint."""
    c, s = abs(cos(box.yaw)), abs(sin(box.yaw))
    whole = reach + place.space.robot.radius
    along = (c * abs(box.size[0]) + s * abs(box.size[1])) / 2 + whole
    across = (s * abs(box.size[0]) + c * abs(box.size[1])) / 2 + whole
    x, y, _ = box.center
    return (x - along, y - across), (x + along, y + across)


def _prices(box: Box, points: NDArray[np.float64], cells: NDArray[np.intp], place: GoalMap) -> NDArray[np.float64]:
    """How bad places are: too near or far, aside of the middle of a side, tight, in another room."""
    radius, where = place.space.robot.radius, tuple(cells.T)
    rectangle = box_rectangles([box])
    delta = points - rectangle.centers[0]
    c, s = np.cos(rectangle.yaws[0]), np.sin(rectangle.yaws[0])
    local = np.abs(np.stack([c * delta[:, 0] + s * delta[:, 1], c * delta[:, 1] - s * delta[:, 0]], axis=1))
    beyond = np.maximum(local - rectangle.halves[0], 0.0)
    gap = np.hypot(*beyond.T) - radius
    aside = np.where(beyond[:, 0] > beyond[:, 1], local[:, 1], local[:, 0])
    tight = np.maximum(_ROOMY - (place.space.clearance[where] - radius), 0.0)
    elsewhere = np.where(place.regions[where] == place.homes[box.id], 0.0, _ELSEWHERE)
    return np.asarray(np.round(np.abs(gap - _COMFORT) + _ASIDE * aside + _TIGHT * tight + elsewhere, 9))


def _is_clear(points: NDArray[np.float64], place: GoalMap) -> NDArray[np.bool_]:
    """Where the whole base of the robot touches nothing; exact, not by cells."""
    radius = place.space.robot.radius
    near = place.obstacles.near(points.min(axis=0) - radius, points.max(axis=0) + radius)
    return np.asarray((near.distances(points) >= radius).all(axis=1))


def _sees(points: NDArray[np.float64], box: Box, walls: Rectangles) -> NDArray[np.bool_]:
    """From where the straight line to the nearest part of a box crosses no wall."""
    targets = _nearest_part(points, box)
    lower, upper = np.minimum(points, targets).min(axis=0), np.maximum(points, targets).max(axis=0)
    near = walls.near(lower, upper)
    along = np.stack([np.cos(near.yaws), np.sin(near.yaws)], axis=1) * near.halves[:, :1]
    return np.asarray(~_crosses(points, targets, near.centers - along, near.centers + along).any(axis=1))


def _nearest_part(points: NDArray[np.float64], box: Box) -> NDArray[np.float64]:
    """The point of the footprint of a box that is nearest to each point (N, 2), just outside of it."""
    rectangle = box_rectangles([box])
    c, s = np.cos(rectangle.yaws[0]), np.sin(rectangle.yaws[0])
    turn = np.array([[c, -s], [s, c]])
    local = np.clip((points - rectangle.centers[0]) @ turn, -rectangle.halves[0], rectangle.halves[0])
    nearest = local @ turn.T + rectangle.centers[0]
    away = points - nearest
    length = np.maximum(np.hypot(*away.T), 1e-9)[:, None]
    return np.asarray(nearest + away / length * np.minimum(_WALL_CLEAR, length))


def _crosses(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], d: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether segments a-b (N, 2) cross segments c-d (M, 2): (N, M)."""

    def side(p: NDArray[np.float64], q: NDArray[np.float64], r: NDArray[np.float64]) -> NDArray[np.float64]:
        return (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])

    a, b, c, d = a[:, None], b[:, None], c[None], d[None]
    return np.asarray((side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0))


class GoalFinder:
    """Finds goals, and remembers those around which nothing has changed."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Box, ObjectGoal, float]] = {}
        self._before: tuple[GoalMap, int] | None = None

    def find(self, boxes: Sequence[Box], place: GoalMap, robot_pose: Pose2 | None = None) -> tuple[ObjectGoal, ...]:
        """As `object_goals`, with the same results."""
        piece, problem = robot_piece(place, robot_pose)
        if problem is not None:
            return tuple(_failed(box, place, *problem) for box in boxes)
        changed = self._changed(place, piece)
        found = [self._remembered(box, place, piece, changed) for box in boxes]
        self._known = {box.id: (box, goal, reach) for box, (goal, reach) in zip(boxes, found)}
        self._before = (place, piece)
        return tuple(goal for goal, _ in found)

    def _changed(self, place: GoalMap, piece: int) -> NDArray[np.bool_] | None:
        """The cells where floor or obstacles are not as before; None where everything has to be looked at again."""
        if self._before is None or not _same_scene(self._before[0], place):
            return None
        before, old_piece = self._before
        mask, old = place.space.pieces == piece, before.space.pieces == old_piece
        enough = np.float32(place.space.robot.radius + _ROOMY)  # more clearance than this changes no price
        tight = np.minimum(place.space.clearance, enough) != np.minimum(before.space.clearance, enough)
        changed = (mask != old) | (mask & tight)
        for corners in _moved(before.obstacles, place.obstacles):
            reach = place.space.robot.radius + place.space.frame.resolution
            changed[place.space.frame.window(corners.min(axis=0) - reach, corners.max(axis=0) + reach)] = True
        return np.asarray(changed)

    def _remembered(
        self, box: Box, place: GoalMap, piece: int, changed: NDArray[np.bool_] | None
    ) -> tuple[ObjectGoal, float]:
        known = self._known.get(box.id)
        if changed is None or known is None or known[0] != box or place.homes.get(box.id) != self._home(box):
            return _search(box, place, piece)
        if changed[place.space.frame.window(*goal_area(box, place, known[2]))].any():
            return _search(box, place, piece)
        return known[1:]

    def _home(self, box: Box) -> int | None:
        return None if self._before is None else self._before[0].homes.get(box.id)


def _same_scene(before: GoalMap, place: GoalMap) -> bool:
    """Whether rooms (and their names), grid, robot and reach are those of before."""
    same = before.space.frame == place.space.frame and before.space.robot == place.space.robot
    rooms = [[(r.id, r.name, r.outline, r.holes) for r in m.rooms.rooms] for m in (before, place)]
    return same and before.reach == place.reach and rooms[0] == rooms[1] and len(before.walls) == len(place.walls)


def _moved(before: Rectangles, after: Rectangles) -> NDArray[np.float64]:
    """Corners (N, 4, 2) of the rectangles that are in one group but not in the other."""
    old, new = before.corners(), after.corners()
    was, now = {c.tobytes() for c in old}, {c.tobytes() for c in new}
    moved = [c for c in old if c.tobytes() not in now] + [c for c in new if c.tobytes() not in was]
    return np.array(moved).reshape(-1, 4, 2)


def goals_for(
    label: str, goals: Sequence[ObjectGoal], ordinal: int | None = None, *, nearest_to: Pose2 | None = None
) -> tuple[ObjectGoal, ...]:
    """The goals of the objects with a label, reachable ones first, nearest first where a pose is given.

    `ordinal` (from 1) picks one. Nothing of that label, or fewer than `ordinal`, gives one goal with status NOT_FOUND that
    names what there is.
    """
    wanted = _plain(label)
    own = [goal for goal in goals if _plain(goal.label) == wanted]
    own.sort(key=_order(nearest_to))
    if own and ordinal is None:
        return tuple(own)
    if own and ordinal is not None and 1 <= ordinal <= len(own):
        return (own[ordinal - 1],)
    return (ObjectGoal(-1, label, None, GoalStatus.NOT_FOUND, _missing(label, len(own), ordinal, goals)),)


def _order(pose: Pose2 | None) -> Callable[[ObjectGoal], tuple[bool, float, int]]:
    def key(goal: ObjectGoal) -> tuple[bool, float, int]:
        way = 0.0 if pose is None or goal.pose is None else hypot(goal.pose.x - pose.x, goal.pose.y - pose.y)
        return goal.status is not GoalStatus.OK, way, goal.box_id

    return key


def _missing(label: str, count: int, ordinal: int | None, goals: Sequence[ObjectGoal]) -> str:
    if count:
        return f"there is no {label} number {ordinal}; there are {count}, counted from 1"
    names = sorted({_plain(goal.label) for goal in goals})
    shown = ", ".join(names[:12]) + (" and others" if len(names) > 12 else "")
    return f"there is no {label[:60]} on the map; there is {shown}" if names else "there are no objects on the map"


def _plain(label: str) -> str:
    return label.strip().lower().replace(" ", "_")


def goal_map(
    rooms: RoomGraph,
    space: FreeSpace,
    obstacles: Rectangles,
    walls: Rectangles,
    reach: float = REACH,
    regions: NDArray[np.int32] | None = None,
) -> GoalMap:
    """The map for goals: `obstacles` are the blocking footprints without walls, `walls` those of the wall pieces.

    `regions` as `room_regions` makes them. Raises ConfigError for a reach that is not positive.
    """
    if not (isfinite(reach) and reach > 0):
        raise ConfigError(f"goal reach is {reach:g} m; give a length above 0")
    areas = room_regions(rooms, space.frame) if regions is None else regions
    homes = {box: number for number, room in enumerate(rooms.rooms, start=1) for box in room.objects}
    return GoalMap(rooms, space, join(walls, obstacles), walls, areas, homes, reach)


def room_regions(rooms: RoomGraph, frame: GridFrame) -> NDArray[np.int32]:
    """For each cell (H, W) 1 + the place of its room in `rooms.rooms`, 0 outside."""
    regions = np.zeros((frame.height, frame.width), dtype=np.int32)
    for number, room in enumerate(rooms.rooms, start=1):
        regions[fill(frame, polygon_rings([(room.outline, *room.holes)]))] = number
    return regions
