"""Chairs, stools, sofas and beds. Builders get the outer size (m) and fill it; x is width, the back is at -y, z is up from 0."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from spatial_perception.simulation.furniture.palette import Palette, Size, shade
from spatial_perception.simulation.solids import Colour, Part, box, cylinder, ellipsoid


def legs(w: float, d: float, h: float, thick: float, rgb: Colour, inset: float = 0.0) -> list[Part]:
    """Four legs under the corners of a w x d rectangle."""
    x, y = w / 2 - thick / 2 - inset, d / 2 - thick / 2 - inset
    return [box(sx * x, sy * y, 0.0, (thick, thick, h), rgb) for sx in (-1, 1) for sy in (-1, 1)]


def chair(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A seat on four legs with a back, closed or of slats, sometimes with arms."""
    w, d, h = size
    seat = min(0.46, h * 0.52)
    parts = legs(w, d, seat - 0.05, 0.035, paint.wood)
    parts.append(box(0, 0, seat - 0.05, (w, d, 0.05), paint.fabric))
    if rng.random() < 0.6:
        parts.append(box(0, -d / 2 + 0.02, seat, (w, 0.04, h - seat), paint.fabric))
    else:
        parts += [box(sx * (w / 2 - 0.02), -d / 2 + 0.02, seat, (0.04, 0.04, h - seat), paint.wood) for sx in (-1, 1)]
        parts += [box(0, -d / 2 + 0.02, z, (w, 0.03, 0.07), paint.wood) for z in (h - 0.09, (seat + h) / 2 - 0.03)]
    if rng.random() < 0.25:
        parts += [box(sx * (w / 2 - 0.02), 0, seat + 0.2, (0.04, d, 0.03), paint.wood) for sx in (-1, 1)]
        parts += [box(sx * (w / 2 - 0.02), d / 2 - 0.02, seat, (0.04, 0.04, 0.2), paint.wood) for sx in (-1, 1)]
    return parts


def office_chair(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A seat on a column over a star of feet, with a back."""
    w, d, h = size
    seat = min(0.5, h * 0.5)
    parts = [box(0, 0, 0.03, (w, 0.05, 0.04), paint.dark, yaw) for yaw in (0.4, 0.4 + np.pi / 2)]
    parts += [
        cylinder(0, 0, 0.05, (0.06, 0.06, seat - 0.12), paint.metal),
        box(0, 0, seat - 0.08, (w, d, 0.08), paint.fabric),
    ]
    return [*parts, box(0, -d / 2 + 0.035, seat + 0.05, (w * 0.9, 0.07, h - seat - 0.05), paint.fabric)]


def stool(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A seat on four legs, or a round upholstered drum."""
    w, d, h = size
    if rng.random() < 0.4:
        return [cylinder(0, 0, 0.0, (w, d, h), paint.fabric)]
    return [*legs(w, d, h - 0.06, 0.035, paint.wood), box(0, 0, h - 0.06, (w, d, 0.06), paint.fabric)]


def bar_chair(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A high seat with a low back, on four legs with a foot rest or on a column over a disc."""
    w, d, h = size
    seat = h - 0.24
    top = [
        box(0, 0, seat - 0.05, (w, d, 0.05), paint.fabric),
        box(0, -d / 2 + 0.02, seat, (w, 0.04, 0.24), paint.fabric),
    ]
    if rng.random() < 0.5:
        return [
            cylinder(0, 0, 0, (w, d, 0.03), paint.metal),
            cylinder(0, 0, 0.03, (0.06, 0.06, seat - 0.08), paint.metal),
            *top,
        ]
    rest = [box(0, sy * (d / 2 - 0.02), 0.28, (w, 0.025, 0.025), paint.wood) for sy in (-1, 1)]
    return [*legs(w, d, seat - 0.05, 0.035, paint.wood), *rest, *top]


def sofa(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A base with seat cushions, a back and two arms; small feet lift it."""
    w, d, h = size
    foot, seat, arm = float(rng.choice([0.0, 0.08, 0.14])), 0.42, min(0.2, w * 0.13)
    back = min(0.24, d * 0.3)
    parts = legs(w, d, foot, 0.05, paint.wood, 0.03) if foot else []
    parts.append(box(0, 0, foot, (w, d, seat - 0.14 - foot), paint.fabric))
    parts.append(box(0, -d / 2 + back / 2, seat - 0.14, (w, back, h - seat + 0.14), paint.fabric))
    rise = min(0.62, h - 0.08)
    parts += [
        box(
            sx * (w / 2 - arm / 2),
            back / 2,
            seat - 0.14,
            (arm, d - back, rise - seat + 0.14),
            shade(paint.fabric, 0.92),
        )
        for sx in (-1, 1)
    ]
    count = max(1, round((w - 2 * arm) / 0.7))
    step = (w - 2 * arm) / count
    for k in range(count):
        x = -w / 2 + arm + (k + 0.5) * step
        parts.append(box(x, back / 2, seat - 0.14, (step - 0.015, d - back, 0.14), shade(paint.fabric, 1.08)))
        parts.append(
            box(x, -d / 2 + back + 0.06, seat, (step - 0.015, 0.12, h - seat - 0.1), shade(paint.fabric, 1.04))
        )
    return parts


def combination_sofa(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """An L: a sofa along the back and a lounge part along one side."""
    w, d, h = size
    deep, side = min(0.95, d * 0.6), int(rng.choice([-1, 1]))
    parts = [part.moved(0.0, (0, -d / 2 + deep / 2, 0)) for part in sofa((w, deep, h), rng, paint)]
    wide = min(0.95, w * 0.42)
    x = side * (w / 2 - wide / 2)
    front = deep - d / 2
    parts.append(box(x, (front + d / 2) / 2, 0.04, (wide, d / 2 - front, 0.26), paint.fabric))
    return [
        *parts,
        box(x, (front + d / 2) / 2, 0.3, (wide - 0.02, d / 2 - front - 0.01, 0.13), shade(paint.fabric, 1.08)),
    ]


def bed(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A base on feet or to the floor, a mattress, a headboard at the back, a blanket over the lower part."""
    w, d, h = size
    foot, frame, head = float(rng.choice([0.0, 0.12, 0.2])), 0.3, 0.07
    top = min(0.52, h - 0.1)
    parts = legs(w, d, foot, 0.07, paint.wood) if foot else []
    parts.append(box(0, 0, foot, (w, d, frame - foot), paint.wood))
    parts.append(box(0, -d / 2 + head / 2, foot, (w, head, h - foot), paint.wood))
    parts.append(box(0, head / 2, frame, (w - 0.06, d - head - 0.04, top - frame), paint.white))
    blanket = (d - head) * rng.uniform(0.5, 0.68)
    return [*parts, box(0, d / 2 - blanket / 2 - 0.005, frame - 0.08, (w, blanket, top - frame + 0.11), paint.fabric)]


def bunk_bed(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A high bed on four posts with rails, a ladder, and a desk top or a second bed below."""
    w, d, h = size
    deck = h - 0.45
    parts = legs(w, d, h, 0.07, paint.wood)
    parts += [
        box(0, 0, deck - 0.08, (w, d, 0.08), paint.wood),
        box(0, 0, deck, (w - 0.14, d - 0.14, 0.16), paint.white),
    ]
    parts += [box(0, sy * (d / 2 - 0.02), h - 0.15, (w, 0.03, 0.08), paint.wood) for sy in (-1, 1)]
    parts += [box(w / 2 - 0.25, d / 2 - 0.02, z, (0.4, 0.04, 0.04), paint.wood) for z in np.arange(0.3, deck, 0.3)]
    if rng.random() < 0.5:
        return [
            *parts,
            box(0, 0, 0.25, (w - 0.1, d - 0.1, 0.06), paint.wood),
            box(0, 0, 0.31, (w - 0.16, d - 0.16, 0.16), paint.fabric),
        ]
    return [*parts, box(-w * 0.1, -d / 2 + 0.3, 0.71, (w * 0.7, 0.58, 0.04), paint.wood)]


def pillow(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A flat cushion with rounded edges."""
    w, d, h = size
    return [ellipsoid(0, 0, 0, (w, d, h), paint.white), box(0, 0, h * 0.2, (w * 0.8, d * 0.8, h * 0.6), paint.white)]


def cushion(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A cushion that stands against a back."""
    w, d, h = size
    return [ellipsoid(0, 0, 0, (w, d, h), paint.accent), box(0, 0, h * 0.1, (w * 0.8, d * 0.6, h * 0.8), paint.accent)]
