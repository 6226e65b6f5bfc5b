"""Things of kitchens and bathrooms. Basins are open hollows made of four rims and a floor."""

from __future__ import annotations

from numpy.random import Generator

from spatial_perception.simulation.furniture.palette import Palette, Size, shade
from spatial_perception.simulation.furniture.storage import carcass
from spatial_perception.simulation.solids import GLASS, MIRROR, Colour, Part, box, cylinder, ellipsoid


def basin(size: Size, z0: float, rim: float, rgb: Colour, y: float = 0.0) -> list[Part]:
    """An open hollow of outer size (w, d, h) whose rim is `rim` wide and whose floor is 2 cm thick."""
    w, d, h = size
    parts = [box(0, y, z0, (w - 0.01, d - 0.01, 0.02), shade(rgb, 0.9))]
    parts += [box(sx * (w - rim) / 2, y, z0, (rim, d, h), rgb) for sx in (-1, 1)]
    return parts + [box(0, y + sy * (d - rim) / 2, z0, (w - 2 * rim, rim, h), rgb) for sy in (-1, 1)]


def tap(x: float, y: float, z: float, rgb: Colour) -> list[Part]:
    """A tap: a post and a spout towards +y."""
    return [cylinder(x, y, z, (0.04, 0.04, 0.22), rgb), box(x, y + 0.07, z + 0.18, (0.03, 0.15, 0.03), rgb)]


def counter(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """Base cabinets under a worktop that juts out a little, on a recessed plinth."""
    w, d, h = size
    body = carcass((w, d - 0.03, h - 0.14), paint.white, max(1, round(w / 0.5)), paint.metal, 0.1)
    plinth = box(0, -0.06, 0, (w, d - 0.12, 0.1), paint.dark)
    return [
        plinth,
        *(p.moved(0.0, (0, -0.015, 0)) for p in body),
        box(0, 0, h - 0.04, (w, d, 0.04), shade(paint.wood, 0.8)),
    ]


def kitchen_sink(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A base cabinet with a hollow basin in its top and a tap."""
    w, d, h = size
    top = h - 0.22
    body = carcass((w, d - 0.03, top - 0.28), paint.white, max(1, round(w / 0.5)), paint.metal, 0.1)
    parts = [box(0, -0.06, 0, (w, d - 0.12, 0.1), paint.dark), *(p.moved(0.0, (0, -0.015, 0)) for p in body)]
    return [
        *parts,
        *basin((w, d, 0.2), top - 0.18, max(0.06, w * 0.14), (176, 178, 182)),
        *tap(0, -d / 2 + 0.04, top, paint.metal),
    ]


def stove(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A cooker: an oven with a door and a handle, a glass top with four plates."""
    w, d, h = size
    parts = [
        box(0, -0.02, 0, (w, d - 0.04, h - 0.03), paint.white),
        box(0, d / 2 - 0.03, 0.12, (w - 0.08, 0.03, h * 0.5), paint.dark),
    ]
    parts += [
        box(0, d / 2 - 0.01, h * 0.72, (w - 0.15, 0.02, 0.025), paint.metal),
        box(0, 0, h - 0.03, (w, d, 0.015), paint.dark),
    ]
    return parts + _burners(w, d, h - 0.015, 0.015, paint)


def _burners(w: float, d: float, z: float, tall: float, paint: Palette) -> list[Part]:
    diameter = min(w, d) * 0.3
    return [
        cylinder(sx * w / 4, sy * d / 4, z, (diameter, diameter, tall), paint.metal) for sx in (-1, 1) for sy in (-1, 1)
    ]


def hob(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A gas hob that lies on a worktop: a plate with burners and grates."""
    w, d, h = size
    return [box(0, 0, 0, (w, d, h * 0.4), paint.dark), *_burners(w, d, h * 0.4, h * 0.6, paint)]


def integrated_stove(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A cooker with its extractor upright behind the plates."""
    w, d, h = size
    low = min(0.85, h * 0.65)
    return [*stove((w, d, low), rng, paint), box(0, -d / 2 + 0.08, low, (w, 0.16, h - low), paint.metal)]


def range_hood(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A hood of three steps below a chimney."""
    w, d, h = size
    low = min(0.18, h * 0.4)
    steps = [
        box(0, -d * k * 0.15, low * k / 3, (w * (1 - 0.2 * k), d * (1 - 0.3 * k), low / 3), paint.metal)
        for k in range(3)
    ]
    return [*steps, box(0, -d / 2 + 0.13, low, (0.28, 0.26, h - low), paint.metal)]


def microwave(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A box with a dark door and a panel of buttons."""
    w, d, h = size
    return [
        box(0, -0.01, 0, (w, d - 0.02, h), paint.white),
        box(-w * 0.1, d / 2 - 0.01, 0.03, (w * 0.7, 0.02, h - 0.06), paint.dark),
    ]


def refrigerator(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A tall body with one door above another, or two side by side where it is wide, and bar handles."""
    w, d, h = size
    rgb = paint.white if rng.random() < 0.5 else paint.metal
    parts = [box(0, -0.03, 0.02, (w, d - 0.06, h - 0.02), rgb), box(0, -0.05, 0, (w - 0.1, d - 0.15, 0.02), paint.dark)]
    if w > 0.8:
        parts += [box(sx * w / 4, d / 2 - 0.045, 0.05, (w / 2 - 0.01, 0.05, h - 0.06), rgb) for sx in (-1, 1)]
        return parts + [box(sx * 0.04, d / 2 - 0.01, h * 0.35, (0.02, 0.02, h * 0.35), paint.dark) for sx in (-1, 1)]
    cut = h * rng.uniform(0.35, 0.6)
    for z, tall in ((0.05, cut - 0.06), (cut, h - cut - 0.01)):
        parts.append(box(0, d / 2 - 0.045, z, (w - 0.004, 0.05, tall), rgb))
        parts.append(box(-w / 2 + 0.06, d / 2 - 0.01, z + tall * 0.3, (0.02, 0.02, tall * 0.4), paint.dark))
    return parts


def washing_machine(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A white body with a round door (a ball that peeps out) and a panel."""
    w, d, h = size
    door = 0.36
    parts = [
        box(0, -0.02, 0, (w, d - 0.04, h), paint.white),
        box(0, d / 2 - 0.03, h - 0.14, (w - 0.04, 0.03, 0.1), shade(paint.white, 0.9)),
    ]
    return [*parts, Part((0, d / 2 - 0.05, h * 0.48), (door, 0.1, door), paint.dark, 0.0, 1)]


def toilet(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A cistern at the back, a pedestal, an oval bowl with a seat and a lid."""
    w, d, h = size
    tank = 0.18
    front = d - tank
    bowl = min(0.42, h * 0.55)
    y = -d / 2 + tank + front / 2
    parts = [box(0, -d / 2 + tank / 2, bowl - 0.06, (w, tank, h - bowl + 0.06), paint.white)]
    parts.append(box(0, y - front * 0.15, 0, (w * 0.55, front * 0.7, bowl - 0.04), paint.white))
    parts.append(cylinder(0, y, bowl - 0.16, (w * 0.92, front, 0.14), paint.white))
    if rng.random() < 0.4:
        parts.append(Part((0, -d / 2 + tank + 0.03, bowl + 0.18), (w * 0.85, 0.03, 0.36), paint.white))
    return [*parts, cylinder(0, y, bowl - 0.02, (w * 0.95, front * 0.98, 0.035), paint.white)]


def tub(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A bathtub: a hollow with rounded end and a tap."""
    w, d, h = size
    spout = 0.15
    parts = basin((w, d, h - spout), 0.0, 0.09, paint.white)
    parts.append(ellipsoid(-w * 0.5 + 0.26, 0, 0.02, (0.4, d - 0.2, h - spout - 0.1), paint.white))
    return [
        *parts,
        box(w / 2 - 0.045, 0, h - spout, (0.03, 0.03, spout), paint.metal),
        box(w / 2 - 0.1, 0, h - 0.05, (0.12, 0.03, 0.03), paint.metal),
    ]


def hand_sink(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A wash basin on a pedestal, with a tap."""
    w, d, h = size
    top = h - 0.22
    pedestal = cylinder(0, -d * 0.15, 0, (0.2, 0.2, top - 0.14), paint.white)
    return [pedestal, *basin((w, d, 0.16), top - 0.16, 0.06, paint.white), *tap(0, -d / 2 + 0.03, top, paint.metal)]


def bathroom_cabinet(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A vanity: a cabinet that hangs or stands, with a basin on top."""
    w, d, h = size
    foot = float(rng.choice([0.02, 0.25]))
    top = h - 0.16
    tank = basin((min(w - 0.1, 0.6), d - 0.12, 0.12), top, 0.04, paint.white)
    return [
        *carcass((w, d, top - foot), paint.wood, max(1, round(w * 2)), paint.metal, foot),
        *tank,
        *_stand(foot, w, d, paint),
        box(0, -d / 2 + 0.03, top, (0.04, 0.04, 0.16), paint.metal),
    ]


def _stand(foot: float, w: float, d: float, paint: Palette) -> list[Part]:
    return [box(sx * (w / 2 - 0.03), -d / 2 + 0.03, 0, (0.04, 0.04, foot), paint.wood) for sx in (-1, 1)]


def washing_cabinet(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A cabinet with a washing machine on one side, doors on the other, and a worktop."""
    w, d, h = size
    half = min(0.62, w / 2)
    machine = washing_machine((half - 0.02, d, h - 0.05), rng, paint)
    rest = carcass((w - half, d, h - 0.05), paint.white, max(1, round((w - half) * 2)), paint.metal)
    parts = [p.moved(0.0, (-w / 2 + half / 2, 0, 0)) for p in machine] + [p.moved(0.0, (half / 2, 0, 0)) for p in rest]
    return [*parts, box(0, 0, h - 0.05, (w, d, 0.05), paint.wood)]


def shower(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A shower set on a wall: a rail, a hand shower, a large head on an arm, a mixer."""
    w, d, h = size
    back = -d / 2 + 0.015
    return [
        box(0, back, 0, (0.03, 0.03, h), paint.metal),
        box(0, 0, h - 0.03, (0.03, d, 0.03), paint.metal),
        cylinder(0, d / 2 - min(w, d) * 0.4, h - 0.06, (min(w, d) * 0.8, min(w, d) * 0.8, 0.03), paint.metal),
        box(0, back + 0.01, 0.15, (w, 0.05, 0.05), paint.metal),
        box(0, back + 0.05, h * 0.55, (0.06, 0.1, 0.2), paint.metal),
    ]


def shower_room(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A cubicle: a tray, corner posts and rails around glass on the open sides, a shower inside."""
    w, d, h = size
    posts = [
        box(sx * (w / 2 - 0.02), sy * (d / 2 - 0.02), 0, (0.04, 0.04, h), paint.metal)
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    rails = [box(0, sy * (d / 2 - 0.02), z, (w, 0.04, 0.05), paint.metal) for sy in (-1, 1) for z in (0.13, h - 0.05)]
    rails += [box(sx * (w / 2 - 0.02), 0, z, (0.04, d, 0.05), paint.metal) for sx in (-1, 1) for z in (0.13, h - 0.05)]
    glass = [box(0, d / 2 - 0.02, 0.18, (w - 0.08, 0.008, h - 0.23), (200, 220, 225), 0.0, GLASS)]
    glass += [
        box(sx * (w / 2 - 0.02), 0, 0.18, (0.008, d - 0.08, h - 0.23), (200, 220, 225), 0.0, GLASS) for sx in (-1, 1)
    ]
    inside = [p.moved(0.0, (0, -d / 2 + 0.2, 0.9)) for p in shower((0.25, 0.36, min(1.0, h - 1.0)), rng, paint)]
    return [*posts, *rails, *glass, *inside, box(0, 0, 0, (w, d, 0.13), paint.white)]


def mirror(size: Size, rng: Generator, paint: Palette) -> list[Part]:
    """A mirror with a thin frame."""
    w, d, h = size
    bar = 0.03
    frame = [box(sx * (w - bar) / 2, 0, 0, (bar, d, h), paint.metal) for sx in (-1, 1)]
    frame += [box(0, 0, z, (w - 2 * bar, d, bar), paint.metal) for z in (0.0, h - bar)]
    return [*frame, box(0, -d * 0.2, bar, (w - 2 * bar, d * 0.5, h - 2 * bar), (190, 205, 215), 0.0, MIRROR)]
