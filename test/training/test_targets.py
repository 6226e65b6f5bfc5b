from dataclasses import replace

import numpy as np
import pytest

from spatial_perception.layout.entities import Box, Door, Layout, Wall
from spatial_perception.layout.quantization import dequantise
from spatial_perception.layout.text import parse_layout
from spatial_perception.models.spatiallm.order import in_order, ordered
from spatial_perception.training.scans import FIRST_SEED, make_scan
from spatial_perception.training.targets import FALSE, guided, match, partners, text_in_bins


@pytest.fixture(scope="module")
def layout():
    return make_scan(FIRST_SEED + 1).layout


def moved(layout, by):
    """A little elsewhere, walls the other way around, boxes headed to another side, all numbered from 100 on."""
    shift = lambda place: tuple(np.add(place, by))  # noqa: E731
    return Layout(
        tuple(replace(w, id=100 + w.id, start=shift(w.end), end=shift(w.start)) for w in layout.walls),
        tuple(replace(d, id=100 + d.id, wall_id=100 + d.wall_id, center=shift(d.center)) for d in layout.doors),
        tuple(replace(w, id=100 + w.id, wall_id=100 + w.wall_id, center=shift(w.center)) for w in layout.windows),
        tuple(
            replace(
                b, id=100 + b.id, center=shift(b.center), yaw=b.yaw + np.pi / 2, size=(b.size[1], b.size[0], b.size[2])
            )
            for b in layout.boxes
        ),
    )


def test_text_reads_back_within_half_a_bin(layout):
    layout, origin = ordered(layout), (-20.0, -20.0, -0.5)
    found = dequantise(parse_layout(text_in_bins(layout, origin, 640)), 640, centred=True)
    for true, read in zip(layout.boxes, found.boxes):
        assert np.abs(np.subtract(true.center, read.center) - np.asarray(origin)).max() <= 0.0251
        assert abs(true.yaw - read.yaw) <= 0.01


def test_findings_that_are_near_are_what_they_are(layout):
    pairs = match(layout, moved(layout, (0.06, -0.04, 0.02)))
    for kind in ("walls", "doors", "windows", "boxes"):
        assert getattr(pairs, kind) == {100 + thing.id: thing.id for thing in getattr(layout, kind)}
    assert match(layout, moved(layout, (30.0, 0.0, 0.0))).walls == {}
    assert match(layout, Layout()).boxes == match(Layout(), layout).boxes == {}


def test_what_was_found_comes_first_and_as_it_was_found(layout):
    findings = moved(layout, (0.03, 0.0, 0.0))
    findings = replace(findings, walls=findings.walls[::-2], boxes=findings.boxes[::-3])
    pairs = match(layout, findings)
    found = guided(in_order(layout), findings, pairs)
    assert [wall.id for wall in found.walls[: len(findings.walls)]] == [pairs.walls[w.id] for w in findings.walls]
    assert [box.id for box in found.boxes[: len(findings.boxes)]] == [pairs.boxes[b.id] for b in findings.boxes]
    assert {wall.id for wall in found.walls} == {wall.id for wall in layout.walls}
    for wall, finding in zip(found.walls, findings.walls):
        assert np.subtract(wall.end, wall.start) @ np.subtract(finding.end, finding.start) > 0
    for box, finding in zip(found.boxes, findings.boxes):
        assert box.size == pytest.approx(finding.size)
        assert abs(box.yaw - finding.yaw) < np.pi / 4


def test_a_finding_of_nothing_is_told_as_it_is():
    wall = Wall(0, (0.0, 0.0, 0.0), (4.0, 0.0, 0.0), 2.5, 0.1)
    door = Door(0, 0, (1.0, 0.0, 1.0), 0.9, 2.0)
    layout = Layout((wall,), (door,), (), (Box(0, "bed", (2, 2, 0.3), 0.0, (2, 1.6, 0.6)),))
    ghost = replace(wall, id=3, start=(0.0, 9.0, 0.0), end=(4.0, 9.0, 0.0))
    findings = Layout((ghost, replace(wall, id=4)), (replace(door, id=7, wall_id=3, center=(1.0, 9.0, 1.0)),))
    pairs = match(layout, findings)
    assert partners(findings, layout, pairs) == [None, wall, None]
    found = guided(layout, findings, pairs)
    assert found.walls == (replace(ghost, id=FALSE + 3), wall)
    assert [d.wall_id for d in found.doors] == [FALSE + 3, 0]
    assert found.boxes == layout.boxes
