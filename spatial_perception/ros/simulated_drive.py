"""An endless drive through a simulated home, with odometry that drifts and sensors that look when it is their turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spatial_perception.mapping.pose import Pose
from spatial_perception.simulation import RobotModel, Trajectory

Event = Literal["pose", "lidar", "camera"]
_STEP = 0.5
"""Time (s) between two steps of the random walk that odometry takes."""


@dataclass(frozen=True, eq=False)
class EndlessDrive:
    """A tour repeated for ever: at its end the robot turns to where it began, so that its motion has no jumps.

    `drift` is how far (m, one sigma) odometry is off after a minute; its heading is off by a tenth of that in radians.
    """

    tour: Trajectory
    robot: RobotModel
    drift: float = 0.0
    seed: int = 0

    @property
    def period(self) -> float:
        """Time (s) of one round."""
        return self.tour.duration + self._turn_time

    @property
    def _turn(self) -> float:
        """The angle (rad) from the last heading to the first, the short way."""
        turn = float(self.tour.yaws[0] - self.tour.yaws[-1])
        return (turn + np.pi) % (2 * np.pi) - np.pi

    @property
    def _turn_time(self) -> float:
        return abs(self._turn) / (0.5 * self.robot.turn_rate) + 1e-6

    def base_in_map(self, time: float) -> Pose:
        """Where the robot is, `time` (s) after the start."""
        phase = time % self.period
        pose = self.tour.at(float(self.tour.stamps[0]) + min(phase, self.tour.duration))
        if phase <= self.tour.duration:
            return pose
        share = (phase - self.tour.duration) / self._turn_time
        return Pose.planar(*pose.position, float(self.tour.yaws[-1]) + share * self._turn)

    def odom_in_map(self, time: float) -> Pose:
        """The correction map -> odom: a random walk, as drifting odometry needs it."""
        if not self.drift:
            return Pose()
        index = time / _STEP
        walk = self._walk
        x, y, yaw = (float(np.interp(index % (len(walk) - 1), np.arange(len(walk)), walk[:, k])) for k in range(3))
        return Pose.planar(x, y, 0.0, yaw)

    @cached_property
    def _walk(self) -> NDArray[np.float64]:
        """Steps (K, 3) of x, y, yaw over an hour there and an hour back, so that it closes."""
        steps = np.random.default_rng([self.seed, 3]).normal(size=(round(3600 / _STEP), 3))
        walk = np.cumsum(steps, axis=0) * self.drift * np.sqrt(_STEP / 60.0) * [1.0, 1.0, 0.1]
        return np.concatenate([np.zeros((1, 3)), walk, walk[::-1], np.zeros((1, 3))])


def timetable(rates: dict[Event, float]) -> Iterator[tuple[float, Event]]:
    """The times (s) at which events with these rates (Hz; 0: never) take place, in order and without end."""
    counts: dict[Event, int] = {event: 0 for event, rate in rates.items() if rate > 0}
    while counts:
        time, event = min((counts[event] / rates[event], event) for event in counts)
        # Poses come first where several fall together: sensors are then seen from a known place.
        first = next((other for other in counts if counts[other] / rates[other] <= time + 1e-9), event)
        counts[first] += 1
        yield time, first
