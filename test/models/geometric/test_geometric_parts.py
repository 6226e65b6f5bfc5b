from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.models.geometric.boxes import cuboid_of, fit_cuboid, merged_duplicates
from spatial_perception.models.geometric.config import GeometricConfig
from spatial_perception.models.geometric.faces import Face, bridged, rooms_beside, runs
from spatial_perception.models.geometric.labels import best_label
from spatial_perception.models.geometric.levels import Levels, find_levels
from spatial_perception.models.geometric.lines import Line, find_lines, turn_between
from spatial_perception.models.geometric.objects import find_objects, is_ceiling_strip, on_its_pole, with_raised_parts
from spatial_perception.models.geometric.priors import PRIORS
from spatial_perception.models.geometric.raster import splat
from spatial_perception.models.geometric.samples import (
    Samples,
    SceneTurn,
    dominant_yaw,
    find_normals,
    thinned,
    voxel_means,
)
from spatial_perception.models.geometric.splitting import split


def drawn(seed=0):
    return np.random.default_rng(seed)


def filled(low, high, density=2000, seed=0):
    """Points on the surface of an axis-aligned block."""
    rng, low, high = drawn(seed), np.array(low, float), np.array(high, float)
    faces = []
    for axis in range(3):
        for end in (low, high):
            others = [k for k in range(3) if k != axis]
            points = rng.uniform(low, high, (max(10, int(density * np.prod((high - low)[others]))), 3))
            points[:, axis] = end[axis]
            faces.append(points)
    return np.concatenate(faces)


def samples(xyz):
    normal, gap, _, _ = find_normals(xyz, np.ones(len(xyz)), 3.0)
    return Samples(xyz, np.ones(len(xyz)), normal, gap, float(np.median(gap)), 0)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 1000))
def test_voxel_means_do_not_depend_on_the_order_of_points(seed):
    xyz = drawn(seed).uniform(-3, 3, (400, 3))
    shuffled = xyz[drawn(seed + 1).permutation(400)]
    for a, b in zip(voxel_means(xyz, 0.5), voxel_means(shuffled, 0.5)):
        assert a.tobytes() == b.tobytes()


def test_voxel_means_keep_the_number_of_points():
    means, weight = voxel_means(drawn().uniform(0, 1, (500, 3)), 0.25)
    assert weight.sum() == 500
    assert len(means) <= 64


def test_thinning_respects_its_limit():
    means, weight, voxel = thinned(drawn().uniform(0, 4, (20_000, 3)), 0.03, 3000)
    assert len(means) <= 3000
    assert voxel > 0.03
    assert weight.sum() == 20_000


@pytest.mark.parametrize("yaw", [0.05, 0.4, 0.78, 1.2, 1.55])
def test_the_dominant_yaw_follows_the_walls(yaw):
    xyz = SceneTurn(yaw, np.zeros(3)).to_input(filled((0, 0, 0), (4, 3, 2.5), 300))
    normal = samples(xyz + drawn(3).normal(0, 0.005, xyz.shape)).normal
    found = dominant_yaw(normal, np.ones(len(normal)))
    assert abs((found - yaw + np.pi / 4) % (np.pi / 2) - np.pi / 4) < np.radians(0.3)


def test_the_scene_turn_goes_there_and_back():
    turn, xyz = SceneTurn(0.7, np.array([4.0, -2.0, 1.0])), drawn().normal(0, 3, (50, 3))
    assert turn.to_input(turn.to_canonical(xyz)) == pytest.approx(xyz)


def test_normals_tell_lone_rings_and_strays():
    ring = np.c_[np.linspace(0, 2, 100), np.zeros((100, 2))]
    sheet = np.c_[drawn().uniform(0, 2, (400, 2)), np.full(400, 3.0)]
    _, _, linear, keep = find_normals(np.concatenate([ring, sheet, [[9.0, 9.0, 9.0]]]), np.ones(501), 3.0)
    assert linear[:100].all()
    assert not linear[100:500].any()
    assert not keep[500]


def test_levels_ignore_ground_without_a_ceiling():
    room = filled((0, 0, 0), (4, 3, 2.6), 600)
    ground = np.c_[drawn(1).uniform(-15, 15, (20_000, 2)), np.full(20_000, -4.0)]
    levels = find_levels(samples(np.concatenate([room, ground])))
    assert levels.floor == pytest.approx(0.0, abs=0.02)
    assert levels.ceiling == pytest.approx(2.6, abs=0.02)


def test_ground_many_times_as_wide_as_the_floor_does_not_hide_it():
    room = filled((0, 0, 0), (3, 3, 2.6), 600)
    room = room[(room[:, 2] > 0) | (room[:, 0] < 2)]  # a third of the floor is hidden
    ground = np.c_[drawn(1).uniform(-15, 15, (45_000, 2)), np.full(45_000, -0.3)]
    outside = (ground[:, :2] < -0.2).any(axis=1) | (ground[:, :2] > 3.2).any(axis=1)
    levels = find_levels(samples(np.concatenate([room, ground[outside]])))
    assert levels.floor == pytest.approx(0.0, abs=0.02)
    assert levels.ceiling == pytest.approx(2.6, abs=0.02)


def test_levels_prefer_the_floor_to_table_tops():
    points = np.concatenate([filled((0, 0, 0), (4, 3, 2.6), 600), filled((1, 1, 0), (2.5, 2, 0.75), 900)])
    assert find_levels(samples(points)).floor == pytest.approx(0.0, abs=0.02)


def test_lines_are_found_at_any_angle():
    true = Line(0.6, 1.5)
    u = drawn().uniform(-2, 2, 500)
    xy = true.direction * u[:, None] + true.normal * (1.5 + drawn(1).normal(0, 0.01, 500)[:, None])
    normal = np.tile(true.normal, (500, 1))
    found = find_lines(xy, normal, np.full(500, 0.01), np.ones(500), 0.5)
    assert len(found) == 1
    assert turn_between(found[0].angle, true.angle) < np.radians(0.2)
    assert abs(found[0].aside(np.array([true.point(0.0)]))[0]) < 0.005


def test_gaps_below_a_lintel_are_bridged_and_wide_passages_are_not():
    wall = np.array([1] * 10 + [0] * 9 + [1] * 10, bool)
    lintel = np.ones(29, bool)
    assert runs(bridged(wall, lintel, 4, 40)) == [(0, 29)]
    assert runs(bridged(wall, wall, 4, 40)) == [(0, 10), (19, 29)]


def test_sparse_points_cover_their_surroundings():
    grid = splat(np.array([5.5]), np.array([5.5]), np.array([4.0]), (11, 11))
    assert grid.sum() == 25
    assert splat(np.array([5.5]), np.array([5.5]), np.array([0.5]), (11, 11)).sum() == 1


def test_a_nightstand_is_split_from_its_bed_and_a_pillow_from_the_mattress():
    bed, stand = filled((0, 0, 0), (1.6, 2.0, 0.5)), filled((1.62, 1.5, 0), (2.1, 2.0, 0.62))
    pillow = filled((0.3, 1.4, 0.5), (0.9, 1.8, 0.65), 4000)
    pieces = split(np.concatenate([bed, stand, pillow]), 0.05)
    assert len(pieces) == 3
    assert sorted(p.base is None for p in pieces) == [False, True, True]


def test_a_back_stays_with_its_seat():
    seat, back = filled((0, 0, 0), (0.5, 0.5, 0.45)), filled((0, 0.46, 0.45), (0.5, 0.5, 0.9), 6000)
    assert len(split(np.concatenate([seat, back]), 0.05)) == 1


@pytest.mark.parametrize("yaw", [0.0, 0.3, 0.9])
def test_boxes_follow_turned_blocks(yaw):
    xyz = SceneTurn(yaw, np.zeros(3)).to_input(filled((-0.6, -0.3, 0), (0.6, 0.3, 0.7)))
    box = fit_cuboid(xyz, [0.0])
    assert np.sort(box.size) == pytest.approx([0.6, 0.7, 1.2], abs=0.06)
    assert abs((box.yaw - yaw + np.pi / 4) % (np.pi / 2) - np.pi / 4) < np.radians(2)


@pytest.mark.parametrize(
    ("size", "bottom", "label"),
    [
        ((2.0, 0.9, 0.85), 0.0, "sofa"),
        ((1.6, 0.6, 2.15), 0.0, "wardrobe"),
        ((0.48, 0.42, 0.5), 0.0, "nightstand"),
        ((1.5, 0.85, 0.75), 0.0, "dining_table"),
        ((0.5, 0.5, 0.1), 2.5, "illumination"),
        ((5.0, 4.0, 1.9), 0.0, "object"),
    ],
)
def test_labels_follow_size_and_stance(size, bottom, label):
    box = cuboid_of(0.0, -np.array(size[:2]) / 2, np.array(size[:2]) / 2, bottom, bottom + size[2], 500)
    assert best_label(box, [], Levels(0.0, 2.6, 2.6, True))[0] == label


@pytest.mark.parametrize(("bottom", "joined"), [(0.3, True), (0.9, False)])
def test_a_raised_part_joins_what_stands_below_it(bottom, joined):
    foot, seat = filled((0, 0, 0), (0.5, 0.5, 0.1)), filled((0, 0, bottom), (0.5, 0.5, bottom + 0.1))
    other = filled((2, 0, 0), (2.5, 0.5, 0.1))
    index = np.split(np.arange(len(foot) + len(seat) + len(other)), [len(foot), len(foot) + len(seat)])
    parts = with_raised_parts(np.concatenate([foot, seat, other]), index, 0.0)
    assert len(parts) == (2 if joined else 3)
    assert sum(map(len, parts)) == len(foot) + len(seat) + len(other)


@pytest.mark.parametrize(("length", "tall", "strip"), [(2.4, 0.03, True), (0.6, 0.03, False), (1.5, 0.2, False)])
def test_long_flat_boxes_below_the_ceiling_are_strips_of_it(length, tall, strip):
    half = np.array([length / 2, 0.15])
    assert is_ceiling_strip(cuboid_of(0.0, -half, half, 2.56 - tall, 2.56, 200), Levels(0.0, 2.6, 2.6, True)) == strip


@pytest.mark.parametrize("sides", [(-1,), (1,), (-1, 1), ()])
def test_far_faces_take_the_only_side_with_a_floor(sides):
    face = Face(Line(0.0, 0.0), 0.0, 2.0, 1.0, False, False)
    rings = [np.c_[np.linspace(0.05, 1.95, 20), np.full(20, 0.8 * side)] for side in sides]
    found = rooms_beside(face, np.concatenate([np.zeros((0, 2)), *rings]), 0.05)
    assert found == (sides == (1,), sides == (-1,))


def test_nothing_on_the_floor_hangs_from_an_unseen_ceiling():
    box = cuboid_of(0.0, np.array([-0.28, -0.28]), np.array([0.28, 0.28]), 0.0, 0.54, 400)
    assert best_label(box, [], Levels(0.0, None, 0.54, True))[0] not in ("chandelier", "illumination")


def test_there_are_59_categories():
    assert len(PRIORS) == 59


def test_the_shade_of_a_lamp_stands_on_its_pole():
    levels, ends = Levels(0.0, 2.6, 2.6, True), (np.array([1.0, 1.0]), np.array([1.4, 1.35]))
    shade, pole = cuboid_of(0.0, *ends, 1.25, 1.6, 80), cuboid_of(0.0, ends[0] + 0.18, ends[0] + 0.24, 0.0, 1.2, 30)
    lamp = on_its_pole(shade, [shade, pole], [], levels)
    assert (lamp.bottom, lamp.top) == pytest.approx((0.0, 1.6))
    assert lamp.size[:2].tolist() == shade.size[:2].tolist()
    assert merged_duplicates([lamp, pole]) == [lamp]
    table = cuboid_of(0.0, np.zeros(2), np.full(2, 2.0), 0.0, 1.2, 500)
    low, wide = cuboid_of(0.0, *ends, 0.6, 0.9, 80), cuboid_of(0.0, ends[0], ends[0] + 1.2, 1.25, 1.6, 80)
    hanging, flat = cuboid_of(0.0, *ends, 1.9, 2.4, 80), cuboid_of(0.0, *ends, 1.25, 1.3, 80)
    for box, others in ((shade, [table]), (low, []), (wide, []), (hanging, []), (flat, [])):
        assert on_its_pole(box, [box, *others], [], levels) is box


def test_a_lamp_is_found_whole_and_named():
    shade = filled((1.0, 1.0, 1.25), (1.4, 1.4, 1.6))
    things = find_objects(shade, [], [], [], Levels(0.0, 2.6, 2.6, True), 0.03, GeometricConfig.model_validate({}))
    assert [thing.label for thing in things] == ["floor-standing_lamp"]
    assert things[0].box.bottom == pytest.approx(0.0)
