"""Searching a spot: all places of a 10 cm grid on floor and tops, those that cannot be right dropped at once, the rest
ranked and checked in full until one passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import hypot, pi

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.reasoning.answers import Check, Status
from spatial_perception.reasoning.grounding import one, replace_room, robot_thing, rooms_of, select
from spatial_perception.reasoning.measures import footprint, gap, heights
from spatial_perception.reasoning.physics import World, physical_checks, world_without
from spatial_perception.reasoning.questions import Relation
from spatial_perception.reasoning.refusals import Refusal
from spatial_perception.reasoning.relations import (
    NEAR,
    NEXT_TO,
    PREDICATES,
    VIEWED,
    between,
    viewed,
    wall_distance,
)
from spatial_perception.reasoning.repair import Repair
from spatial_perception.reasoning.scene import Scene, Thing
from spatial_perception.reasoning.words import HANGING, WALL_MOUNTED

GRID = 0.1
_TRIES = 150
_MAX_CELLS = 40000
_HEIGHT_AT_WALL = 1.5
Tick = Callable[[], None]


@dataclass(frozen=True, eq=False)
class Spot:
    """The best spot found, with its checks, and the things that it was measured from."""

    repair: Repair
    anchors: tuple[Thing, ...]


@dataclass(frozen=True, eq=False)
class _Bound:
    """A relation with its anchors found in the scene."""

    relation: Relation
    anchors: tuple[Thing, ...]
    area: BaseGeometry | None = None


@dataclass(frozen=True, eq=False)
class _Surface:
    """A level (m) on which things can stand, and its area in plan."""

    level: float
    area: BaseGeometry


def find_spot(
    box: OrientedBox, relations: Sequence[Relation], scene: Scene, tick: Tick, moved: OrientedBox | None = None
) -> Spot:
    """The best place for a box of this size (its centre does not count) where all `relations` hold.

    Ranked by the relation, then by free space around, then by the distance from the robot. Refuses with INFEASIBLE where
    there is none, and as `grounding.select` does for anchors.
    """
    bound = [_bind(relation, scene) for relation in relations]
    anchors = tuple(t for b in bound for t in b.anchors)
    world = world_without(scene, moved)
    surfaces = _surfaces(box, bound, world)
    world = _around(surfaces, box, world)
    ranked = [c for surface in surfaces for c in _candidates(box, surface, bound, world)]
    ranked.sort(key=lambda entry: entry[0])
    best: Repair | None = None
    for _, candidate in ranked[:_TRIES]:
        tick()
        checks = (*physical_checks(candidate, world), *_relation_checks(candidate, bound, scene))
        found = Repair(candidate, checks)
        if found.passed:
            return Spot(found, anchors)
        best = best if best and _failures(best) <= _failures(found) else found
    reasons = (
        sorted({c.detail or c.name for c in best.checks if not c.passed}) if best else ["there is no free surface"]
    )
    where = " and ".join(r.name.replace("_", " ") for r in relations) or "here"
    raise Refusal(Status.INFEASIBLE, f"I found no place {where} that is large enough: {'; '.join(reasons)}.",
                  [t.box for t in anchors if t.box.id >= 0], best.checks if best else ())  # fmt: skip


def _failures(result: Repair) -> int:
    return sum(not check.passed for check in result.checks)


def _bind(relation: Relation, scene: Scene) -> _Bound:
    """Find the anchors; relations to one thing need exactly one."""
    if relation.name == "in":
        rooms = rooms_of(relation.anchors[0], scene)
        return _Bound(
            relation, tuple(replace_room(r, scene) for r in rooms), shapely.union_all([r.polygon for r in rooms])
        )
    if relation.name == "between":
        groups = [select(anchor, scene) for anchor in relation.anchors]
        if len(groups) == 1 and len(groups[0]) == 2:
            return _Bound(relation, tuple(groups[0]))
        return _Bound(relation, tuple(one(anchor, scene) for anchor in relation.anchors))
    if relation.name == "against_wall":
        return _Bound(relation, ())
    if relation.anchors[0].noun.kind in ("thing", "robot") and relation.anchors[0].definite:
        return _Bound(relation, (one(relation.anchors[0], scene),))
    return _Bound(relation, tuple(select(relation.anchors[0], scene)))


# ------------------------------------------------------------------------------------------ surfaces
def _surfaces(box: OrientedBox, bound: Sequence[_Bound], world: World) -> list[_Surface]:
    """Where the box may stand, from its relations: tops for `on`, walls and ceilings for what hangs, else the floor."""
    scene = world.scene
    area = _floor_area(bound, scene, hypot(*box.size[:2]) / 2)
    tops = [a for b in bound if b.relation.name in ("on", "inside") for a in b.anchors if a.box.id >= 0]
    if tops:
        return [_Surface(_base_level(b, t), t.footprint) for b in bound for t in b.anchors if t in tops]
    if box.label in HANGING and scene.ceiling is not None:
        return [_Surface(scene.ceiling - box.size[2], area)]
    if box.label in WALL_MOUNTED and scene.walls:
        level = scene.floor + max(0.0, _HEIGHT_AT_WALL - box.size[2] / 2)
        return [_Surface(level, area)]
    return [_Surface(scene.floor, area)]


def _base_level(bound: _Bound, thing: Thing) -> float:
    return thing.top if bound.relation.name == "on" else thing.bottom


def _floor_area(bound: Sequence[_Bound], scene: Scene, half: float) -> BaseGeometry:
    """The free floor, cut to the rooms that are named, else to those of the anchors, else to the robot's."""
    area = scene.free_area
    named = [b.area for b in bound if b.area is not None]
    if not named:
        rooms = {t.room for b in bound for t in b.anchors if t.room is not None}
        rooms = rooms or ({scene.robot_room.id} if scene.robot_room else set())
        named = [shapely.union_all([r.polygon for r in scene.rooms if r.id in rooms])] if rooms else []
    for part in named:
        area = shapely.intersection(area, part)
    for b in bound:
        reach = {"next_to": NEXT_TO, "near": NEAR, "nearest_to": NEAR, "under": 0.3, "above": 0.3}.get(b.relation.name)
        if reach is not None and b.anchors:
            around = shapely.union_all([t.footprint for t in b.anchors]).buffer(reach + half)
            area = shapely.intersection(area, around)
    return area


def _around(surfaces: Sequence[_Surface], box: OrientedBox, world: World) -> World:
    """The same world with only those obstacles that a box on the surfaces can touch, or whose clearance counts."""
    area = shapely.union_all([surface.area for surface in surfaces]).buffer(hypot(*box.size[:2]) / 2 + 0.5)
    near = tuple(o for o in world.obstacles if shapely.intersects(area, footprint(o)))
    return World(world.scene, near, world.moved_from)


# ------------------------------------------------------------------------------------------ candidates
def _candidates(
    box: OrientedBox, surface: _Surface, bound: Sequence[_Bound], world: World
) -> list[tuple[tuple[float, ...], OrientedBox]]:
    """Boxes on a grid over a surface that may pass, with their ranks (lower is better)."""
    if surface.area.is_empty:
        return []
    cells = _grid(surface.area)
    found: list[tuple[tuple[float, ...], OrientedBox]] = []
    center_z = surface.level + box.size[2] / 2
    for yaw in (box.yaw, (box.yaw + pi / 2 + pi) % (2 * pi) - pi):
        rings = _footprints(cells, replace(box, yaw=yaw))
        keep = _fitting(rings, cells, surface, box, center_z, world)
        places = cells[keep]
        ranks = _ranks(places, rings[keep], box, center_z, bound, world)
        found += [
            (rank, replace(box, yaw=yaw, center=(float(x), float(y), center_z))) for rank, (x, y) in zip(ranks, places)
        ]
    return found


def _grid(area: BaseGeometry) -> NDArray[np.float64]:
    x0, y0, x1, y1 = area.bounds
    step = max(GRID, float(np.sqrt((x1 - x0) * (y1 - y0) / _MAX_CELLS)))
    xs, ys = (np.arange(a + min(step, b - a) / 2, b + 1e-9, step) for a, b in ((x0, x1), (y0, y1)))
    cells = np.stack(np.meshgrid(xs, ys, indexing="ij"), -1).reshape(-1, 2)
    return cells[shapely.intersects_xy(area, cells[:, 0], cells[:, 1])]


def _footprints(cells: NDArray[np.float64], box: OrientedBox) -> NDArray[np.object_]:
    ring = shapely.get_coordinates(footprint(replace(box, center=(0.0, 0.0, 0.0))))
    return shapely.polygons(cells[:, None, :] + ring[None, :, :])


def _fitting(
    rings: NDArray[np.object_], cells: NDArray[np.float64], surface: _Surface, box: OrientedBox, z: float, world: World
) -> NDArray[np.bool_]:
    """Which candidates are within the rooms (3 cm) and do not run into anything at their height."""
    area = world.scene.free_area.buffer(0.03)
    shapely.prepare(area)
    keep = shapely.covers(area, rings)
    low, high = z - box.size[2] / 2, z + box.size[2] / 2
    solid = [
        footprint(o).buffer(-0.015)
        for o in world.obstacles
        if min(high, heights(o)[1]) - max(low, heights(o)[0]) > 0.03
    ]
    solid = [polygon for polygon in solid if not polygon.is_empty]
    if solid and keep.any():
        index = np.flatnonzero(keep)
        hits = shapely.STRtree(rings[index]).query(np.array(solid), predicate="intersects")
        keep[index[hits[1]]] = False
    return keep


def _ranks(
    places: NDArray[np.float64],
    rings: NDArray[np.object_],
    box: OrientedBox,
    z: float,
    bound: Sequence[_Bound],
    world: World,
) -> list[tuple[float, ...]]:
    """(relation, minus clearance, distance to the robot, x, y); clearance counts up to half a metre."""
    if not len(places):
        return []
    scene = world.scene
    penalty = sum((_penalty(places, rings, z, b, scene) for b in bound), np.zeros(len(places)))
    if box.label in WALL_MOUNTED and scene.wall_faces:
        faces = shapely.union_all(np.array(scene.wall_faces))
        penalty += np.round(shapely.distance(rings, faces), 1) + np.round(
            shapely.distance(shapely.centroid(rings), faces), 1
        )
    around = [footprint(o) for o in world.obstacles if heights(o)[0] < z < heights(o)[1] + box.size[2]]
    solid = shapely.union_all(around) if around else None
    clearance = np.minimum(shapely.distance(rings, solid), 0.5) if solid is not None else np.zeros(len(places))
    robot = robot_thing(scene).box.center if scene.robot else None
    away = np.hypot(*(places - robot[:2]).T) if robot else np.zeros(len(places))
    columns = (np.round(penalty, 2), -np.round(clearance, 2), np.round(away, 2), places[:, 0], places[:, 1])
    return [tuple(float(v) for v in row) for row in zip(*columns)]


def _penalty(
    places: NDArray[np.float64], rings: NDArray[np.object_], z: float, bound: _Bound, scene: Scene
) -> NDArray[np.float64]:
    """How far (m) each candidate is from fulfilling a relation; 0 where it may hold."""
    name, anchors = bound.relation.name, bound.anchors
    if name == "against_wall" and scene.wall_faces:
        return np.maximum(shapely.distance(rings, shapely.union_all(np.array(scene.wall_faces))), 0.0)
    if not anchors or name == "in":
        return np.zeros(len(places))
    prints = shapely.union_all([t.footprint for t in anchors])
    distance = shapely.distance(rings, prints)
    if name in ("next_to", "near", "nearest_to", "on", "inside"):
        return np.maximum(0.0, distance - 0.3 if name == "near" else distance)
    if name in ("far_from", "farthest_from"):
        return -np.minimum(distance, 10.0)
    if name in VIEWED and scene.robot is not None:
        return (
            np.array([0.0 if _views(name, _point(x, y, z), anchors, scene) else 5.0 for x, y in places]) + distance / 10
        )
    if name == "between" and len(anchors) == 2:
        middle = np.mean([t.box.center[:2] for t in anchors], axis=0)
        return np.hypot(*(places - middle).T)
    return np.hypot(*(places - np.mean([t.box.center[:2] for t in anchors], axis=0)).T)


def _point(x: float, y: float, z: float) -> OrientedBox:
    return OrientedBox(-1, "bbox", "", (float(x), float(y), z), 0.0, (0.0, 0.0, 0.0))


def _views(name: str, box: OrientedBox, anchors: Sequence[Thing], scene: Scene) -> bool:
    assert scene.robot is not None
    flip = {"in_front_of": "behind", "behind": "in_front_of"}
    return all(viewed(flip.get(name, name) if t.label == "robot" else name, box, t.box, scene.robot) for t in anchors)


# ------------------------------------------------------------------------------------------ relations
def _relation_checks(box: OrientedBox, bound: Sequence[_Bound], scene: Scene) -> list[Check]:
    """V7: whether every relation holds of a box."""
    return [
        Check("relation", _holds(box, b, scene), None, f"it would not be {b.relation.name.replace('_', ' ')}")
        for b in bound
    ]


def _holds(box: OrientedBox, bound: _Bound, scene: Scene) -> bool:
    name, anchors = bound.relation.name, bound.anchors
    if name == "in":
        return bool(shapely.intersects_xy(bound.area, *box.center[:2]))
    if name == "against_wall":
        return wall_distance(box, scene.wall_faces) <= 0.10
    if name == "between":
        return len(anchors) == 2 and between(box, anchors[0].box, anchors[1].box)
    if name in VIEWED:
        robot_thing(scene)
        return _views(name, box, anchors, scene)
    if name == "nearest_to":
        return any(gap(box, t.box) <= NEAR for t in anchors)
    if name == "farthest_from":
        return all(gap(box, t.box) >= NEAR for t in anchors)
    if name not in PREDICATES:
        return True
    pick = all if name == "far_from" else any
    return pick(PREDICATES[name](box, t.box) for t in anchors)
