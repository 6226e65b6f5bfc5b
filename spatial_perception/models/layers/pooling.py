"""Pooling of occupied grid cells into coarser cells."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spatial_perception.models.layers.sparse_conv import linear_keys


@dataclass(frozen=True)
class CellParents:
    """Coarse cells (M, 3) sorted by x, then y, then z, and the coarse cell `parent` (N,) int64 of each fine cell."""

    grid: Tensor
    parent: Tensor

    def max(self, feat: Tensor) -> Tensor:
        """Largest value per channel over the children: (N, C) to (M, C)."""
        out = feat.new_full((len(self.grid), feat.shape[1]), -torch.inf)
        return out.scatter_reduce(0, self.parent[:, None].expand_as(feat), feat, "amax")

    def mean(self, values: Tensor) -> Tensor:
        """Mean over the children: (N, C) to (M, C)."""
        total = values.new_zeros(len(self.grid), values.shape[1]).index_add_(0, self.parent, values)
        return total / torch.bincount(self.parent, minlength=len(self.grid))[:, None]


def cell_parents(grid: Tensor, stride: int) -> CellParents:
    """The coarse cells floor(grid / stride) of non-negative cells (N, 3)."""
    coarse = grid.div(stride, rounding_mode="trunc")
    _, parent = torch.unique(linear_keys(coarse)[0], return_inverse=True)
    parents = coarse.new_empty(int(parent.max()) + 1, 3)
    parents[parent] = coarse
    return CellParents(parents, parent)
