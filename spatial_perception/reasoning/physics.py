"""Whether a box can stand where it is proposed: size, room, collisions, support, visibility."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot, isfinite, pi

import shapely

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.reasoning.answers import Check
from spatial_perception.reasoning.measures import corners, footprint, heights, planar_penetration
from spatial_perception.reasoning.occupancy import OCCUPIED, Occupancy
from spatial_perception.reasoning.relations import wall_distance
from spatial_perception.reasoning.scene import Scene
from spatial_perception.reasoning.words import HANGING, WALL_MOUNTED

PENETRATION = 0.02
CONTACT = 0.03
SUPPORT_DISTANCE = 0.05
MIN_SUPPORT = 0.5
WALL_DISTANCE = 0.10
MAX_UNKNOWN = 0.2
MIN_SIZE, MAX_SIZE = 0.02, 6.0
_FACE_TOLERANCE = 0.03


@dataclass(frozen=True, eq=False)
class World:
    """What a proposal is checked against: the obstacles (the scene without the moved thing) and the scene around them."""

    scene: Scene
    obstacles: tuple[OrientedBox, ...]
    moved_from: OrientedBox | None = None


def world_without(scene: Scene, moved: OrientedBox | None = None) -> World:
    """All boxes of a scene but the moved one. What stands on the moved thing goes with it, and is no obstacle."""
    others = [t.box for t in scene.objects if t.box is not moved]
    if moved is not None:
        others = [box for box in others if not _rests_on(box, moved)]
    return World(scene, tuple(others), moved)


def world_near(world: World, box: OrientedBox, reach: float) -> World:
    """The same world with only those obstacles that a box can touch when it moves by at most `reach` (m) in plan."""
    radius = hypot(*box.size[:2]) / 2 + reach
    near = tuple(o for o in world.obstacles if _plan_distance(o, box) <= radius + hypot(*o.size[:2]) / 2)
    return World(world.scene, near, world.moved_from)


def _plan_distance(a: OrientedBox, b: OrientedBox) -> float:
    return hypot(a.center[0] - b.center[0], a.center[1] - b.center[1])


def _rests_on(box: OrientedBox, base: OrientedBox) -> bool:
    level = heights(base)
    low = heights(box)[0]
    if not level[1] - 0.3 <= low <= level[1] + SUPPORT_DISTANCE or low < level[0] + 0.1:
        return False
    return bool(shapely.intersects_xy(footprint(base), *box.center[:2]))


def check_size(box: OrientedBox, old: OrientedBox | None = None) -> Check:
    """V1: finite numbers, sizes of 2 cm to 6 m; a moved thing keeps its size to 2 cm or 5 %."""
    numbers = (*box.center, *box.size, box.yaw)
    if not all(map(isfinite, numbers)) or not all(MIN_SIZE <= s <= MAX_SIZE for s in box.size):
        return Check("size", old is not None and box.size == old.size and all(map(isfinite, numbers)), max(box.size),
                     f"sizes must be {MIN_SIZE} to {MAX_SIZE} m")  # fmt: skip
    if old is not None and any(abs(a - b) > max(0.02, 0.05 * b) for a, b in zip(box.size, old.size)):
        return Check("size", False, max(box.size), "the size changed")
    return Check("size", True, max(box.size))


def check_room(box: OrientedBox, scene: Scene) -> Check:
    """V2: all corners within the rooms, no wall through it, bottom not under the floor, top not above the ceiling (3 cm each)."""
    ring = corners(box.center, box.yaw, box.size)
    out = float(shapely.distance(scene.free_area, shapely.points(ring)).max()) if not scene.free_area.is_empty else 0.0
    low, high = heights(box)
    if out > _FACE_TOLERANCE:
        return Check("room", False, out, f"{out:.2f} m outside of the room")
    if scene.wall_lines and shapely.intersects(footprint(box).buffer(-_FACE_TOLERANCE), scene.wall_lines).any():
        return Check("room", False, out, "a wall would run through it")
    if low < scene.floor - 0.03:
        return Check("room", False, scene.floor - low, f"{scene.floor - low:.2f} m under the floor")
    if scene.ceiling is not None and high > scene.ceiling + 0.03:
        return Check("room", False, high - scene.ceiling, f"{high - scene.ceiling:.2f} m above the ceiling")
    return Check("room", True, out)


def collision_depth(a: OrientedBox, b: OrientedBox) -> float:
    """How deep two boxes are in each other (m); 0 for boxes apart, in resting contact (3 cm), or touching by 2 cm."""
    (low_a, high_a), (low_b, high_b) = heights(a), heights(b)
    vertical = min(high_a, high_b) - max(low_a, low_b)
    if (
        vertical <= CONTACT
        or hypot(a.center[0] - b.center[0], a.center[1] - b.center[1]) > (hypot(*a.size[:2]) + hypot(*b.size[:2])) / 2
    ):
        return 0.0
    depth = min(vertical, planar_penetration(a, b))
    return depth if depth > PENETRATION else 0.0


def check_collisions(box: OrientedBox, world: World) -> Check:
    """V3 and V4: not in another box; where an occupancy grid is known, not in what it holds either.

    A box overlap in which less than 1 % of the voxels are occupied (legroom of a table) is let pass.
    """
    hits = [(depth, other) for other in world.obstacles if (depth := collision_depth(box, other)) > 0]
    grid = world.scene.occupancy
    hard = [hit for hit in hits if grid is None or not _is_hollow(box, hit[1], grid)]
    if hard:
        depth, other = max(hard, key=lambda hit: hit[0])
        return Check(
            "collision", False, depth, f"collides with the {other.label} ({other.kind}_{other.id}), {depth:.2f} m deep"
        )
    if grid is not None:
        count, total = _occupied(box, world, grid)
        if count > max(5, 0.01 * total):
            return Check("collision", False, float(count), f"{count} occupied voxels are in the way")
    return Check("collision", True, 0.0, "overlaps the box of another thing where that is hollow" if hits else "")


def _occupied(box: OrientedBox, world: World, grid: Occupancy) -> tuple[int, int]:
    count, total = grid.occupied(box)
    if world.moved_from is None or collision_depth(box, world.moved_from) == 0:
        return count, total
    # The moved thing itself still shows in the grid at its old place.
    return max(0, count - grid.occupied(world.moved_from, -grid.resolution)[0]), total


def _is_hollow(a: OrientedBox, b: OrientedBox, grid: Occupancy) -> bool:
    """Whether the voxels that two boxes share are empty; unseen ones count as not hollow."""
    shared = shapely.intersection(footprint(a), footprint(b))
    low, high = max(heights(a)[0], heights(b)[0]), min(heights(a)[1], heights(b)[1])
    if shared.is_empty or high <= low:
        return True
    x0, y0, x1, y1 = shared.bounds
    states = grid.within(OrientedBox(-1, "bbox", "", ((x0 + x1) / 2, (y0 + y1) / 2, (low + high) / 2), 0.0,
                                     (x1 - x0, y1 - y0, high - low)))  # fmt: skip
    return len(states) > 0 and float((states == OCCUPIED).mean()) < 0.01 and float((states == 0).mean()) < MAX_UNKNOWN


def support(box: OrientedBox, obstacles: Sequence[OrientedBox], floor: float) -> tuple[float, bool]:
    """The share of a footprint that stands on something within 5 cm of the bottom, and whether the centre does."""
    low = heights(box)[0]
    if abs(low - floor) <= SUPPORT_DISTANCE:
        return 1.0, True
    own = footprint(box)
    bases = [footprint(o) for o in obstacles if abs(heights(o)[1] - low) <= SUPPORT_DISTANCE]
    tops = shapely.intersection(shapely.union_all(bases), own) if bases else shapely.Polygon()
    share = float(tops.area / own.area) if own.area > 0 else 0.0
    return share, bool(bases) and bool(shapely.intersects_xy(shapely.union_all(bases).buffer(1e-9), *box.center[:2]))


def check_support(box: OrientedBox, world: World) -> Check:
    """V5: it stands on the floor or on a top with at least half of its footprint and its centre; or hangs at a wall or
    ceiling, for things that do."""
    scene = world.scene
    share, centered = support(box, world.obstacles, scene.floor)
    if share >= MIN_SUPPORT and centered:
        return Check("support", True, share)
    if box.label in WALL_MOUNTED and wall_distance(box, scene.wall_faces) <= WALL_DISTANCE:
        return Check("support", True, 1.0, "at a wall")
    if box.label in HANGING and scene.ceiling is not None and abs(heights(box)[1] - scene.ceiling) <= SUPPORT_DISTANCE:
        return Check("support", True, 1.0, "at the ceiling")
    if share >= MIN_SUPPORT:
        return Check("support", False, share, "its centre has nothing under it")
    return Check("support", False, share, f"only {share:.0%} of it is supported" if share else "nothing is under it")


def check_seen(box: OrientedBox, scene: Scene) -> Check:
    """V6: at most a fifth of the space was never seen; passes where no occupancy grid is known."""
    if scene.occupancy is None:
        return Check("seen", True)
    unknown = scene.occupancy.unknown_share(box)
    return Check(
        "seen",
        unknown <= MAX_UNKNOWN,
        unknown,
        f"{unknown:.0%} of the space was never seen" if unknown > MAX_UNKNOWN else "",
    )


def physical_checks(box: OrientedBox, world: World) -> tuple[Check, ...]:
    """The checks of a proposed box: size, room, collision, support, seen."""
    size = check_size(box, world.moved_from)
    if not all(map(isfinite, (*box.center, *box.size, box.yaw))):
        return (size,)
    return (size, check_room(box, world.scene), check_collisions(box, world), check_support(box, world),
            check_seen(box, world.scene))  # fmt: skip


def shifted(box: OrientedBox, dx: float, dy: float, dz: float = 0.0) -> OrientedBox:
    """A box moved by an offset (m)."""
    x, y, z = box.center
    return replace(box, center=(x + dx, y + dy, z + dz))


def turned(box: OrientedBox, quarters: int) -> OrientedBox:
    """A box turned by quarter turns about its centre."""
    return replace(box, yaw=(box.yaw + quarters * pi / 2 + pi) % (2 * pi) - pi)


def is_upright(check: Check) -> bool:
    """Whether a failed check can be mended by moving the box a little."""
    return check.name in ("room", "collision", "support", "relation")
