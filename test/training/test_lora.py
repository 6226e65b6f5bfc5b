from __future__ import annotations

import pytest
import torch
from torch import nn

from spatial_perception.errors import ConfigError
from spatial_perception.models.layers.lora import LoraLinear, add_lora, merged_state


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.GELU(), nn.Linear(7, 3, bias=False))


def test_nothing_changes_at_first_and_only_the_small_matrices_learn():
    model, value = network(), torch.randn(4, 5)
    expected = model(value)
    assert add_lora(model, ["0", "2"], 2, 8.0) == ["0", "2"]
    assert torch.equal(model(value), expected)
    model(value).sum().backward()
    assert {name for name, p in model.named_parameters() if p.grad is not None} == {
        "0.lora_a", "0.lora_b", "2.lora_a", "2.lora_b",
    }  # fmt: skip


def test_merged_weights_do_the_same_under_the_published_names():
    model, value = network(), torch.randn(4, 5)
    add_lora(model, ["0"], 3, 6.0)
    nn.init.normal_(model[0].lora_b)
    plain = network()
    state = dict(merged_state(model))
    assert set(state) == set(plain.state_dict())
    plain.load_state_dict(state)
    assert not torch.allclose(plain(value), network()(value))
    assert torch.allclose(plain(value), model(value), atol=1e-6)


def test_dropout_acts_on_the_adaptation_in_training_only():
    layer = LoraLinear(nn.Linear(5, 5), 2, 4.0, dropout=0.5)
    nn.init.normal_(layer.lora_b)
    value = torch.randn(3, 5)
    assert not torch.equal(layer(value), layer(value))
    layer.eval()
    assert torch.equal(layer(value), layer(value))


def test_unknown_layers():
    with pytest.raises(ConfigError, match="q_proj"):
        add_lora(network(), ["q_proj"], 2, 4.0)
