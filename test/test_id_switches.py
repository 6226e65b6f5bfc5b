"""Id switches as the benchmark of a live drive counts them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

from live_world import IdSwitches

from spatial_perception.layout.entities import Box, Layout

SOFA = Box(0, "sofa", (1.0, 1.0, 0.4), 0.0, (2.0, 0.9, 0.8))
TRUTH = Layout(boxes=(SOFA,))


def shown(*boxes):
    return Layout(boxes=boxes)


def named(number, x=1.0, width=2.0):
    return Box(number, "sofa", (x, 1.0, 0.4), 0.0, (width, 0.9, 0.8))


def switches(*layouts):
    counter = IdSwitches()
    for layout in layouts:
        counter.update(layout, TRUTH)
    return counter.counts["box"]


def test_another_id_is_a_switch_also_after_a_while_unseen():
    assert switches(shown(named(4)), shown(named(4, 1.1)), shown(named(4))) == 0
    assert switches(shown(named(4)), shown(named(7))) == 1
    assert switches(shown(named(4)), shown(), shown(named(7)), shown(named(4))) == 2


def test_a_pair_stays_one_while_both_are_there_whatever_else_looks_more_alike():
    part = named(4, 0.9, 1.7)
    assert switches(shown(part), shown(part, named(7)), shown(part)) == 0
    assert switches(shown(part), shown(named(7)), shown(named(7), part)) == 1
