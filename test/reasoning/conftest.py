"""A small flat whose answers can be worked out by hand."""

import pytest

from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.reasoning.relations import Viewer
from spatial_perception.reasoning.scene import make_scene
from spatial_perception.reasoning.solver import SpatialSolver


def rectangle(x0, y0, x1, y1, first, height=2.6):
    """Four walls around a rectangle, counter-clockwise."""
    ring = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    return [Wall(first + k, (*ring[k], 0), (*ring[(k + 1) % 4], 0), height) for k in range(4)]


def flat_layout():
    """Bedroom (0..4, 0..3), kitchen (4..7, 0..3), living room (0..7, 3..7); doors bedroom-living and kitchen-living."""
    walls = [
        Wall(0, (0, 0, 0), (7, 0, 0), 2.6), Wall(1, (7, 0, 0), (7, 7, 0), 2.6), Wall(2, (7, 7, 0), (0, 7, 0), 2.6),
        Wall(3, (0, 7, 0), (0, 0, 0), 2.6), Wall(4, (0, 3, 0), (7, 3, 0), 2.6), Wall(5, (4, 0, 0), (4, 3, 0), 2.6),
    ]  # fmt: skip
    doors = [Door(0, 4, (2.0, 3, 1), 0.9, 2), Door(1, 4, (5.5, 3, 1), 0.9, 2), Door(2, 2, (6.0, 7, 1), 1.0, 2)]
    windows = [Window(0, 0, (1.5, 0, 1.5), 1.2, 1.2), Window(1, 1, (7, 5, 1.5), 1.5, 1.2)]
    boxes = [
        Box(0, "bed", (1.0, 1.1, 0.25), 0.0, (1.6, 2.0, 0.5)), Box(1, "wardrobe", (3.65, 1.0, 1.0), 1.5707963, (1.5, 0.6, 2.0)),
        Box(2, "refrigerator", (6.6, 0.5, 0.9), 0.0, (0.7, 0.7, 1.8)), Box(3, "stove", (5.2, 0.4, 0.45), 0.0, (0.6, 0.6, 0.9)),
        Box(4, "sofa", (2.0, 6.5, 0.4), 0.0, (2.0, 0.9, 0.8)), Box(5, "tv", (2.0, 3.4, 1.0), 0.0, (1.2, 0.1, 0.7)),
        Box(6, "coffee_table", (2.0, 5.2, 0.2), 0.0, (1.0, 0.6, 0.4)), Box(7, "chair", (5.0, 4.6, 0.45), 0.0, (0.5, 0.5, 0.9)),
        Box(8, "chair", (6.4, 5.0, 0.45), 0.0, (0.5, 0.5, 0.9)), Box(9, "plants", (0.5, 6.5, 0.4), 0.0, (0.4, 0.4, 0.8)),
        Box(10, "desk", (4.2, 6.5, 0.375), 0.0, (1.4, 0.7, 0.75)), Box(11, "computer", (4.2, 6.6, 0.95), 0.0, (0.5, 0.4, 0.4)),
        Box(12, "dining_chair", (5.0, 2.0, 0.45), 0.0, (0.45, 0.5, 0.9)),
    ]  # fmt: skip
    return Layout(walls, doors, windows, boxes, "map", 100.0)


@pytest.fixture(scope="session")
def flat():
    """The flat, with the robot in the living room looking along +y, and boxes seen in the order of their ids."""
    layout = flat_layout()
    return make_scene(layout, robot=Viewer(3.0, 4.2, 1.5707963), first_seen={b.id: float(b.id) for b in layout.boxes})


@pytest.fixture(scope="session")
def solver():
    return SpatialSolver()


@pytest.fixture(scope="session")
def ask(flat, solver):
    return lambda question, *options: solver.ask(question, flat, options)
