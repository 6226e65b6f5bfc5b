import torch

from spatial_perception.layout.entities import Box, Door, Layout, Wall
from spatial_perception.models.spatiallm.compact import compact_tokenizer
from spatial_perception.models.spatiallm.findings import finding_rows
from spatial_perception.training.finding_hints import WIDTH, FindingHead, finding_hints, joined
from spatial_perception.training.targets import match

TRUTH = Layout(
    (Wall(0, (0.0, 0.2, 0.0), (4.0, 0.2, 0.0), 2.5, 0.1),),
    (Door(0, 0, (1.0, 0.2, 1.0), 0.8, 2.0),),
    (),
    (Box(0, "bed", (2.2, 1.4, 0.3), 0.0, (2.0, 1.6, 0.6)),),
)
FINDINGS = Layout(
    (Wall(4, (0.0, 0.3, 0.0), (4.0, 0.3, 0.0), 2.5, 0.1), Wall(5, (0.0, 9.0, 0.0), (4.0, 9.0, 0.0), 2.5, 0.1)),
    (),
    (),
    (Box(7, "sofa", (2.1, 1.4, 0.3), 0.0, (2.0, 1.6, 0.6)),),
)


TOKENIZER = compact_tokenizer()


def rows_of(layout, origin):
    return finding_rows(layout, origin, 640, lambda text: TOKENIZER.encode(text, add_special_tokens=False).ids)


def hints():
    origin = (-1.0, -1.0, -0.5)
    rows = rows_of(FINDINGS, origin)
    return finding_hints(FINDINGS, rows, TRUTH, match(TRUTH, FINDINGS), origin, 640)


def test_findings_are_told_what_they_are():
    found = hints()
    assert found.real.tolist() == [1.0, 0.0, 1.0]
    assert found.label.tolist() == [-1, -1, 5]
    assert found.off[0].tolist() == [0, -2, 0, 0, -2, 0, 0, 0]
    assert found.off[1].isnan().all()
    assert found.off[2, 0].isnan()
    assert found.off[2, 1] == 2


def test_answers_are_learnt():
    torch.manual_seed(0)
    head, summaries, both = FindingHead(16), torch.randn(6, 16), joined([hints(), hints()])
    real = torch.nn.Linear(16, 1)
    optimiser = torch.optim.Adam([*head.parameters(), *real.parameters()], 0.05)
    before = float(head.loss(summaries, real(summaries), both).detach())
    for _ in range(200):
        optimiser.zero_grad()
        loss = head.loss(summaries, real(summaries), both)
        loss.backward()
        optimiser.step()
    assert head.out_features == WIDTH
    assert float(loss.detach()) < 0.1 * before


def test_nothing_found_costs_nothing():
    none = finding_hints(Layout(), rows_of(Layout(), (0, 0, 0)), TRUTH, match(TRUTH, Layout()), (0, 0, 0), 640)
    assert FindingHead(8).loss(torch.zeros(0, 8), torch.zeros(0, 1), none).item() == 0.0
