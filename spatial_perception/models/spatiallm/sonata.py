"""Point encoder of SpatialLM 1.1: Point Transformer V3 without a decoder, one token per occupied coarse cell.

Sources: Wu et al., "Point Transformer V3" (CVPR 2024) and "Sonata" (CVPR 2025). Parameter names equal the published ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from spatial_perception.models.layers.fourier import fourier_features, fourier_width
from spatial_perception.models.layers.point_attention import PatchAttention, PatchOrder, patch_order
from spatial_perception.models.layers.pooling import CellParents, cell_parents
from spatial_perception.models.layers.serialization import curve_orders
from spatial_perception.models.layers.sparse_conv import KernelMap, sparse_conv, submanifold_map
from spatial_perception.models.spatiallm.config import SonataConfig

Permutations = Sequence[Sequence[int]]


@dataclass
class Stage:
    """Points of one stage: features `feat` (N, C), cells `grid` (N, 3), permutations along each curve, neighbour pairs."""

    feat: Tensor
    grid: Tensor
    orders: list[Tensor]
    kernel_map: KernelMap
    patches: dict[int, PatchOrder] = field(default_factory=dict)

    def patch(self, curve: int, size: int) -> PatchOrder:
        """The patches along curve `curve` (modulo the number of curves), made once."""
        curve %= len(self.orders)
        if curve not in self.patches:
            self.patches[curve] = patch_order(self.orders[curve], size)
        return self.patches[curve]


class SubmanifoldConv(nn.Module):
    """Convolution over the 27 neighbouring cells, outputs at occupied cells; weight (Cout, 3, 3, 3, Cin), bias (Cout,)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, 3, 3, 3, channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        nn.init.trunc_normal_(self.weight, std=(27 * channels) ** -0.5)

    def forward(self, feat: Tensor, kernel_map: KernelMap) -> Tensor:
        """Features (N, C) to (N, C)."""
        weight = self.weight.permute(1, 2, 3, 4, 0).flatten(0, 2)
        return sparse_conv(feat, weight, kernel_map) + self.bias


class FeedForward(nn.Module):
    """Linear, GELU, Linear."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden)
        self.fc2 = nn.Linear(hidden, channels)

    def forward(self, feat: Tensor) -> Tensor:
        """Features (N, C) to (N, C)."""
        return self.fc2(nn.functional.gelu(self.fc1(feat)))


class DropPath(nn.Module):
    """Drops a whole residual branch per point with probability `rate` in training, scaled to keep the expectation."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, branch: Tensor) -> Tensor:
        """Features (N, C) to (N, C)."""
        if not self.training or self.rate == 0.0:
            return branch
        keep = torch.rand(len(branch), 1, device=branch.device) >= self.rate
        return branch * keep / (1.0 - self.rate)


class Block(nn.Module):
    """Convolutional position encoding, patch attention and feed-forward, each residual."""

    def __init__(self, channels: int, heads: int, mlp_ratio: float, drop_path: float) -> None:
        super().__init__()
        self.cpe = nn.ModuleList([SubmanifoldConv(channels), nn.Linear(channels, channels), nn.LayerNorm(channels)])
        self.norm1 = nn.ModuleList([nn.LayerNorm(channels)])
        self.attn = PatchAttention(channels, heads)
        self.norm2 = nn.ModuleList([nn.LayerNorm(channels)])
        self.mlp = nn.ModuleList([FeedForward(channels, int(channels * mlp_ratio))])
        self.drop_path = DropPath(drop_path)

    def forward(self, feat: Tensor, kernel_map: KernelMap, patches: PatchOrder) -> Tensor:
        """Features (N, C) to (N, C)."""
        conv, linear, norm = self.cpe
        feat = feat + norm(linear(conv(feat, kernel_map)))
        feat = feat + self.drop_path(self.attn(self.norm1[0](feat), patches))
        return feat + self.drop_path(self.mlp[0](self.norm2[0](feat)))


class GridPooling(nn.Module):
    """Linear, largest value over the children of each coarse cell, LayerNorm, GELU."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.proj = nn.Linear(in_channels, out_channels)
        self.norm = nn.ModuleList([nn.LayerNorm(out_channels)])

    def forward(self, feat: Tensor, parents: CellParents) -> Tensor:
        """Features (N, C) of the children to (M, C') of the parents."""
        return nn.functional.gelu(self.norm[0](parents.max(self.proj(feat))))


class Stem(nn.Module):
    """Linear, LayerNorm, GELU on each point."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_channels, channels)
        self.norm = nn.LayerNorm(channels)

    def forward(self, feat: Tensor) -> Tensor:
        """Features (N, C) to (N, C')."""
        return nn.functional.gelu(self.norm(self.linear(feat)))


class SonataEncoder(nn.Module):
    """Voxels with features to point tokens.

    The published network draws a new order of its curves per stage and forward pass, also at inference. Here the order of
    the configuration is kept unless `permutations` says otherwise: the same cloud gives the same tokens.
    """

    max_drop_path = 0.3

    def __init__(self, config: SonataConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.ModuleDict({"stem": Stem(config.in_channels, config.enc_channels[0])})
        drop = torch.linspace(0.0, self.max_drop_path, sum(config.enc_depths), device="cpu").tolist()
        self.enc = nn.ModuleDict()
        for stage, depth in enumerate(config.enc_depths):
            self.enc[f"enc{stage}"] = self._stage(stage, [drop.pop(0) for _ in range(depth)])
        self.input_proj = nn.Linear(config.width + fourier_width(), config.width)

    def _stage(self, stage: int, drop: list[float]) -> nn.ModuleDict:
        config, channels = self.config, self.config.enc_channels
        modules = nn.ModuleDict()
        if stage:
            modules["down"] = GridPooling(channels[stage - 1], channels[stage])
        for i, rate in enumerate(drop):
            modules[f"block{i}"] = Block(channels[stage], config.enc_num_head[stage], config.mlp_ratio, rate)
        return modules

    def forward(self, grid: Tensor, feat: Tensor, permutations: Permutations | None = None) -> Tensor:
        """Cells (N, 3) int32 and features (N, 6) float32 to tokens (P, E), sorted by cell x, then y, then z.

        `permutations` gives, per stage, the order in which the configured curves are taken (compatibility runs).
        """
        for stage in self.stages(grid, feat, permutations):
            last = stage
        return self.input_proj(self.with_positions(last))

    def stages(self, grid: Tensor, feat: Tensor, permutations: Permutations | None = None) -> Iterator[Stage]:
        """The points after each stage, finest first."""
        feat = self.embedding["stem"](feat)
        for index in range(len(self.config.enc_depths)):
            modules: Any = self.enc[f"enc{index}"]
            if index:
                parents = cell_parents(grid, self.config.stride[index - 1])
                grid, feat = parents.grid, modules["down"](feat, parents)
            stage = self._open(index, grid, feat, permutations)
            for i in range(self.config.enc_depths[index]):
                patches = stage.patch(i, self.config.enc_patch_size[index])
                stage.feat = modules[f"block{i}"](stage.feat, stage.kernel_map, patches)
            feat = stage.feat
            yield stage

    def _open(self, index: int, grid: Tensor, feat: Tensor, permutations: Permutations | None) -> Stage:
        curves = self.config.order
        if permutations is not None:
            curves = tuple(curves[int(k)] for k in permutations[index])
        return Stage(feat, grid, curve_orders(grid, curves), submanifold_map(grid, 3))

    def with_positions(self, stage: Stage) -> Tensor:
        """Features of the last stage with the Fourier encoding of their cells: (P, E + 63)."""
        position = stage.grid.to(stage.feat.dtype) / (self.config.num_bins // self.config.reduction - 1)
        return torch.cat([stage.feat, fourier_features(position)], dim=1)

    def draw_permutations(self, generator: torch.Generator) -> list[list[int]]:
        """One random order of the curves per stage, drawn as the published network draws them."""
        curves = len(self.config.order)
        return [torch.randperm(curves, generator=generator).tolist() for _ in self.config.enc_depths]
