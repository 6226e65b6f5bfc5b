"""Help for a young model that reads findings: each is asked whether it is real, what it is and by how much it is off.

As with the hints for pillars, the layer that answers is thrown away after the training, but for the first question: the
encoder counts on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from spatial_perception.layout.categories import CATEGORIES
from spatial_perception.layout.entities import Box, Layout
from spatial_perception.layout.text import collect
from spatial_perception.models.spatiallm.findings import FIELDS, SLOTS, FindingRows, entity_values
from spatial_perception.training.targets import Pairs, partners

WIDTH = len(CATEGORIES) + SLOTS
_SCALE = 8.0  # bins
_CLASS = {name: number for number, name in enumerate(CATEGORIES)}


@dataclass(frozen=True, eq=False)
class FindingHints:
    """Per finding: `real` (Q,) float32 0 or 1, class of its box (Q,) int64, -1 for none, `off` (Q, 8) bins between it and
    the truth, NaN where there is no such field."""

    real: Tensor
    label: Tensor
    off: Tensor


def finding_hints(
    findings: Layout, rows: FindingRows, truth: Layout, pairs: Pairs, origin: Sequence[float], num_bins: int
) -> FindingHints:
    """The hints for findings in the order of `rows`, from the true layout (m) with its ids and the pairs of ids."""
    found = partners(findings, truth, pairs)
    there = torch.tensor([thing is not None for thing in found], dtype=torch.bool)
    off = torch.full((len(found), SLOTS), float("nan"))
    real = collect([thing for thing in found if thing is not None])
    if len(real):
        off[there] = entity_values(real, origin, num_bins) - rows.values[there]
    first = (torch.arange(SLOTS) == 0) & (rows.kind > 0)[:, None]
    unused = torch.arange(SLOTS) >= torch.tensor(FIELDS)[rows.kind][:, None]
    off[first | unused] = float("nan")
    label = torch.tensor([_CLASS.get(t.label, -1) if isinstance(t, Box) else -1 for t in found], dtype=torch.int64)
    return FindingHints(there.float(), label, off)


class FindingHead(nn.Linear):
    """The layer that answers; and how wrong its answers are."""

    def __init__(self, width: int) -> None:
        super().__init__(width, WIDTH)

    def loss(self, summaries: Tensor, real: Tensor, hints: FindingHints) -> Tensor:
        """Mean loss of summaries (Q, C) and the log odds (Q, 1) that they are real: reality, class and offsets."""
        label, off = self(summaries).float().split([len(CATEGORIES), SLOTS], dim=1)
        if not len(hints.real):
            return real.sum() * 0.0
        loss = functional.binary_cross_entropy_with_logits(real[:, 0].float(), hints.real)
        named, known = hints.label >= 0, ~hints.off.isnan()
        if bool(known.any()):
            target = (hints.off[known] / _SCALE).clamp(-8.0, 8.0)
            loss = loss + functional.smooth_l1_loss(off[known], target, beta=0.1)
        if bool(named.any()):
            loss = loss + 0.5 * functional.cross_entropy(label[named], hints.label[named])
        return loss


def joined(hints: Sequence[FindingHints]) -> FindingHints:
    """The hints of several clouds in a row."""
    return FindingHints(*(torch.cat([getattr(h, name) for h in hints]) for name in ("real", "label", "off")))
