"""Scans of simulated homes to train on.

A scan keeps, per point, the view it comes from and the entity it lies on, so that views can be taken away and it is known
what is still seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from spatial_perception.layout.entities import Layout
from spatial_perception.layout.transforms import translate
from spatial_perception.simulation.apartment import Home, HomeStyle, make_home
from spatial_perception.simulation.camera import DepthCameraModel, capture, optical_pose
from spatial_perception.simulation.lidar import LidarModel, scan
from spatial_perception.simulation.poses import Pose
from spatial_perception.simulation.sensors import station_poses

FIRST_SEED = 1_000_000
"""Seeds of training homes begin here: those below 10,000 are for tuning, those up to 99,999 for reports."""
FIRST_SURVEY = 2_000_000
"""Seeds from here on give careful surveys: a fine scanner at three stations, or one per room where that is more."""
ROOM_SHARES = (0.42, 0.2, 0.16, 0.1, 0.07, 0.05)
SENSORS = {"terrestrial": 0.4, "dome": 0.2, "spinning": 0.2, "depth": 0.2}
MAX_POINTS, MAX_REACH = 80_000, 25.0
NOTHING = -1
_VOXEL = 0.025
_SURVEY_STATIONS = 3


@dataclass(frozen=True, eq=False)
class Scan:
    """A home's `layout` (m) and its points: `xyz` (N, 3) float32 m, `view` (N,) uint8, and `entity` (N,) int16, an index
    into the layout (walls, doors, windows, boxes), -1 for what is no entity. The main walls run along x and y."""

    layout: Layout
    xyz: NDArray[np.float32]
    view: NDArray[np.uint8]
    entity: NDArray[np.int16]


def make_scan(seed: int) -> Scan:
    """The scan of one home: rooms, furnishing, sensor and views are drawn from the seed."""
    rng = np.random.default_rng([seed, 7])
    style = HomeStyle(
        yaw=0.0, offset=(0.0, 0.0, 0.0), density=float(rng.uniform(0.5, 1.25)), clutter=float(rng.uniform(0.3, 1.5))
    )
    home = make_home(seed, rooms=1 + int(rng.choice(6, p=ROOM_SHARES)), style=style)
    sensor = "survey" if seed >= FIRST_SURVEY else str(rng.choice(list(SENSORS), p=list(SENSORS.values())))
    parts = list(_views(home, sensor, rng))
    xyz, owner, view = (np.concatenate(column) for column in zip(*parts))
    middle = np.array([*np.mean([(w.start[:2], w.end[:2]) for w in home.layout.walls], axis=(0, 1)), 0.0])
    near = np.flatnonzero(np.abs(xyz - middle).max(axis=1) < MAX_REACH)
    if len(near) > MAX_POINTS:
        near = np.sort(rng.choice(near, MAX_POINTS, replace=False))
    entity = _entity_of_owner(home)[owner[near]]
    layout = translate(home.layout, (-middle).tolist())
    return Scan(layout, (xyz[near] - middle).astype(np.float32), view[near], entity)


def _entity_of_owner(home: Home) -> NDArray[np.int16]:
    """Index of the entity that each owner is; one more entry, for owner -1, that is none."""
    names = [f"{kind}_{k}" for kind, group in _groups(home.layout) for k in range(len(group))]
    number = {name: k for k, name in enumerate(names)}
    return np.array([*(number.get(owner, NOTHING) for owner in home.owners), NOTHING], dtype=np.int16)


def _groups(layout: Layout) -> tuple[tuple[str, tuple], ...]:
    return (("wall", layout.walls), ("door", layout.doors), ("window", layout.windows), ("box", layout.boxes))


def _views(home: Home, sensor: str, rng: Generator) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """Points (N, 3), owners (N,) and the number of the view (N,), once per voxel, for each view of a sensor."""
    if sensor == "depth":
        taken = _depth_views(home, rng)
    elif sensor == "spinning":
        taken = _driven_views(home, rng)
    else:
        taken = _stationary_views(home, sensor, rng)
    for number, (xyz, owner) in enumerate(taken):
        first = _once_per_voxel(xyz)
        yield xyz[first], owner[first], np.full(len(first), min(number, 255), dtype=np.uint8)


def _once_per_voxel(xyz: NDArray) -> NDArray[np.intp]:
    """The first point of each voxel, in the order of the points."""
    if not len(xyz):
        return np.empty(0, dtype=np.intp)
    x, y, z = (np.floor(xyz / _VOXEL).astype(np.int64) + (1 << 20)).T
    return np.sort(np.unique((x << 42) + (y << 21) + z, return_index=True)[1])


def _stationary_views(home: Home, sensor: str, rng: Generator) -> Iterator[tuple[NDArray, NDArray]]:
    count = _SURVEY_STATIONS if sensor == "survey" else int(rng.integers(1, 7))
    if sensor == "survey":
        model = LidarModel.terrestrial(noise=0.004)
    elif sensor == "terrestrial":
        model = LidarModel.terrestrial(int(rng.integers(220, 520)), noise=0.004)
    else:
        model = LidarModel.dome(int(rng.integers(32, 80)), int(rng.integers(500, 1200)), noise=0.008)
    yield from _turns(home, station_poses(home, count, rng), model, rng)


def _driven_views(home: Home, rng: Generator) -> Iterator[tuple[NDArray, NDArray]]:
    """A robot's scanner, near the ground, at many places."""
    model = LidarModel.spinning(int(rng.choice([16, 32])), int(rng.integers(300, 700)), noise=0.008)
    model = replace(
        model, lowest=float(np.radians(rng.uniform(-25, -12))), highest=float(np.radians(rng.uniform(15, 50)))
    )
    count = len(home.rooms) * int(rng.integers(2, 5)) + int(rng.integers(0, 4))
    yield from _turns(home, station_poses(home, count, rng, height=(0.25, 1.1)), model, rng)


def _turns(home: Home, poses: list[Pose], model: LidarModel, rng: Generator) -> Iterator[tuple[NDArray, NDArray]]:
    for pose in poses:
        found = scan(home, pose, model, rng, colour=False)
        yield found.in_home.xyz, found.owner


def _depth_views(home: Home, rng: Generator) -> Iterator[tuple[NDArray, NDArray]]:
    """A depth camera that is turned about at one to three places per room."""
    model = DepthCameraModel(160, 120, 131.25, 131.25, 79.5, 59.5, noise_growth=float(rng.uniform(0.001, 0.003)))
    count = len(home.rooms) * int(rng.integers(1, 4))
    for place in station_poses(home, count, rng, height=(0.8, 1.7)):
        headings = int(rng.integers(5, 9))
        pictures = [_picture(home, place, k / headings, model, rng) for k in range(headings)]
        yield np.concatenate([xyz for xyz, _ in pictures]), np.concatenate([owner for _, owner in pictures])


def _picture(home: Home, place: Pose, turn: float, model: DepthCameraModel, rng: Generator) -> tuple[NDArray, NDArray]:
    yaw, pitch = place.yaw + 2 * np.pi * turn, float(rng.uniform(-0.2, 0.45))
    c, s, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    body = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]]) @ np.array([[cp, 0, sp], [0, 1.0, 0], [-sp, 0, cp]])
    frame = capture(home, optical_pose(Pose.of_matrix(body, place.position)), model, rng)
    return frame.pose.apply(frame.cloud().xyz), frame.owner[np.nonzero(frame.depth)]
