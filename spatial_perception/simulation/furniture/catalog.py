"""Every category with the sizes it comes in, how it is mounted and who builds it.

The names are the 59 categories of SpatialLM; sizes are of common products and standards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from spatial_perception.simulation.furniture import decor, seating, storage, tables, wet_rooms
from spatial_perception.simulation.furniture.palette import Palette, Size, draw_palette
from spatial_perception.simulation.furniture.storage import Builder, cabinet
from spatial_perception.simulation.solids import Part, bounds_of

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Spec:
    """Ranges (m) of width, depth and height of a category, and its builder."""

    width: Range
    depth: Range
    height: Range
    build: Builder

    def draw_size(self, rng: Generator) -> Size:
        """A size within the ranges, in centimetres."""
        w, d, h = (round(float(rng.uniform(*r)), 2) for r in (self.width, self.depth, self.height))
        return (w, d, h)


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of furniture about its own origin: footprint centred on (0, 0), from z = 0 to size[2], front towards +y."""

    label: str
    size: Size
    parts: tuple[Part, ...]


def make_piece(
    label: str, rng: Generator, size: Size | None = None, paint: Palette | None = None, build: Builder | None = None
) -> Piece:
    """Build a piece of category `label`, of random size unless `size` (m) is given, by another builder where one is given.

    The size of the result is that of the tight box around its parts.
    """
    wanted = size or CATALOG[label].draw_size(rng)
    parts = (build or CATALOG[label].build)(wanted, rng, paint or draw_palette(rng))
    return fill(label, parts, wanted)


def make_clutter(rng: Generator) -> Piece:
    """A loose thing of no category, 10-40 cm large."""
    size = CLUTTER.draw_size(rng)
    return fill("", CLUTTER.build(size, rng, draw_palette(rng)), size)


def fill(label: str, parts: Sequence[Part], size: Size) -> Piece:
    """Centre parts and stretch them so that their tight box has the asked size; turned parts would shear, they keep theirs."""
    low, high = bounds_of(parts)
    factor = np.ones(3) if any(p.yaw for p in parts) else np.asarray(size) / (high - low)
    shift = np.array([*(low + high)[:2] / 2, low[2]])
    w, d, h = ((high - low) * factor).tolist()
    return Piece(label, (w, d, h), tuple(_stretched(part, shift, factor) for part in parts))


def _stretched(part: Part, shift: NDArray[np.float64], factor: NDArray[np.float64]) -> Part:
    x, y, z = ((np.asarray(part.center) - shift) * factor).tolist()
    w, d, h = (np.asarray(part.size) * factor).tolist()
    return replace(part, center=(x, y, z), size=(w, d, h))


CATALOG: dict[str, Spec] = {
    "sofa": Spec((1.5, 2.4), (0.8, 1.0), (0.75, 0.95), seating.sofa),
    "combination_sofa": Spec((2.3, 3.0), (1.5, 1.9), (0.75, 0.9), seating.combination_sofa),
    "chair": Spec((0.5, 0.62), (0.5, 0.62), (0.85, 1.1), seating.office_chair),
    "dining_chair": Spec((0.4, 0.5), (0.42, 0.52), (0.82, 1.0), seating.chair),
    "bar_chair": Spec((0.36, 0.44), (0.36, 0.44), (0.9, 1.05), seating.bar_chair),
    "stool": Spec((0.32, 0.48), (0.32, 0.48), (0.38, 0.5), seating.stool),
    "bed": Spec((0.95, 1.9), (2.0, 2.15), (0.85, 1.2), seating.bed),
    "multifunctional_combination_bed": Spec((0.95, 1.15), (1.95, 2.1), (1.7, 1.95), seating.bunk_bed),
    "pillow": Spec((0.5, 0.7), (0.35, 0.45), (0.12, 0.18), seating.pillow),
    "cushion": Spec((0.38, 0.48), (0.14, 0.2), (0.36, 0.46), seating.cushion),
    "nightstand": Spec((0.4, 0.55), (0.38, 0.45), (0.45, 0.6), storage.drawers),
    "wardrobe": Spec((1.0, 2.2), (0.55, 0.65), (1.95, 2.25), storage.wardrobe),
    "tv_cabinet": Spec((1.4, 2.2), (0.36, 0.46), (0.4, 0.55), storage.tv_cabinet),
    "wine_cabinet": Spec((0.7, 1.2), (0.34, 0.42), (1.7, 2.1), storage.display_case),
    "bathroom_cabinet": Spec((0.6, 1.1), (0.45, 0.55), (0.9, 1.0), wet_rooms.bathroom_cabinet),
    "shoe_cabinet": Spec((0.6, 1.1), (0.2, 0.34), (0.85, 1.2), storage.shoe_cabinet),
    "entrance_cabinet": Spec((0.8, 1.4), (0.34, 0.42), (1.0, 2.1), cabinet(2.0)),
    "decorative_cabinet": Spec((0.7, 1.2), (0.34, 0.42), (1.2, 1.7), storage.display_case),
    "washing_cabinet": Spec((1.15, 1.5), (0.58, 0.64), (0.88, 0.98), wet_rooms.washing_cabinet),
    "wall_cabinet": Spec((0.8, 2.0), (0.3, 0.36), (0.55, 0.75), cabinet(2.0, white=True)),
    "sideboard": Spec((1.2, 1.8), (0.4, 0.48), (0.75, 0.95), cabinet(1.8, foot=0.14)),
    "cupboard": Spec((0.8, 1.2), (0.38, 0.5), (1.2, 1.9), cabinet(2.2)),
    "coffee_table": Spec((0.8, 1.25), (0.5, 0.75), (0.36, 0.48), tables.coffee_table),
    "dining_table": Spec((1.1, 1.9), (0.8, 0.95), (0.72, 0.78), tables.dining_table),
    "side_table": Spec((0.38, 0.5), (0.38, 0.5), (0.48, 0.62), tables.side_table),
    "dressing_table": Spec((0.8, 1.1), (0.4, 0.5), (1.25, 1.5), tables.dressing_table),
    "desk": Spec((1.1, 1.6), (0.55, 0.7), (0.72, 0.77), tables.desk),
    "bar": Spec((1.2, 2.0), (0.45, 0.6), (1.0, 1.12), tables.bar),
    "dining_table_combination": Spec((1.3, 1.7), (1.5, 1.7), (0.73, 0.78), tables.dining_set),
    "leisure_table_and_chair_combination": Spec((1.7, 2.0), (0.55, 0.65), (0.75, 0.9), tables.leisure_set),
    "bookcase": Spec((0.7, 1.4), (0.28, 0.36), (1.6, 2.1), storage.bookcase),
    "clothes_rack": Spec((0.9, 1.4), (0.4, 0.5), (1.45, 1.7), storage.clothes_rack),
    "screen": Spec((1.3, 1.8), (0.28, 0.4), (1.6, 1.85), storage.screen),
    "integrated_stove": Spec((0.75, 0.9), (0.58, 0.64), (1.2, 1.35), wet_rooms.integrated_stove),
    "gas_stove": Spec((0.65, 0.78), (0.4, 0.45), (0.15, 0.18), wet_rooms.hob),
    "range_hood": Spec((0.7, 0.9), (0.45, 0.52), (0.6, 0.8), wet_rooms.range_hood),
    "micro-wave_oven": Spec((0.45, 0.54), (0.34, 0.42), (0.27, 0.32), wet_rooms.microwave),
    "sink": Spec((0.8, 1.2), (0.58, 0.62), (1.06, 1.12), wet_rooms.kitchen_sink),
    "stove": Spec((0.58, 0.62), (0.58, 0.63), (0.85, 0.92), wet_rooms.stove),
    "refrigerator": Spec((0.58, 0.92), (0.62, 0.72), (1.6, 1.9), wet_rooms.refrigerator),
    "hand_sink": Spec((0.48, 0.62), (0.42, 0.5), (0.98, 1.08), wet_rooms.hand_sink),
    "shower": Spec((0.22, 0.3), (0.36, 0.45), (1.0, 1.2), wet_rooms.shower),
    "shower_room": Spec((0.85, 1.0), (0.85, 1.0), (1.95, 2.1), wet_rooms.shower_room),
    "toilet": Spec((0.36, 0.42), (0.64, 0.74), (0.72, 0.82), wet_rooms.toilet),
    "tub": Spec((1.55, 1.75), (0.7, 0.8), (0.7, 0.76), wet_rooms.tub),
    "washing_machine": Spec((0.58, 0.62), (0.56, 0.64), (0.84, 0.88), wet_rooms.washing_machine),
    "mirror": Spec((0.45, 0.9), (0.03, 0.05), (0.7, 1.4), wet_rooms.mirror),
    "illumination": Spec((0.35, 0.8), (0.35, 0.6), (0.08, 0.14), decor.ceiling_lamp),
    "chandelier": Spec((0.6, 0.9), (0.6, 0.9), (0.45, 0.7), decor.chandelier),
    "floor-standing_lamp": Spec((0.34, 0.45), (0.34, 0.45), (1.4, 1.7), decor.floor_lamp),
    "wall_decoration": Spec((0.5, 1.0), (0.03, 0.06), (0.35, 0.6), decor.wall_decoration),
    "painting": Spec((0.45, 1.3), (0.03, 0.05), (0.4, 0.9), decor.picture),
    "curtain": Spec((1.2, 2.6), (0.1, 0.16), (1.5, 2.4), decor.curtain),
    "carpet": Spec((1.4, 2.4), (1.0, 1.7), (0.012, 0.025), decor.carpet),
    "plants": Spec((0.4, 0.75), (0.4, 0.75), (0.7, 1.6), decor.plant),
    "potted_bonsai": Spec((0.3, 0.45), (0.22, 0.3), (0.25, 0.4), decor.bonsai),
    "tv": Spec((0.95, 1.5), (0.06, 0.1), (0.55, 0.85), decor.television),
    "computer": Spec((0.5, 0.65), (0.42, 0.5), (0.42, 0.5), decor.computer),
    "air_conditioner": Spec((0.75, 0.95), (0.19, 0.24), (0.26, 0.31), decor.air_conditioner),
}
CLUTTER = Spec((0.15, 0.4), (0.15, 0.35), (0.1, 0.4), decor.clutter)
