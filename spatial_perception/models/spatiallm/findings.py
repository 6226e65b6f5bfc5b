"""What the geometric estimator finds in a cloud, as something for a model to read beside the points.

A model that sees planes, gaps and boxes that were measured need not measure them: the encoder weighs each against the
points, and the decoder reads those that it holds for real as the text that would tell them, mends them, names them and adds
what is missing. Where that text stands is told in `places`.
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
from spatial_perception.models.spatiallm.places import FIELDS, LINES, finding_places, line_numbers
from spatial_perception.pointcloud.cloud import PointCloud

SLOTS = max(FIELDS)
"""Fields of an entity at most, in the order of the layout language."""
LAST_NUMBERS = 160
"""Numbers that are one token with the end of their line: the last fields are lengths."""
STEPS = 40
_SHORTEST, _LONGEST = 4.0, 1600.0
_LEAST_SCORE = 0.2  # the model weighs doubtful findings itself
_KINDS: dict[type, int] = {Wall: 0, Door: 1, Window: 2, Box: 3}
_LABEL = {name: number for number, name in enumerate(CATEGORIES)}
_CHOICES = LINES[0] + len(CATEGORIES) + 1
_GAIN = 50.0  # embeddings of text are small at first
_DOUBT = 0.25  # and what is told beside them is smaller
_HEADS = tuple(f"{name}_0={maker}(" for name, maker in zip(KINDS, CONSTRUCTORS))
Encode = Callable[[str], Sequence[int]]


@cache
def finder() -> GeometricEstimator:
    """The estimator whose findings are read: as the one that is used by itself, but less choosy."""
    return GeometricEstimator(object_min_score=_LEAST_SCORE, opening_min_score=_LEAST_SCORE)


@dataclass(frozen=True, eq=False)
class FindingRows:
    """Findings in bins: `kind` (Q,) 0 to 3 int64, `values` (Q, 8) float32 (0 where there is no such field), `choice` (Q,)
    int64 the wall or label, `score` (Q,) float32; and as text, `ids` (Q, 8) int64 of the tokens of their fields, and `heads`
    (5,) int64 of the tokens of the first head of each kind and of the first wall that an opening refers to, which those of
    further ones follow."""

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

    def standing(self, kept: Tensor) -> Tensor:
        """Those of the `kept` rows (Q,) bool whose wall, if they are openings, is kept too."""
        walls = kept[self.kind == 0]
        opening = (self.kind == 1) | (self.kind == 2)
        if not len(walls):
            return kept & ~opening
        return kept & (~opening | walls[self.choice.clamp(max=len(walls) - 1)])

    def keep(self, kept: Tensor) -> FindingRows:
        """The rows that are kept (Q,) bool, their walls numbered anew; `kept` is what `standing` returns."""
        ids, choice = self.ids.clone(), self.choice.clone()
        number = kept[self.kind == 0].long().cumsum(0) - 1
        opening = kept & ((self.kind == 1) | (self.kind == 2))
        choice[opening] = number[choice[opening]]
        ids[opening, 0] = self.heads[4] + choice[opening]
        return FindingRows(self.kind[kept], self.values[kept], choice[kept], self.score[kept], ids[kept], self.heads)

    def tokens(self) -> Tensor:
        """The tokens (T,) of their lines, heads included, as far as lines are counted in the order of the rows."""
        heads = self.heads[self.kind] + line_numbers(self.kind)
        return torch.cat([heads[:, None], self.ids], dim=1)[_told(self.kind)]

    def places(self) -> Tensor:
        """The positions (T,) of those tokens."""
        return finding_places(self.kind)[_told(self.kind)]


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
        _field_ids(placed, encode, kind),
        torch.tensor([encode(text)[0] for text in (*_HEADS, "wall_0,")], dtype=torch.int64),
    )


def entity_values(layout: Layout, origin: Sequence[float], num_bins: int) -> Tensor:
    """The numbers (Q, 8) of a layout (m) in bins from `origin`."""
    return _values(in_bins(layout, origin, num_bins))


def _values(placed: Layout) -> Tensor:
    values = [_numbers(entity) for entity in placed]
    return torch.from_numpy(np.array(values, dtype=np.float32).reshape(-1, SLOTS))


def _field_ids(placed: Layout, encode: Encode, kind: Tensor) -> Tensor:
    """Ids (Q, 8) of all tokens but the heads of lines, 0 where there is no such field."""
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
    if [len(line) - 1 for line in lines] != [FIELDS[number] for number in kind.tolist()]:
        raise EstimatorError(
            "the tokenizer of this checkpoint has not one token per field; findings need the compact one"
        )
    filled = [[*line[1:], *[0] * (SLOTS + 1 - len(line))] for line in lines]
    return torch.tensor(filled, dtype=torch.int64).reshape(-1, SLOTS)


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
    """Findings to summaries, one each, that the encoder holds against the points; those to what is real, and to text."""

    def __init__(self, width: int) -> None:
        super().__init__()
        whole = 2 * SLOTS * 2 * STEPS + 2
        self.kind = nn.Embedding(len(FIELDS), width)
        self.choice = nn.Embedding(_CHOICES, width)
        self.rough = nn.Linear(whole, width)
        self.fine = nn.Sequential(nn.Linear(whole, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.real = nn.Linear(width, 1)
        self.field = nn.Embedding(len(FIELDS) * (SLOTS + 1), width)
        self.context = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.gain = nn.Parameter(torch.tensor(_GAIN))
        nn.init.constant_(self.norm.weight, _DOUBT)

    def summaries(self, rows: FindingRows) -> Tensor:
        """One vector (Q, C) per finding, which tells of it and of the one before it of the same kind."""
        own = waves(rows.values) * _used(rows.kind)[:, :, None]
        before = torch.zeros_like(own)
        same = (rows.kind[1:] == rows.kind[:-1])[:, None, None]
        before[1:] = own[:-1] * same
        score = rows.score[:, None].clamp(0.01, 0.99)
        whole = torch.cat([own.flatten(1), before.flatten(1), score, torch.logit(score)], dim=1)
        return self.rough(whole) + self.fine(whole) + self.kind(rows.kind) + self.choice(rows.choice)

    def chances(self, summaries: Tensor) -> Tensor:
        """How likely findings are real (Q,) float32, from their summaries (Q, C)."""
        return torch.sigmoid(self.real(summaries)[:, 0].float())

    def context_of(self, rows: FindingRows, summaries: Tensor) -> Tensor:
        """What is to be known at each token (T, C) of the lines of findings, from their summaries (Q, C)."""
        place = rows.kind[:, None] * (SLOTS + 1) + torch.arange(SLOTS + 1, device=summaries.device)
        return self.norm((self.field(place) + self.context(summaries)[:, None])[_told(rows.kind)])


def _told(kind: Tensor) -> Tensor:
    """Which of the head and the slots (Q, 9) are tokens of a line."""
    return torch.cat([torch.ones_like(kind, dtype=torch.bool)[:, None], _used(kind)], dim=1)


def _used(kind: Tensor) -> Tensor:
    """Which slots (Q, 8) are fields."""
    return torch.arange(SLOTS, device=kind.device) < torch.tensor(FIELDS, device=kind.device)[kind][:, None]


def middles(rows: FindingRows, voxel: float) -> Tensor:
    """Where findings are (Q, 2): the middle of a wall, the centre of anything else; metres from the corner of the canvas."""
    at = rows.values
    wall = (at[:, 0:2] + at[:, 3:5]) / 2
    return torch.where((rows.kind == 0)[:, None], wall, at[:, 1:3]) * voxel


def chosen(layout: Layout, kept: Sequence[bool]) -> Layout:
    """The findings that are kept (one value each, in the order of iteration), with the ids that they have."""
    ids = {id(entity) for entity, keep in zip(layout, kept) if keep}
    return replace(
        layout,
        walls=tuple(wall for wall in layout.walls if id(wall) in ids),
        doors=tuple(door for door in layout.doors if id(door) in ids),
        windows=tuple(window for window in layout.windows if id(window) in ids),
        boxes=tuple(box for box in layout.boxes if id(box) in ids),
    )


def find(cloud: PointCloud, task: Task = "all") -> Layout:
    """The findings in a cloud; none, and a note that says why, where the estimator refuses it."""
    try:
        return finder().estimate(cloud, task)
    except (EstimatorError, CloudError) as error:
        return Layout(provenance=Provenance(notes=(f"nothing could be measured for the model to read: {error}",)))
