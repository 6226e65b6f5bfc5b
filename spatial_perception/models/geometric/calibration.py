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
    -15.9,
    (
        -3.4,
        6.54,
        2.7,
        5.19,
        1.26,
        1.59,
        -5,
        -1.08,
        -2.37,
        3.95,
        -2.64,
        1.04,
        2.44,
        3.79,
        0,
        0,
        1.56,
        0.621,
    ),
)
"""Features: `hole_features`."""

WINDOW = Logistic(
    -18.6,
    (
        0.978,
        3.91,
        1.72,
        -0.421,
        2.83,
        1.23,
        -2.06,
        -1.03,
        -1.37,
        4.6,
        0.907,
        -6.32,
        0.797,
        -0.59,
        2.18,
        8.44,
        -2.85,
        2.1,
    ),
)
"""Features: `hole_features`."""

BOX = Logistic(
    1.1,
    (
        0.438,
        1.64,
        -0.168,
        0.627,
        0.19,
        -1.95,
        -0.188,
        0.846,
        -0.169,
        0.733,
        -1.3,
        -0.2,
        -1.72,
        0.278,
    ),
)
"""Features: `box_features`."""

OPEN_BOX = Logistic(-4.2, (1.0, 0.8))
"""Features: the logarithms of the number of points and of the height; for things on a floor without walls around.

Chosen by hand: some tens of points as high as a hand are likely a thing, since nothing else rises from a floor there.
"""

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
