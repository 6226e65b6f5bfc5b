"""One table of colours for everything that is drawn: structure, and furniture by family.

Members of a family share a hue and differ in lightness, so that a plan stays calm while its legend stays readable.
"""

from __future__ import annotations

import colorsys
from typing import TypeAlias
from zlib import crc32

Colour: TypeAlias = tuple[float, float, float]

PAPER = "#fcfbf8"
INK = "#2b2f36"
MUTED = "#8a8f98"
FLOOR = "#f3eee4"
WALL = "#3a3f47"
DOOR = "#b4552d"
WINDOW = "#2f7fb5"
TRUTH = "#c2185b"
AXIS_X = "#c0392b"
AXIS_Y = "#2e8b57"
AXIS_Z = "#2f6fb5"

# family -> (base colour, its labels in the order of SpatialLM's category list)
FAMILIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "seating": (
        "#4c86c6",
        ("sofa", "combination_sofa", "chair", "dining_chair", "bar_chair", "stool", "cushion",
         "leisure_table_and_chair_combination"),
    ),
    "beds": ("#8e6cc0", ("bed", "multifunctional_combination_bed", "pillow", "nightstand")),
    "storage": (
        "#b98a4e",
        ("wardrobe", "bookcase", "cupboard", "sideboard", "tv_cabinet", "wine_cabinet", "shoe_cabinet",
         "entrance_cabinet", "decorative_cabinet", "wall_cabinet", "washing_cabinet", "bathroom_cabinet",
         "clothes_rack", "cabinet"),
    ),
    "tables": (
        "#d9764a",
        ("dining_table", "coffee_table", "side_table", "desk", "dressing_table", "dining_table_combination", "bar",
         "table"),
    ),
    "kitchen": ("#c9534f", ("integrated_stove", "gas_stove", "stove", "range_hood", "micro-wave_oven",
                            "refrigerator", "sink")),
    "bath": ("#3aa6a0", ("hand_sink", "shower", "shower_room", "toilet", "tub", "washing_machine")),
    "light": ("#e0b93a", ("illumination", "chandelier", "floor-standing_lamp")),
    "plants": ("#5c9f52", ("plants", "potted_bonsai")),
    "textiles": ("#cf8fae", ("curtain", "carpet", "screen")),
    "walls": ("#7e93a8", ("wall_decoration", "painting", "mirror")),
    "devices": ("#56606e", ("tv", "computer", "air_conditioner")),
}  # fmt: skip

UNKNOWN = "#9aa0a6"
_LIGHTNESS_SPAN = 0.20


def rgb(colour: str) -> Colour:
    """`#rrggbb` as three floats in [0, 1]."""
    return (int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255)


def shade(colour: Colour, factor: float) -> Colour:
    """The colour with its lightness multiplied by `factor` (> 1 is lighter), clipped to what exists."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*colour)
    return colorsys.hls_to_rgb(hue, min(max(lightness * factor, 0.0), 1.0), saturation)


def blend(colour: Colour, other: Colour, weight: float) -> Colour:
    """`colour` moved towards `other` by `weight` in [0, 1]."""
    r, g, b = (a + (c - a) * weight for a, c in zip(colour, other))
    return (r, g, b)


def _spread(base: str, position: float) -> Colour:
    hue, lightness, saturation = colorsys.rgb_to_hls(*rgb(base))
    return colorsys.hls_to_rgb(hue, lightness + _LIGHTNESS_SPAN * (position - 0.35), saturation)


def _build() -> dict[str, Colour]:
    table = {}
    for base, labels in FAMILIES.values():
        for index, label in enumerate(labels):
            table[label] = _spread(base, index / max(len(labels) - 1, 1))
    return table


CATEGORY_COLOURS: dict[str, Colour] = _build()
"""Colour of each known category, RGB in [0, 1]."""


def colour_of(label: str) -> Colour:
    """Colour of a category, RGB in [0, 1]; grey for `object`, a stable colour made from the name for others."""
    key = label.strip().lower().replace(" ", "_")
    if key in CATEGORY_COLOURS:
        return CATEGORY_COLOURS[key]
    if key in ("", "object", "unknown"):
        return rgb(UNKNOWN)
    return colorsys.hls_to_rgb(crc32(key.encode("utf-8")) % 360 / 360, 0.58, 0.38)


def display_name(label: str) -> str:
    """A category as people read it: `floor-standing_lamp` -> `floor-standing lamp`."""
    return " ".join(label.replace("_", " ").split()) or "object"
