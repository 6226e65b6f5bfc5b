"""Weights of the logistic models that turn features into scores, fitted on simulated homes that are kept for development."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Logistic(NamedTuple):
    """A logistic model: a bias and one weight per feature."""

    bias: float
    weights: tuple[float, ...]

    def probability(self, features: tuple[float, ...]) -> float:
        """The chance in (0, 1) for one set of features."""
        return float(1.0 / (1.0 + np.exp(-(self.bias + np.dot(self.weights, features)))))


DOOR = Logistic(
    -13.5,
    (
        1.46,
        -5.07,
        2.34,
        5.69,
        0.589,
        1.58,
        -2.98,
        -2.1,
        -3.11,
        3.26,
        -1,
        1.53,
        2.92,
        7.65,
        0,
        0,
        -3.35,
    ),
)
"""Features: `hole_features`."""

WINDOW = Logistic(
    -19.3,
    (
        3.49,
        4.53,
        1.66,
        0.291,
        1.83,
        1.28,
        -1.74,
        -0.644,
        -1.94,
        4.41,
        1.43,
        -4.07,
        1.29,
        0.158,
        1.76,
        5.85,
        -2.96,
    ),
)
"""Features: `hole_features`."""

BOX = Logistic(
    -0.273,
    (
        0.439,
        2.23,
        0.357,
        0.41,
        -0.309,
        -2.87,
        0.864,
        2.66,
        0.503,
        0.717,
        -1.63,
        -6.11,
    ),
)
"""Features: `box_features`."""

WALL = Logistic(
    -8.97,
    (
        2.04,
        0.0916,
        0.387,
        -0.877,
        2.63,
        3.89,
    ),
)
"""Features: `wall_features`."""
