from __future__ import annotations

from itertools import product

import pytest
import torch
from torch.nn import functional

from spatial_perception.errors import EstimatorError
from spatial_perception.models.layers import sparse_conv as module
from spatial_perception.models.layers.sparse_conv import sparse_conv, strided_map, submanifold_map


def random_cells(seed, extent, share=0.3):
    """Occupied cells of a box, shuffled, and features with three channels."""
    generator = torch.Generator().manual_seed(seed)
    grid = torch.nonzero(torch.rand(extent, generator=generator) < share).to(torch.int32)
    grid = grid[torch.randperm(len(grid), generator=generator)]
    return grid, torch.randn(len(grid), 3, generator=generator, dtype=torch.float64)


def dense(grid, feat, extent):
    volume = torch.zeros(1, feat.shape[1], *extent, dtype=feat.dtype)
    volume[0, :, grid[:, 0].long(), grid[:, 1].long(), grid[:, 2].long()] = feat.T
    return volume


def at(volume, grid):
    return volume[0, :, grid[:, 0].long(), grid[:, 1].long(), grid[:, 2].long()].T


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
@pytest.mark.parametrize("seed", range(3))
def test_submanifold_equals_dense_convolution(kernel, seed):
    extent = (9, 5, 7)
    grid, feat = random_cells(seed, extent)
    weight = torch.randn(4, 3, kernel, kernel, kernel, dtype=torch.float64)
    expected = at(functional.conv3d(dense(grid, feat, extent), weight, padding=kernel // 2), grid)
    flat = weight.permute(2, 3, 4, 1, 0).flatten(0, 2)
    assert torch.allclose(sparse_conv(feat, flat, submanifold_map(grid, kernel)), expected, atol=1e-10)


@pytest.mark.parametrize("extent", [(8, 6, 4), (9, 7, 5), (9, 6, 5)])
def test_strided_equals_dense_convolution_without_padding(extent):
    grid, feat = random_cells(5, extent, 0.6)
    weight = torch.randn(4, 3, 2, 2, 2, dtype=torch.float64)
    reached = (grid.amax(0) + 1).tolist()
    kernel_map, coarse = strided_map(grid)
    expected = functional.conv3d(dense(grid, feat, reached), weight, stride=2)
    assert coarse.tolist() == sorted(coarse.tolist())
    assert len(coarse) == len(coarse.unique(dim=0)) == kernel_map.outputs
    assert torch.allclose(
        sparse_conv(feat, weight.permute(2, 3, 4, 1, 0).flatten(0, 2), kernel_map), at(expected, coarse)
    )


def test_hand_case():
    weight = torch.tensor([9.0 * i + 3.0 * j + k for i, j, k in product(range(3), repeat=3)]).view(27, 1, 1)
    grid, feat = torch.tensor([[0, 0, 0], [0, 0, 1]]), torch.tensor([[1.0], [10.0]])
    assert (sparse_conv(feat, weight, submanifold_map(grid, 3)) + 0.5).flatten().tolist() == [153.5, 142.5]


def test_chunks_change_nothing(monkeypatch):
    grid, feat = random_cells(1, (12, 12, 12))
    weight = torch.randn(27, 3, 4, dtype=torch.float64)
    whole = sparse_conv(feat, weight, submanifold_map(grid, 3))
    monkeypatch.setattr(module, "CHUNK_ELEMENTS", 16)
    assert torch.equal(sparse_conv(feat, weight, submanifold_map(grid, 3)), whole)


def test_gradients_flow():
    grid, feat = random_cells(2, (4, 4, 4))
    feat.requires_grad_()
    weight = torch.randn(27, 3, 2, dtype=torch.float64, requires_grad=True)
    kernel_map = submanifold_map(grid, 3)
    assert torch.autograd.gradcheck(lambda f, w: sparse_conv(f, w, kernel_map), (feat, weight))


def test_unusable_cells_are_errors():
    with pytest.raises(EstimatorError, match="repeat"):
        submanifold_map(torch.tensor([[1, 2, 3], [1, 2, 3]]), 3)
    with pytest.raises(EstimatorError, match="odd"):
        submanifold_map(torch.tensor([[1, 2, 3]]), 2)
    with pytest.raises(EstimatorError, match="thinner"):
        strided_map(torch.tensor([[0, 0, 0]]))
    with pytest.raises(EstimatorError, match="coarser grid"):
        submanifold_map(torch.tensor([[0, 0, 0], [2**21, 2**21, 2**21]]), 3)
