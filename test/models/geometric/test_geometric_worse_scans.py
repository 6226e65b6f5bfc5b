from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spatial_perception.evaluation.layout_metrics import evaluate_scene
from spatial_perception.models.geometric.boxes import fit_cuboid
from spatial_perception.models.geometric.faces import Face, brought_forward, stands_out
from spatial_perception.models.geometric.levels import find_levels
from spatial_perception.models.geometric.lines import Line
from spatial_perception.models.geometric.pipeline import GeometricEstimator
from spatial_perception.models.geometric.processing import fine_voxel
from spatial_perception.models.geometric.samples import Samples, find_normals, voxel_means
from spatial_perception.models.geometric.smoothing import noise_level, smoothed
from spatial_perception.models.geometric.sparse import fewest, overhang, usual_samples, widened
from spatial_perception.models.geometric.walls import belong_together

ANY_BOX = "boxes, class ignored"


def drawn(seed=0):
    return np.random.default_rng(seed)


def plane(noise, count=20_000, seed=0):
    """A floor of 2 x 2 m with noise across it."""
    rng = drawn(seed)
    return np.column_stack([rng.uniform(0, 2, (count, 2)), rng.normal(0, noise, count) if noise else np.zeros(count)])


def samples(xyz, weight=None):
    weight = np.ones(len(xyz)) if weight is None else weight
    normal, gap, _, _ = find_normals(xyz, weight, 3.0)
    return Samples(xyz, weight, normal, gap, float(np.median(gap)), 0)


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.03])
def test_noise_is_measured_across_surfaces(noise):
    measured = noise_level(*voxel_means(plane(noise), 0.03))
    assert measured == pytest.approx(noise, abs=0.2 * noise + 0.001)


def test_a_cloud_without_crowded_cubes_tells_no_noise():
    assert noise_level(drawn().uniform(0, 10, (100, 3)), np.ones(100)) == 0.0


def test_noisy_samples_are_moved_onto_their_surface():
    means, weight = voxel_means(plane(0.03), 0.042)
    moved = smoothed(means, weight, 0.03)
    inner = ((means[:, :2] > 0.2) & (means[:, :2] < 1.8)).all(axis=1)
    assert moved[inner, 2].std() < 0.3 * means[inner, 2].std()
    assert np.abs(moved[inner, :2] - means[inner, :2]).max() < 0.05


def test_voxels_follow_the_points_of_sparse_clouds_only():
    coarse = samples(drawn().uniform(0, 1, (500, 3)) * (4, 4, 0))
    assert fine_voxel(replace(coarse, weight=np.full(500, 3.0)), 0.03) == 0.03
    assert fine_voxel(replace(coarse, spacing=0.1), 0.03) == pytest.approx(0.09)
    assert fine_voxel(replace(coarse, spacing=0.5), 0.03) == pytest.approx(0.12)
    assert fine_voxel(replace(coarse, spacing=0.01), 0.03) == 0.03


def test_fewer_samples_are_asked_for_where_they_lie_farther_apart():
    assert [fewest(40, spacing) for spacing in (0.0, 0.07, 0.14, 0.5)] == [40, 40, 10, 5]
    assert usual_samples(0.02) == 1.0
    assert usual_samples(0.14) == pytest.approx(4.0)
    assert [widened(0.08, spacing) for spacing in (0.07, 0.1)] == [0.08, pytest.approx(0.13)]
    assert overhang(0.04) == 0.0
    assert overhang(0.13) == pytest.approx(0.03)


def test_a_box_reaches_beyond_its_outermost_sparse_samples():
    xyz = drawn().uniform(0, 1, (60, 3))
    close, sparse = fit_cuboid(xyz, [0.0]), fit_cuboid(xyz, [0.0], 0.15)
    assert (sparse.size > close.size + 0.07).all()
    assert np.allclose(sparse.center, close.center, atol=0.02)


@pytest.mark.parametrize(("count", "behind", "one"), [(40, 0, True), (40, 40, False), (4000, 0, True), (0, 0, False)])
def test_a_sparse_ceiling_that_ends_at_a_wall_shows_that_it_goes_on(count, behind, one):
    line = Line(0.0, 0.0)
    a, b = (Face(line, start, start + 2, 4.0, True, False) for start in (0.0, 4.0))
    ceiling = drawn().uniform((2, 0), (4, 1), (count, 2))
    other = drawn(1).uniform((2, -0.15), (4, 0), (behind, 2))
    assert belong_together(a, b, np.concatenate([ceiling, other]), 0.45) is one


def test_a_bed_that_holds_more_points_than_the_floor_is_no_floor():
    floor, bed = plane(0.0, 4000), plane(0.0, 4000) * (0.5, 0.5, 1) + (0, 0, 0.5)
    wall = drawn().uniform((0, 0, 0), (2, 0, 2.4), (4000, 3))
    xyz = np.concatenate([floor, bed, wall])
    weight = np.r_[np.full(4000, 1.0), np.full(4000, 1.3), np.full(4000, 1.0)]
    levels = find_levels(samples(xyz, weight))
    assert levels.ceiling is None
    assert levels.floor == pytest.approx(0.0, abs=0.02)


def test_a_face_a_little_behind_its_neighbour_is_moved_into_its_plane():
    wall = Face(Line(0.0, 0.0), 0.0, 2.0, 4.0, True, False)
    pane = Face(Line(0.0, -0.08), 2.05, 3.0, 2.0, True, True)
    assert brought_forward(pane, [wall, pane]) == replace(pane, line=wall.line, room_right=False)
    assert brought_forward(wall, [wall, pane]) is wall
    for other in (Line(0.0, -0.3), Line(0.0, 0.08), Line(0.5, -0.08)):
        assert brought_forward(replace(pane, line=other), [wall]).line is other


@pytest.mark.parametrize(("points", "noise"), [(400_000, 0.03), (6_000, 0.01)], ids=["noisy", "sparse"])
def test_rooms_are_found_in_worse_scans(maker, points, noise):
    cloud, truth = maker.simulate(3, points=points, noise=noise)
    scores = evaluate_scene(GeometricEstimator().estimate(cloud), truth)
    assert scores.of("wall").at(0.5).f1 > 0.8
    assert scores.of(ANY_BOX).at(0.25).f1 > 0.4


def test_what_fills_space_has_no_faces():
    face = Face(Line(0.0, 0.0), 0.0, 2.0, 4.0, True, False)
    space = drawn().uniform((0, -1, 0), (2, 1, 2), (5000, 3))
    assert not stands_out(face, space[np.abs(space[:, 1]) > 0.01])
    assert stands_out(face, np.concatenate([space, drawn().uniform((0, -0.01, 0), (2, 0.01, 2), (1000, 3))]))
    assert not stands_out(face, np.zeros((0, 3)))
