"""Areas of the plan as rasters of square cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PlanMask:
    """A mask (X, Y) over the plan with square cells of `cell` metres from `origin` (2,)."""

    inside: Mask
    origin: Floats
    cell: float

    def contains(self, xy: NDArray[np.floating]) -> Mask:
        """Which plan points (N, 2) lie on true cells."""
        i, j = (np.floor((xy[:, k] - self.origin[k]) / self.cell).astype(np.int64) for k in (0, 1))
        result = np.asarray((i >= 0) & (i < self.inside.shape[0]) & (j >= 0) & (j < self.inside.shape[1]))
        result[result] = self.inside[i[result], j[result]]
        return result

    def grown(self, margin: float) -> PlanMask:
        """The mask with `margin` metres added all around."""
        pad = int(np.ceil(margin / self.cell))
        distance = ndimage.distance_transform_edt(~np.pad(self.inside, pad))
        return PlanMask(distance <= margin / self.cell, self.origin - pad * self.cell, self.cell)
