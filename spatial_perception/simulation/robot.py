"""A robot with a round base that drives through all rooms of a home without touching anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage
from shapely.geometry import Polygon

from spatial_perception.errors import ConfigError
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.simulation.apartment import Home
from spatial_perception.simulation.lidar import LidarModel, scan
from spatial_perception.simulation.occupancy import FloorGrid, floor_grid
from spatial_perception.simulation.paths import Cell, tour
from spatial_perception.simulation.poses import Pose

MOUNT = Pose((0.0, 0.0, 0.9))
"""Where the scanner sits on the robot."""


@dataclass(frozen=True, slots=True)
class RobotModel:
    """A differential drive: `radius` and `height` of the body (m), limits of `speed` (m/s), `turn_rate` (rad/s) and their
    accelerations (m/s^2, rad/s^2)."""

    radius: float = 0.22
    height: float = 1.2
    speed: float = 0.6
    turn_rate: float = 1.2
    acceleration: float = 0.8
    turn_acceleration: float = 2.5


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """Poses of a robot's base over time: `stamps` (T,) s ascending, `positions` (T, 3) m, `yaws` (T,) rad (unwrapped)."""

    stamps: NDArray[np.float64]
    positions: NDArray[np.float64]
    yaws: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.stamps)

    @property
    def duration(self) -> float:
        """Time (s) from the first to the last pose."""
        return float(self.stamps[-1] - self.stamps[0])

    @property
    def poses(self) -> tuple[Pose, ...]:
        """All poses."""
        return tuple(self.at(float(t)) for t in self.stamps)

    def at(self, stamp: float) -> Pose:
        """The pose at a time (s), interpolated; before the start and after the end the robot stands still."""
        x, y, z = (float(np.interp(stamp, self.stamps, self.positions[:, k])) for k in range(3))
        return Pose.planar(x, y, z, float(np.interp(stamp, self.stamps, self.yaws)))

    def velocity(self, stamp: float, step: float = 0.02) -> tuple[float, float]:
        """Forward speed (m/s) and turn rate (rad/s) at a time (s), by central difference over `step`."""
        a, b = stamp - step / 2, stamp + step / 2
        moved = float(np.linalg.norm(np.subtract(self.at(b).position, self.at(a).position)))
        turned = np.interp(b, self.stamps, self.yaws) - np.interp(a, self.stamps, self.yaws)
        return float(moved / step), float(turned / step)


def drive(
    home: Home,
    rng: Generator,
    *,
    robot: RobotModel | None = None,
    rate: float = 30.0,
    goals_per_room: int = 2,
    start: float = 0.0,
) -> Trajectory:
    """A drive from the largest room through `goals_per_room` places in every room and back, sampled at `rate` Hz.

    Raises ConfigError when furniture or closed doors cut a room off; make the home with `drivable` style, or a smaller robot.
    """
    body = robot or RobotModel()
    grid = floor_grid(home, body.radius + 0.02, top=body.height)
    goals = _goals(home, grid, goals_per_room, rng)
    cells = tour(grid, goals)
    return _timed(np.array([grid.point(c) for c in cells]), home.floor, body, rate, start)


def simulate_drive(
    home: Home,
    trajectory: Trajectory,
    lidar: LidarModel,
    hz: float,
    rng: Generator,
    *,
    mount: Pose = MOUNT,
    colour: bool = False,
) -> Iterator[tuple[float, Pose, PointCloud]]:
    """What a scanner at `mount` sees, `hz` times per second: (stamp, sensor pose in the home, cloud in the sensor's axes)."""
    for stamp in np.arange(trajectory.stamps[0], trajectory.stamps[-1] + 1e-9, 1.0 / hz):
        pose = trajectory.at(float(stamp)) @ mount
        yield float(stamp), pose, scan(home, pose, lidar, rng, colour=colour, stamp=float(stamp)).cloud


# ---------------------------------------------------------------------------------------------- goals
def _goals(home: Home, grid: FloorGrid, each: int, rng: Generator) -> list[Cell]:
    """Cells to visit, the largest room first; all in one connected piece of free floor."""
    pieces, _ = ndimage.label(~grid.blocked)
    x, y = np.meshgrid(*grid.centres())
    inside = [shapely.contains_xy(Polygon(room.free), x, y) for room in home.rooms]
    order = sorted(range(len(home.rooms)), key=lambda k: -int(inside[k].sum()))
    counts = np.bincount(pieces[inside[order[0]]].ravel(), minlength=2)
    counts[0] = 0
    piece = int(counts.argmax())
    goals: list[Cell] = []
    for k in order:
        cells = np.argwhere((pieces == piece) & inside[k])
        if counts[piece] == 0 or len(cells) == 0:
            raise ConfigError(
                f"the robot cannot reach room {home.rooms[k].name}; make the home with style drivable, or use a smaller radius"
            )
        goals += _spread(cells, each, rng)
    return goals


def _spread(cells: NDArray[np.intp], count: int, rng: Generator) -> list[Cell]:
    """Some cells far from one another."""
    chosen = [cells[int(rng.integers(len(cells)))]]
    while len(chosen) < count:
        gap = np.min([np.linalg.norm(cells - c, axis=1) for c in chosen], axis=0)
        chosen.append(cells[int(gap.argmax())])
    return [(int(r), int(c)) for r, c in chosen]


# ---------------------------------------------------------------------------------------------- motion
def _timed(corners: NDArray[np.float64], floor: float, body: RobotModel, rate: float, start: float) -> Trajectory:
    """Turn on the spot towards each corner, then drive to it straight; both with trapezoidal speed profiles."""
    steps = np.diff(corners, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    heading = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    times, points, yaws = [0.0], [corners[0]], [float(heading[0])]
    for k, length in enumerate(lengths):
        turn = float(heading[k]) - yaws[-1]
        for share, pause in _profile(abs(turn), body.turn_rate, body.turn_acceleration):
            times.append(times[-1] + pause)
            points.append(corners[k])
            yaws.append(float(heading[k]) - turn * (1.0 - share))
        for share, pause in _profile(float(length), body.speed, body.acceleration):
            times.append(times[-1] + pause)
            points.append(corners[k] + steps[k] * share)
            yaws.append(float(heading[k]))
    stamps = np.arange(0.0, times[-1] + 1.0 / rate, 1.0 / rate)
    xy = [np.interp(stamps, times, np.asarray(points)[:, axis]) for axis in (0, 1)]
    positions = np.stack([*xy, np.full(len(stamps), floor)], axis=1)
    return Trajectory(stamps + start, positions, np.interp(stamps, times, yaws))


def _profile(way: float, top: float, gain: float, pieces: int = 8) -> list[tuple[float, float]]:
    """(share of the way done, time since the last entry) of a start from rest, a cruise and a stop, or nothing for no way."""
    if way < 1e-6:
        return []
    peak = min(top, float(np.sqrt(way * gain)))
    ramp = peak / gain
    cruise = (way - peak * ramp) / peak
    clock = np.concatenate([np.linspace(0, ramp, pieces + 1), ramp + cruise + np.linspace(0, ramp, pieces + 1)])
    rising = 0.5 * gain * np.linspace(0, ramp, pieces + 1) ** 2
    shares = np.concatenate([rising, way - rising[::-1]]) / way
    return [(float(s), float(p)) for s, p in zip(shares[1:], np.diff(clock))]
