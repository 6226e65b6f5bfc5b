import numpy as np
import pytest

from spatial_perception.layout.transforms import points_in_box
from spatial_perception.training.scans import FIRST_SEED, FIRST_SURVEY, MAX_POINTS, make_scan


@pytest.fixture(scope="module")
def scan():
    return make_scan(FIRST_SEED)


def test_a_seed_is_a_scan(scan):
    again = make_scan(FIRST_SEED)
    assert again.layout == scan.layout
    for name in ("xyz", "view", "entity"):
        assert np.array_equal(getattr(again, name), getattr(scan, name))
    assert len(scan.xyz) <= MAX_POINTS


def test_points_lie_on_their_entities(scan):
    first = len(scan.layout) - len(scan.layout.boxes)
    for number, box in enumerate(scan.layout.boxes):
        own = scan.xyz[scan.entity == first + number]
        assert points_in_box(box, own.astype(float), margin=0.1).mean() > 0.9 if len(own) else True
    wall = scan.layout.walls[0]
    along = np.subtract(wall.end, wall.start)[:2] / np.hypot(*np.subtract(wall.end, wall.start)[:2])
    offset = scan.xyz[scan.entity == 0][:, :2] - np.asarray(wall.start[:2])
    assert np.median(np.abs(offset @ [-along[1], along[0]])) < 0.2


def test_surveys_see_every_wall_of_a_room_well():
    survey = make_scan(FIRST_SURVEY + 3)
    walls = len(survey.layout.walls)
    counts = np.bincount(survey.entity[survey.entity >= 0], minlength=walls)[:walls]
    assert counts.min() > 300
    assert survey.view.max() + 1 >= 3
