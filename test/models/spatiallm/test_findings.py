import numpy as np
import pytest
import torch

from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.models.spatiallm.config import PillarConfig
from spatial_perception.models.spatiallm.findings import FIELDS, FindingEncoder, find, finding_rows, middles, waves
from spatial_perception.models.spatiallm.pillar import PillarEncoder, make_pillars
from spatial_perception.pointcloud.cloud import PointCloud

LAYOUT = Layout(
    (Wall(0, (0.0, 0.2, 0.0), (4.0, 0.2, 0.0), 2.5, 0.1), Wall(1, (4.0, 0.2, 0.0), (4.0, 3.0, 0.0), 2.5, 0.1)),
    (Door(0, 1, (4.0, 1.0, 1.0), 0.8, 2.0, score=0.7),),
    (Window(0, 0, (2.0, 0.2, 1.4), 1.2, 1.0),),
    (Box(0, "bed", (2.2, 1.4, 0.3), 0.0, (2.0, 1.6, 0.6)), Box(1, "unheard of", (1.0, 1.0, 0.3), 0.5, (0.4, 0.4, 0.6))),
)


def test_rows_hold_bins_walls_labels_and_scores():
    rows = finding_rows(LAYOUT, (-1.0, -1.0, -0.5), 640)
    assert rows.kind.tolist() == [0, 0, 1, 2, 3, 3]
    assert rows.values[0].tolist() == [20, 24, 10, 100, 24, 10, 62, 2]
    assert rows.choice[2:4].tolist() == [1, 0]
    assert rows.choice[4] != rows.choice[5]
    assert rows.score.tolist() == pytest.approx([1, 1, 0.7, 1, 1, 1])
    assert torch.allclose(middles(rows, 0.05)[0], torch.tensor([3.0, 1.2]))
    assert torch.allclose(middles(rows, 0.05)[4], torch.tensor([3.2, 2.4]), atol=0.05)


def test_nothing_found_is_no_row():
    rows = finding_rows(Layout(), (0.0, 0.0, 0.0), 640)
    assert len(rows) == 0
    encoder = FindingEncoder(16)
    assert encoder.tokens(rows, encoder.summaries(rows)).shape == (0, 16)
    assert len(find(PointCloud(np.zeros((5, 3), np.float32)))) == 0


def test_every_field_is_a_token_and_its_value_counts():
    rows, encoder = finding_rows(LAYOUT, (-1.0, -1.0, -0.5), 640), FindingEncoder(16)
    tokens = encoder.tokens(rows, encoder.summaries(rows))
    assert len(tokens) == sum(FIELDS[kind] for kind in rows.kind.tolist())
    other = finding_rows(LAYOUT, (-1.05, -1.0, -0.5), 640)
    assert not torch.allclose(encoder.tokens(other, encoder.summaries(rows))[0], tokens[0])


def test_waves_tell_neighbours_apart():
    found = waves(torch.arange(640.0))
    assert torch.cdist(found, found).add(torch.eye(640) * 9).min() > 0.3


def test_pillars_and_findings_know_of_each_other():
    torch.manual_seed(0)
    encoder = PillarEncoder(PillarConfig(width=24, heads=2, inner=32, depth=1, mixes=1, findings=True)).eval()
    points = torch.rand(500, 3, generator=torch.Generator().manual_seed(1)) * torch.tensor([5.0, 4.0, 2.5])
    pillars = make_pillars(points, encoder.config)
    rows = finding_rows(LAYOUT, (-1.0, -1.0, -0.5), 640)
    with torch.no_grad():
        both, alone = encoder.encode([pillars], [rows])[0], encoder.encode([pillars])[0]
        pair = encoder.encode([pillars, pillars], [rows, finding_rows(Layout(), (0, 0, 0), 640)])
    count = len(pillars.kept)
    assert len(both) == count + sum(FIELDS[kind] for kind in rows.kind.tolist())
    assert len(alone) == count
    assert not torch.allclose(both[:count], alone)
    assert torch.allclose(pair[0], both, atol=1e-5)
    assert torch.allclose(pair[1], alone, atol=1e-5)


def test_lines_count_what_is_held_to_be_real():
    rows, encoder = finding_rows(LAYOUT, (-1.0, -1.0, -0.5), 640), FindingEncoder(16)
    with torch.no_grad():
        encoder.real.weight.zero_()
        encoder.real.bias.fill_(20.0)
        assert encoder.lines(rows, torch.zeros(6, 16)).tolist() == pytest.approx([0, 1, 0, 0, 0, 1])
        encoder.real.bias.fill_(-20.0)
        assert encoder.lines(rows, torch.zeros(6, 16)).tolist() == pytest.approx([0] * 6, abs=1e-6)
