"""Room for a box, told by cells: the same as by exact geometry, to a few centimetres."""

import numpy as np
import pytest
import shapely

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.layout.entities import Box, Layout, Wall
from spatial_perception.reasoning.answers import Status
from spatial_perception.reasoning.floor_plan import make_plan
from spatial_perception.reasoning.measures import corners
from spatial_perception.reasoning.physics import check_room
from spatial_perception.reasoning.scene import make_scene
from spatial_perception.reasoning.solver import SpatialSolver


@pytest.mark.parametrize("yaw", [0.0, 0.4])
@pytest.mark.parametrize("size", [(0.5, 0.5), (2.0, 0.6)])
def test_cells_agree_with_exact_geometry(yaw, size):
    rng = np.random.default_rng(3)
    area = shapely.box(0, 0, 6, 5).difference(shapely.box(4, 3, 6, 5))
    things = tuple(
        OrientedBox(k, "bbox", "thing", (x, y, 0.5), turn, (0.8, 0.5, 1.0))
        for k, (x, y, turn) in enumerate([(1.5, 1.2, 0.3), (4.5, 1.5, 1.0), (2.0, 4.0, 0.0)])
    )
    plan = make_plan(area, things, (), yaw)
    places = rng.uniform(-0.5, 6.5, (600, 2))
    fits = plan.fits(places, size)
    solid = shapely.union_all(shapely.polygons([corners(o.center, o.yaw, o.size) for o in things]))
    wide, tight = (
        shapely.polygons(places[:, None] + corners((0, 0, 0), yaw, (size[0] + d, size[1] + d, 0)))
        for d in (0.12, -0.16)
    )
    surely = shapely.covers(area, wide) & ~shapely.intersects(solid, wide)
    never = ~shapely.covers(area, tight) | shapely.intersects(solid, tight)
    assert fits[surely].all()
    assert not fits[never].any()
    assert 20 < fits.sum() < 500
    exact = shapely.distance(shapely.polygons(places[:, None] + corners((0, 0, 0), yaw, (*size, 0))), solid)
    clear = plan.clearance(places[fits], size)
    assert (np.abs(np.minimum(exact[fits], 0.5) - clear) < 0.35).all()
    assert np.abs(np.minimum(exact[fits], 0.5) - clear).mean() < 0.08


def test_an_empty_area_and_one_without_end_have_no_plan():
    assert make_plan(shapely.Polygon(), (), (), 0.0) is None
    assert make_plan(shapely.box(0, 0, 1e5, 1e5), (), (), 0.0) is None


def two_rooms_behind_a_thin_wall():
    ring = [(0, 0), (6, 0), (6, 3), (0, 3)]
    walls = [Wall(k, (*ring[k], 0), (*ring[(k + 1) % 4], 0), 2.5) for k in range(4)]
    return Layout(
        [*walls, Wall(4, (3, 0, 0), (3, 3, 0), 2.5)], (), (), [Box(0, "bed", (5.0, 1.1, 0.3), 0.0, (1.6, 2.0, 0.6))]
    )


def test_nothing_stands_in_a_wall_without_thickness():
    scene = make_scene(two_rooms_behind_a_thin_wall())
    across = OrientedBox(-1, "bbox", "desk", (3.1, 1.5, 0.375), 0.0, (1.2, 0.6, 0.75))
    assert check_room(across, scene).detail == "a wall would run through it"
    beside = OrientedBox(-1, "bbox", "desk", (3.6, 1.5, 0.375), 0.0, (1.2, 0.6, 0.75))
    assert check_room(beside, scene).passed
    answer = SpatialSolver().ask("place a desk next to the bed", scene)
    assert answer.status is Status.OK, answer.text
    assert abs(answer.proposal.new.center[0] - 3.0) > 0.3
