"""How something grows over time: the slope of a line through a series, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

_MOST = 0.98
"""Greatest correlation of neighbouring residuals that is made up for."""


@dataclass(frozen=True)
class Trend:
    """Least-squares `slope` of a series, and its standard `error`, both per unit of time."""

    slope: float
    error: float

    @classmethod
    def of(cls, times: ArrayLike, values: ArrayLike) -> Trend:
        """From at least four `values` at distinct `times`.

        Residuals of neighbours are alike (memory goes in steps), so there are fewer independent ones than samples:
        (1 + r) / (1 - r) times fewer for a correlation r, as for an autoregressive process of first order
        (Bayley and Hammersley 1946).
        """
        t, y = np.asarray(times, dtype=float), np.asarray(values, dtype=float)
        if len(t) < 4 or not np.ptp(t) > 0:
            raise ValueError(f"a trend needs at least four samples at distinct times, got {len(t)}")
        centred = t - t.mean()
        spread = float(centred @ centred)
        slope = float(centred @ y) / spread
        rest = y - y.mean() - slope * centred
        variance = float(rest @ rest) / (len(t) - 2)
        alike = float(rest[1:] @ rest[:-1]) / max(float(rest @ rest), 1e-12)
        alike = min(max(alike, 0.0), _MOST)
        return cls(slope, float(np.sqrt(variance / spread * (1 + alike) / (1 - alike))))

    def text(self, unit: str) -> str:
        """As people read it, such as `0.12 ± 0.30 MB/h`."""
        return f"{self.slope:.2f} ± {self.error:.2f} {unit}"
