"""Self-attention among points that are neighbours along a space-filling curve (Point Transformer V3)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from spatial_perception.models.layers.accelerators import attention

MAX_SCORE_BYTES = 256 * 2**20


@dataclass(frozen=True)
class PatchOrder:
    """Which points attend to one another: `gather` (M, P) holds point indices per patch, `slot` (N,) each point's own place.

    `slot` indexes the flattened (M * P) patches. Both are int64 and made once per stage and curve.
    """

    gather: Tensor
    slot: Tensor


def patch_ranks(count: int, patch: int, device: torch.device | str | None = None) -> tuple[Tensor, Tensor]:
    """Serial ranks that fill the patches (M * P,), and the slot of every rank (count,); both int64.

    Up to `patch` points form one patch of their own size. Else missing slots of the last patch repeat the ranks that
    occupy the same slots of the patch before it: borrowed context, whose results are dropped.
    """
    slots = torch.arange(count, device=device)
    remainder = count % patch
    if count <= patch or remainder == 0:
        return slots, slots
    borrowed = slots[count - patch : count - remainder]
    return torch.cat([slots, borrowed]), slots


def patch_order(order: Tensor, patch: int) -> PatchOrder:
    """Patches of at most `patch` points along the permutation `order` (N,)."""
    ranks, slots = patch_ranks(len(order), patch, order.device)
    slot = torch.empty_like(order)
    slot[order] = slots
    return PatchOrder(order[ranks].view(-1, min(patch, max(len(order), 1))), slot)


def _score_bytes(patch: int, heads: int, element_size: int) -> int:
    return heads * patch * patch * element_size


class PatchAttention(nn.Module):
    """Multi-head self-attention within patches; no mask, no positional bias."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, feat: Tensor, order: PatchOrder) -> Tensor:
        """Features (N, C) to (N, C)."""
        qkv = self.qkv(feat)
        mixed = torch.cat([self._attend(qkv, rows) for rows in order.gather.split(self._patches_at_once(order, qkv))])
        return self.proj(mixed.reshape(-1, feat.shape[1]).index_select(0, order.slot))

    def _patches_at_once(self, order: PatchOrder, qkv: Tensor) -> int:
        """Bound the scores of one step, should the backend materialise them."""
        return max(1, MAX_SCORE_BYTES // _score_bytes(order.gather.shape[1], self.heads, qkv.element_size()))

    def _attend(self, qkv: Tensor, rows: Tensor) -> Tensor:
        patches, patch = rows.shape
        gathered = qkv.index_select(0, rows.flatten()).view(patches, patch, 3, self.heads, -1)
        query, key, value = gathered.permute(2, 0, 3, 1, 4).unbind(0)
        out = attention(query, key, value)
        return out.transpose(1, 2).reshape(patches, patch, -1)
