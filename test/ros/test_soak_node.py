"""Ten minutes of driving with a full map: memory stays, ids stay, the layout is right. Run by night."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from node_harness import ROOT, diagnostics

from spatial_perception.evaluation.layout_metrics import evaluate_scene
from spatial_perception.msg import Layout
from spatial_perception.ros.convert.layouts import layout_from_message

sys.path.insert(0, str(ROOT / "benchmarks"))
from trends import Trend

NODE = "/layout_node"
MINUTES = 10.0
CAP = 150_000
WARM = 60.0
"""Seconds after the map was full for the first time, in which caches and the allocator find their size."""


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ten_minutes_of_driving(world):
    world.run(
        "simulated_robot",
        parameters={"rooms": 3, "lidar": "dome", "columns": 900, "camera_rate": 0.0, "lidar_rate": 5.0},
    )
    world.run(
        "layout_node",
        parameters={"autostart": "true", "use_sim_time": "true", "estimation.period": 3.0, "map.max_voxels": CAP},
    )
    layouts, truth = world.listen(Layout, f"{NODE}/layout"), world.listen(Layout, "/simulated_robot/truth")
    reports = world.listen(DiagnosticArray, "/diagnostics", 10)
    world.wait(lambda: layouts and truth, describe="the first layout")
    memory, full, began = [], None, time.monotonic()
    while (passed := time.monotonic() - began) < 60 * MINUTES:
        time.sleep(5.0)
        _, _, values = world.wait(lambda: diagnostics(reports, "map"), describe="diagnostics of the map")
        full = passed if full is None and int(values["voxels"]) >= 0.9 * CAP else full
        memory.append((passed, float(values["memory of the node"].split()[0])))
        del reports[:-10], layouts[:-1]
    assert full is not None, "the map was never full"
    later = np.array([row for row in memory if row[0] > full + WARM])
    trend = Trend.of(later[:, 0] / 3600, later[:, 1])
    ids = diagnostics(reports, "estimation")[2]["ids given, deleted, back again"]
    prediction, expected = layout_from_message(layouts[-1])[0].layout, layout_from_message(truth[-1])[0].layout
    f1 = evaluate_scene(prediction, expected).of("wall").at(0.25).f1
    print(
        f"memory {later[-1, 1]:.0f} MB, full after {full:.0f} s, slope {trend.text('MB/h')}, wall F1@.25 {f1:.2f}, ids {ids}"
    )
    assert f1 >= 0.85
    # Ten minutes cannot tell 1 MB an hour from none, but a leak of tens shows beyond doubt.
    assert trend.slope - 3 * trend.error < 1.0
    assert trend.slope < 60.0
