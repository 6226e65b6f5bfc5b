"""What the geometric estimator finds in a cloud, as something for a model to read beside the points.

A model that sees planes, gaps and boxes that were measured need not measure them: it weighs each against the points, mends
it, names it and adds what is missing. A finding stands in the prompt as the text that would tell it, each token with the one
before it, so that a decoder which has just written that one finds what follows (an induction head in one step, after Olsson
et al., "In-context Learning and Induction Heads", 2022).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from spatial_perception.errors import CloudError, EstimatorError
from spatial_perception.generation.layout_language import CONSTRUCTORS, KINDS
from spatial_perception.layout.categories import CATEGORIES
from spatial_perception.layout.entities import Box, Door, Entity, Layout, Provenance, Wall, Window
from spatial_perception.layout.quantization import quantise, step
from spatial_perception.layout.text import format_layout
from spatial_perception.layout.transforms import translate, wrap_angle
from spatial_perception.models.base import Task
from spatial_perception.models.geometric.pipeline import GeometricEstimator
from spatial_perception.pointcloud.cloud import PointCloud

SLOTS = 8
"""Fields of an entity at most, in the order of the layout language."""
FIELDS = (8, 6, 6, 8)
"""Fields of walls, doors, windows and boxes; all but those of walls begin with a wall or a label."""
LINES = (64, 32, 48, 160)
"""Heads of walls, doors, windows and boxes that are single tokens of the compact tokenizer, and so the most findings."""
LAST_NUMBERS = 160
"""Numbers that are one token with the end of their line: the last fields are lengths."""
STEPS = 40
_SHORTEST, _LONGEST = 4.0, 1600.0
_LEAST_SCORE = 0.2  # the model weighs doubtful findings itself
_KINDS: dict[type, int] = {Wall: 0, Door: 1, Window: 2, Box: 3}
_LABEL = {name: number for number, name in enumerate(CATEGORIES)}
_CHOICES = LINES[0] + len(CATEGORIES) + 1
_GAIN = 25.0  # embeddings of text are small at first
Encode = Callable[[str], Sequence[int]]


@cache
def finder() -> GeometricEstimator:
    """The estimator whose findings are read: as the one that is used by itself, but less choosy."""
    return GeometricEstimator(object_min_score=_LEAST_SCORE, opening_min_score=_LEAST_SCORE)


@dataclass(frozen=True, eq=False)
class FindingRows:
    """Findings in bins: `kind` (Q,) 0 to 3 int64, `values` (Q, 8) float32 (0 where there is no such field), `choice` (Q,)
    int64 the wall or label, `score` (Q,) float32; and as text, `ids` (T,) int64 of the tokens of all fields and `heads`
    (4,) int64 of the tokens with which the first line of each kind begins (those of further lines follow)."""

    kind: Tensor
    values: Tensor
    choice: Tensor
    score: Tensor
    ids: Tensor
    heads: Tensor

    def __len__(self) -> int:
        return len(self.kind)

    def to(self, device: torch.device) -> FindingRows:
        """The same rows on a device."""
        return FindingRows(*(getattr(self, part.name).to(device) for part in fields(self)))


def finding_rows(layout: Layout, origin: Sequence[float], num_bins: int, encode: Encode) -> FindingRows:
    """The rows of a layout (m) in bins from `origin`, in the order and with the wall numbers that it has.

    `encode` turns text into token ids, one per field. Raises EstimatorError for a tokenizer that takes more.
    """
    placed = in_bins(layout, origin, num_bins)
    entities = list(placed)
    kind = torch.tensor([_KINDS[type(entity)] for entity in entities], dtype=torch.int64)
    return FindingRows(
        kind,
        _values(placed),
        torch.tensor([_choice(entity) for entity in entities], dtype=torch.int64),
        torch.tensor([1.0 if entity.score is None else entity.score for entity in entities], dtype=torch.float32),
        _field_ids(placed, encode, int(_used(kind).sum())),
        torch.tensor([encode(f"{name}_0={maker}(")[0] for name, maker in zip(KINDS, CONSTRUCTORS)], dtype=torch.int64),
    )


def entity_values(layout: Layout, origin: Sequence[float], num_bins: int) -> Tensor:
    """The numbers (Q, 8) of a layout (m) in bins from `origin`."""
    return _values(in_bins(layout, origin, num_bins))


def _values(placed: Layout) -> Tensor:
    values = [_numbers(entity) for entity in placed]
    return torch.from_numpy(np.array(values, dtype=np.float32).reshape(-1, SLOTS))


def _field_ids(placed: Layout, encode: Encode, count: int) -> Tensor:
    """Ids (T,) of all tokens but the heads of lines."""
    last = float(LAST_NUMBERS - 1)
    known = replace(
        placed,
        walls=tuple(replace(wall, thickness=min(wall.thickness, last)) for wall in placed.walls),
        doors=tuple(replace(door, height=min(door.height, last)) for door in placed.doors),
        windows=tuple(replace(window, height=min(window.height, last)) for window in placed.windows),
        boxes=tuple(
            replace(b, label=b.label if b.label in _LABEL else CATEGORIES[0], size=(*b.size[:2], min(b.size[2], last)))
            for b in placed.boxes
        ),
    )
    lines = [encode(line + "\n") for line in format_layout(known, integers=True).splitlines()]
    found = torch.tensor([token for line in lines for token in line[1:]], dtype=torch.int64)
    if len(found) != count:
        raise EstimatorError(
            "the tokenizer of this checkpoint has not one token per field; findings need the compact one"
        )
    return found


def in_bins(layout: Layout, origin: Sequence[float], num_bins: int) -> Layout:
    """The layout in bins from `origin`; yaws are rounded to the edges of bins."""
    placed = translate(layout, [-float(value) for value in origin])
    half = 0.5 * step("angle", num_bins)
    boxes = tuple(replace(box, yaw=wrap_angle(box.yaw + half)) for box in placed.boxes)
    return quantise(replace(placed, boxes=boxes), num_bins)


def fitting(layout: Layout) -> Layout:
    """The findings that the compact tokenizer has heads for; of more walls than that, none of their openings."""
    walls, ids = layout.walls[: LINES[0]], {wall.id for wall in layout.walls[: LINES[0]]}
    return replace(
        layout,
        walls=walls,
        doors=tuple(door for door in layout.doors if door.wall_id in ids)[: LINES[1]],
        windows=tuple(window for window in layout.windows if window.wall_id in ids)[: LINES[2]],
        boxes=layout.boxes[: LINES[3]],
    )


def _numbers(entity: Entity) -> tuple[float, ...]:
    if isinstance(entity, Wall):
        return (*entity.start, *entity.end, entity.height, entity.thickness)
    if isinstance(entity, Box):
        return (0.0, *entity.center, entity.yaw, *entity.size)
    return (0.0, *entity.center, entity.width, entity.height, 0.0, 0.0)


def _choice(entity: Entity) -> int:
    if isinstance(entity, Wall):
        return 0
    if isinstance(entity, Box):
        return LINES[0] + _LABEL.get(entity.label, len(CATEGORIES))
    return min(entity.wall_id, LINES[0] - 1)


def waves(values: Tensor) -> Tensor:
    """Sines and cosines of bins, of any shape, to (..., 80); wavelengths from 4 to 1600 bins in geometric steps."""
    wavelength = _SHORTEST * (_LONGEST / _SHORTEST) ** (torch.arange(STEPS, device=values.device) / (STEPS - 1))
    angle = values[..., None] * (2 * torch.pi / wavelength)
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


class FindingEncoder(nn.Module):
    """Findings to summaries, one each, that the encoder holds against the points; and those to one token per field.

    `before` turns the embedding of the token before a field, so that it does not meet that of the field itself.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        whole = 2 * SLOTS * 2 * STEPS + 2
        self.kind = nn.Embedding(len(FIELDS), width)
        self.choice = nn.Embedding(_CHOICES, width)
        self.rough = nn.Linear(whole, width)
        self.fine = nn.Sequential(nn.Linear(whole, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.real = nn.Linear(width, 1)
        self.field = nn.Embedding(len(FIELDS) * SLOTS, width)
        self.context = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.before = nn.Linear(width, width, bias=False)
        self.gain = nn.Parameter(torch.full((2,), _GAIN))

    def summaries(self, rows: FindingRows) -> Tensor:
        """One vector (Q, C) per finding, which tells of it and of the one before it of the same kind."""
        own = waves(rows.values) * _used(rows.kind)[:, :, None]
        before = torch.zeros_like(own)
        same = (rows.kind[1:] == rows.kind[:-1])[:, None, None]
        before[1:] = own[:-1] * same
        score = rows.score[:, None].clamp(0.01, 0.99)
        whole = torch.cat([own.flatten(1), before.flatten(1), score, torch.logit(score)], dim=1)
        return self.rough(whole) + self.fine(whole) + self.kind(rows.kind) + self.choice(rows.choice)

    def tokens(self, rows: FindingRows, summaries: Tensor) -> Tensor:
        """What is to be known of each field (T, C), finding after finding, from rows and their summaries (Q, C)."""
        place = rows.kind[:, None] * SLOTS + torch.arange(SLOTS, device=summaries.device)
        return self.norm((self.field(place) + self.context(summaries)[:, None])[_used(rows.kind)])

    def lines(self, rows: FindingRows, summaries: Tensor) -> Tensor:
        """The line (Q,) int64 that each finding will be among those of its kind, as far as it is held for real."""
        real = torch.sigmoid(self.real(summaries.detach())[:, 0].float()).detach()
        same = rows.kind[:, None] == rows.kind[None]
        most = torch.tensor(LINES, device=rows.kind.device)[rows.kind] - 1
        return torch.minimum((same * real[None]).tril(-1).sum(1).round().long(), most)

    def text(self, rows: FindingRows, summaries: Tensor, embed: Callable[[Tensor], Tensor]) -> Tensor:
        """The embeddings (T, H) of the fields as text, each with the turned one of the token before it."""
        used = _used(rows.kind)
        ids = torch.zeros_like(used, dtype=torch.int64)
        ids[used] = rows.ids
        head = rows.heads[rows.kind] + self.lines(rows, summaries)
        before = torch.cat([head[:, None], ids[:, :-1]], dim=1)[used]
        return self.gain[0] * embed(rows.ids) + self.gain[1] * self.before(embed(before))


def _used(kind: Tensor) -> Tensor:
    """Which slots (Q, 8) are fields."""
    return torch.arange(SLOTS, device=kind.device) < torch.tensor(FIELDS, device=kind.device)[kind][:, None]


def middles(rows: FindingRows, voxel: float) -> Tensor:
    """Where findings are (Q, 2): the middle of a wall, the centre of anything else; metres from the corner of the canvas."""
    at = rows.values
    wall = (at[:, 0:2] + at[:, 3:5]) / 2
    return torch.where((rows.kind == 0)[:, None], wall, at[:, 1:3]) * voxel


def find(cloud: PointCloud, task: Task = "all") -> Layout:
    """The findings in a cloud; none, and a note that says why, where the estimator refuses it."""
    try:
        return finder().estimate(cloud, task)
    except (EstimatorError, CloudError) as error:
        return Layout(provenance=Provenance(notes=(f"nothing could be measured for the model to read: {error}",)))
