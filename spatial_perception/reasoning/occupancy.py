"""Which parts of space are known to be free, occupied, or were never seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.layout.entities import Vec3

UNKNOWN, FREE, OCCUPIED = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Occupancy:
    """A grid of voxels: `states` (X, Y, Z) uint8 of UNKNOWN, FREE, OCCUPIED; `origin` is its lowest corner, edges are
    `resolution` long (m)."""

    states: NDArray[np.uint8]
    origin: Vec3
    resolution: float = 0.05

    def within(self, box: OrientedBox, shrink: float = 0.0) -> NDArray[np.uint8]:
        """The states of the voxels whose centres lie in a box made smaller by `shrink` (m) on every side, (K,)."""
        half = np.maximum(np.asarray(box.size) / 2 - shrink, self.resolution / 2)
        reach = np.array([np.hypot(*half[:2])] * 2 + [half[2]])
        low = np.floor((np.asarray(box.center) - reach - self.origin) / self.resolution).astype(int)
        high = np.ceil((np.asarray(box.center) + reach - self.origin) / self.resolution).astype(int)
        axes = [np.arange(a, b + 1) for a, b in zip(low, np.minimum(high, low + 400))]
        index = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
        local = ((index + 0.5) * self.resolution + self.origin - box.center) @ box.rotation
        index = index[(np.abs(local) <= half).all(1)]
        known = ((index >= 0) & (index < self.states.shape)).all(1)
        found = np.zeros(len(index), dtype=np.uint8)
        found[known] = self.states[tuple(index[known].T)]
        return found

    def unknown_share(self, box: OrientedBox) -> float:
        """The share of a box that was never seen, from 0 to 1."""
        states = self.within(box)
        return float(np.mean(states == UNKNOWN)) if len(states) else 0.0

    def occupied(self, box: OrientedBox, shrink: float = 0.03) -> tuple[int, int]:
        """How many voxels of a shrunk box are occupied, and how many there are."""
        states = self.within(box, shrink)
        return int(np.sum(states == OCCUPIED)), len(states)
