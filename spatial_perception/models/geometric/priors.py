"""What furniture and fittings usually measure: the priors behind labels.

The names are the 59 categories of SpatialLM. Sizes are common ones of household goods; spreads cover what shops sell.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

FLOOR = 0.0
ON_TOP = -1.0
CEILING = -2.0


class Prior(NamedTuple):
    """Typical length, depth and height (m), where the lower face is (height in m, ON_TOP of other things, or at the CEILING),
    relative spread of the sizes, and how common the thing is (relative)."""

    long: float
    short: float
    tall: float
    stance: float
    spread: float
    common: float


PRIORS: Mapping[str, Prior] = MappingProxyType(
    {
        "sofa": Prior(1.95, 0.9, 0.85, FLOOR, 0.18, 1.0),
        "chair": Prior(0.58, 0.56, 0.95, FLOOR, 0.14, 0.8),
        "dining_chair": Prior(0.48, 0.45, 0.9, FLOOR, 0.12, 1.0),
        "bar_chair": Prior(0.42, 0.4, 1.0, FLOOR, 0.12, 0.3),
        "stool": Prior(0.42, 0.38, 0.45, FLOOR, 0.16, 0.6),
        "bed": Prior(2.08, 1.5, 0.95, FLOOR, 0.18, 1.0),
        "pillow": Prior(0.6, 0.4, 0.15, ON_TOP, 0.2, 0.7),
        "wardrobe": Prior(1.6, 0.6, 2.15, FLOOR, 0.2, 1.0),
        "nightstand": Prior(0.48, 0.42, 0.52, FLOOR, 0.14, 0.9),
        "tv_cabinet": Prior(1.8, 0.42, 0.48, FLOOR, 0.16, 0.7),
        "wine_cabinet": Prior(0.95, 0.38, 1.9, FLOOR, 0.16, 0.4),
        "bathroom_cabinet": Prior(0.85, 0.5, 0.9, FLOOR, 0.14, 0.4),
        "shoe_cabinet": Prior(0.9, 0.3, 1.0, FLOOR, 0.16, 0.5),
        "entrance_cabinet": Prior(1.1, 0.38, 1.5, FLOOR, 0.2, 0.4),
        "decorative_cabinet": Prior(0.95, 0.38, 1.45, FLOOR, 0.16, 0.5),
        "washing_cabinet": Prior(1.3, 0.6, 0.93, FLOOR, 0.1, 0.3),
        "wall_cabinet": Prior(1.3, 0.34, 0.65, 1.5, 0.25, 0.7),
        "sideboard": Prior(1.5, 0.44, 0.85, FLOOR, 0.14, 0.6),
        "cupboard": Prior(1.0, 0.45, 1.5, FLOOR, 0.2, 0.5),
        "coffee_table": Prior(1.05, 0.62, 0.43, FLOOR, 0.16, 0.8),
        "dining_table": Prior(1.5, 0.86, 0.75, FLOOR, 0.15, 1.0),
        "side_table": Prior(0.46, 0.43, 0.55, FLOOR, 0.12, 0.5),
        "dressing_table": Prior(0.95, 0.45, 1.35, FLOOR, 0.14, 0.3),
        "desk": Prior(1.35, 0.62, 0.75, FLOOR, 0.14, 0.9),
        "integrated_stove": Prior(0.85, 0.6, 1.25, FLOOR, 0.1, 0.2),
        "gas_stove": Prior(0.72, 0.42, 0.15, ON_TOP, 0.12, 0.2),
        "range_hood": Prior(0.8, 0.48, 0.7, 1.6, 0.15, 0.3),
        "micro-wave_oven": Prior(0.5, 0.38, 0.3, ON_TOP, 0.12, 0.3),
        "sink": Prior(1.0, 0.6, 1.1, FLOOR, 0.14, 0.3),
        "stove": Prior(0.6, 0.6, 0.88, FLOOR, 0.05, 0.3),
        "refrigerator": Prior(0.72, 0.66, 1.75, FLOOR, 0.12, 0.8),
        "hand_sink": Prior(0.55, 0.46, 1.0, FLOOR, 0.12, 0.4),
        "shower": Prior(0.42, 0.26, 1.1, 0.9, 0.15, 0.2),
        "shower_room": Prior(0.92, 0.9, 2.0, FLOOR, 0.08, 0.4),
        "toilet": Prior(0.7, 0.39, 0.77, FLOOR, 0.1, 0.6),
        "tub": Prior(1.65, 0.75, 0.6, FLOOR, 0.1, 0.5),
        "illumination": Prior(0.55, 0.5, 0.12, CEILING, 0.3, 1.0),
        "chandelier": Prior(0.75, 0.72, 0.55, CEILING, 0.25, 0.6),
        "floor-standing_lamp": Prior(0.4, 0.38, 1.6, FLOOR, 0.15, 0.6),
        "wall_decoration": Prior(0.75, 0.05, 0.48, 1.4, 0.3, 0.4),
        "painting": Prior(0.85, 0.05, 0.65, 1.3, 0.35, 1.0),
        "curtain": Prior(1.9, 0.15, 2.2, 0.15, 0.3, 1.0),
        "carpet": Prior(2.0, 1.4, 0.03, FLOOR, 0.35, 0.3),
        "plants": Prior(0.55, 0.52, 1.1, FLOOR, 0.28, 0.7),
        "potted_bonsai": Prior(0.38, 0.27, 0.33, ON_TOP, 0.2, 0.6),
        "tv": Prior(1.2, 0.09, 0.7, 0.9, 0.2, 0.8),
        "computer": Prior(0.58, 0.45, 0.45, ON_TOP, 0.12, 0.4),
        "air_conditioner": Prior(0.87, 0.23, 0.29, 2.2, 0.14, 0.6),
        "washing_machine": Prior(0.61, 0.6, 0.86, FLOOR, 0.05, 0.4),
        "clothes_rack": Prior(1.15, 0.45, 1.55, FLOOR, 0.15, 0.4),
        "mirror": Prior(0.75, 0.05, 1.2, 0.8, 0.3, 0.4),
        "bookcase": Prior(1.05, 0.33, 1.85, FLOOR, 0.18, 0.8),
        "cushion": Prior(0.45, 0.18, 0.42, ON_TOP, 0.14, 0.3),
        "bar": Prior(1.6, 0.53, 1.06, FLOOR, 0.15, 0.2),
        "screen": Prior(1.55, 0.35, 1.72, FLOOR, 0.12, 0.2),
        "combination_sofa": Prior(2.7, 1.7, 0.84, FLOOR, 0.14, 0.5),
        "dining_table_combination": Prior(1.65, 1.45, 0.76, FLOOR, 0.1, 0.3),
        "leisure_table_and_chair_combination": Prior(1.85, 0.62, 0.85, FLOOR, 0.1, 0.2),
        "multifunctional_combination_bed": Prior(2.05, 1.1, 1.85, FLOOR, 0.1, 0.3),
    }
)

UNKNOWN = "object"
"""Label of what fits no category."""
