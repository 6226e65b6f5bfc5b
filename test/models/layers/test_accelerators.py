from __future__ import annotations

import logging
import sys
from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional

from spatial_perception.models.layers import accelerators
from spatial_perception.models.layers.sparse_conv import plain_sparse_conv, sparse_conv, submanifold_map


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    monkeypatch.setattr(accelerators, "_trusted", {})


def parts(device="cpu"):
    return torch.randn(3, 2, 4, 20, 16, generator=torch.Generator().manual_seed(1)).to(device).unbind(0)


def cells_and_features(device="cpu"):
    generator = torch.Generator().manual_seed(2)
    cells = torch.nonzero(torch.rand(12, 9, 7, generator=generator) < 0.3).int()
    weight = torch.randn(27, 6, 10, generator=generator)
    return cells.to(device), torch.randn(len(cells), 6, generator=generator).to(device), weight.to(device)


def test_processors_never_see_them(monkeypatch):
    """spconv's build for CPUs adds up wrongly; whatever is installed, tensors on a CPU stay in plain torch."""
    poison = SimpleNamespace(flash_attn_func=None, SubMConv3d=None)
    for name in ("flash_attn", "spconv", "spconv.pytorch"):
        monkeypatch.setitem(sys.modules, name, poison)
    with torch.no_grad():
        assert torch.equal(accelerators.attention(*parts()), functional.scaled_dot_product_attention(*parts()))
        cells, feat, weight = cells_and_features()
        pairs = submanifold_map(cells, 3)
        assert accelerators.submanifold_conv(feat, weight, cells) is None
        assert torch.equal(sparse_conv(feat, weight, pairs), plain_sparse_conv(feat, weight, pairs))
    assert not accelerators._trusted


@pytest.mark.parametrize(
    ("check", "trusted", "said"),
    [
        (lambda: 1e-3, True, ""),
        (lambda: 0.5, False, "off by 5e-01 on a test case"),
        (lambda: 1 / 0, False, "cannot be used on this device (division by zero)"),
        (lambda: __import__("no_such_package"), False, ""),
    ],
)
def test_they_are_trusted_after_they_agreed(check, trusted, said, caplog):
    with caplog.at_level(logging.WARNING):
        assert [accelerators._is_trusted("spconv", check) for _ in range(2)] == [trusted] * 2
    assert len(caplog.records) == bool(said)
    assert said in caplog.text


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@torch.no_grad()
def test_installed_ones_agree_with_the_plain_versions():
    query, key, value = parts("cuda")
    expected = functional.scaled_dot_product_attention(query, key, value)
    assert torch.allclose(accelerators.attention(query, key, value), expected, atol=2e-2)
    cells, feat, weight = cells_and_features("cuda")
    pairs = submanifold_map(cells, 3)
    assert torch.allclose(
        sparse_conv(feat, weight, pairs), plain_sparse_conv(feat, weight, pairs), atol=2e-2, rtol=2e-2
    )
    for package in ("flash_attn", "spconv"):
        if pytest.importorskip(package):
            assert accelerators._trusted[package]
