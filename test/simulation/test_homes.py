"""Homes: the truth is consistent, nothing interpenetrates, and one seed gives one home."""

import hashlib
from itertools import pairwise

import numpy as np
import pytest
from shapely import affinity
from shapely.geometry import Point, Polygon
from shapely.geometry import box as rectangle
from shapely.ops import unary_union

from spatial_perception.errors import ConfigError
from spatial_perception.simulation import HomeStyle, make_home
from spatial_perception.simulation.furniture.catalog import CATALOG, make_piece
from spatial_perception.simulation.solids import bounds_of

SEEDS = range(100, 112)


@pytest.fixture(scope="module")
def homes():
    return [make_home(seed) for seed in SEEDS]


def footprint(box):
    w, d, _ = box.size
    flat = affinity.rotate(rectangle(-w / 2, -d / 2, w / 2, d / 2), box.yaw, origin=(0, 0), use_radians=True)
    return affinity.translate(flat, *box.center[:2])


def heights(box):
    return box.center[2] - box.size[2] / 2, box.center[2] + box.size[2] / 2


def digest(home):
    state = hashlib.sha256(repr((home.layout, home.rooms, home.owners)).encode())
    for name in ("kind", "center", "size", "yaw", "rgb", "material", "owner"):
        state.update(getattr(home.solids, name).tobytes())
    return state.hexdigest()


def test_one_seed_gives_one_home(homes):
    assert digest(make_home(SEEDS[0])) == digest(homes[0])
    assert len({digest(home) for home in homes}) == len(homes)
    assert digest(make_home(np.random.default_rng(SEEDS[0]))) == digest(homes[0])


@pytest.mark.parametrize("rooms", range(1, 7))
def test_number_of_rooms(rooms):
    home = make_home(7, rooms=rooms)
    assert len(home.rooms) == rooms
    assert len(home.layout.doors) >= rooms


@pytest.mark.parametrize("rooms", [0, 7])
def test_other_numbers_of_rooms_are_refused(rooms):
    with pytest.raises(ConfigError, match="1 to 6"):
        make_home(0, rooms=rooms)


def test_openings_lie_in_their_walls_and_apart(homes):
    for home in homes:
        spans = {}
        for opening in [*home.layout.doors, *home.layout.windows]:
            wall = home.layout.wall(opening.wall_id)
            start, axis = np.array(wall.start), np.subtract(wall.end, wall.start)
            length = np.linalg.norm(axis)
            along = np.dot(np.subtract(opening.center, start), axis) / length
            assert opening.width / 2 <= along <= length - opening.width / 2
            off = np.subtract(opening.center, start)[:2] - along * axis[:2] / length
            assert np.linalg.norm(off) < 1e-6
            assert opening.center[2] + opening.height / 2 < wall.start[2] + wall.height
            spans.setdefault(wall.id, []).append((along - opening.width / 2, along + opening.width / 2))
        for found in spans.values():
            found.sort()
            assert all(a[1] < b[0] for a, b in pairwise(found))


def test_doors_reach_the_floor_and_windows_have_sills(homes):
    for home in homes:
        for door in home.layout.doors:
            assert door.center[2] - door.height / 2 == pytest.approx(home.floor)
        for window in home.layout.windows:
            assert 0.39 <= window.center[2] - window.height / 2 - home.floor <= 1.21


def test_walls_are_maximal_runs_in_range(homes):
    for home in homes:
        walls = home.layout.walls
        for i, a in enumerate(walls):
            assert 0.05 <= a.thickness <= 0.3
            assert 2.3 <= a.height <= 3.2
            u = np.subtract(a.end, a.start)[:2] / np.linalg.norm(np.subtract(a.end, a.start))
            for b in walls[i + 1 :]:
                v = np.subtract(b.end, b.start)[:2]
                same_line = abs(u[0] * v[1] - u[1] * v[0]) < 1e-3 * np.linalg.norm(v) and all(
                    abs(u[0] * (p[1] - a.start[1]) - u[1] * (p[0] - a.start[0])) < 5e-3 for p in (b.start, b.end)
                )
                if same_line:
                    gap = min(np.linalg.norm(np.subtract(p, q)) for p in (a.start, a.end) for q in (b.start, b.end))
                    assert gap > 0.01


def test_room_outlines_run_on_walls(homes):
    for home in homes:
        lines = unary_union([Polygon([w.start[:2], w.end[:2], w.end[:2]]).boundary for w in home.layout.walls]).buffer(
            0.01
        )
        for room in home.rooms:
            assert lines.contains(Polygon(room.polygon).boundary)


def test_boxes_stand_in_rooms_and_do_not_overlap(homes):
    for home in homes:
        floors = [Polygon(room.free).buffer(1e-4) for room in home.rooms]
        for box in home.layout.boxes:
            low, high = heights(box)
            assert any(floor.contains(footprint(box)) for floor in floors), box
            assert low >= home.floor - 1e-6
            assert high <= home.floor + home.height
        solid = [b for b in home.layout.boxes if b.label not in ("pillow", "cushion")]
        for i, a in enumerate(solid):
            for b in solid[i + 1 :]:
                if min(heights(a)[1], heights(b)[1]) > max(heights(a)[0], heights(b)[0]) + 1e-6:
                    assert footprint(a).intersection(footprint(b)).area < 1e-6, (a, b)


def test_boxes_fit_their_solids_tightly(homes):
    for home in homes:
        names = np.array(home.owners)[home.solids.owner]
        for box in home.layout.boxes:
            part = (
                home.solids.select(names == f"box_{box.id}")
                .moved(0.0, -np.array(box.center))
                .moved(-box.yaw, (0, 0, 0))
            )
            reach = part.center + part.size / 2, part.center - part.size / 2
            if np.abs(np.sin(2 * part.yaw)).max() < 1e-6:
                swap = np.abs(np.sin(part.yaw)) > 0.5
                half = part.size / 2
                half[swap, :2] = half[swap][:, 1::-1]
                reach = part.center + half, part.center - half
                assert reach[0].max(axis=0) * 2 == pytest.approx(box.size, abs=1e-6)
                assert reach[1].min(axis=0) * -2 == pytest.approx(box.size, abs=1e-6)


def test_furniture_keeps_doors_free(homes):
    for home in homes:
        for door in home.layout.doors:
            near = Point(door.center[:2]).buffer(0.5)
            for box in home.layout.boxes:
                if heights(box)[0] < home.floor + 2.0 and box.size[2] > 0.04:
                    assert footprint(box).intersection(near).area < 0.05, (door, box)


def test_style_sets_yaw_and_offset():
    home = make_home(3, rooms=2, style=HomeStyle(yaw=0.0, offset=(1.0, 2.0, 0.5), slanted=0.0))
    for wall in home.layout.walls:
        assert wall.start[2] == 0.5
        assert min(abs(np.subtract(wall.end, wall.start)[:2])) < 2e-3
    assert home.yaw == 0.0


def test_variety():
    styles = [make_home(seed, rooms=1, style=HomeStyle(slanted=1.0, yaw=0.0)) for seed in range(12)]
    slanted = [w for home in styles for w in home.layout.walls if min(abs(np.subtract(w.end, w.start)[:2])) > 0.2]
    assert len(slanted) >= 6
    labels = {b.label for seed in range(25) for b in make_home(seed, rooms=5).layout.boxes}
    assert labels <= set(CATALOG)
    assert len(labels) >= 50


@pytest.mark.parametrize("label", sorted(CATALOG))
def test_every_category_has_a_shape_that_fills_its_size(label):
    for seed in range(3):
        piece = make_piece(label, np.random.default_rng(seed))
        low, high = bounds_of(piece.parts)
        assert high - low == pytest.approx(piece.size)
        assert low[2] == pytest.approx(0.0)
        assert (low + high)[:2] == pytest.approx([0.0, 0.0], abs=1e-9)
        assert min(min(part.size) for part in piece.parts) > 0.0
    assert len(CATALOG) == 59
