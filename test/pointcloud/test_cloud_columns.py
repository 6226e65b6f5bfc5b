from __future__ import annotations

import numpy as np
import pytest

from spatial_perception.pointcloud.columns import every, highest, lowest, mapped


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_extremes_are_those_along_the_first_axis(dtype):
    points = np.random.default_rng(0).normal(0, 100, (1000, 3)).astype(dtype)
    assert lowest(points).dtype == dtype
    assert (lowest(points) == points.min(axis=0)).all()
    assert (highest(points) == points.max(axis=0)).all()
    assert (every(points > -50) == (points > -50).all(axis=1)).all()


def test_points_without_rows_have_no_extremes():
    with pytest.raises(ValueError, match="zero-size"):
        lowest(np.empty((0, 3)))
    assert every(np.empty((0, 3), dtype=bool)).shape == (0,)


def test_a_matrix_is_applied_from_the_left():
    rng = np.random.default_rng(1)
    points, matrix = rng.normal(size=(500, 3)).astype(np.float32), rng.normal(size=(3, 3))
    assert mapped(points, matrix) == pytest.approx(points.astype(np.float64) @ matrix.T, abs=1e-12)
