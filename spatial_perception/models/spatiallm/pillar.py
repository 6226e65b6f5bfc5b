"""A light point encoder: pillars of a few decimetres, described by counts in small voxels, mixed by attention.

After Lang et al., "PointPillars" (CVPR 2019), with occupancy counts in place of a network per point. Every pillar that holds
more than a floor or a ceiling gives one token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from spatial_perception.models.spatiallm.config import WORLD_EXTENT, PillarConfig
from spatial_perception.models.spatiallm.findings import FindingEncoder, FindingRows, middles

_NEIGHBOURS = torch.tensor([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)])
_ROW = 1 << 16


@dataclass(frozen=True)
class Pillars:
    """Occupied pillars: `cells` (M, 2) int64 ascending, `vectors` (M, F) float32, `neighbours` (M, 9) int64 rows of the 3 x 3
    cells around each (M where there is none), `kept` (P,) int64 the rows that become tokens."""

    cells: Tensor
    vectors: Tensor
    neighbours: Tensor
    kept: Tensor


def make_pillars(position: Tensor, config: PillarConfig) -> Pillars:
    """Pillars of points (N, 3) in metres from the corner of the canvas; what lies above the last layer counts to it."""
    columns, layers = config.columns, config.layers
    fine = torch.floor(position[:, :2] / config.column).long().clamp_(0, _ROW - 1)
    layer = torch.floor(position[:, 2] / config.layer).long().clamp_(0, layers - 1)
    coarse = torch.div(fine, columns, rounding_mode="floor")
    key, row = torch.unique(coarse[:, 0] * _ROW + coarse[:, 1], return_inverse=True)
    inside = fine - coarse * columns
    column = inside[:, 0] * columns + inside[:, 1]
    counts = _sums(row, (column * layers + layer), len(key), columns**2 * layers, None)
    offset = position[:, :2] / config.column - fine - 0.5
    number = _sums(row, column, len(key), columns**2, None).clamp(min=1)
    middle = [_sums(row, column, len(key), columns**2, offset[:, axis]) / number for axis in (0, 1)]
    height = position[:, 2] / config.layer - layer - 0.5
    in_layer = _sums(row, layer, len(key), layers, None)
    level = _sums(row, layer, len(key), layers, height) / in_layer.clamp(min=1)
    vectors = torch.cat([torch.log1p(counts) * 0.4, *(2.0 * part for part in middle), 2.0 * level], dim=1)
    cells = torch.stack([torch.div(key, _ROW, rounding_mode="floor"), key % _ROW], dim=1)
    kept = torch.nonzero((in_layer > 0).sum(1) >= config.min_layers).flatten()
    return Pillars(cells, vectors, _neighbours(key), kept if len(kept) else torch.arange(len(key), device=key.device))


def _sums(row: Tensor, place: Tensor, rows: int, places: int, values: Tensor | None) -> Tensor:
    """Per pillar and place the number of points, or the sum of their values: (rows, places) float32."""
    found = torch.bincount(row * places + place, weights=values, minlength=rows * places)
    return found.reshape(rows, places).float()


def _neighbours(key: Tensor) -> Tensor:
    wanted = key[:, None] + (_NEIGHBOURS[:, 0] * _ROW + _NEIGHBOURS[:, 1]).to(key.device)
    place = torch.searchsorted(key, wanted).clamp_(max=len(key) - 1)
    return torch.where(key[place] == wanted, place, len(key))


def positional(cells: Tensor, edge: float, width: int) -> Tensor:
    """Sines and cosines (M, width) of the middles of cells, wavelengths from 0.35 m to 40 m in geometric steps."""
    steps = width // 4
    wavelength = 0.35 * (40.0 / 0.35) ** (torch.arange(steps, device=cells.device) / max(1, steps - 1))
    angle = ((cells.float() + 0.5) * edge)[:, :, None] * (2 * torch.pi / wavelength)
    return torch.cat([angle.sin(), angle.cos()], dim=2).flatten(1)


@dataclass(frozen=True)
class Words:
    """How tokens of an encoder, and ids of tokens, become input of the language model."""

    project: Callable[[Tensor], Tensor]
    embed: Callable[[Tensor], Tensor]


class Mix(nn.Module):
    """Pillars exchange with their eight neighbours: a weight per neighbour and channel, then a layer over the channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.kernel = nn.Parameter(torch.empty(len(_NEIGHBOURS), width))
        nn.init.normal_(self.kernel, std=1 / 3)
        self.proj = nn.Linear(width, width)

    def forward(self, values: Tensor, neighbours: Tensor) -> Tensor:
        """Values (M, C) and rows of neighbours (M, 9) to (M, C)."""
        normed = functional.pad(self.norm(values), (0, 0, 0, 1))
        around = functional.embedding(neighbours, normed)
        return values + self.proj(functional.gelu((around * self.kernel.to(around.dtype)).sum(1)))


class Block(nn.Module):
    """Attention among all tokens of a cloud, and two layers per token; both around which the input is added."""

    def __init__(self, config: PillarConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, config.inner)
        self.down = nn.Linear(config.inner, width)

    def forward(self, values: Tensor, bias: Tensor | None) -> Tensor:
        """Tokens (B, P, C), `bias` (B, 1, 1, P) is added to the scores of keys, to (B, P, C)."""
        values = values + self._attend(self.attention_norm(values), bias)
        return values + self.down(functional.gelu(self.up(self.norm(values))))

    def _attend(self, values: Tensor, bias: Tensor | None) -> Tensor:
        # by hand: on CPUs the gradient of torch's own attention takes about twice as long
        batch, length, width = values.shape
        query, key, value = self.qkv(values).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = (query * (width // self.heads) ** -0.5) @ key.transpose(2, 3)
        scores = scores if bias is None else scores + bias.to(scores.dtype)
        with torch.autocast(scores.device.type, enabled=False):
            weights = torch.softmax(scores, dim=-1)
        return self.out((weights @ value).transpose(1, 2).reshape(batch, length, width))


class PillarEncoder(nn.Module):
    """Points to pillar tokens."""

    def __init__(self, config: PillarConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = nn.Sequential(
            nn.Linear(config.features, 2 * config.width), nn.GELU(), nn.Linear(2 * config.width, config.width)
        )
        self.mixes = nn.ModuleList(Mix(config.width) for _ in range(config.mixes))
        self.place = nn.Linear(config.width // 4 * 4, config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width)
        self.findings = FindingEncoder(config.width) if config.findings else None

    def forward(self, grid: Tensor, feat: Tensor) -> Tensor:
        """Cells (N, 3) and features (N, 6), of which the first three are metres, to tokens (P, E), by cell x, then y."""
        return self.encode([make_pillars(feat[:, :3], self.config)])[0]

    def encode(self, clouds: Sequence[Pillars]) -> list[Tensor]:
        """The tokens (P, E) of each cloud."""
        return self.read(clouds)[0]

    def told(self, tokens: Tensor, summaries: Tensor, rows: FindingRows | None, words: Words) -> Tensor:
        """What the language model reads (P + T, H) of one cloud: projected pillars (P, E), and after them the findings in
        `rows` as text, with their summaries (Q, E)."""
        if self.findings is None or rows is None:
            return words.project(tokens)
        known = words.project(self.findings.context_of(rows, summaries))
        return torch.cat([words.project(tokens), known + (self.findings.gain * words.embed(rows.tokens())).to(known)])

    def read(
        self, clouds: Sequence[Pillars], findings: Sequence[FindingRows] | None = None
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Tokens of pillars (P, E) and summaries of findings (Q, E) of each cloud, which know of each other."""
        counts = [len(cloud.kept) for cloud in clouds]
        parts = self._mixed(clouds)
        if self.findings is not None and findings is not None:
            parts = [torch.cat([part, self._placed(rows).to(part.dtype)]) for part, rows in zip(parts, findings)]
        values = self._attended(parts)
        return [row[:n] for row, n in zip(values, counts)], [row[n:] for row, n in zip(values, counts)]

    def _placed(self, rows: FindingRows) -> Tensor:
        """Summaries of findings with their place, told as that of pillars is."""
        assert self.findings is not None
        cells = middles(rows, WORLD_EXTENT / self.config.num_bins) / self.config.edge - 0.5
        return self.findings.summaries(rows) + self.place(positional(cells, self.config.edge, self.place.in_features))

    def _attended(self, found: Sequence[Tensor]) -> list[Tensor]:
        longest = max(len(tokens) for tokens in found)
        values = torch.stack([functional.pad(tokens, (0, 0, 0, longest - len(tokens))) for tokens in found])
        bias = None
        if any(len(tokens) < longest for tokens in found):
            there = torch.tensor([len(tokens) for tokens in found], device=values.device)
            hidden = torch.arange(longest, device=values.device) >= there[:, None]
            bias = torch.zeros_like(hidden, dtype=values.dtype).masked_fill(hidden, -1e4)[:, None, None]
        for block in self.blocks:
            values = block(values, bias)
        values = self.norm(values)
        return [row[: len(tokens)] for row, tokens in zip(values, found)]

    def _mixed(self, clouds: Sequence[Pillars]) -> list[Tensor]:
        """The kept pillars (P, C) of each cloud, which know their neighbours and their place."""
        starts = [0]
        for cloud in clouds:
            starts.append(starts[-1] + len(cloud.cells))
        neighbours = torch.cat(
            [torch.where(c.neighbours < len(c.cells), c.neighbours + s, starts[-1]) for c, s in zip(clouds, starts)]
        )
        values = self.stem(torch.cat([cloud.vectors for cloud in clouds]))
        for mix in self.mixes:
            values = mix(values, neighbours)
        kept = torch.cat([cloud.kept + start for cloud, start in zip(clouds, starts)])
        cells = torch.cat([cloud.cells[cloud.kept] for cloud in clouds])
        places = positional(cells, self.config.edge, self.place.in_features)
        return list((values[kept] + self.place(places)).split([len(cloud.kept) for cloud in clouds]))
