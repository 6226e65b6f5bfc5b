"""Reductions of long, narrow arrays by columns: along rows of three numbers numpy spends its time between them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def lowest(points: NDArray[Any]) -> NDArray[Any]:
    """The least value (C,) of each column of (N, C); ValueError where there is none."""
    return np.array([column.min() for column in points.T], points.dtype)


def highest(points: NDArray[Any]) -> NDArray[Any]:
    """The greatest value (C,) of each column of (N, C); ValueError where there is none."""
    return np.array([column.max() for column in points.T], points.dtype)


def every(rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which rows (N,) of (N, C) are true in all columns."""
    result = rows[:, 0].copy()
    for column in rows.T[1:]:
        result &= column
    return result


def mapped(points: NDArray[Any], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (N, 3) times `matrix` (3, 3) from the left, in double precision, each column in one piece.

    Left to BLAS, its threads wait for one another longer than they compute, and on a busy machine very long.
    """
    x, y, z = (column.astype(np.float64) for column in points.T)
    return np.stack([x * row[0] + y * row[1] + z * row[2] for row in matrix]).T
