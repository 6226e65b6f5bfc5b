"""Virtual sensors against a plain reference ray caster, and what they see of a home."""

from dataclasses import replace

import numpy as np
import pytest

from spatial_perception.errors import ConfigError
from spatial_perception.simulation import (
    DepthCameraModel,
    HomeStyle,
    LidarModel,
    Pose,
    capture,
    make_home,
    optical_pose,
    scan,
    scan_stations,
    simulate_scene,
    station_poses,
)
from spatial_perception.simulation.camera import trace_image
from spatial_perception.simulation.lidar import trace
from spatial_perception.simulation.raycast import cast, cast_level
from spatial_perception.simulation.solids import BOX, ELLIPSOID, GLASS, Part, Solids

CLEAN = {"noise": 0.0, "dropout": 0.0, "mixed": 0.0, "grazing": 0.0}
COARSE = LidarModel(40, np.radians(-55), np.radians(80), 90, **CLEAN)


def reference(solids, origin, ray):
    """First hit of one ray by textbook formulas in double precision."""
    best = np.inf
    for k in range(len(solids)):
        c, s = np.cos(-solids.yaw[k]), np.sin(-solids.yaw[k])
        turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        half = solids.size[k] / 2
        o, d = turn @ (origin - solids.center[k]) / half, turn @ ray / half
        spans = []
        flat = {BOX: (0, 1, 2), ELLIPSOID: ()}.get(int(solids.kind[k]), (2,))
        round_axes = [i for i in range(3) if i not in flat]
        for i in flat:
            if abs(d[i]) < 1e-15:
                spans.append((-np.inf, np.inf) if abs(o[i]) <= 1 else (np.inf, -np.inf))
            else:
                spans.append(tuple(sorted(((-1 - o[i]) / d[i], (1 - o[i]) / d[i]))))
        if round_axes:
            p, q = o[round_axes], d[round_axes]
            a, b, e = q @ q, p @ q, p @ p - 1
            root = b * b - a * e
            spans.append(((-b - root**0.5) / a, (-b + root**0.5) / a) if root > 0 else (np.inf, -np.inf))
        enter, leave = max(x for x, _ in spans), min(y for _, y in spans)
        if enter <= leave and leave > 0:
            best = min(best, enter if enter > 0 else leave)
    return best


@pytest.fixture(scope="module")
def home():
    return make_home(21, rooms=2)


@pytest.fixture(scope="module")
def station(home):
    return station_poses(home, 1, np.random.default_rng(0))[0]


@pytest.mark.parametrize("tilt", [0.0, 0.2])
def test_lidar_meets_the_same_surfaces_as_the_reference(home, station, tilt):
    lean = Pose((0, 0, 0), (0.0, float(np.sin(tilt / 2)), 0.0, float(np.cos(tilt / 2))))
    pose = station @ lean
    opaque, _ = trace(home.solids, pose, COARSE)
    solids = home.solids.select(home.solids.material != GLASS)
    rays = COARSE.directions.reshape(-1, 3) @ pose.rotation.T
    picks = np.random.default_rng(0).choice(len(rays), 250, replace=False)
    expected = np.array([reference(solids, np.array(pose.position), rays[i]) for i in picks])
    found = opaque.distance.ravel()[picks]
    wrong = ~(np.isclose(found, expected, atol=2e-3) | (np.isinf(found) & np.isinf(expected)))
    assert wrong.sum() <= 1  # one ray may graze an edge to the other side in single precision


@pytest.mark.parametrize("pitch", [0.0, 0.3])
def test_camera_meets_the_same_surfaces_as_the_reference(home, station, pitch):
    body = station @ Pose((0, 0, 0), (0.0, float(np.sin(pitch / 2)), 0.0, float(np.cos(pitch / 2))))
    model = DepthCameraModel(64, 48, 52.0, 52.0, 31.5, 23.5)
    pose = optical_pose(body)
    opaque, _ = trace_image(home.solids, pose, model)
    solids = home.solids.select(home.solids.material != GLASS)
    picks = np.random.default_rng(0).choice(64 * 48, 120, replace=False)
    rays = model.rays.reshape(-1, 3)[picks] @ pose.rotation.T
    expected = np.array([reference(solids, np.array(pose.position), ray) for ray in rays])
    found = opaque.distance.ravel()[picks]
    wrong = ~(np.isclose(found, expected, atol=2e-3) | (np.isinf(found) & np.isinf(expected)))
    assert wrong.sum() <= 1


def test_points_lie_on_the_solids_that_own_them(home, station):
    seen = scan(home, station, replace(COARSE, glass_return=0.0), np.random.default_rng(0))
    points = seen.in_home.xyz
    for owner in np.unique(seen.owner):
        mine = points[seen.owner == owner]
        gaps = [home.solids.distance(mine, k) for k in np.flatnonzero(home.solids.owner == owner)]
        assert np.min(gaps, axis=0).max() < 2e-3, home.owners[owner]


def test_noise_has_the_asked_size(home, station):
    model = replace(COARSE, noise=0.02, glass_pass=1.0, glass_return=0.0)
    true, _ = trace(home.solids, station, model)
    seen = scan(home, station, model, np.random.default_rng(0))
    assert len(seen.cloud) == np.isfinite(true.distance).sum()
    error = np.linalg.norm(seen.cloud.xyz, axis=1) - true.distance[np.isfinite(true.distance)]
    assert 0.018 < error.std() < 0.022
    assert abs(error.mean()) < 0.002


def test_an_opening_lets_rays_through_and_a_wall_does_not():
    def wall(x, size):
        return Part((x, 0.0, size[2] / 2), size)

    sides = [Part((2.0, y, 1.25), (0.2, 2.0, 2.5)) for y in (-1.5, 1.5)]
    solids = Solids.of([(part, 0) for part in [*sides, wall(4.0, (0.1, 8.0, 2.5))]])
    hits = cast_level(solids, (0, 0, 1), [(1.0, 0.0), (1.0, 0.2), (1.0, 0.5)], [0.0])
    assert hits.distance[0] == pytest.approx([3.95, 3.95, 1.9], abs=1e-5)
    assert hits.index[0].tolist() == [2, 2, 1]


def test_both_casters_agree_on_all_kinds():
    rng = np.random.default_rng(3)
    parts = [
        Part(tuple(rng.uniform(-3, 3, 3)), tuple(rng.uniform(0.2, 1, 3)), yaw=float(rng.uniform(-3, 3)), kind=k % 3)
        for k in range(30)
    ]
    solids = Solids.of([(part, k) for k, part in enumerate(parts)])
    angle, slopes = np.linspace(-np.pi, np.pi, 200), np.linspace(-1.5, 1.5, 80)
    plan = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    level = cast_level(solids, (0, 0, 0), plan, slopes)
    rays = np.concatenate(
        [np.broadcast_to(plan, (80, 200, 2)), np.broadcast_to(slopes[:, None, None], (80, 200, 1))], axis=2
    )
    free = cast(solids, (0, 0, 0), rays.reshape(-1, 3))
    same = np.isclose(level.distance.ravel(), free.distance, atol=1e-3) | (level.index.ravel() == free.index)
    assert same.mean() > 0.999


def test_scenes_are_reproducible_and_coloured():
    a, home = simulate_scene(5, rooms=1, stations=2, lidar=LidarModel.terrestrial(120), max_points=5000)
    b, _ = simulate_scene(5, rooms=1, stations=2, lidar=LidarModel.terrestrial(120), max_points=5000)
    assert a.xyz.tobytes() == b.xyz.tobytes()
    assert a.rgb.tobytes() == b.rgb.tobytes()
    assert len(a) == 5000
    assert a.frame_id == home.layout.frame_id


def test_every_room_gets_a_station():
    home = make_home(8, rooms=4, style=HomeStyle(outside=False))
    cloud = scan_stations(home, 1, LidarModel.terrestrial(60), np.random.default_rng(0))
    assert len(station_poses(home, 1, np.random.default_rng(0))) == 4
    assert len(station_poses(home, 6, np.random.default_rng(0))) == 6
    assert len(cloud) > 4 * 500


def test_picture_and_depth_belong_together(home, station):
    frame = capture(
        home, optical_pose(station), DepthCameraModel(160, 120, 130.0, 130.0, 79.5, 59.5), np.random.default_rng(0)
    )
    assert frame.depth.shape == (120, 160)
    assert frame.rgb.dtype == np.uint8
    cloud = frame.cloud()
    assert len(cloud) == (frame.depth > 0).sum()
    assert cloud.xyz[:, 2] == pytest.approx(frame.depth[frame.depth > 0])
    assert (frame.pose.rotation @ [0, 0, 1]) == pytest.approx(station.rotation @ [1, 0, 0])


@pytest.mark.parametrize(
    "wrong", [{"rings": 0}, {"columns": 2}, {"highest": 1.6}, {"noise": -1.0}, {"range_min": 9.0, "range_max": 1.0}]
)
def test_impossible_scanners_are_refused(wrong):
    with pytest.raises(ConfigError, match="lidar"):
        replace(COARSE, **wrong)


@pytest.mark.parametrize("wrong", [{"width": 0}, {"fx": 0.0}, {"noise": -1.0}, {"range_min": 9.0}])
def test_impossible_cameras_are_refused(wrong):
    with pytest.raises(ConfigError, match="camera"):
        DepthCameraModel(**wrong)
