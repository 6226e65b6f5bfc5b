from __future__ import annotations

from math import inf

import pytest

from spatial_perception.layout.entities import Layout, Wall
from spatial_perception.layout.rooms import closure, find_rooms, open_ends
from spatial_perception.layout.transforms import transform


def walls(*lines: tuple[float, float, float, float]) -> Layout:
    return Layout(walls=[Wall(i, (a, b, 0), (c, d, 0), 2.5) for i, (a, b, c, d) in enumerate(lines)])


TWO_ROOMS = walls((0, 0, 6, 0), (6, 0, 6, 4), (6, 4, 0, 4), (0, 4, 0, 0), (2, 0, 2, 4))


def test_a_partition_makes_two_rooms():
    rooms = find_rooms(TWO_ROOMS)
    assert [round(r.area, 9) for r in rooms] == [8, 16]
    assert [r.id for r in rooms] == [0, 1]
    assert rooms[0].center == pytest.approx((1, 2))
    assert sorted(rooms[0].outline) == pytest.approx([(0, 0), (0, 4), (2, 0), (2, 4)])
    assert rooms[0].polygon.exterior.is_ccw


@pytest.mark.parametrize("yaw", [0.3, 2.0, -1.1])
def test_rooms_move_with_the_layout(yaw):
    moved = find_rooms(transform(TWO_ROOMS, yaw, (10, -3, 1)))
    assert sorted(r.area for r in moved) == pytest.approx([8, 16])


def test_small_gaps_at_corners_are_closed_and_large_ones_not():
    gap = walls((0.05, 0, 6, 0), (6, 0.05, 6, 4), (6, 4, 0, 4), (0, 3.95, 0, 0.05))
    assert len(find_rooms(gap)) == 1
    assert closure(gap) == 1.0
    wide = walls((1, 0, 6, 0), (6, 0, 6, 4), (6, 4, 0, 4), (0, 4, 0, 0))
    assert find_rooms(wide) == ()
    assert [(e.wall_id, e.end, e.gap) for e in open_ends(wide)] == [(0, "start", 1.0), (3, "end", 1.0)]
    assert closure(wide) == 0.75


def test_a_room_inside_a_room_is_a_hole():
    inner = walls(
        (0, 0, 8, 0), (8, 0, 8, 8), (8, 8, 0, 8), (0, 8, 0, 0), (3, 3, 5, 3), (5, 3, 5, 5), (5, 5, 3, 5), (3, 5, 3, 3)
    )
    rooms = find_rooms(inner)
    assert sorted(r.area for r in rooms) == pytest.approx([4, 60])
    assert [len(r.holes) for r in sorted(rooms, key=lambda r: r.area)] == [0, 1]


def test_walls_without_length_and_no_walls():
    assert find_rooms(Layout()) == ()
    assert closure(Layout()) == 0.0
    assert find_rooms(walls((1, 1, 1, 1))) == ()
    assert [e.gap for e in open_ends(walls((0, 0, 1, 0)))] == [inf, inf]
