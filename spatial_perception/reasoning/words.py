"""What people call things: words for the 59 categories, for groups of them, for rooms, and typical sizes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "sofa": ("sofa", "couch", "settee", "loveseat", "divan", "sofa bed"),
    "chair": ("chair", "armchair", "office chair", "desk chair", "arm chair", "swivel chair"),
    "dining_chair": ("dining chair", "dinner chair", "kitchen chair", "dining room chair"),
    "bar_chair": ("bar chair", "bar stool", "barstool", "counter stool"),
    "stool": ("stool", "footstool", "ottoman", "pouf", "pouffe", "foot stool"),
    "bed": ("bed", "mattress", "bedstead"),
    "pillow": ("pillow", "bed pillow"),
    "wardrobe": ("wardrobe", "closet", "armoire", "clothes cabinet"),
    "nightstand": ("nightstand", "night stand", "bedside table", "bedside cabinet", "night table", "bed table"),
    "tv_cabinet": ("tv cabinet", "tv stand", "tv unit", "tv table", "tv bench", "tv console", "television stand",
                   "media console", "tv board", "television cabinet"),
    "wine_cabinet": ("wine cabinet", "wine rack", "wine shelf", "liquor cabinet"),
    "bathroom_cabinet": ("bathroom cabinet", "bath cabinet", "medicine cabinet"),
    "shoe_cabinet": ("shoe cabinet", "shoe rack", "shoe cupboard"),
    "entrance_cabinet": ("entrance cabinet", "hall cabinet", "hallway cabinet", "entry cabinet"),
    "decorative_cabinet": ("decorative cabinet", "display cabinet", "showcase", "vitrine", "glass cabinet"),
    "washing_cabinet": ("washing cabinet", "laundry cabinet"),
    "wall_cabinet": ("wall cabinet", "hanging cabinet", "wall cupboard", "upper cabinet"),
    "sideboard": ("sideboard", "buffet", "credenza", "chest of drawers", "dresser", "commode"),
    "cupboard": ("cupboard", "kitchen cabinet", "pantry"),
    "coffee_table": ("coffee table", "cocktail table", "sofa table", "tea table"),
    "dining_table": ("dining table", "dinner table", "kitchen table", "dining room table"),
    "side_table": ("side table", "end table", "occasional table"),
    "dressing_table": ("dressing table", "vanity", "vanity table", "makeup table", "make up table"),
    "desk": ("desk", "writing desk", "work table", "writing table", "computer desk", "worktable", "study table"),
    "integrated_stove": ("integrated stove", "kitchen range", "integrated cooker"),
    "gas_stove": ("gas stove", "gas cooker", "gas hob"),
    "range_hood": ("range hood", "cooker hood", "extractor hood", "exhaust hood", "hood", "kitchen hood"),
    "micro-wave_oven": ("microwave", "micro wave oven", "microwave oven", "micro wave"),
    "sink": ("sink", "kitchen sink"),
    "stove": ("stove", "cooker", "oven", "hob", "cooktop", "stovetop", "hot plate"),
    "refrigerator": ("refrigerator", "fridge", "freezer", "icebox", "ice box"),
    "hand_sink": ("hand sink", "washbasin", "wash basin", "basin", "washstand", "bathroom sink", "hand basin"),
    "shower": ("shower", "shower head", "showerhead"),
    "shower_room": ("shower room", "shower cabin", "shower cubicle", "shower stall", "shower enclosure"),
    "toilet": ("toilet", "loo", "wc", "lavatory", "toilet bowl"),
    "tub": ("tub", "bathtub", "bath tub", "bath", "jacuzzi"),
    "illumination": ("illumination", "ceiling lamp", "ceiling light", "light fixture", "overhead light", "pendant lamp",
                     "luminaire"),
    "chandelier": ("chandelier",),
    "floor-standing_lamp": ("floor standing lamp", "floor lamp", "standing lamp", "standard lamp", "reading lamp"),
    "wall_decoration": ("wall decoration", "wall art", "wall ornament", "wall hanging"),
    "painting": ("painting", "picture", "poster", "artwork", "photo", "photograph", "print"),
    "curtain": ("curtain", "drape", "blind", "drapery"),
    "carpet": ("carpet", "rug", "mat"),
    "plants": ("plant", "plants", "houseplant", "house plant", "pot plant", "potted plant", "flower", "indoor plant"),
    "potted_bonsai": ("potted bonsai", "bonsai", "bonsai tree"),
    "tv": ("tv", "television", "telly", "tv set", "television set"),
    "computer": ("computer", "pc", "laptop", "desktop computer", "notebook"),
    "air_conditioner": ("air conditioner", "ac", "aircon", "air con", "a c", "air conditioning", "ac unit"),
    "washing_machine": ("washing machine", "washer", "laundry machine"),
    "clothes_rack": ("clothes rack", "coat rack", "clothes rail", "coat stand", "garment rack", "clothes stand",
                     "clothing rack"),
    "mirror": ("mirror", "looking glass"),
    "bookcase": ("bookcase", "bookshelf", "book shelf", "shelf", "shelving", "bookshelves", "shelves", "book case"),
    "cushion": ("cushion", "throw pillow", "sofa cushion", "sofa pillow"),
    "bar": ("bar", "bar counter", "kitchen bar", "home bar"),
    "screen": ("screen", "room divider", "folding screen", "partition screen", "divider"),
    "combination_sofa": ("combination sofa", "sectional", "sectional sofa", "corner sofa", "sectional couch"),
    "dining_table_combination": ("dining table combination", "dining set", "dining group", "dining table set"),
    "leisure_table_and_chair_combination": ("leisure table and chair combination", "leisure set", "leisure table",
                                            "balcony set", "table and chairs set"),
    "multifunctional_combination_bed": ("multifunctional combination bed", "bunk bed", "loft bed", "combination bed"),
})  # fmt: skip
"""Words for each category; the first one is used in answers."""

_CABINETS = ("cupboard", "sideboard", "tv_cabinet", "wine_cabinet", "bathroom_cabinet", "shoe_cabinet",
             "entrance_cabinet", "decorative_cabinet", "washing_cabinet", "wall_cabinet")  # fmt: skip
_TABLES = ("dining_table", "coffee_table", "side_table", "desk", "dressing_table", "dining_table_combination",
           "leisure_table_and_chair_combination", "nightstand")  # fmt: skip
_LAMPS = ("floor-standing_lamp", "illumination", "chandelier")
GROUPS: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType({
    "table": (_TABLES[:6], _TABLES), "cabinet": (_CABINETS,), "cupboard": (_CABINETS,), "shelf": (("bookcase",),),
    "closet": (("wardrobe",), _CABINETS), "lamp": (_LAMPS,), "light": (_LAMPS,), "lighting": (_LAMPS,),
    "chair": (("dining_chair", "bar_chair"), ("stool",)), "stool": (("bar_chair",),), "armchair": (("sofa",),),
    "seat": (("chair", "dining_chair", "bar_chair", "stool", "sofa", "combination_sofa"),),
    "seating": (("chair", "dining_chair", "bar_chair", "stool", "sofa", "combination_sofa"),),
    "sofa": (("combination_sofa",),), "couch": (("combination_sofa",),), "bed": (("multifunctional_combination_bed",),),
    "dining table": (("dining_table_combination",),), "stove": (("gas_stove", "integrated_stove"),),
    "oven": (("integrated_stove", "gas_stove", "micro-wave_oven"),), "cooker": (("gas_stove", "integrated_stove"),),
    "sink": (("hand_sink",),), "basin": (("sink",),), "washbasin": (("sink",),), "hand sink": (("sink",),),
    "shower": (("shower_room",),), "plant": (("potted_bonsai",),), "plants": (("potted_bonsai",),),
    "flower": (("potted_bonsai",),), "picture": (("wall_decoration",),), "painting": (("wall_decoration",),),
    "pillow": (("cushion",),), "cushion": (("pillow",),), "monitor": (("screen", "computer", "tv"),),
    "display": (("screen", "computer", "tv"),), "screen": (("computer", "tv"),), "television": (("screen",),),
    "decoration": (("wall_decoration", "painting", "plants", "potted_bonsai"),), "rack": (("clothes_rack",),),
    "bookshelf": (("decorative_cabinet",),), "dresser": (("dressing_table", "wardrobe"),), "ottoman": (("chair",),),
    "washing machine": (("washing_cabinet",),), "basket": ((),), "bench": (("stool",),),
    "bin": ((),), "coffee table": (("side_table",),), "vanity": (("bathroom_cabinet",),), "bath": (("shower_room",),),
    "tree": (("plants", "potted_bonsai"),), "worktop": (("cupboard", "bar"),), "counter": (("bar", "cupboard", "sink"),),
    "hood": (("range_hood",),), "bonsai": (("plants",),), "nightstand": (("side_table",),),
})  # fmt: skip
"""Wider meanings, tried in turn where nothing of the narrow meaning is in the scene."""

ANYTHING = ("object", "thing", "item", "furniture", "piece of furniture", "entity", "anything", "something", "stuff",
            "piece")  # fmt: skip
ROBOT = ("robot", "me", "you", "myself", "yourself", "i", "us", "here", "my position", "your position", "current position",
         "current location", "where i am", "where you are", "my location", "your location", "where i stand",
         "where you stand", "where i am standing", "where you are standing", "where we are", "where we stand", "my place",
         "your place", "this spot")  # fmt: skip
HOME = ("home", "house", "apartment", "flat", "scene", "whole home", "whole apartment", "whole house",
        "whole flat", "building", "video", "environment", "all rooms", "floor plan")  # fmt: skip
ROOMS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "bedroom": ("bedroom", "bed room", "sleeping room", "guest room", "kids room", "nursery", "guestroom"),
    "living_room": ("living room", "lounge", "lounge room", "sitting room", "family room", "drawing room", "parlour"),
    "kitchen": ("kitchen", "kitchenette"),
    "bathroom": ("bathroom", "bath room", "washroom", "restroom", "wash room", "rest room", "toilet room"),
    "study": ("study", "office", "home office", "study room", "work room", "workroom", "den"),
    "dining_room": ("dining room", "dining area"),
    "corridor": ("corridor", "hallway", "hall", "passage", "entrance hall", "foyer", "entryway", "vestibule"),
    "studio": ("studio",),
    "laundry_room": ("laundry room", "utility room", "laundry"),
    "room": ("room",),
})  # fmt: skip
_OUTSIDE_WORDS_TEXT = """
    ball balcony bear bicycle bike bird boat bottle bowl box boy bus cake camera candle car cat clock coat cow cup dog
    door drum duck elephant fan fireplace fish fork fox garage garden ghost girl glass globe goat guitar hat
    helicopter horse iron kettle key knife ladder man mouse mug paper pen pencil person phone piano pig pizza plane
    printer radio rocket shark sheep ship shoe soap speaker spoon staircase stairs suitcase swing tiger toaster towel
    toy train tractor tree truck umbrella unicorn vacuum vase violin woman zebra book blanket bag backpack broom
    bucket dishwasher drawer heater radiator jar lemon apple banana orange bread money gold treasure wine beer food
    water roof cellar basement attic terrace pool wheel child baby people human alien dragon dinosaur banister
    elevator lift
"""
OUTSIDE_WORDS = frozenset(_OUTSIDE_WORDS_TEXT.split())
"""Common things that are no category here: they are taken as they are written, never as a misspelt category."""

HANGING = frozenset({"illumination", "chandelier"})
WALL_MOUNTED = frozenset({"painting", "picture", "window", "curtain", "mirror", "tv", "clock", "whiteboard",
                          "wall_decoration", "wall_cabinet", "air_conditioner", "range_hood", "shower"})  # fmt: skip
"""Things that may hang at a wall instead of standing on something."""

SHORT_WIDTH = frozenset({"bed", "tub", "carpet", "dining_table", "coffee_table", "side_table", "pillow",
                         "multifunctional_combination_bed", "dining_table_combination"})  # fmt: skip
"""Things whose width is their shorter side; of all others, which stand with their back to a wall, it is the longer one."""

TYPICAL_SIZES: Mapping[str, tuple[float, float, float]] = MappingProxyType({
    "sofa": (2.0, 0.9, 0.85), "chair": (0.55, 0.55, 0.95), "dining_chair": (0.45, 0.5, 0.9), "bar_chair": (0.4, 0.4, 1.0),
    "stool": (0.4, 0.4, 0.45), "bed": (1.5, 2.1, 0.9), "pillow": (0.6, 0.4, 0.15), "wardrobe": (1.5, 0.6, 2.1),
    "nightstand": (0.45, 0.4, 0.5), "tv_cabinet": (1.6, 0.4, 0.45), "wine_cabinet": (0.9, 0.4, 1.8),
    "bathroom_cabinet": (0.8, 0.48, 0.9), "shoe_cabinet": (0.9, 0.3, 1.0), "entrance_cabinet": (1.0, 0.4, 1.8),
    "decorative_cabinet": (0.9, 0.4, 1.8), "washing_cabinet": (0.9, 0.6, 0.9), "wall_cabinet": (0.8, 0.34, 0.65),
    "sideboard": (1.3, 0.45, 0.8), "cupboard": (0.8, 0.55, 0.9), "coffee_table": (1.0, 0.6, 0.42),
    "dining_table": (1.4, 0.85, 0.75), "side_table": (0.45, 0.45, 0.55), "dressing_table": (0.9, 0.45, 1.4),
    "desk": (1.3, 0.65, 0.75), "integrated_stove": (0.9, 0.6, 1.2), "gas_stove": (0.7, 0.55, 0.85),
    "range_hood": (0.6, 0.47, 0.75), "micro-wave_oven": (0.5, 0.4, 0.3), "sink": (1.0, 0.6, 1.05), "stove": (0.6, 0.6, 0.88),
    "refrigerator": (0.7, 0.67, 1.75), "hand_sink": (0.56, 0.47, 1.0), "shower": (0.3, 0.4, 1.1),
    "shower_room": (0.9, 0.9, 2.0), "toilet": (0.4, 0.7, 0.78), "tub": (1.65, 0.76, 0.6), "illumination": (0.45, 0.45, 0.13),
    "chandelier": (0.8, 0.75, 0.5), "floor-standing_lamp": (0.38, 0.38, 1.6), "wall_decoration": (0.9, 0.05, 0.5),
    "painting": (0.9, 0.05, 0.65), "curtain": (1.4, 0.12, 2.2), "carpet": (1.6, 1.4, 0.02), "plants": (0.5, 0.5, 0.85),
    "potted_bonsai": (0.4, 0.28, 0.3), "tv": (1.2, 0.07, 0.7), "computer": (0.55, 0.47, 0.48),
    "air_conditioner": (0.9, 0.21, 0.28), "washing_machine": (0.6, 0.6, 0.85), "clothes_rack": (1.25, 0.5, 1.6),
    "mirror": (0.75, 0.04, 0.85), "bookcase": (0.9, 0.32, 1.9), "cushion": (0.45, 0.17, 0.45), "bar": (1.4, 0.46, 1.05),
    "screen": (1.2, 0.1, 1.6), "combination_sofa": (2.6, 1.7, 0.85), "dining_table_combination": (1.5, 1.5, 0.75),
    "leisure_table_and_chair_combination": (1.4, 1.0, 0.8), "multifunctional_combination_bed": (1.1, 2.1, 1.7),
    "lamp": (0.25, 0.25, 0.45), "vase": (0.15, 0.15, 0.3), "box": (0.4, 0.3, 0.3), "book": (0.2, 0.15, 0.03),
    "printer": (0.45, 0.4, 0.25), "kettle": (0.22, 0.18, 0.25), "cup": (0.08, 0.08, 0.1), "laptop": (0.35, 0.25, 0.03),
})  # fmt: skip
"""Width, depth and height (m) of a usual piece, for things that are placed without a stated size."""

ON_TOPS = ("book", "cup", "vase", "lamp", "potted_bonsai", "computer", "micro-wave_oven", "printer", "cushion")
"""Things that people put on furniture, small first."""


def spoken(label: str) -> str:
    """A label as a word: `micro-wave_oven` is a microwave, labels that are no category read as they are written."""
    return SYNONYMS[label][0] if label in SYNONYMS else label.replace("_", " ").strip()


def plural(noun: str) -> str:
    """The plural of a noun of this vocabulary."""
    if noun.endswith("shelf"):
        return noun[:-1] + "ves"
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun if noun == "plants" else noun + "es"
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeiou" else noun + "s"


def counted(number: int, noun: str) -> str:
    """`1 chair`, `3 chairs`, `no chairs`."""
    return f"{number or 'no'} {noun if number == 1 else plural(noun)}"


def singular(word: str) -> str:
    """The singular of a word, by rule."""
    if word in ("tvs", "pcs"):
        return word[:-1]
    if word in ("plants", "glass", "stairs", "bus", "iris", "chess") or len(word) < 4 or word.endswith(("ss", "us")):
        return word
    if word.endswith("ves"):
        return word[:-3] + "f"
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word
