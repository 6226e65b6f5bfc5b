"""What stands in which kind of room, and how things that belong together are grouped."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from spatial_perception.simulation.furnishing import Placement, RoomSpace
from spatial_perception.simulation.furniture import wet_rooms
from spatial_perception.simulation.furniture.catalog import CATALOG, Piece, make_clutter, make_piece
from spatial_perception.simulation.furniture.palette import draw_palette


def _piece(space: RoomSpace, label: str) -> Piece:
    return make_piece(label, space.rng)


def _wall(space: RoomSpace, label: str) -> Placement | None:
    return space.against_wall(_piece(space, label))


# ---------------------------------------------------------------------------------------------- groups
def bed_group(space: RoomSpace) -> None:
    """A bed with pillows, and nightstands at its sides where they fit."""
    if space.rng.random() < 0.08:
        _wall(space, "multifunctional_combination_bed")
        return
    bed = space.against_wall(_piece(space, "bed"), tries=30)
    if bed is None:
        return
    w, d, _ = bed.piece.size
    for side in (-1, 1) if w > 1.35 else (0,):
        pillow = make_piece("pillow", space.rng)
        space.put(pillow, *bed.point(side * w * 0.24, -d / 2 + 0.36), bed.yaw, 0.525, touching=True, host=bed)
    for side in (-1, 1):
        if space.rng.random() < 0.75:
            stand = make_piece("nightstand", space.rng)
            x, y = side * (w / 2 + stand.size[0] / 2 + 0.06), -d / 2 + stand.size[1] / 2
            space.put(stand, *bed.point(x, y), bed.yaw)


def chairs_around(space: RoomSpace, table: Placement, label: str, most: int) -> None:
    """Chairs that face a table from its sides, pushed in or drawn out, some turned a little."""
    w, d, _ = table.piece.size
    seats = [(side, k) for side in (-1, 1) for k in range(max(1, int(w // 0.62)))]
    for side, k in seats[:most]:
        if space.rng.random() < 0.15:
            continue
        chair = make_piece(label, space.rng)
        x = -w / 2 + (k + 0.5) * w / max(1, int(w // 0.62))
        y = side * (d / 2 + chair.size[1] / 2 + float(space.rng.uniform(0.02, 0.25)))
        yaw = table.yaw + (np.pi if side > 0 else 0.0) + float(space.rng.normal(0, 0.12))
        space.put(chair, *table.point(x, y), yaw)


def dining_group(space: RoomSpace) -> None:
    """A dining table with chairs, or a set in one piece."""
    if space.rng.random() < 0.12:
        space.standing_free(_piece(space, "dining_table_combination"), odd=0.1)
        return
    table = space.standing_free(_piece(space, "dining_table"), odd=0.25, tries=25)
    if table:
        chairs_around(space, table, "dining_chair", 6)


def desk_group(space: RoomSpace) -> None:
    """A desk with a computer on it and a chair before it."""
    desk = space.against_wall(_piece(space, "desk"), tries=20)
    if desk is None:
        return
    if space.rng.random() < 0.7:
        space.on_top(_piece(space, "computer"), desk, back=True)
    chair = make_piece("chair", space.rng)
    reach = desk.piece.size[1] / 2 + chair.size[1] / 2 + float(space.rng.uniform(0.03, 0.3))
    space.put(
        chair,
        *desk.point(float(space.rng.uniform(-0.2, 0.2)), reach),
        desk.yaw + np.pi + float(space.rng.normal(0, 0.3)),
    )


def lounge_group(space: RoomSpace) -> None:
    """A sofa with cushions, a coffee table before it, side tables beside it, a carpet under it."""
    label = "combination_sofa" if space.rng.random() < 0.3 and space.free.area > 15 else "sofa"
    sofa = space.against_wall(_piece(space, label), tries=30) or space.standing_free(_piece(space, "sofa"), odd=0.2)
    if sofa is None:
        return
    w, d, _ = sofa.piece.size
    for side in (-1, 1):
        if space.rng.random() < 0.3:
            table = make_piece("side_table", space.rng)
            space.put(table, *sofa.point(side * (w / 2 + table.size[0] / 2 + 0.05), 0.0), sofa.yaw)
    if space.rng.random() < 0.75:
        table = make_piece("coffee_table", space.rng)
        reach = d / 2 + table.size[1] / 2 + float(space.rng.uniform(0.3, 0.5))
        space.put(table, *sofa.point(0.0 if label == "sofa" else w * 0.05, reach), sofa.yaw)
    if space.rng.random() < 0.5:
        carpet = make_piece("carpet", space.rng)
        space.put(carpet, *sofa.point(0.0, d / 2 + carpet.size[1] / 2 + 0.08), sofa.yaw, touching=True)


def tv_group(space: RoomSpace) -> None:
    """A low board with a television on it or above it."""
    board = space.against_wall(_piece(space, "tv_cabinet"), tries=20, gap=0.02)
    if board is None:
        return
    if space.rng.random() < 0.5:
        w, _d, h = CATALOG["tv"].draw_size(space.rng)
        space.on_top(make_piece("tv", space.rng, (min(w, board.piece.size[0] - 0.1), 0.22, h)), board)
        return
    tv = make_piece("tv", space.rng)
    space.put(
        tv, *board.point(0.0, -board.piece.size[1] / 2 + tv.size[1] / 2), board.yaw, board.top + 0.3, touching=True
    )


def kitchen_group(space: RoomSpace) -> None:
    """A line of base units with a hood over the stove, and cabinets on the wall above the rest."""
    rng = space.rng
    paint = draw_palette(rng)
    deep = round(float(rng.uniform(0.58, 0.62)), 2)

    def unit(label: str) -> Piece:
        w, _, h = CATALOG[label].draw_size(rng)
        return make_piece(label, rng, (w, deep, h), paint)

    def base() -> Piece:
        return make_piece(
            "cupboard", rng, (round(float(rng.uniform(0.5, 1.1)), 2), deep, 0.9), paint, wet_rooms.counter
        )

    heat = str(rng.choice(["stove", "integrated_stove", "gas_stove"], p=[0.5, 0.2, 0.3]))
    middle = base() if heat == "gas_stove" else unit(heat)
    line = [_piece(space, "refrigerator"), base(), unit("sink"), middle, base()]
    if rng.random() < 0.5:
        line = line[::-1]
    for spot in space.row(line):
        if spot.piece is middle:
            _over_stove(space, spot, heat)
        elif spot.piece.label == "cupboard":
            _over_worktop(space, spot)


def _over_stove(space: RoomSpace, spot: Placement, heat: str) -> None:
    if heat == "gas_stove":
        w, d, h = CATALOG["gas_stove"].draw_size(space.rng)
        space.on_top(make_piece("gas_stove", space.rng, (min(w, spot.piece.size[0] - 0.02), d, h)), spot, back=False)
    if heat != "integrated_stove":
        w, d, _ = CATALOG["range_hood"].draw_size(space.rng)
        hood = make_piece("range_hood", space.rng, (spot.piece.size[0], d, min(0.75, space.height - 1.6)))
        space.put(hood, *spot.point(0.0, -spot.piece.size[1] / 2 + d / 2), spot.yaw, 1.55, touching=True)


def _over_worktop(space: RoomSpace, spot: Placement) -> None:
    if space.rng.random() < 0.35:
        space.on_top(_piece(space, "micro-wave_oven"), spot)
    if space.rng.random() < 0.75:
        d, h = 0.34, round(float(space.rng.uniform(0.55, 0.7)), 2)
        above = make_piece("wall_cabinet", space.rng, (spot.piece.size[0], d, h))
        space.put(above, *spot.point(0.0, -spot.piece.size[1] / 2 + d / 2), spot.yaw, 1.45, touching=True)


def bath_group(space: RoomSpace) -> None:
    """A bath or shower, a basin with a mirror above it, a toilet, a washing machine."""
    rng = space.rng
    wash = str(rng.choice(["tub", "shower_room", "shower"]))
    space.against_wall(_piece(space, wash), z=0.95 if wash == "shower" else 0.0, tries=25, gap=0.02)
    basin = space.against_wall(_piece(space, str(rng.choice(["bathroom_cabinet", "hand_sink"]))), tries=25, gap=0.02)
    if basin and rng.random() < 0.8:
        mirror = make_piece(
            "mirror", rng, (min(basin.piece.size[0], 0.9), 0.04, round(float(rng.uniform(0.5, 0.8)), 2))
        )
        space.put(mirror, *basin.point(0.0, -basin.piece.size[1] / 2 + 0.02), basin.yaw, 1.15, touching=True)
    space.against_wall(_piece(space, "toilet"), tries=25, gap=0.02)
    extra = str(rng.choice(["washing_machine", "washing_cabinet", "none"], p=[0.45, 0.15, 0.4]))
    if extra != "none":
        _wall(space, extra)


# ---------------------------------------------------------------------------------------------- kinds of rooms
Group = Callable[[RoomSpace], None]

GROUPS: dict[str, Sequence[tuple[Group, float]]] = {
    "bedroom": ((bed_group, 1.0), (desk_group, 0.35), (tv_group, 0.15)),
    "living_room": ((lounge_group, 1.0), (tv_group, 0.8), (dining_group, 0.35), (desk_group, 0.1)),
    "kitchen": ((kitchen_group, 1.0), (dining_group, 0.3)),
    "bathroom": ((bath_group, 1.0),),
    "study": ((desk_group, 1.0), (desk_group, 0.3), (lounge_group, 0.25)),
    "dining_room": ((dining_group, 1.0),),
    "studio": ((bed_group, 1.0), (lounge_group, 0.5), (dining_group, 0.5), (desk_group, 0.4)),
    "corridor": (),
}

SINGLES: dict[str, Sequence[tuple[str, float]]] = {
    "bedroom": (
        ("wardrobe", 0.9),
        ("dressing_table", 0.35),
        ("bookcase", 0.25),
        ("clothes_rack", 0.2),
        ("cupboard", 0.15),
        ("stool", 0.15),
    ),
    "living_room": (
        ("sideboard", 0.35),
        ("bookcase", 0.4),
        ("decorative_cabinet", 0.3),
        ("wine_cabinet", 0.2),
        ("bar", 0.12),
        ("cupboard", 0.15),
    ),
    "kitchen": (("cupboard", 0.3), ("bar", 0.2), ("stool", 0.2)),
    "bathroom": (("stool", 0.2), ("clothes_rack", 0.1)),
    "study": (("bookcase", 0.9), ("bookcase", 0.5), ("cupboard", 0.3), ("sofa", 0.2)),
    "dining_room": (("sideboard", 0.6), ("wine_cabinet", 0.5), ("decorative_cabinet", 0.3)),
    "studio": (("wardrobe", 0.7), ("bookcase", 0.5), ("refrigerator", 0.3), ("tv_cabinet", 0.3), ("sideboard", 0.3)),
    "corridor": (("shoe_cabinet", 0.6), ("entrance_cabinet", 0.4), ("stool", 0.15)),
}

FREE: dict[str, Sequence[tuple[str, float]]] = {
    "bedroom": (("floor-standing_lamp", 0.3), ("plants", 0.25), ("carpet", 0.3), ("stool", 0.1), ("screen", 0.1)),
    "living_room": (
        ("floor-standing_lamp", 0.5), ("plants", 0.6), ("plants", 0.3), ("chair", 0.3), ("screen", 0.15), ("stool", 0.2),
        ("leisure_table_and_chair_combination", 0.15),
    ),
    "study": (("plants", 0.4), ("floor-standing_lamp", 0.4), ("chair", 0.2), ("carpet", 0.3)),
    "dining_room": (("plants", 0.4), ("carpet", 0.1)),
    "studio": (("floor-standing_lamp", 0.4), ("plants", 0.4), ("chair", 0.4), ("carpet", 0.3)),
    "kitchen": (("stool", 0.2),),
}  # fmt: skip

HANGING: dict[str, Sequence[tuple[str, float]]] = {
    "bedroom": (("painting", 0.5), ("air_conditioner", 0.5), ("mirror", 0.2), ("wall_decoration", 0.2), ("tv", 0.2)),
    "living_room": (("painting", 0.6), ("painting", 0.4), ("air_conditioner", 0.5), ("wall_decoration", 0.4)),
    "study": (("painting", 0.5), ("air_conditioner", 0.3), ("wall_decoration", 0.2)),
    "dining_room": (("painting", 0.6), ("mirror", 0.2), ("wall_decoration", 0.3)),
    "studio": (("painting", 0.5), ("air_conditioner", 0.4), ("tv", 0.4)),
    "corridor": (("painting", 0.5), ("mirror", 0.3), ("wall_decoration", 0.2)),
    "kitchen": (("wall_decoration", 0.2),),
    "bathroom": (("wall_cabinet", 0.3),),
}


def furnish(space: RoomSpace, density: float, clutter: float) -> None:
    """Fill a room by the recipe of its kind; `density` and `clutter` (about 0-2) scale how much."""
    rng = space.rng
    for group, chance in GROUPS.get(space.kind, ()):
        if rng.random() < chance * density:
            group(space)
    for label, chance in SINGLES.get(space.kind, ()):
        if rng.random() < chance * density:
            _wall(space, label)
    for label, chance in FREE.get(space.kind, ()):
        if rng.random() < chance * density:
            space.standing_free(_piece(space, label))
    _hang(space, density)
    _tops(space, density)
    _light(space)
    _curtains(space, density)
    for _ in range(int(rng.poisson(1.5 * clutter))):
        space.standing_free(make_clutter(rng), odd=1.0, tries=5)


def _hang(space: RoomSpace, density: float) -> None:
    for label, chance in HANGING.get(space.kind, ()):
        if space.rng.random() >= chance * density:
            continue
        piece = _piece(space, label)
        if label == "air_conditioner":
            z = space.height - piece.size[2] - float(space.rng.uniform(0.08, 0.2))
        elif label == "wall_cabinet":
            z = 1.45
        else:
            z = float(
                np.clip(1.5 + space.rng.normal(0, 0.1) - piece.size[2] / 2, 0.3, space.height - piece.size[2] - 0.1)
            )
        space.against_wall(piece, z=z, gap=0.013)


def _tops(space: RoomSpace, density: float) -> None:
    """Cushions on sofas, small plants and loose things on tops."""
    rng = space.rng
    for base in list(space.placed):
        label = base.piece.label
        if label in (
            "sideboard",
            "nightstand",
            "desk",
            "shoe_cabinet",
            "coffee_table",
            "side_table",
            "dining_table",
            "cupboard",
        ):
            if base.top < 1.3 and rng.random() < 0.2 * density:
                space.on_top(_piece(space, "potted_bonsai"), base)
            if base.top < 1.3 and rng.random() < 0.35 * density:
                space.on_top(make_clutter(rng), base)
        if label == "sofa" and rng.random() < 0.5 * density:
            side = int(rng.choice([-1, 1]))
            x = side * (base.piece.size[0] / 2 - 0.5)
            cushion = make_piece("cushion", rng)
            space.put(cushion, *base.point(x, base.piece.size[1] * 0.05), base.yaw, 0.425, touching=True, host=base)


def _light(space: RoomSpace) -> None:
    """One lamp under the middle of the ceiling."""
    if space.rng.random() < 0.12:
        return
    grand = space.kind in ("living_room", "dining_room") and space.height > 2.6 and space.rng.random() < 0.6
    piece = _piece(space, "chandelier" if grand else "illumination")
    spot = space.free.representative_point()
    middle = space.free.centroid if space.free.contains(space.free.centroid.buffer(0.6)) else spot
    space.put(piece, middle.x, middle.y, _main_yaw(space), space.height - piece.size[2] - 0.006)


def _main_yaw(space: RoomSpace) -> float:
    u = max(space.edges(), key=lambda e: e[2])[1]
    return float(np.arctan2(u[1], u[0]))


def _curtains(space: RoomSpace, density: float) -> None:
    for window in space.windows:
        if space.rng.random() >= 0.4 * density:
            continue
        a, b = np.asarray(window.along[0]), np.asarray(window.along[1])
        u = (b - a) / np.linalg.norm(b - a)
        top = min(window.sill + window.height + 0.2, space.height - 0.03)
        bottom = 0.03 if space.rng.random() < 0.6 else max(window.sill - 0.15, 0.05)
        size = (float(np.linalg.norm(b - a)) + 0.3, float(space.rng.uniform(0.1, 0.14)), top - bottom)
        piece = make_piece("curtain", space.rng, size)
        x, y = (a + b) / 2 + np.array([-u[1], u[0]]) * (size[1] / 2 + 0.11)
        space.put(piece, x, y, float(np.arctan2(u[1], u[0])), bottom, touching=True)
