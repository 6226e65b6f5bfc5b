"""Colours of one piece of furniture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from spatial_perception.simulation.solids import Colour, Triple

Size = Triple

WOODS: tuple[Colour, ...] = ((156, 112, 72), (196, 160, 116), (98, 66, 44), (222, 206, 180), (128, 92, 60))
FABRICS: tuple[Colour, ...] = (
    (110, 118, 130),
    (168, 152, 134),
    (92, 70, 62),
    (70, 92, 110),
    (150, 90, 80),
    (196, 188, 176),
    (88, 108, 88),
    (60, 60, 66),
)
WHITES: tuple[Colour, ...] = ((238, 238, 234), (226, 222, 214), (245, 245, 245))


@dataclass(frozen=True, slots=True)
class Palette:
    """The materials that builders choose from, as 8-bit colours."""

    wood: Colour
    fabric: Colour
    accent: Colour
    white: Colour
    metal: Colour = (150, 152, 156)
    dark: Colour = (30, 30, 34)
    green: Colour = (70, 120, 60)


def shade(rgb: Colour, factor: float) -> Colour:
    """A colour made darker (factor < 1) or lighter."""
    r, g, b = (int(np.clip(v * factor, 0, 255)) for v in rgb)
    return (r, g, b)


def draw_palette(rng: Generator) -> Palette:
    """A random palette with small variations of common interior colours."""

    def pick(colours: tuple[Colour, ...]) -> Colour:
        return shade(colours[int(rng.integers(len(colours)))], float(rng.uniform(0.85, 1.1)))

    return Palette(pick(WOODS), pick(FABRICS), pick(FABRICS), pick(WHITES))
