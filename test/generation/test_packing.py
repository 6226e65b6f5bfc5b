from __future__ import annotations

import pytest
import torch
from torch import nn

from spatial_perception.generation.packing import PackedLinear, can_pack, pack_linears


@pytest.mark.skipif(not can_pack(), reason="this torch or processor has no packed layers")
@pytest.mark.parametrize("bias", [True, False])
def test_packed_layers_equal_usual_ones(bias):
    torch.manual_seed(0)
    layer = nn.Linear(96, 80, bias=bias)
    packed = PackedLinear(layer)
    with torch.inference_mode():
        for shape in ((1, 96), (1, 7, 96), (3, 5, 96), (300, 96)):
            values = torch.randn(shape)
            assert torch.allclose(packed(values), layer(values), atol=1e-5)


def test_only_what_can_be_packed_is_packed():
    module = nn.Sequential(nn.Linear(80, 80), nn.Linear(4, 4), nn.Linear(80, 80).double(), nn.LayerNorm(80))
    assert pack_linears(module) == int(can_pack())
    assert isinstance(module[1], nn.Linear)
    assert isinstance(module[2], nn.Linear)


def test_nothing_is_done_where_it_is_unknown(monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    module = nn.Sequential(nn.Linear(80, 80))
    assert pack_linears(module) == 0
    assert isinstance(module[0], nn.Linear)
