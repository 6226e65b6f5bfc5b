"""Cabinets, shelves, wardrobes and racks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from spatial_perception.simulation.furniture.palette import Palette, Size, shade
from spatial_perception.simulation.furniture.seating import legs
from spatial_perception.simulation.solids import Colour, Part, box, cylinder

Builder = Callable[[Size, Generator, Palette], list[Part]]


def carcass(size: Size, rgb: Colour, doors: int, handle: Colour, z0: float = 0.0) -> list[Part]:
    """A closed body with `doors` fronts that are parted by grooves, and handles."""
    w, d, h = size
    parts = [box(0, -0.01, z0, (w, d - 0.02, h), rgb)]
    step = w / doors
    for k in range(doors):
        x = -w / 2 + (k + 0.5) * step
        parts.append(box(x, d / 2 - 0.015, z0 + 0.01, (step - 0.012, 0.018, h - 0.02), shade(rgb, 1.05)))
        grip = x + (step / 2 - 0.05) * (1 if k % 2 == 0 else -1)
        parts.append(box(grip, d / 2 - 0.003, z0 + h * 0.45, (0.015, 0.006, min(0.16, h * 0.2)), handle))
    return parts


def cabinet(doors_per_metre: float, foot: float = 0.0, white: bool = False) -> Builder:
    """A builder of closed cabinets, `foot` (m) off the floor on legs or on a recessed plinth."""

    def build(size: Size, rng: Generator, paint: Palette) -> list[Part]:
        w, d, h = size
        rgb = paint.white if white or rng.random() < 0.35 else paint.wood
        lift = foot if foot and rng.random() < 0.6 else 0.05
        under = (
            legs(w, d, lift, 0.04, rgb)
            if lift > 0.05
            else [box(0, -0.03, 0, (w - 0.02, d - 0.06, lift), shade(rgb, 0.8))]
        )
        return under + carcass((w, d, h - lift), rgb, max(1, round(w * doors_per_metre)), paint.metal, lift)

    return build


def drawers(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A small chest of two or three drawers on short feet."""
    w, d, h = size
    foot = float(rng.choice([0.0, 0.1]))
    parts = legs(w, d, foot, 0.035, paint.wood) if foot else []
    parts.append(box(0, -0.01, foot, (w, d - 0.02, h - foot), paint.wood))
    count = 2 if h < 0.6 else 3
    step = (h - foot) / count
    for k in range(count):
        z = foot + k * step
        parts.append(box(0, d / 2 - 0.011, z + 0.012, (w - 0.03, 0.012, step - 0.024), shade(paint.wood, 1.07)))
        parts.append(box(0, d / 2 - 0.0025, z + step / 2, (0.1, 0.005, 0.02), paint.metal))
    return parts


def bookcase(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """An open shelf: sides, back, boards, and rows of books of different height and depth."""
    w, d, h = size
    board, side = 0.022, paint.wood
    parts = [box(sx * (w / 2 - board / 2), 0, 0, (board, d, h), side) for sx in (-1, 1)]
    parts.append(box(0, -d / 2 + 0.006, 0, (w, 0.012, h), shade(side, 0.9)))
    count = max(2, round(h / 0.36))
    step = (h - board) / count
    for k in range(count + 1):
        parts.append(box(0, 0, k * step, (w - 2 * board, d, board), side))
    for k in range(count):
        parts += _books(w - 2 * board, d, k * step + board, step - board, rng)
    return parts


def _books(w: float, d: float, z: float, room: float, rng: Generator) -> list[Part]:
    parts, x = [], -w / 2 + 0.01
    while x < w / 2 - 0.06:
        run = float(min(rng.uniform(0.06, 0.3), w / 2 - x - 0.01))
        if rng.random() < 0.65:
            tall, deep = room * rng.uniform(0.55, 0.92), d * rng.uniform(0.45, 0.8)
            rgb = tuple(int(v) for v in rng.integers(40, 220, 3))
            parts.append(box(x + run / 2, -d / 2 + 0.012 + deep / 2, z, (run, deep, tall), (rgb[0], rgb[1], rgb[2])))
        x += run + 0.005
    return parts


def display_case(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """Closed below, open shelves with a few bottles or ornaments above."""
    w, d, h = size
    low = min(0.8, h * 0.42)
    parts = carcass((w, d, low), paint.wood, max(1, round(w * 2.2)), paint.metal)
    parts += [box(sx * (w / 2 - 0.012), 0, low, (0.024, d, h - low), paint.wood) for sx in (-1, 1)]
    parts.append(box(0, -d / 2 + 0.008, low, (w, 0.016, h - low), shade(paint.wood, 0.9)))
    levels = np.linspace(low, h - 0.024, max(2, round((h - low) / 0.34)) + 1)[1:]
    parts += [box(0, 0, float(z), (w - 0.048, d, 0.024), paint.wood) for z in levels]
    for z in [low, *(float(v) + 0.024 for v in levels[:-1])]:
        for x in np.arange(-w / 2 + 0.1, w / 2 - 0.08, 0.14):
            if rng.random() < 0.55:
                tall = float(rng.uniform(0.1, 0.25))
                parts.append(
                    cylinder(float(x), float(rng.uniform(-0.05, 0.05)) * d, z, (0.08, 0.08, tall), paint.accent)
                )
    return parts


def tv_cabinet(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A long low board: closed ends and an open middle with a shelf."""
    w, d, h = size
    foot = float(rng.choice([0.0, 0.1]))
    parts = legs(w, d, foot, 0.04, paint.wood, 0.05) if foot else []
    third, tall = w / 3, h - foot
    parts += [
        part.moved(0.0, (sx * third, 0, 0))
        for sx in (-1, 1)
        for part in carcass((third, d, tall), paint.wood, 1, paint.metal, foot)
    ]
    parts += [box(0, 0, z, (third, d, 0.025), paint.wood) for z in (foot, foot + tall / 2, h - 0.025)]
    return [*parts, box(0, -d / 2 + 0.01, foot, (third, 0.02, tall), shade(paint.wood, 0.85))]


def wardrobe(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A tall cabinet with doors down to a plinth."""
    return cabinet(2.0)(size, rng, paint)


def shoe_cabinet(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A shallow cabinet with tilting flaps one above the other."""
    w, d, h = size
    parts = [
        box(0, -0.015, 0.04, (w, d - 0.03, h - 0.04), paint.white),
        box(0, -0.02, 0, (w - 0.04, d - 0.06, 0.04), paint.dark),
    ]
    count = max(2, round(h / 0.4))
    step = (h - 0.08) / count
    return [
        *parts,
        *(
            box(0, d / 2 - 0.016, 0.05 + k * step, (w - 0.02, 0.032, step - 0.015), shade(paint.white, 1.04))
            for k in range(count)
        ),
    ]


def clothes_rack(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """Two posts with feet, a rail, and garments that hang from it."""
    w, d, h = size
    parts = [box(sx * (w / 2 - 0.015), 0, 0.02, (0.03, 0.03, h - 0.02), paint.metal) for sx in (-1, 1)]
    parts += [box(sx * (w / 2 - 0.015), 0, 0, (0.03, d, 0.03), paint.metal) for sx in (-1, 1)]
    parts += [box(0, 0, z, (w, 0.03, 0.03), paint.metal) for z in (h - 0.03, 0.15)]
    for x in np.arange(-w / 2 + 0.12, w / 2 - 0.1, 0.09):
        if rng.random() < 0.75:
            long = float(rng.uniform(0.6, 1.0)) * (h - 0.35)
            rgb = tuple(int(v) for v in rng.integers(40, 210, 3))
            parts.append(
                box(float(x), 0, h - 0.06 - long, (0.05, d * rng.uniform(0.7, 0.95), long), (rgb[0], rgb[1], rgb[2]))
            )
    return parts


def screen(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A folding screen of three or four panels set in zigzag."""
    w, d, h = size
    count = 3 if w < 1.4 else 4
    step = w / count
    lean = float(np.arctan2(d - 0.03, step))
    long = float(np.hypot(d - 0.03, step))
    return [
        box(-w / 2 + (k + 0.5) * step, 0, 0.0, (long, 0.025, h), paint.accent, lean if k % 2 else -lean)
        for k in range(count)
    ]
