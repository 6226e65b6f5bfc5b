import numpy as np
import pytest
import torch

from spatial_perception.errors import EstimatorError
from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.models.spatiallm.compact import compact_tokenizer, make_compact_checkpoint
from spatial_perception.models.spatiallm.config import PillarConfig
from spatial_perception.models.spatiallm.findings import (
    FIELDS,
    LINES,
    FindingEncoder,
    find,
    finding_rows,
    fitting,
    middles,
    waves,
)
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.pillar import PillarEncoder, Words, make_pillars
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
    assert len(rows.ids) == sum(FIELDS[kind] for kind in rows.kind.tolist())
    assert TOKENIZER.decode(rows.ids[:8].tolist()) == "20,24,10,100,24,10,62,2)\n"
    assert rows.heads.tolist() == [
        encode(head)[0] for head in ("wall_0=Wall(", "door_0=Door(", "window_0=Window(", "bbox_0=Bbox(")
    ]


def test_nothing_found_is_no_row():
    rows = rows_of(Layout())
    assert len(rows) == len(rows.ids) == 0
    encoder = FindingEncoder(16)
    summaries = encoder.summaries(rows)
    assert encoder.tokens(rows, summaries).shape == (0, 16)
    assert encoder.text(rows, summaries, torch.nn.Embedding(2000, 16)).shape == (0, 16)
    assert len(find(PointCloud(np.zeros((5, 3), np.float32)))) == 0


def test_numbers_and_lines_that_have_no_token_are_cut():
    boxes = tuple(Box(k, "bed", (1.0, 1.0, 0.3), 0.0, (0.4, 0.4, 19.0)) for k in range(LINES[3] + 5))
    walls = tuple(Wall(k, (0.0, k / 10, 0.0), (4.0, k / 10, 0.0), 2.5, 0.1) for k in range(LINES[0] + 3))
    doors = (Door(0, LINES[0] + 1, (1.0, 0.0, 1.0), 0.8, 2.0), Door(1, 2, (1.0, 0.2, 1.0), 0.8, 20.0))
    layout = fitting(Layout(walls, doors, (), boxes))
    assert [len(group) for group in (layout.walls, layout.doors, layout.boxes)] == [LINES[0], 1, LINES[3]]
    assert len(rows_of(layout).ids) == LINES[0] * 8 + 6 + LINES[3] * 8


def test_other_tokenizers_are_refused():
    with pytest.raises(EstimatorError, match="one token per field"):
        finding_rows(LAYOUT, ORIGIN, 640, lambda text: list(text.encode()))


def test_fields_are_text_that_knows_what_stands_before():
    rows, encoder, table = rows_of(), FindingEncoder(16), torch.nn.Embedding(len(TOKENIZER.get_vocab()), 16)
    with torch.no_grad():
        encoder.real.weight.zero_()
        encoder.real.bias.fill_(20.0)
        found = encoder.text(rows, torch.zeros(6, 16), table)
        second = rows.heads[0] + 1  # wall_1=Wall(
        expected = encoder.gain[0] * table(rows.ids[8]) + encoder.gain[1] * encoder.before(table(second))
    assert torch.allclose(found[8], expected, rtol=1e-4)


def test_lines_count_what_is_held_to_be_real():
    rows, encoder = rows_of(), FindingEncoder(16)
    with torch.no_grad():
        encoder.real.weight.zero_()
        encoder.real.bias.fill_(20.0)
        assert encoder.lines(rows, torch.zeros(6, 16)).tolist() == [0, 1, 0, 0, 0, 1]
        encoder.real.bias.fill_(-20.0)
        assert encoder.lines(rows, torch.zeros(6, 16)).tolist() == [0] * 6


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
        return encoder.told(*encoder.read(clouds, findings), findings, words)

    with torch.no_grad():
        both, alone = told([pillars], [rows])[0], told([pillars], None)[0]
        pair = told([pillars, pillars], [rows, none])
    count = len(pillars.kept)
    assert len(both) == count + len(rows.ids)
    assert len(alone) == count
    assert not torch.allclose(both[:count], alone)
    assert torch.allclose(pair[0], both, atol=1e-5)
    assert torch.allclose(pair[1], alone, atol=1e-5)


def test_a_model_begins_with_a_layer_that_copies(tmp_path):
    sizes = {"width": 96, "heads": 2, "inner": 48, "depth": 1, "mixes": 1, "findings": True}
    model = SpatialLM.from_pretrained(
        make_compact_checkpoint(tmp_path, 0, sizes, hidden=96, layers=1, heads=2, inner=48)
    )
    turn = model.point_backbone.findings.before.weight
    assert torch.allclose(turn @ turn.T, torch.eye(96), atol=1e-5)
    first = model.model.layers[0].self_attn
    assert torch.allclose(first.q_proj.weight @ first.k_proj.weight.T, turn * first.k_proj.weight[0, 0] ** 2, atol=1e-4)
    plain = SpatialLM.from_pretrained(make_compact_checkpoint(tmp_path / "plain", 0, {**sizes, "findings": False}))
    assert plain.point_backbone.findings is None


def test_what_cannot_be_measured_is_said():
    assert "nothing could be measured" in find(PointCloud(np.zeros((5, 3), np.float32))).provenance.notes[0]


def test_an_encoder_of_another_width_is_refused(tmp_path):
    sizes = {"width": 48, "heads": 2, "inner": 48, "depth": 1, "mixes": 1, "findings": True}
    with pytest.raises(EstimatorError, match="hidden_size"):
        make_compact_checkpoint(tmp_path, 0, sizes, hidden=96, layers=1, heads=2, inner=48)
