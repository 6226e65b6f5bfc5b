"""How long navigation outputs take: a whole home anew, an update after one moved box, and the grid of a very large home.

Usage: python benchmarks/navigation_speed.py [--seed 2] [--repeat 15]
The figures to hold are 30 ms for the update of a home of six rooms and 100 ms for the grid of 50 m x 50 m at 5 cm.
Times are medians of processor time on one core, so that other work on the machine counts little.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from math import radians
from statistics import median

from spatial_perception.layout.entities import Box, Door, Layout, Wall
from spatial_perception.layout.transforms import move_box, rotate
from spatial_perception.navigation.navigator import Navigator, build_navigation
from spatial_perception.navigation.occupancy import occupancy_grid
from spatial_perception.simulation import make_home

UPDATE_LIMIT, GRID_LIMIT = 0.030, 0.100


def measure(work: Callable[[int], object], repeat: int) -> list[float]:
    """Seconds of processor time of each call."""
    times = []
    for number in range(repeat):
        start = time.process_time()
        work(number)
        times.append(time.process_time() - start)
    return times


def large_home(rooms: int = 10, side: float = 5.0, yaw: float = 0.0) -> Layout:
    """A square of rooms x rooms rooms, each with two doors, a bed, a table and a wardrobe, turned by `yaw` (rad)."""
    walls, doors, boxes = [], [], []
    for i in range(rooms + 1):
        for j in range(rooms):
            for a, b in (((i, j), (i, j + 1)), ((j, i), (j + 1, i))):
                ends = [(side * x, side * y, 0.0) for x, y in (a, b)]
                walls.append(Wall(len(walls), ends[0], ends[1], 2.6, 0.15))
                middle = [(p + q) / 2 for p, q in zip(*ends)]
                if 0 < i < rooms:
                    doors.append(Door(len(doors), walls[-1].id, (middle[0], middle[1], 1.0), 0.9, 2.0))
    for i in range(rooms):
        for j in range(rooms):
            for k, (dx, dy, label) in enumerate([(1.2, 1.2, "bed"), (3.8, 1.2, "desk"), (3.8, 3.8, "wardrobe")]):
                center = (side * i + dx, side * j + dy, 0.4)
                boxes.append(Box(len(boxes), label, center, 0.3 * k, (1.6, 0.8, 0.8)))
    return rotate(Layout(tuple(walls), tuple(doors), (), tuple(boxes), "map"), yaw)


def move_one_box(layout: Layout, number: int) -> Layout:
    """The layout with another box pushed some centimetres."""
    return move_box(layout, layout.boxes[(7 * number) % len(layout.boxes)].id, 0.15, -0.1)


def report(name: str, seconds: list[float], limit: float | None = None) -> None:
    """One line: what, median and worst in milliseconds, and the share of the limit."""
    share = "" if limit is None else f", {100 * median(seconds) / limit:.0f} % of the limit"
    print(f"{name}: median {1000 * median(seconds):.1f} ms, worst {1000 * max(seconds):.1f} ms{share}")


def main() -> None:
    """Print the time of a fresh start, of updates, and of large grids at two headings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=15)
    arguments = parser.parse_args()
    home = make_home(arguments.seed, rooms=6).layout
    print(f"home of 6 rooms with {len(home)} entities")
    report("everything anew", measure(lambda _: build_navigation(home), arguments.repeat))
    navigator, layout = Navigator(), home
    navigator.update(layout)

    def push(number: int) -> None:
        nonlocal layout
        layout = move_one_box(layout, number)
        navigator.update(layout)

    report("update after one moved box", measure(push, arguments.repeat), UPDATE_LIMIT)
    for degrees in (0, 33):
        large = large_home(yaw=radians(degrees))
        grid = occupancy_grid(large)
        name = f"grid of 50 m x 50 m turned by {degrees} degrees ({grid.width} x {grid.height} cells)"
        report(name, measure(lambda _, large=large: occupancy_grid(large), arguments.repeat), GRID_LIMIT)


if __name__ == "__main__":
    main()
