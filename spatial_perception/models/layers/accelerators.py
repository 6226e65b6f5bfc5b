"""Kernels of other packages that are faster on CUDA: flash-attn and spconv, where somebody installed them.

They stand behind the same functions as the plain versions and are used for inference on CUDA only; spconv's build for
CPUs computes wrong sums with several threads and is never touched. Each is trusted only after it gave what the plain
version gives on a small case, once per process; otherwise a warning says so and the plain version goes on.
SPATIAL_PERCEPTION_ACCELERATORS=0 in the environment switches both off.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

_LOG = logging.getLogger(__name__)
_SWITCH = "SPATIAL_PERCEPTION_ACCELERATORS"
_LARGEST_ERROR = 2e-2  # relative: half precision and TF32
_trusted: dict[str, bool] = {}


def attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(D)) v for (B, H, S, D); by flash-attn in half precision where that may be used."""
    if _may_use(query) and _is_trusted("flash_attn", _check_attention):
        return _flash(query, key, value)
    return functional.scaled_dot_product_attention(query, key, value)


def submanifold_conv(feat: Tensor, weight: Tensor, cells: Tensor | None) -> Tensor | None:
    """A 3 x 3 x 3 convolution of features (N, Cin) at cells (N, 3) by spconv; None where that may not be used.

    `weight` is (27, Cin, Cout), offsets with x slowest and z fastest.
    """
    if cells is None or len(weight) != 27 or not _may_use(feat) or not _is_trusted("spconv", _check_conv):
        return None
    return _spconv(feat, weight, cells)


def _may_use(tensor: Tensor) -> bool:
    return tensor.is_cuda and not torch.is_grad_enabled() and os.environ.get(_SWITCH, "1") != "0"


def _is_trusted(package: str, check: Callable[[], float]) -> bool:
    """Whether a package is installed and agrees with the plain version; found out once."""
    if package not in _trusted:
        _trusted[package] = False
        try:
            error = check()
        except ImportError:
            _LOG.debug("%s is not installed", package)
        except Exception as fault:  # a kernel that does not fit this device may raise anything
            _LOG.warning("%s cannot be used on this device (%s); the plain version is used", package, fault)
        else:
            _trusted[package] = error <= _LARGEST_ERROR
            if not _trusted[package]:
                _LOG.warning("%s is off by %.0e on a test case; the plain version is used", package, error)
    return _trusted[package]


def _flash(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    from flash_attn import flash_attn_func

    query_half, key_half, value_half = (part.transpose(1, 2).half().contiguous() for part in (query, key, value))
    return flash_attn_func(query_half, key_half, value_half).transpose(1, 2).to(query.dtype)


def _spconv(feat: Tensor, weight: Tensor, cells: Tensor) -> Tensor:
    import spconv.pytorch as spconv

    layer: Any = spconv.SubMConv3d(
        weight.shape[1], weight.shape[2], 3, bias=False, indice_key="cells", algo=spconv.ConvAlgo.Native
    )
    layer.weight = torch.nn.Parameter(weight.unflatten(0, (3, 3, 3)).permute(4, 0, 1, 2, 3).contiguous(), False)
    indices = torch.cat([cells.new_zeros(len(cells), 1), cells], dim=1).int().contiguous()
    shape = [int(extent) + 3 for extent in cells.amax(0)]
    return layer(spconv.SparseConvTensor(feat.contiguous(), indices, shape, 1)).features


def _off(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).abs().max() / expected.abs().max())


def _check_attention() -> float:
    generator = torch.Generator().manual_seed(0)
    query, key, value = torch.randn(3, 2, 3, 37, 16, generator=generator).cuda().unbind(0)
    return _off(_flash(query, key, value), functional.scaled_dot_product_attention(query, key, value))


def _check_conv() -> float:
    from spatial_perception.models.layers.sparse_conv import plain_sparse_conv, submanifold_map

    generator = torch.Generator().manual_seed(0)
    cells = torch.nonzero(torch.rand(9, 7, 5, generator=generator) < 0.4).int().cuda()
    feat = torch.randn(len(cells), 8, generator=generator).cuda()
    weight = torch.randn(27, 8, 16, generator=generator).cuda()
    return _off(_spconv(feat, weight, cells), plain_sparse_conv(feat, weight, submanifold_map(cells, 3)))
