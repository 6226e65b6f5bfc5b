from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.errors import EstimatorError
from spatial_perception.models.layers.serialization import (
    CURVES,
    curve_code,
    curve_orders,
    hilbert_order,
    serialization_depth,
)

GOLDEN = np.load(Path(__file__).parents[2] / "golden/spatiallm/serialization.npz")


@pytest.mark.parametrize("depth", [3, 7, 8, 9, 11, 16])
@pytest.mark.parametrize("curve", CURVES)
def test_codes_equal_the_reference(depth, curve):
    grid = torch.tensor(GOLDEN[f"d{depth}_coord"])
    assert np.array_equal(curve_code(grid, curve, depth).numpy(), GOLDEN[f"d{depth}_{curve}"])


@pytest.mark.parametrize(("cube", "depth"), [("full1", 1), ("full2", 2)])
@pytest.mark.parametrize("curve", ["z", "hilbert"])
def test_complete_cubes(cube, depth, curve):
    codes = curve_code(torch.tensor(GOLDEN[f"{cube}_coord"]), curve, depth).numpy()
    assert np.array_equal(codes, GOLDEN[f"{cube}_{curve}"])
    assert sorted(codes) == list(range(8**depth))


def test_batch_lies_above_the_curve_bits():
    codes = curve_code(torch.tensor([[1, 2, 3]] * 3), "z", 4, torch.tensor([0, 1, 2]))
    assert np.array_equal(codes.numpy(), GOLDEN["batch_code_z_depth4"])


def test_hilbert_visits_the_octants_in_order():
    corners = [(0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1), (1, 0, 0)]
    assert hilbert_order(torch.tensor(corners), 1).tolist() == list(range(8))


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_hilbert_neighbours_are_one_step_apart(depth, seed):
    axis = torch.arange(2**depth)
    grid = torch.cartesian_prod(axis, axis, axis)[
        torch.randperm(8**depth, generator=torch.Generator().manual_seed(seed))
    ]
    path = grid[hilbert_order(grid, depth).argsort()]
    assert torch.equal((path[1:] - path[:-1]).abs().sum(1), torch.ones(8**depth - 1, dtype=torch.int64))


def test_orders_are_permutations_along_each_curve():
    grid = torch.randint(0, 40, (500, 3), generator=torch.Generator().manual_seed(0)).unique(dim=0)
    for curve, order in zip(CURVES, curve_orders(grid, CURVES)):
        codes = curve_code(grid, curve, 6)[order]
        assert bool((codes[1:] > codes[:-1]).all())


def test_depth_counts_the_largest_coordinate_plus_one():
    assert serialization_depth(torch.tensor([[80, 0, 3]])) == 7
    assert serialization_depth(torch.tensor([[255, 0, 3]])) == 9


def test_limits_are_errors():
    with pytest.raises(EstimatorError, match="coarser grid"):
        serialization_depth(torch.tensor([[65535, 0, 0]]))
    with pytest.raises(EstimatorError, match="coarser grid"):
        curve_code(torch.zeros(1, 3, dtype=torch.int64), "z", 17)
    with pytest.raises(EstimatorError, match="unknown serialisation order 'peano'"):
        curve_code(torch.zeros(1, 3, dtype=torch.int64), "peano", 3)
    with pytest.raises(EstimatorError, match="smaller batches"):
        curve_code(torch.zeros(1, 3, dtype=torch.int64), "z", 16, torch.tensor([2**15]))
