import pytest
import torch

from spatial_perception.training.soft_targets import SoftTargets

RUN = torch.arange(10, 30)


def logits_of(distribution):
    return torch.log(distribution.clamp(min=1e-9))


def test_the_spread_target_itself_costs_nothing():
    soft = SoftTargets.of(40, (RUN,), 1.0)
    steps = torch.arange(-3, 4)
    share = torch.exp(-0.5 * steps.float() ** 2)
    wanted = torch.zeros(1, 40)
    wanted[0, 20 + steps] = share / share.sum()
    assert float(soft.loss(logits_of(wanted), torch.tensor([20]))) == pytest.approx(0.0, abs=1e-5)


def test_a_near_miss_costs_less_than_a_far_one():
    soft = SoftTargets.of(40, (RUN,), 1.0)
    costs = []
    for guess in (20, 21, 22, 25):
        logits = torch.zeros(1, 40)
        logits[0, guess] = 6.0
        costs.append(float(soft.loss(logits, torch.tensor([20]))))
    assert costs == sorted(costs)
    assert costs[1] < 0.8 * costs[3]


def test_other_tokens_and_ends_of_runs_do_not_spill_over():
    soft = SoftTargets.of(40, (RUN,), 1.0)
    for label, outside in ((10, 9), (29, 30), (5, 6)):
        logits = torch.zeros(1, 40, requires_grad=True)
        soft.loss(logits, torch.tensor([label])).backward()
        assert float(logits.grad[0, outside]) == pytest.approx(1 / 40)
    hard = torch.nn.functional.cross_entropy(torch.ones(1, 40), torch.tensor([5]))
    assert float(soft.loss(torch.ones(1, 40), torch.tensor([5]))) == pytest.approx(float(hard))


def test_without_spread_it_is_cross_entropy():
    logits, labels = torch.randn(6, 40, generator=torch.Generator().manual_seed(0)), torch.arange(6) * 5
    expected = torch.nn.functional.cross_entropy(logits, labels)
    assert torch.allclose(SoftTargets.of(40, (RUN,), 0.0).loss(logits, labels), expected)
