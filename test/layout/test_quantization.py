from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from spatial_perception.errors import LayoutError
from spatial_perception.layout.entities import Box, Layout, Wall
from spatial_perception.layout.quantization import RANGES, dequantise, from_bins, quantise, step, to_bins
from spatial_perception.layout.text import format_layout, parse_layout

FOLDER = Path(__file__).parents[1] / "golden/spatiallm"
GOLDEN = json.loads((FOLDER / "quantisation.json").read_text())
TEXTS = json.loads((FOLDER / "layout_parse.json").read_text())
CASES = [(int(n), q, row) for n, groups in GOLDEN["num_bins"].items() for q, rows in groups.items() for row in rows]


@pytest.mark.parametrize(("num_bins", "quantity", "row"), CASES)
def test_golden_values(num_bins, quantity, row):
    assert to_bins(row["world"], quantity, num_bins) == row["bin"]
    assert from_bins(row["bin"], quantity, num_bins) == pytest.approx(row["back"], abs=1e-12)


def test_ranges():
    assert {key: list(value) for key, value in RANGES.items()} == GOLDEN["preset"]


@pytest.mark.parametrize("num_bins", [1280, 640])
@pytest.mark.parametrize("name", TEXTS)
def test_bins_of_golden_texts_become_the_same_metres(name, num_bins):
    layout = parse_layout(TEXTS[name]["text"], compat=True)
    text = format_layout(dequantise(layout, num_bins), compat=True)
    assert text == TEXTS[name][f"world_{num_bins}_text"]


@pytest.mark.parametrize("num_bins", [1, 7, 640, 1280, 4096])
def test_layouts_and_arrays_agree(num_bins):
    rng = np.random.default_rng(0)
    values = rng.uniform(-1, 33, 7)
    layout = Layout(boxes=[Box(0, "bed", values[:3], values[3] - 16, values[4:])])
    box = quantise(layout, num_bins).boxes[0]
    assert list(box.center) == to_bins(values[:3], "world", num_bins).tolist()
    assert box.yaw == to_bins(values[3] - 16, "angle", num_bins)
    assert list(box.size) == to_bins(values[4:], "scale", num_bins).tolist()


def test_centres_of_bins_remove_the_bias_but_keep_unknown_thickness():
    bins = Layout(walls=[Wall(0, (0, 10, 0), (100, 10, 0), 100, 0)], boxes=[Box(0, "bed", (1, 1, 1), 640, (1, 1, 1))])
    layout = dequantise(bins, 1280, centred=True)
    assert layout.walls[0].start[1] == pytest.approx(0.2625)
    assert layout.walls[0].height == pytest.approx(2.01)
    assert layout.walls[0].thickness == 0
    assert layout.boxes[0].yaw == 0
    assert quantise(layout, 1280) == bins


def test_step():
    assert step("world", 1280) == 0.025
    assert step("angle", 640) == pytest.approx(0.019635)


def test_impossible_input():
    wall = Layout(walls=[Wall(0, (0, float("nan"), 0), (1, 0, 0), 1)])
    for call in (lambda: quantise(wall, 1280), lambda: to_bins([float("inf")], "world", 10)):
        with pytest.raises(LayoutError, match="NaN or infinity has no bin"):
            call()
    for call in (lambda: quantise(Layout(), 0), lambda: dequantise(Layout(), -1), lambda: from_bins(1, "world", 0)):
        with pytest.raises(LayoutError, match="num_bins is"):
            call()
