"""How one token is picked out of the logits: greedily or by chance."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

import torch
from torch import Tensor

from spatial_perception.errors import ConfigError


@dataclass(frozen=True)
class Sampling:
    """Rules of chance. `temperature` 0 means greedy; `top_k` 0 and `top_p` 1 leave all tokens in play."""

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if self.temperature < 0.0:
            raise ConfigError(f"temperature {self.temperature} must not be negative; 0 is greedy")
        if self.top_k < 0:
            raise ConfigError(f"top_k {self.top_k} must not be negative; 0 switches it off")
        if not 0.0 < self.top_p <= 1.0:
            raise ConfigError(f"top_p {self.top_p} must lie in (0, 1]")

    @property
    def is_greedy(self) -> bool:
        """Whether the most probable token is always taken."""
        return self.temperature == 0.0


_FEW = 32
GREEDY = Sampling()
REFERENCE_SAMPLING = Sampling(temperature=0.6, top_k=10, top_p=0.95)


@dataclass(frozen=True)
class Choice:
    """A picked token and its probability among the tokens that were allowed, at temperature 1."""

    id: int
    probability: float


def choose(
    logits: Tensor, allowed: Tensor | None, sampling: Sampling, generator: torch.Generator | None = None
) -> Choice:
    """Pick one token of logits (V,) out of `allowed` (k,) int64 ascending, or out of all.

    A random choice draws once from `generator` (a CPU generator), whatever the outcome: texts depend on the seed, not on
    how many tokens were computed at a time.
    """
    row = logits if allowed is None else logits.index_select(0, allowed)
    if sampling.is_greedy and len(row) <= _FEW:
        index, probability = _best_of_few(row.tolist())
    else:
        index = int(row.argmax()) if sampling.is_greedy else _draw(row, sampling, generator)
        probability = float(torch.softmax(row, 0)[index])
    return Choice(index if allowed is None else int(allowed[index]), probability)


def _best_of_few(scores: list[float]) -> tuple[int, float]:
    """Index of the largest score, the first among equals, and its probability; faster than tensors for a few digits."""
    largest = max(scores)
    return scores.index(largest), 1.0 / sum(exp(score - largest) for score in scores)


def _draw(row: Tensor, sampling: Sampling, generator: torch.Generator | None) -> int:
    weights = restrict(row.float() / sampling.temperature, sampling).softmax(0).cpu()
    return int(torch.multinomial(weights, 1, generator=generator))


def restrict(logits: Tensor, sampling: Sampling) -> Tensor:
    """Logits (k,) with -inf where top-k, then top-p (nucleus) sampling rules a token out; one token always stays."""
    if 0 < sampling.top_k < len(logits):
        logits = logits.masked_fill(logits < logits.topk(sampling.top_k).values[-1], -torch.inf)
    if sampling.top_p < 1.0:
        ascending, order = logits.sort()
        removed = ascending.softmax(0).cumsum(0) <= 1.0 - sampling.top_p
        removed[-1] = False
        logits = logits.masked_fill(torch.zeros_like(removed).scatter(0, order, removed), -torch.inf)
    return logits
