"""Number embeddings that are a table plus a learnt mixture of waves over the value, for the time of a training.

What is learnt about one number then holds for its neighbours, and for the same step anywhere. After the training the
sum is an ordinary table.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

STEPS = 40
_SHORTEST, _LONGEST = 4.0, 1600.0


class NumberWaves(nn.Module):
    """Adds `waves @ mixture` to the rows of an embedding table that are numbers; the mixture begins at zero."""

    waves: Tensor

    def __init__(self, vocab_size: int, runs: Sequence[Tensor], width: int) -> None:
        super().__init__()
        wavelength = _SHORTEST * (_LONGEST / _SHORTEST) ** (torch.arange(STEPS) / (STEPS - 1))
        waves = torch.zeros(vocab_size, 2 * STEPS)
        for run in runs:
            angle = torch.arange(len(run))[:, None] * (2 * torch.pi / wavelength)
            waves[run] = torch.cat([angle.sin(), angle.cos()], dim=1)
        self.register_buffer("waves", waves, persistent=False)
        self.mixture = nn.Parameter(torch.zeros(2 * STEPS, width))

    def forward(self, table: Tensor) -> Tensor:
        """The table (V, C) with the waves added."""
        return table + self.waves @ self.mixture
