"""Searching a spot: all places of a 10 cm grid on floor and tops, those that cannot be right dropped at once, the rest
ranked and checked in full until one passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import hypot

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.reasoning.answers import Check, Status
from spatial_perception.reasoning.floor_plan import make_plan
from spatial_perception.reasoning.grounding import one, replace_room, robot_thing, rooms_of, select
from spatial_perception.reasoning.measures import corners, footprint, gap, heights
from spatial_perception.reasoning.physics import CONTACT, World, physical_checks, turned, world_without
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
    best, _ = _search(box, bound, world_without(scene, moved), tick)
    if best is not None and best.passed:
        return Spot(best, anchors)
    reasons = (
        sorted({c.detail or c.name for c in best.checks if not c.passed}) if best else ["there is no free surface"]
    )
    where = " and ".join(r.name.replace("_", " ") for r in relations) or "here"
    raise Refusal(Status.INFEASIBLE, f"I found no place {where} that is large enough: {'; '.join(reasons)}.",
                  [t.box for t in anchors if t.box.id >= 0], best.checks if best else ())  # fmt: skip


def which_fit(boxes: Sequence[OrientedBox], relations: Sequence[Relation], scene: Scene, tick: Tick) -> list[bool]:
    """Whether each box, alone, finds a place where all `relations` hold.

    The largest is searched first: what is smaller mostly fits where that would stand. Refuses as `find_spot` does for anchors.
    """
    bound = [_bind(relation, scene) for relation in relations]
    whole, fitting = world_without(scene, None), [False] * len(boxes)
    found: list[tuple[OrientedBox, World]] = []
    for k in sorted(range(len(boxes)), key=lambda i: -float(np.prod(boxes[i].size))):
        tick()
        fitting[k] = any(_checked(_standing(boxes[k], spot), bound, world).passed for spot, world in found)
        if not fitting[k]:
            best, world = _search(boxes[k], bound, whole, tick)
            fitting[k] = best is not None and best.passed
            found += [(best.box, world)] if best is not None and best.passed else []
    return fitting


def _standing(box: OrientedBox, spot: OrientedBox) -> OrientedBox:
    """A box on the place and level of another one, turned as that is."""
    x, y, z = spot.center
    return replace(box, center=(x, y, z + (box.size[2] - spot.size[2]) / 2), yaw=spot.yaw)


def _search(box: OrientedBox, bound: Sequence[_Bound], world: World, tick: Tick) -> tuple[Repair | None, World]:
    """The first candidate that passes, else the one that fails least, with the obstacles that count there."""
    surfaces = _surfaces(box, bound, world)
    candidates = _candidates(box, surfaces, bound, world)
    world = _around(surfaces, box, world)
    best: Repair | None = None
    for candidate in islice(candidates, _TRIES):
        tick()
        found = _checked(candidate, bound, world)
        if found.passed:
            return found, world
        best = best if best and _failures(best) <= _failures(found) else found
    return best, world


def _checked(box: OrientedBox, bound: Sequence[_Bound], world: World) -> Repair:
    return Repair(box, (*physical_checks(box, world), *_relation_checks(box, bound, world.scene)))


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
    shapely.prepare(area)
    touched = shapely.intersects(area, np.array([footprint(o) for o in world.obstacles]))
    near = tuple(o for o, is_near in zip(world.obstacles, touched) if is_near)
    return World(world.scene, near, world.moved_from)


# ------------------------------------------------------------------------------------------ candidates
def _candidates(
    box: OrientedBox, surfaces: Sequence[_Surface], bound: Sequence[_Bound], world: World
) -> Iterator[OrientedBox]:
    """Boxes on a grid over the surfaces that may pass, the best first: by relation, clearance, distance to the robot, x, y."""
    found = [batch for surface in surfaces for batch in _batches(box, surface, bound, world)]
    if not found:
        return
    columns = np.concatenate([ranks for _, _, ranks in found])
    which = np.repeat(np.arange(len(found)), [len(places) for _, places, _ in found])
    places = np.concatenate([places for _, places, _ in found])
    for k in np.lexsort(columns.T[::-1]):
        model, (x, y) = found[which[k]][0], places[k]
        yield replace(model, center=(float(x), float(y), model.center[2]))


def _batches(
    box: OrientedBox, surface: _Surface, bound: Sequence[_Bound], world: World
) -> Iterator[tuple[OrientedBox, NDArray[np.float64], NDArray[np.float64]]]:
    """Per heading: the box at its height, the places (N, 2) where it finds room, and their ranks (N, 5), lower is better."""
    height = surface.level + box.size[2] / 2
    solid = tuple(o for o in world.obstacles if _overlaps(o, surface.level, surface.level + box.size[2]))
    plan = make_plan(world.scene.free_area, solid, world.scene.wall_lines, box.yaw)
    if plan is None or surface.area.is_empty:
        return
    cells = _grid(surface.area)
    for quarter, size in enumerate((box.size[:2], box.size[1::-1])):
        places = cells[plan.fits(cells, size)]
        model = replace(turned(box, quarter), center=(0.0, 0.0, height))
        if len(places):
            yield model, places, _ranks(places, model, plan.clearance(places, size), bound, world.scene)


def _overlaps(other: OrientedBox, low: float, high: float) -> bool:
    return min(high, heights(other)[1]) - max(low, heights(other)[0]) > CONTACT


def _grid(area: BaseGeometry) -> NDArray[np.float64]:
    x0, y0, x1, y1 = area.bounds
    step = max(GRID, float(np.sqrt((x1 - x0) * (y1 - y0) / _MAX_CELLS)))
    xs, ys = (np.arange(a + min(step, b - a) / 2, b + 1e-9, step) for a, b in ((x0, x1), (y0, y1)))
    cells = np.stack(np.meshgrid(xs, ys, indexing="ij"), -1).reshape(-1, 2)
    shapely.prepare(area)
    return cells[shapely.intersects_xy(area, cells[:, 0], cells[:, 1])]


def _footprints(places: NDArray[np.float64], box: OrientedBox) -> NDArray[np.object_]:
    return shapely.polygons(places[:, None, :] + corners((0.0, 0.0, 0.0), box.yaw, box.size)[None, :, :])


def _ranks(
    places: NDArray[np.float64], box: OrientedBox, clearance: NDArray[np.float64], bound: Sequence[_Bound], scene: Scene
) -> NDArray[np.float64]:
    """(relation, minus clearance, distance to the robot, x, y) of each place."""
    penalty = np.zeros(len(places))
    at_wall = box.label in WALL_MOUNTED and bool(scene.wall_faces)
    if at_wall or any(b.relation.name != "in" for b in bound):
        rings = _footprints(places, box)
        penalty += sum((_penalty(places, rings, box.center[2], b, scene) for b in bound), np.zeros(len(places)))
        penalty += _from_wall(rings, scene) if at_wall else 0.0
    robot = robot_thing(scene).box.center if scene.robot else None
    away = np.hypot(*(places - robot[:2]).T) if robot else np.zeros(len(places))
    return np.stack([np.round(penalty, 2), -np.round(clearance, 2), np.round(away, 2), *places.T], axis=1)


def _from_wall(rings: NDArray[np.object_], scene: Scene) -> NDArray[np.float64]:
    """How far from a wall things that hang there would be: their nearest side, and their middle (they hang flat)."""
    faces = shapely.union_all(np.array(scene.wall_faces))
    sides = (shapely.distance(shape, faces) for shape in (rings, shapely.centroid(rings)))
    return np.asarray(sum(np.round(distance, 1) for distance in sides))


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
