"""The names of things: SpatialLM's 59 categories, and the nearest known name for a mistyped one.

Labels stay free strings everywhere (fine-tuned models write other names); this list is what published models were
taught.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

CATEGORIES = (
    "sofa", "chair", "dining_chair", "bar_chair", "stool", "bed", "pillow", "wardrobe", "nightstand", "tv_cabinet",
    "wine_cabinet", "bathroom_cabinet", "shoe_cabinet", "entrance_cabinet", "decorative_cabinet", "washing_cabinet",
    "wall_cabinet", "sideboard", "cupboard", "coffee_table", "dining_table", "side_table", "dressing_table", "desk",
    "integrated_stove", "gas_stove", "range_hood", "micro-wave_oven", "sink", "stove", "refrigerator", "hand_sink",
    "shower", "shower_room", "toilet", "tub", "illumination", "chandelier", "floor-standing_lamp", "wall_decoration",
    "painting", "curtain", "carpet", "plants", "potted_bonsai", "tv", "computer", "air_conditioner", "washing_machine",
    "clothes_rack", "mirror", "bookcase", "cushion", "bar", "screen", "combination_sofa", "dining_table_combination",
    "leisure_table_and_chair_combination", "multifunctional_combination_bed",
)  # fmt: skip


def nearest_name(name: str, choices: Iterable[str] = CATEGORIES) -> str | None:
    """The choice most like `name` (case, blanks and `-`/`_` do not count), or None where nothing is close."""
    plain = {_plain(choice): choice for choice in choices}
    close = get_close_matches(_plain(name)[:100], plain, n=1, cutoff=0.6)
    return plain[close[0]] if close else None


def did_you_mean(name: str, choices: Iterable[str] = CATEGORIES) -> str:
    """A clause for messages: `did you mean 'sofa'?`, or the choices where nothing is close."""
    names = tuple(choices)
    nearest = nearest_name(name, names)
    return f"did you mean {nearest!r}?" if nearest else f"choose from {', '.join(names)}"


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")
