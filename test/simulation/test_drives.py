"""Drives through homes, and test sets on disk."""

import numpy as np
import pytest
from shapely.geometry import Point, Polygon

from spatial_perception.errors import ConfigError, OutputError
from spatial_perception.layout.text import read_layout
from spatial_perception.pointcloud.io import read_cloud
from spatial_perception.simulation import LidarModel, RobotModel, drive, make_home, simulate_drive, write_testset


@pytest.fixture(scope="module")
def home():
    return make_home(2, rooms=3)


@pytest.fixture(scope="module")
def trajectory(home):
    return drive(home, np.random.default_rng(0))


def clearance(home, points, top=1.2):
    """Least distance on plan of points to solids between 4 cm and `top` above the floor."""
    low = home.solids.center[:, 2] - home.solids.size[:, 2] / 2
    high = low + home.solids.size[:, 2]
    best = np.full(len(points), np.inf)
    for k in np.flatnonzero((high > home.floor + 0.04) & (low < home.floor + top)):
        c, s = np.cos(home.solids.yaw[k]), np.sin(home.solids.yaw[k])
        away = points - home.solids.center[k, :2]
        gap = np.abs(away @ np.array([[c, -s], [s, c]])) - home.solids.size[k, :2] / 2
        best = np.minimum(best, np.linalg.norm(np.maximum(gap, 0.0), axis=1))
    return best


@pytest.mark.parametrize("seed", [2, 5, 17, 29])
def test_the_robot_touches_nothing_and_visits_every_room(seed):
    home = make_home(seed)
    trajectory = drive(home, np.random.default_rng(1))
    assert clearance(home, trajectory.positions[:, :2]).min() >= RobotModel().radius - 0.03
    for room in home.rooms:
        inside = Polygon(room.free)
        assert any(inside.contains(Point(p)) for p in trajectory.positions[:, :2]), room.name


def test_limits_are_kept(trajectory):
    step = np.diff(trajectory.stamps)
    speed = np.linalg.norm(np.diff(trajectory.positions, axis=0), axis=1) / step
    turning = np.abs(np.diff(trajectory.yaws)) / step
    assert speed.max() <= RobotModel().speed * 1.02
    assert turning.max() <= RobotModel().turn_rate * 1.02
    assert np.allclose(trajectory.positions[0], trajectory.positions[-1])


def test_poses_are_interpolated(trajectory):
    middle = (trajectory.stamps[100] + trajectory.stamps[101]) / 2
    mean = (trajectory.positions[100] + trajectory.positions[101]) / 2
    assert trajectory.at(float(middle)).position == pytest.approx(mean)
    assert trajectory.velocity(float(middle))[0] <= RobotModel().speed * 1.02


def test_a_drive_is_reproducible(home, trajectory):
    again = drive(home, np.random.default_rng(0))
    assert again.positions.tobytes() == trajectory.positions.tobytes()
    assert again.yaws.tobytes() == trajectory.yaws.tobytes()


def test_scans_of_a_drive_agree_in_the_frame_of_the_home(home, trajectory):
    lidar = LidarModel.spinning(16, 180, noise=0.0)
    scans = [
        s
        for s, _ in zip(simulate_drive(home, trajectory, lidar, 0.2, np.random.default_rng(0)), range(4), strict=False)
    ]
    assert [stamp for stamp, _, _ in scans] == pytest.approx([0.0, 5.0, 10.0, 15.0])
    for stamp, pose, cloud in scans:
        assert cloud.stamp == stamp
        points = pose.apply(cloud.xyz)
        ceiling = points[np.abs(points[:, 2] - home.floor - home.height) < 0.002]
        floor = points[np.abs(points[:, 2] - home.floor) < 0.002]
        assert len(ceiling) + len(floor) > 50


def test_a_robot_too_wide_is_told_so(home):
    with pytest.raises(ConfigError, match="smaller radius"):
        drive(home, np.random.default_rng(0), robot=RobotModel(radius=0.6))


def test_a_test_set_is_read_back(tmp_path):
    listing = write_testset(tmp_path / "set", [4, 9], rooms=1, max_points=2000)
    assert listing.read_text() == (
        "id,pcd,layout\nhome_000004,pcd/home_000004.ply,layout/home_000004.txt\nhome_000009,pcd/home_000009.ply,layout/home_000009.txt\n"
    )
    truth = make_home(4, rooms=1).layout
    layout = read_layout(tmp_path / "set/layout/home_000004.txt")
    assert [w.start for w in layout.walls] == [w.start for w in truth.walls]
    assert [b.label for b in layout.boxes] == [b.label for b in truth.boxes]
    assert len(read_cloud(tmp_path / "set/pcd/home_000004.ply")) == 2000


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_testset(tmp_path / "file" / "set", [1])
