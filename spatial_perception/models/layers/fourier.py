"""Fourier features of positions."""

from __future__ import annotations

import math

import torch
from torch import Tensor

BANDS = 10
HIGHEST = 30.0


def fourier_width(bands: int = BANDS) -> int:
    """Number of features per 3-D position."""
    return 3 + 6 * bands


def fourier_features(position: Tensor, bands: int = BANDS, highest: float = HIGHEST) -> Tensor:
    """Positions (N, 3) to [p, sin f0 p, cos f0 p, sin f1 p, ...] (N, 3 + 6 bands), f = pi * linspace(1, highest, bands)."""
    frequency = math.pi * torch.linspace(1.0, highest, bands, device=position.device, dtype=position.dtype)
    angle = position[:, None, :] * frequency[:, None]
    waves = torch.stack([angle.sin(), angle.cos()], dim=2)
    return torch.cat([position, waves.flatten(1)], dim=1)
