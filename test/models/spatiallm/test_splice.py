from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from spatial_perception.errors import EstimatorError
from spatial_perception.models.spatiallm.splice import PointTokenIds, splice_points

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/spatiallm/splice.json").read_text())
IDS = PointTokenIds(GOLDEN["point_start_token_id"], GOLDEN["point_end_token_id"], GOLDEN["point_token_id"])


def splice(case):
    """Embeddings of width 1 that say where each row comes from."""
    ids = torch.tensor(case["input_ids"])
    points = [1000.0 + torch.arange(count, dtype=torch.float32)[:, None] for count in case["num_points"]]
    mask, labels = (None if case[key] is None else torch.tensor(case[key]) for key in ("attention_mask", "labels"))
    return splice_points(ids, ids[..., None].float(), points, IDS, mask, labels)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["name"])
def test_splice_equals_the_reference(case):
    if "error" in case["expected"] or case["name"] == "end_before_start":
        with pytest.raises(EstimatorError, match="point"):
            splice(case)
        return
    spliced, expected = splice(case), case["expected"]
    assert spliced.embeds[..., 0].tolist() == expected["embeds"]
    assert spliced.mask.tolist() == expected["mask"]
    assert (None if spliced.labels is None else spliced.labels.tolist()) == expected["labels"]
