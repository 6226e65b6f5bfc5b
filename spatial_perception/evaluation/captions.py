"""Dense captioning as Scan2Cap scores it: a caption counts only where its box is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spatial_perception.evaluation.scanqa import CaptionScores, score_captions
from spatial_perception.layout.association import box_iou
from spatial_perception.layout.boxes import OrientedBox

EMPTY = "sos eos"


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption with the box (m) of what it describes; None where no box was found."""

    text: str
    box: OrientedBox | None


def score_dense_captions(
    predictions: Mapping[str, Caption], truth: Mapping[str, tuple[OrientedBox, Sequence[str]]], min_iou: float = 0.5
) -> CaptionScores:
    """Caption scores over all true objects; where the predicted box has an IoU below `min_iou`, an empty caption is scored."""
    candidates = {}
    for key, (box, _) in truth.items():
        caption = predictions.get(key)
        found = caption is not None and caption.box is not None and box_iou(caption.box, box) >= min_iou
        candidates[key] = f"sos {caption.text} eos" if found and caption else EMPTY
    references = {key: [f"sos {text} eos" for text in texts] for key, (_, texts) in truth.items()}
    return score_captions(candidates, references)
