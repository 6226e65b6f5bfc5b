"""Point encoder of SpatialLM 1.0: a sparse residual network, one token per occupied coarse cell.

Source: Avetisyan et al., "SceneScript" (ECCV 2024). Parameter names equal the published ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from spatial_perception.models.layers.fourier import fourier_features, fourier_width
from spatial_perception.models.layers.sparse_conv import KernelMap, sparse_conv, strided_map, submanifold_map
from spatial_perception.models.spatiallm.config import SceneScriptConfig


@dataclass
class Level:
    """Voxels of one resolution: features `feat` (N, C), cells `grid` (N, 3), and neighbour pairs per kernel width."""

    feat: Tensor
    grid: Tensor
    maps: dict[int, KernelMap] = field(default_factory=dict)

    def kernel_map(self, kernel: int) -> KernelMap:
        """Neighbour pairs of a centred kernel, made once per level."""
        if kernel not in self.maps:
            self.maps[kernel] = submanifold_map(self.grid, kernel)
        return self.maps[kernel]


class SparseConv(nn.Module):
    """Convolution weights `kernel` (k^3, Cin, Cout), x fastest for odd k and z fastest for k = 2; no bias."""

    def __init__(self, in_channels: int, out_channels: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.kernel = nn.Parameter(torch.empty(width**3, in_channels, out_channels))
        nn.init.normal_(self.kernel, std=(width**3 * in_channels) ** -0.5)

    def forward(self, feat: Tensor, kernel_map: KernelMap) -> Tensor:
        """Features (N, Cin) to (M, Cout)."""
        weight = self.kernel
        if self.width % 2:
            weight = weight.unflatten(0, (self.width,) * 3).permute(2, 1, 0, 3, 4).flatten(0, 2)
        return sparse_conv(feat, weight, kernel_map)


class CloudGroupNorm(nn.GroupNorm):
    """Group normalisation whose statistics run over all points of the cloud and the channels of a group."""

    def __init__(self, channels: int) -> None:
        super().__init__(min(8, channels), channels)

    def forward(self, feat: Tensor) -> Tensor:
        """Features (N, C) to (N, C)."""
        return super().forward(feat.T[None])[0].T


def _unit(in_channels: int, out_channels: int, width: int) -> nn.ModuleList:
    return nn.ModuleList([SparseConv(in_channels, out_channels, width), CloudGroupNorm(out_channels)])


def _apply_unit(unit: Any, feat: Tensor, kernel_map: KernelMap) -> Tensor:
    conv, norm = unit
    return torch.relu(norm(conv(feat, kernel_map)))


class ResidualBlock(nn.Module):
    """Two units of width 3 around which the input is added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block0 = _unit(channels, channels, 3)
        self.block1 = _unit(channels, channels, 3)

    def forward(self, level: Level) -> Tensor:
        """Features (N, C) to (N, C)."""
        kernel_map = level.kernel_map(3)
        feat = _apply_unit(self.block0, level.feat, kernel_map)
        return level.feat + _apply_unit(self.block1, feat, kernel_map)


class SparseResNet(nn.Module):
    """Stem at full resolution, then one halving and two residual blocks per further level, then a bottleneck per point."""

    def __init__(self, config: SceneScriptConfig) -> None:
        super().__init__()
        layers = config.conv_layers
        self.stem = nn.ModuleList([_unit(config.input_channels, layers[0], 7), ResidualBlock(layers[0])])
        self.blocks = nn.ModuleList(
            nn.ModuleList([_unit(a, b, 2), ResidualBlock(b), ResidualBlock(b)]) for a, b in pairwise(layers)
        )
        last = layers[-1]
        self.bottleneck = nn.Sequential(
            nn.Linear(last, 2 * last), nn.GroupNorm(8, 2 * last), nn.ReLU(), nn.Linear(2 * last, config.embed_channels)
        )

    def levels(self, grid: Tensor, feat: Tensor) -> Iterator[Level]:
        """The voxels after the stem and after each halving."""
        level = Level(feat, grid)
        level.feat = _apply_unit(self.stem[0], feat, level.kernel_map(7))
        level.feat = self.stem[1](level)
        yield level
        blocks: Any = self.blocks
        for down, *residual in blocks:
            kernel_map, coarse = strided_map(level.grid)
            level = Level(_apply_unit(down, level.feat, kernel_map), coarse)
            for block in residual:
                level.feat = block(level)
            yield level


class SceneScriptEncoder(nn.Module):
    """Voxels with features to point tokens."""

    def __init__(self, config: SceneScriptConfig) -> None:
        super().__init__()
        self.config = config
        self.sparse_resnet = SparseResNet(config)
        self.input_proj = nn.Linear(config.width + fourier_width(), config.width)
        self.extra_embedding = nn.Parameter(torch.zeros(config.width))

    def forward(self, grid: Tensor, feat: Tensor) -> Tensor:
        """Cells (N, 3) int32 and features (N, 6) float32 to tokens (P, E), sorted by cell x, then y, then z."""
        for level in self.sparse_resnet.levels(grid, feat):
            last = level
        return self.input_proj(self.with_positions(last)) + self.extra_embedding

    def with_positions(self, level: Level) -> Tensor:
        """Bottleneck features of the last level with the Fourier encoding of their cells: (P, E + 63)."""
        context = self.sparse_resnet.bottleneck(level.feat)
        position = level.grid.to(context.dtype) / (self.config.num_bins / self.config.reduction - 1)
        return torch.cat([context, fourier_features(position)], dim=1)
