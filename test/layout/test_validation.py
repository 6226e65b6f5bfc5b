from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.layout.validation import (
    Tolerances,
    deduplicate,
    remove_invalid,
    support_by_points,
    validate,
)

NAN = float("nan")
WALLS = (
    Wall(0, (0, 0, 0), (4, 0, 0), 2.5, 0.1),
    Wall(1, (4, 0, 0), (4, 3, 0), 2.5),
    Wall(2, (4, 3, 0), (0, 3, 0), 2.5),
    Wall(3, (0, 3, 0), (0, 0, 0), 2.5),
)
DOOR = Door(0, 0, (2, 0, 1), 0.9, 2)
WINDOW = Window(0, 1, (4, 1.5, 1.5), 1.2, 1)
BED = Box(0, "bed", (1, 1, 0.3), 0.2, (2, 1, 0.6))
ROOM = Layout(WALLS, (DOOR,), (WINDOW,), (BED,))


def kinds(layout: Layout) -> list[tuple[str, str]]:
    return [(finding.kind, finding.entity) for finding in validate(layout)]


def test_a_sound_room_has_no_findings():
    assert validate(ROOM) == ()
    assert validate(Layout()) == ()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"doors": (DOOR, DOOR)}, ("duplicate id", "door_0")),
        ({"doors": (replace(DOOR, wall_id=9),)}, ("unknown wall", "door_0")),
        ({"doors": (replace(DOOR, center=(2, 0.5, 1)),)}, ("outside wall", "door_0")),
        ({"doors": (replace(DOOR, center=(3.9, 0, 1)),)}, ("outside wall", "door_0")),
        ({"doors": (replace(DOOR, center=(2, 0, 2)),)}, ("above wall", "door_0")),
        ({"windows": (replace(WINDOW, center=(4, 1.5, 0.2)),)}, ("above wall", "window_0")),
        ({"windows": (Window(5, 0, (2.5, 0, 1.5), 1, 1),)}, ("overlapping openings", "window_5")),
        ({"walls": (*WALLS, Wall(4, (1, 0, 0), (1, 0, 0), 2.5))}, ("zero length", "wall_4")),
        ({"walls": (*WALLS, Wall(4, (1, 0, 0), (1, 3, 0), 0))}, ("zero length", "wall_4")),
        ({"walls": (*WALLS, Wall(4, (1, 0, 0), (1, 3, 0), -2))}, ("negative size", "wall_4")),
        ({"walls": (*WALLS, Wall(4, (1, NAN, 0), (1, 3, 0), 2))}, ("not finite", "wall_4")),
        ({"boxes": (replace(BED, size=(1, -1, 1)),)}, ("negative size", "bbox_0")),
        ({"boxes": (replace(BED, center=(1e9, 0, 0)),)}, ("out of range", "bbox_0")),
        ({"boxes": (BED, replace(BED, id=7, center=(1.01, 1, 0.3)))}, ("repeated entity", "bbox_7")),
        ({"boxes": (replace(BED, center=(9, 1, 0.3)),)}, ("outside room", "bbox_0")),
        ({"walls": (*WALLS, Wall(4, (1, 0, 0), (1, 2, 0), 2.5))}, ("open end", "wall_4")),
        ({"walls": (*WALLS, Wall(4, (4, 0.01, 0), (0, 0.01, 0), 2.5))}, ("repeated entity", "wall_4")),
    ],
)
def test_every_kind_of_finding(change, expected):
    assert expected in kinds(replace(ROOM, **change))


def test_errors_come_before_warnings_and_messages_are_one_line():
    layout = replace(ROOM, boxes=(replace(BED, center=(9, 1, 0.3)),), doors=(replace(DOOR, wall_id=9),))
    findings = validate(layout)
    assert [f.severity for f in findings] == ["error", "warning"]
    assert findings[0].message == "stands in wall_9, which does not exist"
    assert all("\n" not in f.message for f in findings)


def test_an_open_room_names_the_ends_that_meet_nothing():
    findings = validate(Layout(walls=WALLS[:3]))
    assert [(f.kind, f.entity) for f in findings] == [("open end", "wall_0"), ("open end", "wall_2")]
    assert "its start at (0.00, 0.00)" in findings[0].message


def test_tolerances_decide():
    shifted = replace(ROOM, doors=(replace(DOOR, center=(2, 0.5, 1)),))
    assert validate(shifted, Tolerances(opening_distance=1)) == ()


def test_deduplicate_keeps_the_first_and_moves_openings():
    again = Wall(7, (4, 0.02, 0), (0, 0.02, 0), 2.5)
    layout = replace(
        ROOM,
        walls=(*WALLS, again),
        doors=(DOOR, replace(DOOR, id=1, wall_id=7)),
        windows=(WINDOW, Window(1, 7, (3.3, 0, 1.5), 0.6, 1)),
        boxes=(BED, BED, replace(BED, id=2, label="sofa")),
    )
    repaired = deduplicate(layout)
    assert repaired.removed == ("wall_7", "door_1", "bbox_0")
    assert repaired.layout.walls == WALLS
    assert repaired.layout.windows[1].wall_id == 0
    assert [b.label for b in repaired.layout.boxes] == ["bed", "sofa"]
    assert deduplicate(repaired.layout).removed == ()


def test_deduplicate_sees_twins_across_the_lines_of_its_grid():
    boxes = [Box(i, "bed", (x, 0, 0), 0, (1, 1, 1)) for i, x in enumerate((0.049, 0.051, -0.02, 0.5))]
    assert deduplicate(Layout(boxes=boxes)).removed == ("bbox_1",)


def test_many_entities_are_no_burden():
    boxes = [Box(i, "bed", (i, 0, 0), 0, (1, 1, 1)) for i in range(20_000)]
    assert len(deduplicate(Layout(boxes=boxes)).layout) == 20_000


def test_remove_invalid_takes_openings_of_removed_walls_along():
    walls = (*WALLS[:3], Wall(3, (0, 3, 0), (0, 3, 0), 2.5), Wall(0, (NAN, 0, 0), (4, 0, 0), 2.5))
    layout = replace(ROOM, walls=walls, windows=(WINDOW, Window(1, 3, (0, 3, 1), 1, 1)))
    repaired = remove_invalid(layout)
    assert repaired.layout.walls == WALLS[:3]
    assert sorted(repaired.removed) == ["wall_0", "wall_3", "window_1"]
    assert remove_invalid(ROOM).layout == ROOM


def test_support_counts_points_on_entities():
    on_wall = [(x, 0.04, 1.0) for x in np.linspace(0.2, 3.8, 10)]
    in_bed = [(1.0, 1.0, 0.3)] * 5
    stray = [(2.0, 2.0, 2.0), (NAN, 0, 0), (-1.0, 0.0, 1.0), (2.0, 0.0, 2.7)]
    counted = support_by_points(ROOM, on_wall + in_bed + stray)
    assert [w.support for w in counted.walls] == [10, 0, 0, 0]
    assert counted.doors[0].support == sum(abs(x - 2) <= 0.5 for x, *_ in on_wall)
    assert counted.windows[0].support == 0
    assert counted.boxes[0].support == 5
    orphan = support_by_points(Layout(doors=(DOOR,)), on_wall)
    assert orphan.doors[0].support == 0
