"""Point tokens in the place that the prompt keeps for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from spatial_perception.errors import EstimatorError

IGNORED_LABEL = -100


@dataclass(frozen=True)
class PointTokenIds:
    """Ids of the tokens that open, fill and close the place of the point cloud."""

    start: int
    end: int
    pad: int


@dataclass(frozen=True)
class Spliced:
    """Input embeddings (B, L', H), mask (B, L') of the dtype that was given, and labels (B, L') or None."""

    embeds: Tensor
    mask: Tensor
    labels: Tensor | None


def point_place(input_ids: Tensor, ids: PointTokenIds) -> tuple[int, int]:
    """Indices of the start and the end token in a sequence (L,).

    Raises EstimatorError unless each occurs once, start before end.
    """
    starts = torch.nonzero(input_ids == ids.start).flatten().tolist()
    ends = torch.nonzero(input_ids == ids.end).flatten().tolist()
    if len(starts) != 1 or len(ends) != 1:
        raise EstimatorError(
            f"a prompt needs one point start token ({ids.start}) and one end token ({ids.end}), "
            f"got {len(starts)} and {len(ends)}; does the tokenizer belong to this checkpoint?"
        )
    if ends[0] < starts[0]:
        raise EstimatorError("the point end token stands before the start token; build the prompt with user_message()")
    return starts[0], ends[0]


def splice_points(
    input_ids: Tensor,
    text_embeds: Tensor,
    point_tokens: Sequence[Tensor],
    ids: PointTokenIds,
    mask: Tensor | None = None,
    labels: Tensor | None = None,
) -> Spliced:
    """Replace what lies between the start and the end token of every sequence by its point tokens.

    `input_ids` (B, L), `text_embeds` (B, L, H), one (P, H) tensor per sequence, `mask` and `labels` (B, L). Point tokens
    get mask 1 and no label. Shorter sequences are padded on the right with their last embedding, mask 0, no label.
    """
    mask = torch.ones_like(input_ids) if mask is None else mask
    rows = [_splice_one(*row, ids) for row in zip(input_ids, text_embeds, point_tokens, mask, _rows(labels, input_ids))]
    length = max(len(embeds) for embeds, _, _ in rows)
    embeds = torch.stack([_pad(row[0], length, row[0][-1:]) for row in rows])
    new_mask = torch.stack([_pad(row[1], length, row[1].new_zeros(1)) for row in rows])
    if labels is None:
        return Spliced(embeds, new_mask, None)
    return Spliced(embeds, new_mask, torch.stack([_pad(row[2], length, _no_label(row[2], 1)) for row in rows]))


def _rows(labels: Tensor | None, input_ids: Tensor) -> Tensor:
    return torch.full_like(input_ids, IGNORED_LABEL) if labels is None else labels


def _no_label(like: Tensor, count: int) -> Tensor:
    return like.new_full((count,), IGNORED_LABEL)


def _splice_one(
    input_ids: Tensor, embeds: Tensor, points: Tensor, mask: Tensor, labels: Tensor, ids: PointTokenIds
) -> tuple[Tensor, Tensor, Tensor]:
    start, end = point_place(input_ids, ids)
    parts = [(embeds, points.to(embeds)), (mask, mask.new_ones(len(points))), (labels, _no_label(labels, len(points)))]
    spliced = [torch.cat([text[: start + 1], inserted, text[end:]]) for text, inserted in parts]
    return spliced[0], spliced[1], spliced[2]


def _pad(values: Tensor, length: int, filler: Tensor) -> Tensor:
    missing = length - len(values)
    return torch.cat([values, filler.expand(missing, *values.shape[1:])]) if missing else values
