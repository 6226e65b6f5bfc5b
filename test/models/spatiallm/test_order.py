from math import pi

import numpy as np
import pytest

from spatial_perception.layout.entities import Box, Door, Layout, Wall
from spatial_perception.layout.transforms import points_in_box
from spatial_perception.models.spatiallm.order import in_order, numbered, ordered, upright


def square(size=4.0):
    corners = [(0.0, 0.0, 0.0), (size, 0.0, 0.0), (size, size, 0.0), (0.0, size, 0.0)]
    return [Wall(k, corners[k], corners[(k + 1) % 4], 2.5, 0.1) for k in range(4)]


def test_walls_go_around_counter_clockwise_from_the_least_corner():
    walls = square()
    shuffled = [walls[2], Wall(9, walls[0].end, walls[0].start, 2.5, 0.1), walls[3], walls[1]]
    found = ordered(Layout(walls=tuple(shuffled))).walls
    assert [wall.start[:2] for wall in found] == [(0, 0), (4, 0), (4, 4), (0, 4)]
    assert [wall.id for wall in found] == [0, 1, 2, 3]


def test_openings_follow_along_their_walls():
    walls = square()
    doors = (
        Door(0, 2, (1.0, 4.0, 1.0), 0.8, 2.0),
        Door(1, 0, (3.0, 0.0, 1.0), 0.8, 2.0),
        Door(2, 2, (3.0, 4.0, 1.0), 0.8, 2.0),
    )
    found = ordered(Layout(tuple(walls), doors)).doors
    assert [(door.wall_id, door.center[0]) for door in found] == [(0, 3.0), (2, 3.0), (2, 1.0)]


@pytest.mark.parametrize("yaw", [-3.0, -0.8, 0.0, 0.7, 0.9, 2.4])
def test_upright_boxes_are_the_same_solid(yaw):
    box = Box(0, "desk", (0.0, 0.0, 0.4), yaw, (1.6, 0.7, 0.8))
    found = upright(box)
    assert -pi / 4 <= found.yaw <= pi / 4
    xyz = np.random.default_rng(1).uniform(-1, 1, (500, 3))
    assert np.array_equal(points_in_box(box, xyz), points_in_box(found, xyz))


def test_ids_stay_until_they_are_numbered():
    walls = square()
    layout = Layout(
        (walls[2], walls[0]), (Door(7, 2, (1.0, 4.0, 1.0), 0.8, 2.0), Door(8, 3, (0.0, 1.0, 1.0), 0.8, 2.0))
    )
    found = in_order(layout)
    assert [wall.id for wall in found.walls] == [0, 2]
    assert [(door.id, door.wall_id) for door in found.doors] == [(7, 2)]
    assert [(door.id, door.wall_id) for door in numbered(found).doors] == [(0, 1)]
