"""A causal language model as the decode loop sees it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from spatial_perception.errors import EstimatorError
from spatial_perception.generation.attention import Attention
from spatial_perception.generation.cache import KeyValueCache
from spatial_perception.generation.decoder_layers import DecoderLayers, group_size, is_known
from spatial_perception.generation.rotary import rotary_of

MAX_DRAFT = 256
FIRST_ROOM = 1024
# For fewer query rows of one head torch's attention on CPUs shares the sum over keys out among threads: the last bits of
# the result would depend on their number (seen with torch 2.13 up to 3 rows). Rows that nobody reads cost next to nothing.
MIN_ROWS = 4


@dataclass(frozen=True)
class Prompt:
    """What the model reads before it writes.

    `embeds` (1, L, H) are input embeddings; `positions` (..., 1, L) int64 their rotary positions (0 ... L-1 when None);
    `next_position` is that of the first generated token (L when None), from which the others count. Where that is not so,
    `place` gives the positions of all generated tokens, as many as there are.
    """

    embeds: Tensor
    positions: Tensor | None = None
    next_position: int | None = None
    place: Callable[[Sequence[int]], Sequence[int]] | None = None

    def first_positions(self) -> Tensor:
        """The positions of the prompt, made if they were not given."""
        if self.positions is not None:
            return self.positions
        return torch.arange(self.embeds.shape[1], device=self.embeds.device)[None]

    def positions_after(self, ids: Sequence[int], start: int) -> Tensor:
        """Positions of the generated tokens `ids` from the `start`-th on, in the shape that the prompt's have."""
        if self.place is not None:
            steps = torch.tensor(self.place(ids)[start:], device=self.embeds.device)
        else:
            first = self.embeds.shape[1] if self.next_position is None else self.next_position
            steps = torch.arange(first + start, first + len(ids), device=self.embeds.device)
        shape = self.positions.shape[:-1] if self.positions is not None else (1,)
        return steps.expand(*shape, len(steps))


class LanguageModel:
    """Stock decoder stack of transformers (Qwen2, Llama, the text part of Qwen2.5-VL, ...) with its output layer.

    Layers of a known kind are computed with few operations (`DecoderLayers`); others, and all in training, are called one
    by one. Masks and positions are made here, so that nothing depends on how a version of transformers prepares them.
    """

    def __init__(self, stack: nn.Module, head: Callable[[Tensor], Tensor]) -> None:
        config: Any = stack.config
        if "sliding_attention" in (getattr(config, "layer_types", None) or ()):
            raise EstimatorError("sliding-window attention is not supported; set use_sliding_window to false")
        self.stack: Any = stack
        self.head = head
        self._cache_name = _cache_name(stack)
        self._lean = DecoderLayers(stack) if is_known(stack) else None
        self._min_rows = -(-MIN_ROWS // group_size(stack)) if self._lean else MIN_ROWS

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.stack.embed_tokens.weight.device

    def embed(self, ids: Tensor) -> Tensor:
        """Token ids (B, n) to input embeddings (B, n, H)."""
        return self.stack.embed_tokens(ids)

    def new_cache(self, prompt: int, new_tokens: int) -> KeyValueCache:
        """An empty cache for a prompt of `prompt` positions and at most `new_tokens` more, drafts included."""
        return KeyValueCache(prompt + min(new_tokens + MAX_DRAFT, FIRST_ROOM))

    def hidden(
        self, embeds: Tensor, positions: Tensor, cache: KeyValueCache | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """Input embeddings (B, n, H) at `positions` (..., B, n) to normalised output features (B, n, H).

        `mask` is boolean, broadcast to (B, heads, n, past + n), true where attention is allowed; None means causal.
        New keys and values are written behind those in `cache`, whose length is left to the caller.
        """
        if self._lean is not None and not self.stack.training:
            rotary = rotary_of(self.stack.rotary_emb, embeds, positions)
            return self._lean(embeds, rotary, Attention(cache, embeds, mask))
        if mask is None:
            mask = causal_mask(embeds.shape[1], cache.length if cache else 0, embeds.device)
        rotary = self.stack.rotary_emb(embeds, positions)
        keywords = {self._cache_name: cache, "use_cache": cache is not None, "position_embeddings": rotary}
        for layer in self.stack.layers:
            out = layer(embeds, attention_mask=mask, position_ids=positions, **keywords)
            embeds = out[0] if isinstance(out, tuple) else out
        return self.stack.norm(embeds)

    def step(self, embeds: Tensor, positions: Tensor, cache: KeyValueCache, keep: int) -> Tensor:
        """Append input embeddings (B, n, H) to the cache; return float32 logits (B, keep, V) of the last positions."""
        count = embeds.shape[1]
        missing = self._min_rows - count if embeds.device.type == "cpu" else 0
        if missing > 0:
            embeds, positions = _padded(embeds, 1, missing), _padded(positions, -1, missing)
        hidden = self.hidden(embeds, positions, cache)
        cache.advance(count)
        return self.head(hidden[:, count - keep : count]).float()


def _padded(values: Tensor, axis: int, missing: int) -> Tensor:
    """Values with the last of an axis repeated."""
    last = values.narrow(axis, values.shape[axis] - 1, 1)
    return torch.cat([values, *[last] * missing], axis)


def _cache_name(stack: Any) -> str:
    """What this version of transformers calls the cache of a decoder layer."""
    known = all("cache" in inspect.signature(layer.forward).parameters for layer in stack.layers)
    return "cache" if known else "past_key_values"


def causal_mask(count: int, past: int, device: torch.device) -> Tensor | None:
    """Boolean mask (1, 1, count, past + count); None where no mask is needed: a single token, or a plain triangle."""
    if count == 1 or past == 0:
        return None
    return torch.ones(count, past + count, dtype=torch.bool, device=device).tril(past)[None, None]


def padded_causal_mask(valid: Tensor) -> Tensor:
    """Boolean mask (B, 1, L, L) that is causal and hides the positions where `valid` (B, L) is false.

    Every position sees at least itself, so that padding on the left gives no empty row.
    """
    length = valid.shape[1]
    triangle = torch.ones(length, length, dtype=torch.bool, device=valid.device).tril()
    own = torch.eye(length, dtype=torch.bool, device=valid.device)
    return ((triangle & valid[:, None, :].bool()) | own)[:, None]
