"""Lamps, plants, pictures, curtains, electronics and loose things."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from spatial_perception.simulation.furniture.palette import Palette, Size, shade
from spatial_perception.simulation.solids import DARK, Part, box, cylinder, ellipsoid


def chandelier(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A stem from the ceiling, arms around it, and a shade at the end of each."""
    w, d, h = size
    parts = [
        cylinder(0, 0, h - 0.03, (0.14, 0.14, 0.03), paint.metal),
        cylinder(0, 0, h * 0.3, (0.03, 0.03, h * 0.7), paint.metal),
    ]
    count = int(rng.integers(4, 7))
    bulb = min(0.14, h * 0.5)
    for k in range(count):
        yaw = 2 * np.pi * k / count
        x, y = np.cos(yaw) * (w - bulb) / 2, np.sin(yaw) * (d - bulb) / 2
        parts.append(
            box(x / 2, y / 2, h * 0.3, (float(np.hypot(x, y)), 0.025, 0.025), paint.metal, float(np.arctan2(y, x)))
        )
        parts.append(ellipsoid(x, y, 0.0, (bulb, bulb, h * 0.4), paint.white))
    return parts


def ceiling_lamp(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A flat disc or panel under the ceiling."""
    w, d, h = size
    if abs(w - d) < 0.1 and rng.random() < 0.6:
        return [
            cylinder(0, 0, 0, (w, d, h * 0.7), paint.white),
            cylinder(0, 0, h * 0.7, (w * 0.6, d * 0.6, h * 0.3), paint.metal),
        ]
    return [box(0, 0, 0, (w, d, h * 0.7), paint.white), box(0, 0, h * 0.7, (w * 0.8, d * 0.8, h * 0.3), paint.metal)]


def pendant(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A shade that hangs on a thin cord."""
    w, d, h = size
    shade_height = min(0.3, h * 0.5)
    return [
        cylinder(0, 0, 0, (w, d, shade_height), paint.accent),
        cylinder(0, 0, shade_height, (0.02, 0.02, h - shade_height), paint.dark),
    ]


def floor_lamp(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A foot, a thin pole and a shade."""
    w, d, h = size
    tall = min(0.32, h * 0.25)
    foot = cylinder(0, 0, 0, (w * 0.75, d * 0.75, 0.03), paint.metal)
    return [
        foot,
        cylinder(0, 0, 0.03, (0.03, 0.03, h - tall - 0.03), paint.metal),
        cylinder(0, 0, h - tall, (w, d, tall), paint.white),
    ]


def plant(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A pot, a stem and a crown of overlapping leaf clusters."""
    w, d, h = size
    pot = min(0.35, h * 0.3)
    parts = [cylinder(0, 0, 0, (min(w, d) * 0.55, min(w, d) * 0.55, pot), paint.accent)]
    parts.append(cylinder(0, 0, pot, (0.04, 0.04, (h - pot) * 0.6), (90, 70, 50)))
    for _ in range(int(rng.integers(7, 14))):
        sx, sy, sz = w * rng.uniform(0.25, 0.5), d * rng.uniform(0.25, 0.5), (h - pot) * rng.uniform(0.2, 0.4)
        x, y = rng.uniform(-1, 1) * (w - sx) / 2, rng.uniform(-1, 1) * (d - sy) / 2
        z = pot + rng.uniform(0.1, 1.0) * (h - pot - sz)
        parts.append(ellipsoid(x, y, z, (sx, sy, sz), shade(paint.green, float(rng.uniform(0.7, 1.3)))))
    return parts


def bonsai(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A flat pot with a small crooked tree."""
    w, d, h = size
    parts = [
        box(0, 0, 0, (w * 0.8, d * 0.8, h * 0.25), paint.accent),
        cylinder(0.0, 0, h * 0.25, (0.03, 0.03, h * 0.4), (90, 70, 50)),
    ]
    for k in range(3):
        parts.append(ellipsoid((k - 1) * w * 0.28, 0, h * (0.42 + 0.2 * (k % 2)), (w * 0.44, d, h * 0.38), paint.green))
    return parts


def picture(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A canvas in a frame that stands out from it."""
    w, d, h = size
    bar = min(0.04, w * 0.1)
    frame = [box(sx * (w - bar) / 2, 0, 0, (bar, d, h), paint.wood) for sx in (-1, 1)]
    frame += [box(0, 0, z, (w - 2 * bar, d, bar), paint.wood) for z in (0.0, h - bar)]
    return [*frame, box(0, -d * 0.15, bar, (w - 2 * bar, d * 0.6, h - 2 * bar), paint.accent)]


def wall_decoration(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A few plates or discs on the wall."""
    w, d, h = size
    parts = []
    for k in range(3):
        x, z = (k - 1) * w / 3, h * (0.0 if k % 2 else 0.35)
        parts.append(box(x, 0, z, (w / 3 - 0.02, d, h * 0.6), shade(paint.accent, 0.8 + 0.2 * k)))
    return parts


def curtain(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """Folds of cloth that hang from a rail, in two panels with a gap or drawn together."""
    w, d, h = size
    gap = w * float(rng.choice([0.0, 0.45, 0.6, 0.7]))
    parts = [box(0, -d / 2 + 0.02, h - 0.03, (w, 0.03, 0.03), paint.metal)]
    fold = 0.09
    for x in np.arange(-w / 2 + fold / 2, w / 2 - fold / 2 + 1e-6, fold * 0.9):
        if abs(x) >= gap / 2:
            deep = d * float(rng.uniform(0.5, 0.75))
            parts.append(
                cylinder(
                    float(x), float(rng.choice([-1, 1])) * (d - deep) / 2, 0.0, (fold, deep, h - 0.02), paint.fabric
                )
            )
    return parts


def carpet(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A thin rug with a border."""
    w, d, h = size
    return [
        box(0, 0, 0, (w, d, h * 0.8), paint.accent),
        box(0, 0, h * 0.8, (w * 0.85, d * 0.85, h * 0.2), shade(paint.accent, 1.2)),
    ]


def television(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A dark screen with a thick part behind it, on two feet where it stands."""
    w, d, h = size
    foot = 0.07 if d > 0.14 else 0.0
    thin = min(0.03, d * 0.5)
    front = -d / 2 + thin * 1.5 + 0.03 if foot else d / 2 - thin / 2
    parts = [box(0, front, foot, (w, thin, h - foot), paint.dark, 0.0, DARK)]
    if foot:
        return parts + [box(sx * w * 0.35, 0, 0, (0.03, d, foot), paint.dark) for sx in (-1, 1)]
    return [*parts, box(0, -thin / 2, h * 0.25, (w * 0.4, d - thin, h * 0.4), paint.dark)]


def computer(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A monitor on a stand with a keyboard before it."""
    w, d, h = size
    back = -d / 2 + 0.1
    return [
        box(0, back, h * 0.25, (w, 0.04, h * 0.75), paint.dark, 0.0, DARK),
        box(0, back - 0.03, 0.01, (0.05, 0.03, h * 0.5), paint.metal),
        box(0, back, 0, (0.24, 0.2, 0.015), paint.metal),
        box(0, d / 2 - 0.08, 0, (w * 0.75, 0.16, 0.025), paint.dark),
    ]


def air_conditioner(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A long white unit with a slanted lower front; a tower where it is taller than wide."""
    w, d, h = size
    if h > w:
        return [box(0, 0, 0, (w, d, h), paint.white), box(0, 0, h * 0.7, (w * 0.7, d, h * 0.2), paint.white)]
    return [
        box(0, 0, h * 0.35, (w, d, h * 0.65), paint.white),
        box(0, -d * 0.12, 0, (w * 0.98, d * 0.76, h * 0.35), shade(paint.white, 0.95)),
    ]


def clutter(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """Loose things: a stack of boxes, a ball, a bin or a pile of books."""
    w, d, h = size
    choice = int(rng.integers(4))
    if choice == 0:
        return [ellipsoid(0, 0, 0, (w, w, w), paint.accent)]
    if choice == 1:
        return [cylinder(0, 0, 0, (w, w, h), paint.metal)]
    if choice == 2:
        return [
            box(0, 0, 0, (w, d, h * 0.55), paint.wood),
            box(0.01, 0.01, h * 0.55, (w * 0.8, d * 0.75, h * 0.45), paint.accent, 0.2),
        ]
    return [
        box(
            0,
            0,
            k * h / 4,
            (w * rng.uniform(0.75, 1), d * rng.uniform(0.75, 1), h / 4),
            shade(paint.accent, 0.7 + 0.15 * k),
        )
        for k in range(4)
    ]
