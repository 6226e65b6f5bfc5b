import re

import numpy as np
import pytest
import torch

from spatial_perception.errors import EstimatorError
from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.models.spatiallm.compact import compact_tokenizer, make_compact_checkpoint
from spatial_perception.models.spatiallm.config import PillarConfig
from spatial_perception.models.spatiallm.findings import (
    FindingEncoder,
    chosen,
    find,
    finding_rows,
    fitting,
    middles,
    waves,
)
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.pillar import PillarEncoder, Words, make_pillars
from spatial_perception.models.spatiallm.places import BACK, FIELDS, LINES, AnswerPlaces, prompt_places
from spatial_perception.pointcloud.cloud import PointCloud

LAYOUT = Layout(
    (Wall(0, (0.0, 0.2, 0.0), (4.0, 0.2, 0.0), 2.5, 0.1), Wall(1, (4.0, 0.2, 0.0), (4.0, 3.0, 0.0), 2.5, 0.1)),
    (Door(0, 1, (4.0, 1.0, 1.0), 0.8, 2.0, score=0.7),),
    (Window(0, 0, (2.0, 0.2, 1.4), 1.2, 1.0),),
    (Box(0, "bed", (2.2, 1.4, 0.3), 0.0, (2.0, 1.6, 0.6)), Box(1, "unheard of", (1.0, 1.0, 0.3), 0.5, (0.4, 0.4, 0.6))),
)
ORIGIN = (-1.0, -1.0, -0.5)
TOKENIZER = compact_tokenizer()


def encode(text):
    return TOKENIZER.encode(text, add_special_tokens=False).ids


def rows_of(layout=LAYOUT, origin=ORIGIN):
    return finding_rows(layout, origin, 640, encode)


def test_rows_hold_bins_walls_labels_scores_and_text():
    rows = rows_of()
    assert rows.kind.tolist() == [0, 0, 1, 2, 3, 3]
    assert rows.values[0].tolist() == [20, 24, 10, 100, 24, 10, 62, 2]
    assert rows.choice[2:4].tolist() == [1, 0]
    assert rows.choice[4] != rows.choice[5]
    assert rows.score.tolist() == pytest.approx([1, 1, 0.7, 1, 1, 1])
    assert torch.allclose(middles(rows, 0.05)[0], torch.tensor([3.0, 1.2]))
    assert torch.allclose(middles(rows, 0.05)[4], torch.tensor([3.2, 2.4]), atol=0.05)
    assert TOKENIZER.decode(rows.ids[0].tolist()) == "20,24,10,100,24,10,62,2)\n"
    assert rows.heads.tolist() == [
        encode(text)[0] for text in ("wall_0=Wall(", "door_0=Door(", "window_0=Window(", "bbox_0=Bbox(", "wall_0,")
    ]


def test_rows_are_the_text_that_would_tell_them():
    text = TOKENIZER.decode(rows_of().tokens().tolist())
    assert text.startswith("wall_0=Wall(20,24,10,100,24,10,62,2)\nwall_1=Wall(100,24,10,")
    assert "door_0=Door(wall_1,100,40,30,20,50)\nwindow_0=Window(wall_0," in text
    assert text.count("\n") == len(rows_of())


def test_what_is_kept_is_numbered_anew_and_openings_need_their_wall():
    rows = rows_of()
    kept = rows.standing(torch.tensor([False, True, True, True, False, True]))
    assert kept.tolist() == [False, True, True, False, False, True]
    text = TOKENIZER.decode(rows.keep(kept).tokens().tolist())
    assert re.findall(r"\w+_\d", text) == ["wall_0", "door_0", "wall_0", "bbox_0"]
    assert rows.keep(kept).choice[:2].tolist() == [0, 0]
    assert not rows.standing(torch.tensor([False, False, True, True, False, False])).any()
    alone = rows_of(Layout(boxes=LAYOUT.boxes))
    assert alone.standing(torch.ones(2, dtype=torch.bool)).all()
    assert [box.id for box in chosen(LAYOUT, kept.tolist()).boxes] == [1]


def test_answers_stand_where_findings_stand():
    """Every token of an answer is as far from the token of the findings that follows it, with other lines between or not."""
    rows = rows_of()
    heads = tuple(rows.heads[:4].tolist())
    answer = rows.tokens().tolist()
    assert [place - BACK - 1 for place in AnswerPlaces(heads)(answer)] == rows.places().tolist()
    more = [*answer[:18], *encode("wall_2=Wall(1,2,3,4,5,6,7,8)\n"), *answer[18:], 5]
    places = AnswerPlaces(heads)(more)
    assert places[:18] + places[27:-1] == AnswerPlaces(heads)(answer)
    assert places[18:28] == [*range(places[17] + 1, places[17] + 10), rows.places()[18] + BACK + 1]
    assert places[-1] == places[-2] + 1
    prompt = prompt_places(2, 3, rows.places(), 4)
    assert prompt[:5].tolist() == [0, 1, 2, 3, 4]
    assert prompt[-1] == AnswerPlaces(heads)(answer)[0] - 1


def test_nothing_found_is_no_row():
    rows = rows_of(Layout())
    assert len(rows) == len(rows.tokens()) == len(rows.places()) == 0
    encoder = FindingEncoder(16)
    summaries = encoder.summaries(rows)
    assert encoder.context_of(rows, summaries).shape == (0, 16)
    assert encoder.chances(summaries).shape == (0,)
    assert len(find(PointCloud(np.zeros((5, 3), np.float32)))) == 0


def test_numbers_and_lines_that_have_no_token_are_cut():
    boxes = tuple(Box(k, "bed", (1.0, 1.0, 0.3), 0.0, (0.4, 0.4, 19.0)) for k in range(LINES[3] + 5))
    walls = tuple(Wall(k, (0.0, k / 10, 0.0), (4.0, k / 10, 0.0), 2.5, 0.1) for k in range(LINES[0] + 3))
    doors = (Door(0, LINES[0] + 1, (1.0, 0.0, 1.0), 0.8, 2.0), Door(1, 2, (1.0, 0.2, 1.0), 0.8, 20.0))
    layout = fitting(Layout(walls, doors, (), boxes))
    assert [len(group) for group in (layout.walls, layout.doors, layout.boxes)] == [LINES[0], 1, LINES[3]]
    assert len(rows_of(layout).tokens()) == LINES[0] * 9 + 7 + LINES[3] * 9


def test_other_tokenizers_are_refused():
    with pytest.raises(EstimatorError, match="one token per field"):
        finding_rows(LAYOUT, ORIGIN, 640, lambda text: list(text.encode()))


def test_waves_tell_neighbours_apart():
    found = waves(torch.arange(640.0))
    assert torch.cdist(found, found).add(torch.eye(640) * 9).min() > 0.3


def test_pillars_and_findings_know_of_each_other():
    torch.manual_seed(0)
    encoder = PillarEncoder(PillarConfig(width=24, heads=2, inner=32, depth=1, mixes=1, findings=True)).eval()
    words = Words(torch.nn.Linear(24, 24), torch.nn.Embedding(len(TOKENIZER.get_vocab()), 24))
    points = torch.rand(500, 3, generator=torch.Generator().manual_seed(1)) * torch.tensor([5.0, 4.0, 2.5])
    pillars = make_pillars(points, encoder.config)
    rows, none = rows_of(), rows_of(Layout())

    def told(clouds, findings):
        tokens, summaries = encoder.read(clouds, findings)
        return [encoder.told(*row, words) for row in zip(tokens, summaries, findings or [None] * len(clouds))]

    with torch.no_grad():
        both, alone = told([pillars], [rows])[0], told([pillars], None)[0]
        pair = told([pillars, pillars], [rows, none])
    count = len(pillars.kept)
    assert len(both) == count + sum(FIELDS[kind] + 1 for kind in rows.kind.tolist())
    assert len(alone) == count
    assert not torch.allclose(both[:count], alone)
    assert torch.allclose(pair[0], both, atol=1e-5)
    assert torch.allclose(pair[1], alone, atol=1e-5)


def untrained(folder, **encoder):
    sizes = {"width": 96, "heads": 2, "inner": 48, "depth": 1, "mixes": 1, "findings": True, **encoder}
    return SpatialLM.from_pretrained(make_compact_checkpoint(folder, 0, sizes, hidden=96, layers=1, heads=2, inner=48))


def cloud_tensor():
    xyz = torch.rand(500, 3, generator=torch.Generator().manual_seed(1)) * torch.tensor([5.0, 4.0, 2.5])
    return torch.cat([torch.floor(xyz / 0.05), xyz, torch.zeros(500, 3)], dim=1)


@torch.no_grad()
def test_an_untrained_model_writes_what_it_reads(tmp_path):
    """It begins as one that copies: all lines, in their places, most of their fields; neighbouring numbers are alike."""
    model, rows = untrained(tmp_path), rows_of()
    ids = torch.tensor(encode("<|point_start|><|point_pad|><|point_end|>Detect<|im_start|>"))
    prompt = model.prompt(ids, cloud_tensor(), None, model.weigh(cloud_tensor(), rows, least=0.0))
    expected = rows.tokens().tolist()
    embeds = torch.cat([prompt.embeds, model.model.embed_tokens(torch.tensor([expected]))], dim=1)
    positions = torch.cat([prompt.first_positions(), prompt.positions_after(expected, 0)], dim=1)
    hidden = model.language_model.hidden(embeds, positions)[0, len(prompt.embeds[0]) - 1 : -1]
    written = model.lm_head(hidden).argmax(1)
    assert (written == torch.tensor(expected)).float().mean() > 0.8


def test_only_what_is_held_for_real_is_read(tmp_path):
    model, rows = untrained(tmp_path), rows_of()
    with torch.no_grad():
        model.point_backbone.findings.real.weight.zero_()
        model.point_backbone.findings.real.bias.fill_(1.0)
    reading = model.weigh(cloud_tensor(), rows)
    assert reading.kept.all()
    assert reading.chances.tolist() == pytest.approx([0.731] * 6, abs=1e-3)
    assert not model.weigh(cloud_tensor(), rows, least=0.8).kept.any()
    assert len(model.weigh(cloud_tensor(), rows, least=0.8).embeds) == len(reading.embeds) - len(rows.tokens())


def test_models_that_read_no_findings_refuse_them(tmp_path):
    with pytest.raises(EstimatorError, match="made for them"):
        untrained(tmp_path, findings=False).weigh(cloud_tensor(), rows_of())


def test_what_cannot_be_measured_is_said():
    assert "nothing could be measured" in find(PointCloud(np.zeros((5, 3), np.float32))).provenance.notes[0]


def test_an_encoder_of_another_width_is_refused(tmp_path):
    sizes = {"width": 48, "heads": 2, "inner": 48, "depth": 1, "mixes": 1, "findings": True}
    with pytest.raises(EstimatorError, match="hidden_size"):
        make_compact_checkpoint(tmp_path, 0, sizes, hidden=96, layers=1, heads=2, inner=48)
