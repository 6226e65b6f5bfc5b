"""Decode steps whose shapes never change, so that a GPU can replay them as CUDA graphs.

A step of a small model keeps a GPU busy for less time than Python needs to launch its kernels; a graph launches them all
at once. Steps are padded to a few sizes and see the whole cache through a mask. Without a GPU the same computation runs
step by step, which is how it is tested.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable

import torch
from torch import Tensor, nn

from spatial_perception.generation.cache import KeyValueCache
from spatial_perception.generation.language_model import MAX_DRAFT, LanguageModel

_LOG = logging.getLogger(__name__)
MAX_ROWS = 64
_ROOM = 1024


class StaticLanguageModel(LanguageModel):
    """A language model with static decode steps; `capture` makes CUDA graphs of them, where that works.

    One generation at a time owns the static cache; others that run meanwhile get a cache and steps of the usual kind.
    """

    def __init__(self, stack: nn.Module, head: Callable[[Tensor], Tensor], capture: bool = True) -> None:
        super().__init__(stack, head)
        self.capture = capture
        self._buffers = KeyValueCache()
        self._owner: weakref.ref[KeyValueCache] | None = None
        self._steps: dict[int, _Step] = {}

    def new_cache(self, prompt: int, new_tokens: int) -> KeyValueCache:
        """An empty cache: the static one if it is free, made larger if need be."""
        if self._owner is not None and self._owner() is not None:
            return super().new_cache(prompt, new_tokens)
        needed = prompt + new_tokens + MAX_DRAFT + MAX_ROWS
        if needed > self._buffers.capacity:
            self._buffers = KeyValueCache(-(-needed // _ROOM) * _ROOM)
            self._steps = {}
        cache = self._buffers.view()
        self._owner = weakref.ref(cache)
        return cache

    def step(self, embeds: Tensor, positions: Tensor, cache: KeyValueCache, keep: int) -> Tensor:
        """See `LanguageModel.step`; short steps behind a prompt are static."""
        count = embeds.shape[1]
        size = 1 << (count - 1).bit_length()
        owned = self._owner is not None and self._owner() is cache
        if not owned or not cache.length or size > MAX_ROWS or len(embeds) > 1 or cache.length + size > cache.capacity:
            return super().step(embeds, positions, cache, keep)
        if size not in self._steps:
            self._steps[size] = _Step(self, cache, embeds, positions, size)
        logits = self._steps[size].run(embeds, positions, cache.length)
        cache.advance(count)
        return logits[:, count - keep : count].float()


class _Step:
    """Fixed tensors for a step of `size` rows, and the graph that reads and writes them."""

    def __init__(
        self, model: StaticLanguageModel, cache: KeyValueCache, embeds: Tensor, positions: Tensor, size: int
    ) -> None:
        self._model = model
        self._cache = cache.view()
        self._embeds = embeds.new_zeros(1, size, embeds.shape[2])
        self._positions = positions.new_zeros(*positions.shape[:-1], size)
        self._rows = torch.arange(size, device=embeds.device)
        self._columns = torch.arange(cache.capacity, device=embeds.device)
        self._slots = self._rows.clone()
        self._mask = torch.zeros(1, 1, size, cache.capacity, dtype=torch.bool, device=embeds.device)
        self._graph: torch.cuda.CUDAGraph | None = None
        self._out: Tensor | None = None

    def run(self, embeds: Tensor, positions: Tensor, length: int) -> Tensor:
        """Logits (1, size, V) of rows of which the first ones are real."""
        count = embeds.shape[1]
        self._embeds[:, :count] = embeds
        self._positions[..., :count] = positions
        torch.add(self._rows, length, out=self._slots)
        self._mask[0, 0] = self._columns <= self._slots[:, None]
        if self._model.capture and self._graph is None:
            self._try_to_record()
        if self._graph is None or self._out is None:
            return self._compute()
        self._graph.replay()
        return self._out

    def _try_to_record(self) -> None:
        """Capture the step; where that fails, say so once and let this and all later steps run without graphs."""
        try:
            self._record()
        except (RuntimeError, AssertionError) as error:
            self._graph = self._out = None
            self._model.capture = False
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            _LOG.warning("no CUDA graph of a decode step (%s); decoding goes on without, slower", reason)

    def _compute(self) -> Tensor:
        cache = self._cache
        cache.static, cache.slots = True, self._slots
        try:
            hidden = self._model.hidden(self._embeds, self._positions, cache, self._mask)
        finally:
            cache.static, cache.slots = False, None
        return self._model.head(hidden)

    def _record(self) -> None:
        """Run a few times on a stream of its own, as capturing asks for, then capture."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(2):
                self._compute()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._out = self._compute()
        self._graph = graph
        _LOG.debug("captured a decode step of %d rows", len(self._rows))
