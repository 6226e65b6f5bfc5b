"""Rotary positions (Su et al., "RoFormer", 2021) as Qwen2 and Llama use them, looked up instead of computed on CPUs."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn import functional

Rotary = tuple[Tensor, Tensor]
"""Cosines and signed sines (B, n, 1, d): negative in the first half of a head."""

_STEP = 1024
# Sines are computed for so few values at a time that torch does not share them out among threads, whose number would
# change last bits where the parts meet.
_SERIAL = 16_384
_UNCHANGING = ("default", "linear", "llama3", "yarn")
_TABLES: WeakKeyDictionary[nn.Module, Tensor] = WeakKeyDictionary()


def rotary_of(embedding: Any, embeds: Tensor, positions: Tensor) -> Rotary:
    """What turns heads at `positions` (B, n) int64, by the rotary embedding of a stack, in the dtype of `embeds`."""
    if embeds.device.type != "cpu" or getattr(embedding, "rope_type", "") not in _UNCHANGING:
        return _signed(*embedding(embeds, positions))
    table = _TABLES.get(embedding)
    last = int(positions.max())
    if table is None or table.shape[0] <= last or table.dtype != embeds.dtype:
        table = _TABLES[embedding] = _table(embedding, embeds, last // _STEP * _STEP + _STEP)
    rows = functional.embedding(positions, table)
    size = table.shape[1] // 2
    return rows[..., None, :size], rows[..., None, size:]


def turned(heads: Tensor, rotary: Rotary) -> Tensor:
    """Heads (B, n, heads, d) turned to their positions: the halves of a head are the parts of complex numbers."""
    cosines, sines = rotary[0].to(heads.dtype), rotary[1].to(heads.dtype)
    return heads * cosines + heads.roll(heads.shape[-1] // 2, -1) * sines


def _signed(cosines: Tensor, sines: Tensor) -> Rotary:
    first, second = sines.chunk(2, dim=-1)
    return cosines[:, :, None], torch.cat([-first, second], dim=-1)[:, :, None]


@torch.inference_mode(mode=False)
@torch.no_grad()
def _table(embedding: Any, embeds: Tensor, length: int) -> Tensor:
    """Cosines and signed sines (length, 2 d) of the first positions; kept, so that training may need them too."""
    step = max(1, _SERIAL // (2 * embedding.inv_freq.numel()))
    parts = []
    for start in range(0, length, step):
        positions = torch.arange(start, min(start + step, length))[None]
        parts.append(torch.cat([part[0, :, 0] for part in _signed(*embedding(embeds, positions))], dim=-1))
    return torch.cat(parts)
