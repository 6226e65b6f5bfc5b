"""A small maker of test scenes that shares no code with the simulator: polygons, plain holes, cuboids, sampled points.

Rooms are one rectangle, an L, a rectangle with a cut corner, or a rectangle split recursively; walls are infinitely
thin or have two faces. Points are drawn evenly on all surfaces; with `stations`, a depth buffer per station keeps what it sees.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Polygon, box
from shapely.ops import unary_union

from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.pointcloud.cloud import PointCloud

Array = NDArray[np.float64]


@dataclass
class Patch:
    """A parallelogram `origin + a*u + b*v`, a and b in [0, 1], without rectangular `holes` given in metres (u0, u1, v0, v1)."""

    origin: Array
    u: Array
    v: Array
    holes: list[tuple[float, float, float, float]] = field(default_factory=list)

    def sample(self, density: float, rng: np.random.Generator) -> Array:
        lengths = np.linalg.norm(self.u), np.linalg.norm(self.v)
        count = rng.poisson(density * lengths[0] * lengths[1])
        a, b = rng.random(count), rng.random(count)
        keep = np.ones(count, bool)
        for u0, u1, v0, v1 in self.holes:
            keep &= ~((a * lengths[0] > u0) & (a * lengths[0] < u1) & (b * lengths[1] > v0) & (b * lengths[1] < v1))
        a, b = a[keep], b[keep]
        return self.origin + a[:, None] * self.u + b[:, None] * self.v


@dataclass
class Opening:
    """A hole in the wall with index `wall`: along the wall from `u0` to `u1`, from `z0` to `z1`."""

    wall: int
    u0: float
    u1: float
    z0: float
    z1: float
    kind: str
    fill: str = "open"


@dataclass
class Scene:
    walls: list[tuple[Array, Array, float]]
    rooms: list[Polygon]
    height: float
    openings: list[Opening]
    boxes: list[Box]
    patches: list[Patch]


def _p3(xy, z):
    return np.array([xy[0], xy[1], z])


def _cuboid(center, yaw, size, faces="xXyYzZ"):
    axes = np.array([[np.cos(yaw), np.sin(yaw), 0], [-np.sin(yaw), np.cos(yaw), 0], [0, 0, 1.0]])
    half = np.asarray(size) / 2
    patches = []
    for axis, name in enumerate("xyz"):
        for sign, code in ((-1, name), (1, name.upper())):
            if code not in faces:
                continue
            i, j = [k for k in range(3) if k != axis]
            corner = np.asarray(center) + sign * half[axis] * axes[axis] - half[i] * axes[i] - half[j] * axes[j]
            patches.append(Patch(corner, 2 * half[i] * axes[i], 2 * half[j] * axes[j]))
    return patches


def _table(center, yaw, size):
    w, d, h = size
    patches = _cuboid((*center[:2], h - 0.02), yaw, (w, d, 0.04))
    c, s = np.cos(yaw), np.sin(yaw)
    for sx in (-1, 1):
        for sy in (-1, 1):
            x, y = sx * (w / 2 - 0.05), sy * (d / 2 - 0.05)
            patches += _cuboid(
                (center[0] + c * x - s * y, center[1] + s * x + c * y, h / 2 - 0.02),
                yaw,
                (0.05, 0.05, h - 0.04),
                "xXyY",
            )
    return patches


def _chair(center, yaw, size):
    w, d, h = size
    patches = _table(center, yaw, (w, d, 0.45))
    c, s = np.cos(yaw), np.sin(yaw)
    y = d / 2 - 0.02
    return patches + _cuboid((center[0] - s * y, center[1] + c * y, (0.45 + h) / 2), yaw, (w, 0.04, h - 0.45))


FURNITURE = (
    ("bed", (1.4, 1.9), (1.9, 2.1), (0.4, 0.6), 0.0),
    ("sofa", (1.4, 2.4), (0.8, 1.0), (0.6, 0.9), 0.0),
    ("wardrobe", (0.9, 2.0), (0.5, 0.65), (1.9, 2.3), 0.0),
    ("nightstand", (0.4, 0.5), (0.35, 0.5), (0.4, 0.6), 0.0),
    ("cabinet", (0.6, 1.4), (0.35, 0.5), (0.7, 1.1), 0.0),
    ("desk", (1.0, 1.6), (0.5, 0.8), (0.72, 0.76), 0.0),
    ("bookcase", (0.6, 1.2), (0.25, 0.4), (1.5, 2.1), 0.0),
    ("wall_cabinet", (0.6, 1.2), (0.3, 0.4), (0.5, 0.7), 1.5),
    ("painting", (0.5, 1.0), (0.05, 0.08), (0.4, 0.8), 1.3),
    ("refrigerator", (0.6, 0.8), (0.6, 0.7), (1.6, 1.9), 0.0),
)


def _split(rect, depth, thickness, rng, walls):
    x0, y0, x1, y1 = rect
    w, h = x1 - x0, y1 - y0
    if depth == 0 or max(w, h) < 5.0:
        return [rect]
    along_x = w >= h
    lo, hi = (x0, x1) if along_x else (y0, y1)
    cut = lo + (hi - lo) * rng.uniform(0.4, 0.6)
    half = thickness / 2
    if along_x:
        walls.append((np.array([cut, y0]), np.array([cut, y1]), thickness))
        parts = (x0, y0, cut - half, y1), (cut + half, y0, x1, y1)
    else:
        walls.append((np.array([x0, cut]), np.array([x1, cut]), thickness))
        parts = (x0, y0, x1, cut - half), (x0, cut + half, x1, y1)
    return [r for part in parts for r in _split(part, depth - 1, thickness, rng, walls)]


def _ring(points):
    return [(np.array(a, float), np.array(b, float), 0.0) for a, b in zip(points, points[1:] + points[:1])]


def _plan(rng):
    kind = rng.choice(["rectangle", "l", "cut", "split", "split"])
    w, h = rng.uniform(3.2, 6.5), rng.uniform(2.8, 5.5)
    if kind == "rectangle":
        corners = [(0, 0), (w, 0), (w, h), (0, h)]
    elif kind == "l":
        a, b = w * rng.uniform(0.4, 0.6), h * rng.uniform(0.4, 0.6)
        w, h = w + 1, h + 1
        corners = [(0, 0), (w, 0), (w, b), (a, b), (a, h), (0, h)]
    elif kind == "cut":
        a = rng.uniform(1.0, 1.8)
        corners = [(0, 0), (w, 0), (w, h - a), (w - a * rng.uniform(0.7, 1.4), h), (0, h)]
    else:
        w, h = rng.uniform(6, 11), rng.uniform(5, 9)
        corners = [(0, 0), (w, 0), (w, h), (0, h)]
        walls = _ring(corners)
        rects = _split((0, 0, w, h), int(rng.integers(1, 3)), float(rng.choice([0.0, 0.1, 0.16, 0.24])), rng, walls)
        return walls, [box(*r) for r in rects]
    return _ring(corners), [Polygon(corners)]


def _free_span(used, length, width, rng, margin=0.25, tries=20):
    for _ in range(tries):
        u0 = rng.uniform(margin, max(margin + 1e-6, length - width - margin))
        if u0 + width + margin <= length and all(u0 > b + 0.2 or u0 + width < a - 0.2 for a, b in used):
            return u0
    return None


def _add_openings(walls, outer, height, rng, junctions):
    openings = []
    for index, (a, b, _) in enumerate(walls):
        length = float(np.linalg.norm(b - a))
        used = list(junctions[index])
        wanted = ["door"] if index >= outer or (index == 0) else []
        wanted += ["window"] if index < outer and index and rng.random() < 0.7 else []
        for kind in wanted:
            width = rng.uniform(0.75, 1.0) if kind == "door" else rng.uniform(0.8, 1.8)
            u0 = _free_span(used, length, width, rng)
            if u0 is None:
                continue
            used.append((u0, u0 + width))
            sill = 0.0 if kind == "door" else rng.uniform(0.7, 1.1)
            top = rng.uniform(1.95, 2.15)
            openings.append(Opening(index, u0, u0 + width, sill, min(top, height - 0.15), kind))
    return openings


def _junctions(walls):
    spans = [[] for _ in walls]
    for i, (a, b, _) in enumerate(walls):
        d = (b - a) / np.linalg.norm(b - a)
        n = np.array([-d[1], d[0]])
        for j, (p, q, t) in enumerate(walls):
            for end in (p, q):
                u = float((end - a) @ d)
                if i != j and abs((end - a) @ n) < 0.3 and 0.3 < u < np.linalg.norm(b - a) - 0.3:
                    spans[i].append((u - t / 2 - 0.1, u + t / 2 + 0.1))
    return spans


def _wall_patches(scene):
    patches = []
    for index, (a, b, t) in enumerate(scene.walls):
        length = float(np.linalg.norm(b - a))
        d = (b - a) / length
        n = np.array([-d[1], d[0]])
        holes = [(o.u0, o.u1, o.z0, o.z1) for o in scene.openings if o.wall == index]
        for side in (-t / 2, t / 2) if t else (0.0,):
            patches.append(Patch(_p3(a + side * n, 0), _p3(d * length, 0), np.array([0, 0, scene.height]), holes))
        for u0, u1, z0, z1 in holes if t else []:
            jamb = [Patch(_p3(a + u * d - t / 2 * n, z0), _p3(t * n, 0), np.array([0, 0, z1 - z0])) for u in (u0, u1)]
            lids = [Patch(_p3(a + u0 * d - t / 2 * n, z), _p3(t * n, 0), _p3(d * (u1 - u0), 0)) for z in (z0, z1)]
            patches += jamb + lids
    for room in scene.rooms:
        x0, y0, x1, y1 = room.bounds
        for z in (0.0, scene.height):
            patches.append(Patch(np.array([x0, y0, z]), np.array([x1 - x0, 0, 0]), np.array([0, y1 - y0, 0])))
    return patches


def _place_box(scene, spec, rng, taken):
    label, ws, ds, hs, elevation = spec
    size = np.array([rng.uniform(*ws), rng.uniform(*ds), rng.uniform(*hs)])
    room = scene.rooms[int(rng.integers(len(scene.rooms)))]
    ring = np.array(room.exterior.coords)[:-1] if room.exterior.is_ccw else np.array(room.exterior.coords)[::-1][:-1]
    k = int(rng.integers(len(ring)))
    a, b = ring[k], ring[(k + 1) % len(ring)]
    length = np.linalg.norm(b - a)
    if length < size[0] + 0.1:
        return None
    d = (b - a) / length
    n = np.array([-d[1], d[0]])
    gap = 0.0 if elevation else rng.uniform(0.0, 0.06)
    xy = a + d * rng.uniform(size[0] / 2 + 0.03, length - size[0] / 2 - 0.03) + n * (size[1] / 2 + gap)
    return _register(scene, label, xy, float(np.arctan2(d[1], d[0])), size, elevation, room, taken)


def _outline(xy, yaw, size):
    c, s = np.cos(yaw), np.sin(yaw)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2 * np.asarray(size[:2])
    return Polygon(corners @ np.array([[c, s], [-s, c]]) + xy)


def _register(scene, label, xy, yaw, size, elevation, room, taken):
    outline = _outline(xy, yaw, size)
    if not room.buffer(0.01).contains(outline) or any(outline.intersects(t) for t in taken):
        return None
    taken.append(outline.buffer(0.05))
    box_ = Box(len(scene.boxes), label, (xy[0], xy[1], elevation + size[2] / 2), yaw, tuple(size))
    scene.boxes.append(box_)
    if label in ("desk", "dining_table", "coffee_table"):
        scene.patches += _table((*xy, 0), yaw, size)
    elif label == "chair":
        scene.patches += _chair((*xy, 0), yaw, size)
    else:
        scene.patches += _cuboid(box_.center, yaw, size, "xXyYzZ" if elevation else "xXyYZ")
    return box_


def _clearances(scene):
    zones = []
    for o in scene.openings:
        a, b, _ = scene.walls[o.wall]
        d = (b - a) / np.linalg.norm(b - a)
        n = np.array([-d[1], d[0]])
        reach = 0.8 if o.kind == "door" else 0.25
        p, q = a + d * o.u0, a + d * o.u1
        zones.append(Polygon([p + reach * n, q + reach * n, q - reach * n, p - reach * n]))
    return zones


def _furnish(scene, rng):
    taken = _clearances(scene)
    for _ in range(4 * len(scene.rooms) + 3):
        _place_box(scene, FURNITURE[int(rng.integers(len(FURNITURE)))], rng, taken)
    for room in scene.rooms:
        centre = np.array(room.representative_point().coords[0])
        yaw = rng.uniform(0, np.pi) if rng.random() < 0.3 else 0.0
        if rng.random() < 0.6:
            kind = rng.choice(["dining_table", "coffee_table"])
            size = (1.4, 0.8, 0.75) if kind == "dining_table" else (1.0, 0.6, 0.42)
            if _register(scene, str(kind), centre, yaw, size, 0.0, room, taken) and kind == "dining_table":
                for sx in (-0.35, 0.35):
                    offset = np.array([np.cos(yaw) * sx - np.sin(yaw) * 0.75, np.sin(yaw) * sx + np.cos(yaw) * 0.75])
                    _register(scene, "chair", centre + offset, yaw, (0.45, 0.45, 0.9), 0.0, room, taken)
        if rng.random() < 0.6:
            size = (0.5, 0.5, rng.uniform(0.15, 0.4))
            scene.boxes.append(Box(len(scene.boxes), "chandelier", (*centre, scene.height - size[2] / 2), 0.0, size))
            scene.patches += _cuboid(scene.boxes[-1].center, 0.0, size, "xXyYz")


def make_scene(seed: int) -> Scene:
    rng = np.random.default_rng([77, seed])
    walls, rooms = _plan(rng)
    height = float(rng.uniform(2.4, 2.9))
    outer = 4 if len(rooms) > 1 else len(walls)
    scene = Scene(walls, rooms, height, [], [], [])
    scene.openings = _add_openings(walls, outer, height, rng, _junctions(walls))
    _furnish(scene, rng)
    scene.patches += _wall_patches(scene)
    return scene


def layout_of(scene: Scene) -> Layout:
    walls = [Wall(i, (*a, 0), (*b, 0), scene.height, t) for i, (a, b, t) in enumerate(scene.walls)]
    doors, windows = [], []
    for o in scene.openings:
        a, b, _ = scene.walls[o.wall]
        xy = a + (b - a) / np.linalg.norm(b - a) * (o.u0 + o.u1) / 2
        args = (o.wall, (*xy, (o.z0 + o.z1) / 2), o.u1 - o.u0, o.z1 - o.z0)
        if o.kind == "door":
            doors.append(Door(len(doors), *args))
        else:
            windows.append(Window(len(windows), *args))
    return Layout(walls, doors, windows, scene.boxes)


def _visible(points, eye, pixel):
    ray = points - eye
    distance = np.linalg.norm(ray, axis=1)
    azimuth = np.floor((np.arctan2(ray[:, 1], ray[:, 0]) + np.pi) / pixel).astype(np.int64)
    elevation = np.floor(np.arcsin(np.clip(ray[:, 2] / np.maximum(distance, 1e-9), -1, 1)) / pixel).astype(np.int64)
    key = azimuth * 100_000 + elevation
    order = np.lexsort((distance, key))
    first = np.r_[True, np.diff(key[order]) != 0]
    nearest = np.empty(len(points))
    nearest[order] = distance[order][first][np.cumsum(first) - 1]
    return distance <= nearest + 0.06


def _sample(scene, points, stations, rng):
    area = sum(np.linalg.norm(np.cross(p.u, p.v)) for p in scene.patches)
    density = points / area * (2.0 if stations else 1.0)
    house = unary_union([r.buffer(0.01) for r in scene.rooms])
    xyz = np.concatenate([p.sample(density, rng) for p in scene.patches])
    if len(scene.rooms) == 1:
        from shapely import contains_xy

        xyz = xyz[contains_xy(house.buffer(0.3), xyz[:, 0], xyz[:, 1])]
        flat = (xyz[:, 2] < 1e-6) | (xyz[:, 2] > scene.height - 1e-6)
        xyz = xyz[~flat | contains_xy(house, xyz[:, 0], xyz[:, 1])]
    if not stations:
        return xyz
    dense = xyz
    seen = np.zeros(len(dense), bool)
    for k in range(stations):
        room = scene.rooms[k % len(scene.rooms)]
        x0, y0, x1, y1 = room.bounds
        eye = np.array(
            [
                rng.uniform(x0 * 0.7 + x1 * 0.3, x0 * 0.3 + x1 * 0.7),
                rng.uniform(y0 * 0.7 + y1 * 0.3, y0 * 0.3 + y1 * 0.7),
                1.5,
            ]
        )
        seen |= _visible(dense, eye, 0.02)
    return dense[seen]


def simulate(
    seed: int, *, points: int = 80_000, noise: float = 0.01, stations: int = 0, yaw: float | None = None
) -> tuple[PointCloud, Layout]:
    """Points and truth of scene `seed`, turned by `yaw` (drawn at random when None) and shifted."""
    scene = make_scene(seed)
    rng = np.random.default_rng([78, seed])
    xyz = _sample(scene, points, stations, rng)
    xyz = xyz + rng.normal(0, noise, xyz.shape)
    turn = float(rng.uniform(-np.pi, np.pi)) if yaw is None else yaw
    shift = np.array([rng.uniform(-5, 5), rng.uniform(-5, 5), rng.uniform(-1, 1)])
    return PointCloud(move(xyz, turn, shift)), move_layout(layout_of(scene), turn, shift)


def move(xyz, yaw, shift):
    c, s = np.cos(yaw), np.sin(yaw)
    return np.asarray(xyz) @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + shift


def move_layout(layout: Layout, yaw: float, shift) -> Layout:
    """The layout turned about the origin by `yaw`, then shifted."""

    def at(p):
        return tuple(move(np.array([p]), yaw, shift)[0])

    walls = [Wall(w.id, at(w.start), at(w.end), w.height, w.thickness) for w in layout.walls]
    doors = [Door(d.id, d.wall_id, at(d.center), d.width, d.height) for d in layout.doors]
    windows = [Window(d.id, d.wall_id, at(d.center), d.width, d.height) for d in layout.windows]
    boxes = [Box(b.id, b.label, at(b.center), b.yaw + yaw, b.size) for b in layout.boxes]
    return Layout(walls, doors, windows, boxes, layout.frame_id, layout.stamp)
