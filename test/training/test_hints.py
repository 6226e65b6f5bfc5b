import numpy as np
import torch

from spatial_perception.layout.entities import Box, Door, Layout, Wall
from spatial_perception.training.hints import WIDTH, HintHead, make_hints
from spatial_perception.training.waves import NumberWaves

EDGE = 0.4
LAYOUT = Layout(
    (Wall(0, (0.0, 0.2, 0.0), (4.0, 0.2, 0.0), 2.5),),
    (Door(0, 0, (1.0, 0.2, 1.0), 0.8, 2.0),),
    (),
    (Box(0, "bed", (2.2, 1.4, 0.3), np.pi / 2, (2.0, 1.6, 0.6)),),
)


def hints():
    places = np.array([[1.0, 0.2], [2.2, 1.4], [3.4, 3.4]], dtype=np.float32)
    points = np.array([[1.0, 0.2, 1.0]] * 3 + [[2.2, 1.4, 0.6]] * 3 + [[3.4, 3.4, 0.0]] * 3, dtype=np.float32)
    entity = np.array([0] * 3 + [2] * 3 + [-1] * 3, dtype=np.int16)
    return make_hints(places, points, entity, LAYOUT, EDGE)


def test_pillars_are_told_what_stands_there():
    found = hints()
    assert found.label.tolist() == [-1, 5, -1]
    assert torch.allclose(found.wall[0], torch.tensor([-1.0, 0.0, 3.0, 0.0]), atol=1e-5)
    assert torch.allclose(found.box[1], torch.tensor([0.0, 0.0, 0.3, 1.6, 2.0, 0.6]), atol=1e-5)
    assert torch.allclose(found.door[0], torch.tensor([0.0, 0.0, 1.0, 0.8, 2.0]), atol=1e-5)
    assert found.window.isnan().all()
    assert found.wall[1:].isnan().all()
    assert found.box[2].isnan().all()


def test_answers_are_learnt():
    torch.manual_seed(0)
    head, tokens = HintHead(16), torch.randn(3, 16)
    optimiser = torch.optim.Adam(head.parameters(), 0.05)
    before = float(head.loss(tokens, hints()).detach())
    for _ in range(150):
        optimiser.zero_grad()
        loss = head.loss(tokens, hints())
        loss.backward()
        optimiser.step()
    assert head.out_features == WIDTH
    assert float(loss.detach()) < 0.05 * before


def test_waves_touch_numbers_only_and_begin_with_nothing():
    waves = NumberWaves(20, ((torch.arange(5, 10),), (torch.arange(10, 15),)), 8)
    table = torch.randn(20, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(waves(table), table)
    torch.nn.init.normal_(waves.mixture)
    changed = (waves(table) != table).any(dim=1)
    assert changed.tolist() == [5 <= row < 15 for row in range(20)]
