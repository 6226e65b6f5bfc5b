import numpy as np
import pytest

from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.layout.tracking import LayoutTracker
from spatial_perception.mapping.coverage import Coverage

FLOOR = np.stack([*np.meshgrid(np.arange(0, 5, 0.05), np.arange(0, 4, 0.05)), np.zeros((80, 100))], axis=-1).reshape(
    -1, 3
)
INSIDE = (
    Wall(0, (1.0, 2.0, 0.0), (4.0, 2.0, 0.0), 2.5, 0.1),
    Door(0, 0, (2.0, 2.0, 1.0), 0.9, 2.0),
    Window(0, 0, (3.0, 2.0, 1.4), 1.2, 1.0),
    Box(0, "bed", (2.5, 2.0, 0.3), 0.6, (2.0, 1.6, 0.6)),
)  # fmt: skip


@pytest.mark.parametrize("entity", INSIDE)
def test_a_place_whose_floor_is_seen_is_covered(entity):
    assert Coverage(FLOOR).share(entity) == 1.0
    assert Coverage(np.add(FLOOR, (10.0, 0.0, 0.0))).share(entity) == 0.0
    assert Coverage(np.empty((0, 3))).share(entity) == 0.0


@pytest.mark.parametrize("entity", INSIDE)
def test_half_a_place_is_about_a_half(entity):
    half = FLOOR[FLOOR[:, 1] < 2.0] if isinstance(entity, Wall) else FLOOR[FLOOR[:, 0] < entity.center[0]]
    assert 0.3 < Coverage(half).share(entity) < 0.7


def test_negative_coordinates_have_cells_of_their_own():
    box = Box(0, "bed", (-30.0, -20.0, 0.3), 0.0, (1.0, 1.0, 0.6))
    assert Coverage(np.subtract(FLOOR, (32.5, 22.0, 0.0))).share(box) == 1.0
    assert Coverage(FLOOR).share(box) == 0.0


def test_entities_without_extent_are_places_too():
    assert Coverage(FLOOR).share(Wall(0, (2.0, 2.0, 0.0), (2.0, 2.0, 0.0), 2.5, 0.0)) == 1.0


def test_what_a_bounded_map_forgot_has_not_vanished():
    box, tracker = INSIDE[3], LayoutTracker()
    tracker.update(Layout(boxes=(box,)))
    elsewhere, here = Coverage(np.add(FLOOR, (10.0, 0.0, 0.0))), Coverage(FLOOR)
    for _ in range(20):
        assert tracker.update(Layout(), lambda entity: elsewhere.share(entity) >= 0.5).layout.boxes
    for _ in range(20):
        tracked = tracker.update(Layout(), lambda entity: here.share(entity) >= 0.5)
    assert tracked.layout.boxes == ()
