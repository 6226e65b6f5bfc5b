"""Matching is exact, whatever the size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.layout.assignment import best_pairs


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 2**32), st.sampled_from([1.2, 2.0, 5.0]), st.booleans())
@settings(derandomize=True, deadline=None, max_examples=200)
def test_total_is_that_of_a_known_solver(rows, columns, seed, largest, coarse):
    optimize = pytest.importorskip("scipy.optimize")
    cost = np.random.default_rng(seed).random((rows, columns)) * largest
    cost = cost.round(1) if coarse else cost
    pairs = best_pairs(cost)
    padded = np.zeros((rows, columns + rows))
    padded[:, :columns] = np.where(cost < 1, cost - 1, 10)
    best = -np.minimum(padded[optimize.linear_sum_assignment(padded)], 0).sum()
    assert sum(1 - cost[pair] for pair in pairs) == pytest.approx(best)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(cost[pair] < 1 for pair in pairs)


def test_the_better_total_beats_the_nearest_pair():
    assert best_pairs(np.array([[0.1, 0.2], [0.15, 0.9]])) == ((0, 1), (1, 0))


def test_two_pairs_beat_one_better_pair():
    assert best_pairs(np.array([[0.0, 0.4], [0.5, 2.0]])) == ((0, 1), (1, 0))


def test_nothing_needs_a_partner():
    assert best_pairs(np.array([[2.0, np.inf], [np.nan, 0.99]])) == ((1, 1),)
    assert best_pairs(np.empty((0, 3))) == best_pairs(np.empty((3, 0))) == ()
