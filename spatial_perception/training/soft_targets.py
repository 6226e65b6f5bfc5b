"""Loss over bins that counts a near miss as nearly right."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_REACH = 3


@dataclass(frozen=True)
class SoftTargets:
    """Targets that are spread over neighbouring numbers by a Gaussian of `sigma` bins.

    `low` and `high` (V,) are the first and the last token of the run of numbers that a token belongs to, itself for all
    others.
    """

    low: Tensor
    high: Tensor
    sigma: float

    @classmethod
    def of(cls, vocab_size: int, runs: tuple[Tensor, ...], sigma: float) -> SoftTargets:
        """For runs of number tokens (n,) whose ids ascend without gaps."""
        low = torch.arange(vocab_size)
        high = low.clone()
        for run in runs:
            low[run], high[run] = run[0], run[-1]
        return cls(low, high, sigma)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean divergence (a number) of logits (N, V) from the spread labels (N,): 0 for a perfect prediction."""
        log_probability = torch.log_softmax(logits.float(), dim=-1)
        if self.sigma <= 0.0:
            return -log_probability.gather(1, labels[:, None]).mean()
        steps = torch.arange(-_REACH, _REACH + 1)
        tokens = labels[:, None] + steps
        inside = (tokens >= self.low[labels][:, None]) & (tokens <= self.high[labels][:, None])
        share = torch.exp(-0.5 * (steps / self.sigma) ** 2) * inside
        share = share / share.sum(1, keepdim=True)
        found = log_probability.gather(1, torch.where(inside, tokens, labels[:, None]))
        known = torch.special.xlogy(share, share)
        return (known - share * found).sum(1).mean()
