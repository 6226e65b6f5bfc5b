"""Number embeddings that are a table plus a learnt mixture of waves over the value, for the time of a training.

What is learnt about one number then holds for its neighbours, and for the same step anywhere. After the training the
sum is an ordinary table.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from spatial_perception.models.spatiallm.findings import STEPS, waves


class NumberWaves(nn.Module):
    """Adds `waves @ mixture` to the rows of an embedding table that are numbers or numbered lines; the mixture begins at 0."""

    waves: Tensor

    def __init__(self, vocab_size: int, groups: Sequence[Sequence[Tensor]], width: int) -> None:
        """`groups` of runs of token ids (n,) that count from 0 on; the runs of a group have one mixture."""
        super().__init__()
        rows = torch.zeros(vocab_size, len(groups), 2 * STEPS)
        for number, runs in enumerate(groups):
            for run in runs:
                rows[run, number] = waves(torch.arange(len(run)))
        self.register_buffer("waves", rows.flatten(1), persistent=False)
        self.mixture = nn.Parameter(torch.zeros(len(groups) * 2 * STEPS, width))

    def forward(self, table: Tensor) -> Tensor:
        """The table (V, C) with the waves added."""
        return table + self.waves @ self.mixture
