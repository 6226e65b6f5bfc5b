"""Augmentation of point clouds as in the published fine-tuning: colours, jitter, elastic distortion.

Probabilities and magnitudes are those of SpatialLM's fine-tuning (after Choy et al., "4D Spatio-Temporal ConvNets", 2019).
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import convolve1d, map_coordinates

Float = NDArray[np.float64]
_LUMA = np.array([0.2989, 0.587, 0.114])
JITTERS = ((0.025, 0.05, 0.8, 0.9), (0.2, 0.2, 0.05, 0.85), (0.4, 1.0, 0.001, 0.75), (0.5, 4.0, 0.0005, 0.7))
"""Sigma (m), clip (m), fraction of the points, probability."""
ELASTIC = ((0.2, 0.4, 0.85), (0.8, 1.6, 0.5))
"""Edge of the noise grid (m), magnitude (m), probability."""


def augment(xyz: Float, rgb: NDArray[np.uint8] | None, rng: Generator) -> tuple[Float, NDArray[np.uint8] | None]:
    """Points (N, 3) in metres and colours (N, 3), changed at random; the inputs stay as they are."""
    colours = None if rgb is None else np.clip(augment_colours(rgb.astype(np.float64), rng), 0, 255).astype(np.uint8)
    points = xyz.astype(np.float64)
    for sigma, clip, fraction, chance in JITTERS:
        if rng.random() < chance:
            points = jitter(points, sigma, clip, fraction, rng)
    for edge, magnitude, chance in ELASTIC:
        if rng.random() < chance:
            points = elastic(points, edge, magnitude, rng)
    return points, colours


def augment_colours(colours: Float, rng: Generator) -> Float:
    """Colours (N, 3) in 0 to 255: grey, contrast, translation, jitter, hue and saturation, drop."""
    if rng.random() < 0.05:
        colours = np.repeat((colours @ _LUMA)[:, None], 3, axis=1)
    if rng.random() < 0.2:
        colours = _auto_contrast(colours, rng.random())
    if rng.random() < 0.75:
        colours = np.clip(colours + (rng.random(3) - 0.5) * 2 * 25.5, 0, 255)
    if rng.random() < 0.8:
        colours = np.clip(colours + rng.normal(0.0, 0.05 * 255, colours.shape), 0, 255)
    colours = _shift_hue(colours, rng.uniform(-0.2, 0.2), 1.0 + rng.uniform(-0.2, 0.2))
    return colours * 0.0 if rng.random() < 0.1 else colours


def _auto_contrast(colours: Float, share: float) -> Float:
    low, high = colours.min(axis=0), colours.max(axis=0)
    stretched = (colours - low) * (255.0 / np.maximum(high - low, 1e-6))
    return (1 - share) * colours + share * stretched


def _shift_hue(colours: Float, hue: float, saturation: float) -> Float:
    """Colours with hue moved by `hue` turns and saturation times a factor."""
    from matplotlib.colors import hsv_to_rgb, rgb_to_hsv

    hsv = rgb_to_hsv(np.clip(colours, 0, 255) / 255.0)
    hsv[:, 0] = (hsv[:, 0] + hue) % 1.0
    hsv[:, 1] = np.clip(hsv[:, 1] * saturation, 0.0, 1.0)
    return hsv_to_rgb(hsv) * 255.0


def jitter(xyz: Float, sigma: float, clip: float, fraction: float, rng: Generator) -> Float:
    """Points of which about `fraction` are moved by Gaussian noise (m), cut at `clip` (m)."""
    chosen = rng.random(len(xyz)) < fraction
    moved = xyz.copy()
    moved[chosen] += np.clip(rng.normal(0.0, sigma, (int(chosen.sum()), 3)), -clip, clip)
    return moved


def elastic(xyz: Float, edge: float, magnitude: float, rng: Generator) -> Float:
    """Points moved by smooth noise: Gaussian on a grid of `edge` metres, averaged twice, times `magnitude`."""
    low = xyz.min(axis=0)
    shape = ((xyz.max(axis=0) - low) // edge).astype(int) + 3
    places = ((xyz - low) / edge + 1.0).T
    noise = rng.normal(size=(3, *shape)).astype(np.float32)
    for _ in range(2):
        for axis in (1, 2, 3):
            noise = convolve1d(noise, np.full(3, 1 / 3), axis=axis, mode="constant")
    shift = np.stack([map_coordinates(field, places, order=1, mode="nearest") for field in noise], axis=1)
    return xyz + shift * magnitude
