"""Tables, desks and sets of tables with seats."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from spatial_perception.simulation.furniture.palette import Palette, Size, shade
from spatial_perception.simulation.furniture.seating import chair, legs
from spatial_perception.simulation.solids import Part, box, cylinder


def table(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A top on four legs with an apron."""
    w, d, h = size
    thick, leg = float(rng.uniform(0.025, 0.05)), float(rng.uniform(0.04, 0.08))
    parts = legs(w, d, h - thick, leg, paint.wood, float(rng.choice([0.0, 0.05])))
    parts += [box(0, sy * (d / 2 - 0.08), h - thick - 0.08, (w - 0.16, 0.025, 0.08), paint.wood) for sy in (-1, 1)]
    return [*parts, box(0, 0, h - thick, (w, d, thick), shade(paint.wood, 1.08))]


def dining_table(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A rectangular table, or a round one on a column where it is nearly square."""
    w, d, h = size
    if abs(w - d) > 0.25 or rng.random() < 0.4:
        return table(size, rng, paint)
    column = [
        cylinder(0, 0, 0, (w * 0.5, d * 0.5, 0.04), paint.metal),
        cylinder(0, 0, 0.04, (0.12, 0.12, h - 0.08), paint.metal),
    ]
    return [*column, cylinder(0, 0, h - 0.04, (w, d, 0.04), paint.wood)]


def coffee_table(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A low table with a shelf below, or a low drum."""
    w, d, h = size
    if abs(w - d) < 0.2 and rng.random() < 0.5:
        return [
            cylinder(0, 0, 0, (w * 0.7, d * 0.7, h - 0.04), paint.wood),
            cylinder(0, 0, h - 0.04, (w, d, 0.04), paint.wood),
        ]
    return [*table(size, rng, paint), box(0, 0, 0.12, (w - 0.1, d - 0.1, 0.025), paint.wood)]


def side_table(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A small table: on a column over a disc, or on legs."""
    w, d, h = size
    if rng.random() < 0.5:
        return [*legs(w, d, h - 0.03, 0.03, paint.metal), box(0, 0, h - 0.03, (w, d, 0.03), paint.wood)]
    top = cylinder(0, 0, h - 0.03, (w, d, 0.03), paint.wood)
    return [
        cylinder(0, 0, 0, (w * 0.7, d * 0.7, 0.025), paint.metal),
        cylinder(0, 0, 0.02, (0.05, 0.05, h - 0.05), paint.metal),
        top,
    ]


def desk(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A top with a side panel or legs on one end and a block of drawers on the other, and a modesty panel."""
    w, d, h = size
    block = min(0.42, w * 0.33)
    side = int(rng.choice([-1, 1]))
    parts = [box(0, 0, h - 0.03, (w, d, 0.03), paint.wood)]
    if rng.random() < 0.7:
        parts.append(box(side * (w / 2 - block / 2), 0, 0.03, (block, d - 0.06, h - 0.06), shade(paint.wood, 0.93)))
        parts += [
            box(side * (w / 2 - block / 2), d / 2 - 0.02, z, (0.12, 0.025, 0.02), paint.metal)
            for z in (0.25, 0.45, h - 0.12)
        ]
        parts.append(box(-side * (w / 2 - 0.02), 0, 0, (0.03, d, h - 0.03), paint.wood))
    else:
        parts += legs(w, d, h - 0.03, 0.045, paint.metal)
    return [*parts, box(0, -d / 2 + 0.04, h - 0.35, (w - 0.08, 0.02, 0.3), paint.wood)]


def dressing_table(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A small table with drawers under the top and a mirror that stands on it."""
    w, d, h = size
    top = min(0.76, h * 0.58)
    parts = legs(w, d, top - 0.18, 0.04, paint.white)
    parts.append(box(0, 0, top - 0.18, (w, d, 0.18), paint.white))
    parts.append(box(0, -d / 2 + 0.03, top, (w * 0.6, 0.05, h - top), (190, 200, 208)))
    return [*parts, *(box(sx * w / 4, d / 2 - 0.005, top - 0.1, (0.1, 0.01, 0.02), paint.metal) for sx in (-1, 1))]


def bar(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A counter with a solid front and a top that juts out."""
    w, d, h = size
    return [
        box(0, 0, h - 0.05, (w, d, 0.05), paint.wood),
        box(0, -d * 0.12, 0, (w - 0.06, d * 0.1, h - 0.05), paint.accent),
        *(box(sx * (w / 2 - 0.05), -d * 0.12, 0, (0.05, d * 0.7, h - 0.05), paint.accent) for sx in (-1, 1)),
        box(0, -d * 0.3, 0.5, (w - 0.1, d * 0.35, 0.03), paint.wood),
    ]


def dining_set(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A table with a bench along both long sides, all in one frame."""
    w, d, h = size
    deep = d * 0.44
    parts = table((w, deep, h), rng, paint)
    for side in (-1, 1):
        y = side * (d / 2 - 0.17)
        parts += [box(0, y, 0.4, (w * 0.95, 0.34, 0.05), paint.wood)]
        parts += [box(sx * w * 0.4, y, 0, (0.06, 0.3, 0.4), paint.wood) for sx in (-1, 1)]
    return [*parts, *(box(sx * w * 0.4, 0, 0.08, (0.05, d - 0.3, 0.06), paint.wood) for sx in (-1, 1))]


def leisure_set(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A small round table between two chairs that face each other."""
    w, d, h = size
    seat = (min(0.6, w * 0.34), min(0.62, d), h)
    height = min(0.6, h * 0.75)
    parts = [
        cylinder(0, 0, 0, (0.3, 0.3, 0.03), paint.metal),
        cylinder(0, 0, 0.03, (0.05, 0.05, height - 0.06), paint.metal),
    ]
    parts.append(cylinder(0, 0, height - 0.03, (w * 0.27, w * 0.27, 0.03), paint.wood))
    for side in (-1, 1):
        yaw = side * np.pi / 2
        turned = chair((seat[1], seat[0], seat[2]), rng, paint)
        parts += [part.moved(yaw, (side * (w / 2 - seat[0] / 2), 0, 0)) for part in turned]
    return parts
