from __future__ import annotations

import json
from dataclasses import replace
from math import pi
from pathlib import Path

import numpy as np
import pytest

from spatial_perception.errors import LayoutError
from spatial_perception.layout.boxes import to_boxes
from spatial_perception.layout.entities import Box, Door, Layout, Wall
from spatial_perception.layout.text import format_layout, parse_layout
from spatial_perception.layout.transforms import (
    YawTransform,
    filter_empty_boxes,
    move_box,
    reorder,
    rotate,
    scale,
    training_target,
    transform,
    translate,
)

FOLDER = Path(__file__).parents[1] / "golden/spatiallm"
GOLDEN = json.loads((FOLDER / "layout_transforms.json").read_text())
LAYOUT = parse_layout(GOLDEN["input_text"])
ROTATIONS = [name for name in GOLDEN if name.startswith("rotate")]


def numbers(layout: Layout) -> list[float]:
    rows = [[e.id, *e.start, *e.end, e.height, e.thickness] for e in layout.walls]
    rows += [[e.id, e.wall_id, *e.center, e.width, e.height] for e in (*layout.doors, *layout.windows)]
    rows += [[e.id, *e.center, e.yaw, *e.size] for e in layout.boxes]
    return [float(value) for row in rows for value in row]


def assert_same(layout: Layout, text: str, tolerance: float = 1e-9) -> None:
    expected = parse_layout(text)
    assert [b.label for b in layout.boxes] == [b.label for b in expected.boxes]
    assert numbers(layout) == pytest.approx(numbers(expected), abs=tolerance)


def test_golden_translate():
    assert_same(translate(LAYOUT, GOLDEN["translate"]["arg"]), GOLDEN["translate"]["text"])


def test_golden_scale():
    assert_same(scale(LAYOUT, GOLDEN["scale"]["arg"]), GOLDEN["scale"]["text"])


@pytest.mark.parametrize("name", ROTATIONS)
def test_golden_rotate(name):
    assert_same(rotate(LAYOUT, GOLDEN[name]["arg"], compat=True), GOLDEN[name]["text"])


def test_golden_reorder():
    assert format_layout(reorder(LAYOUT)) == GOLDEN["reorder_default"]["text"]
    unfiltered = reorder(LAYOUT, min_size=None, dropped_labels=())
    assert format_layout(unfiltered) == GOLDEN["reorder_nofilter"]["text"]


def test_golden_filter_empty():
    points = np.load(FOLDER / "layout_points.npz")["points"]
    assert format_layout(filter_empty_boxes(LAYOUT, points, compat=True)) == GOLDEN["filter_empty"]["text"]


def test_golden_training_chain():
    case = GOLDEN["training_sync"]
    target = training_target(
        LAYOUT,
        angle=case["angle_z"],
        factor=case["scaling"],
        center=case["center_pt"],
        min_bound=case["min_bound"],
        num_bins=case["num_bins"],
    )
    assert format_layout(target, integers=True) == case["text"]


def test_golden_boxes():
    boxes = to_boxes(LAYOUT, compat=True)
    assert [(b.id, b.kind, b.label) for b in boxes] == [(g["id"], g["class"], g["label"]) for g in GOLDEN["to_boxes"]]
    for box, golden in zip(boxes, GOLDEN["to_boxes"]):
        assert box.center == pytest.approx(golden["center"], abs=1e-9)
        assert box.size == pytest.approx(golden["scale"], abs=1e-9)
        np.testing.assert_allclose(box.rotation, golden["rotation"], atol=1e-9)


def test_boxes_keep_thickness_and_ids_by_default():
    boxes = to_boxes(LAYOUT)
    assert [b.size[1] for b in boxes if b.kind == "wall"] == [w.thickness for w in LAYOUT.walls]
    assert [b.id for b in boxes] == [e.id for e in LAYOUT]
    orphan = Layout(doors=[Door(4, 9, (0, 0, 1), 0.9, 2)])
    assert to_boxes(orphan, compat=True) == ()
    with pytest.raises(LayoutError, match="door_4 stands in wall_9, which does not exist"):
        to_boxes(orphan)


def test_corners_span_the_box():
    box = to_boxes(Layout(boxes=[Box(0, "bed", (1, 2, 3), pi / 2, (2, 1, 4))]))[0]
    corners = box.corners()
    np.testing.assert_allclose(np.ptp(corners, axis=0), [1, 2, 4], atol=1e-12)
    np.testing.assert_allclose(corners.mean(axis=0), [1, 2, 3])
    np.testing.assert_allclose(corners[0], [1.5, 1, 1])


def test_boxes_keep_their_front_when_turned():
    layout = Layout(boxes=[Box(0, "sofa", (1, 0, 0), 0.3, (2, 1, 1)), Box(1, "stool", (0, 1, 0), 0.3, (1, 1, 1))])
    turned = rotate(layout, pi / 2)
    assert [b.yaw for b in turned.boxes] == pytest.approx([0.3 + pi / 2] * 2)
    assert [b.yaw for b in rotate(layout, 3).boxes] == pytest.approx([3.3 - 2 * pi] * 2)


def test_points_are_turned_into_the_box_by_default():
    box = Box(0, "sofa", (0, 0, 0), pi / 4, (4, 0.4, 1))
    along = np.linspace(-1.8, 1.8, 200)[:, None] * [[np.cos(pi / 4), np.sin(pi / 4), 0]]
    layout = Layout(boxes=[box])
    assert len(filter_empty_boxes(layout, along)) == 1
    assert len(filter_empty_boxes(layout, along, compat=True)) == 0
    assert len(filter_empty_boxes(layout, along, min_points=200)) == 0


def test_transform_inverse_and_chain():
    first, second = YawTransform(0.7, (1, -2, 0.5)), YawTransform(-2.9, (0.1, 4, 0))
    points = np.random.default_rng(1).normal(size=(20, 3))
    np.testing.assert_allclose(first.inverse().apply_points(first.apply_points(points)), points, atol=1e-12)
    chained = second.apply_points(first.apply_points(points))
    np.testing.assert_allclose(first.then(second).apply_points(points), chained, atol=1e-12)
    assert_same(first.inverse().apply(first.apply(LAYOUT)), GOLDEN["input_text"])
    assert transform(LAYOUT, 0.7, (1, -2, 0.5)) == first.apply(LAYOUT)


def test_errors():
    for factor in (0, -1, float("nan"), float("inf")):
        with pytest.raises(LayoutError, match="cannot be scaled"):
            scale(LAYOUT, factor)
    with pytest.raises(LayoutError, match="door_4 stands in wall_9, which does not exist"):
        reorder(Layout(walls=[Wall(0, (0, 0, 0), (1, 0, 0), 2)], doors=[Door(4, 9, (0, 0, 1), 0.9, 2)]))


def test_one_box_moves_and_nothing_else_does():
    boxes = tuple(Box(k, "chair", (float(k), 0.0, 0.5), 0.3, (0.5, 0.5, 1.0)) for k in (3, 4))
    layout = Layout(boxes=boxes, frame_id="map", stamp=2.0)
    moved = move_box(layout, 4, 0.25, -1.0)
    assert moved.boxes == (boxes[0], replace(boxes[1], center=(4.25, -1.0, 0.5)))
    assert move_box(layout, 9, 1.0, 1.0) == layout
