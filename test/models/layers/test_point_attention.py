from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.models.layers import point_attention
from spatial_perception.models.layers.fourier import fourier_features, fourier_width
from spatial_perception.models.layers.point_attention import PatchAttention, patch_order, patch_ranks
from spatial_perception.models.layers.pooling import cell_parents

GOLDEN = Path(__file__).parents[2] / "golden/spatiallm"
OUTPUTS = np.load(GOLDEN / "slm11_tiny_qwen_outputs.npz")


@pytest.mark.parametrize(("stage", "patch"), [(0, 64), (1, 64), (2, 64), (3, 64), (4, 128)])
def test_padding_equals_the_reference(stage, patch):
    ranks, slots = patch_ranks(len(OUTPUTS[f"enc{stage}__feat"]), patch)
    assert np.array_equal(ranks.numpy(), OUTPUTS[f"enc{stage}__pad"])
    assert np.array_equal(slots.numpy(), OUTPUTS[f"enc{stage}__unpad"])


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.integers(1, 200), st.integers(1, 70))
def test_every_point_has_one_own_slot(count, patch):
    order = torch.randperm(count, generator=torch.Generator().manual_seed(count))
    patches = patch_order(order, patch)
    assert torch.equal(patches.gather.flatten()[patches.slot], torch.arange(count))
    assert patches.gather.shape[1] == min(count, patch)


def attend_naively(layer, feat, order):
    """Softmax attention written out, one patch at a time."""
    count, heads = len(feat), layer.heads
    qkv = layer.qkv(feat).view(count, 3, heads, -1)
    mixed = torch.empty_like(feat)
    for number, rows in enumerate(order.gather):
        query, key, value = qkv[rows].unbind(1)
        scores = torch.einsum("phd,qhd->hpq", query, key) * query.shape[-1] ** -0.5
        out = torch.einsum("hpq,qhd->phd", scores.softmax(-1), value).reshape(len(rows), -1)
        own = order.slot[rows] == torch.arange(len(rows)) + number * len(rows)
        mixed[rows[own]] = out[own]
    return layer.proj(mixed)


@pytest.mark.parametrize("count", [10, 16, 33, 64])
def test_attention_equals_the_formula(count, monkeypatch):
    torch.manual_seed(0)
    layer, feat = PatchAttention(8, 2).double(), torch.randn(count, 8, dtype=torch.float64)
    order = patch_order(torch.randperm(count), 16)
    expected = attend_naively(layer, feat, order)
    assert torch.allclose(layer(feat, order), expected, atol=1e-12)
    monkeypatch.setattr(point_attention, "MAX_SCORE_BYTES", 1)
    assert torch.allclose(layer(feat, order), expected, atol=1e-12)


def test_fourier_features_equal_the_reference():
    golden = np.load(GOLDEN / "serialization.npz")
    features = fourier_features(torch.tensor(golden["fourier_in"]))
    assert features.shape[1] == fourier_width() == 63
    assert np.abs(features.numpy() - golden["fourier_out"]).max() < 1e-5


def test_pooling_takes_the_largest_child_and_sorts_the_parents():
    grid = torch.tensor([[3, 0, 0], [0, 0, 1], [2, 1, 1], [0, 1, 0]], dtype=torch.int32)
    parents = cell_parents(grid, 2)
    feat = torch.tensor([[1.0, 5.0], [2.0, -4.0], [3.0, 1.0], [-1.0, -2.0]])
    assert parents.grid.tolist() == [[0, 0, 0], [1, 0, 0]]
    assert parents.max(feat).tolist() == [[2.0, -2.0], [3.0, 5.0]]
    assert parents.mean(feat).tolist() == [[0.5, -3.0], [2.0, 3.0]]
