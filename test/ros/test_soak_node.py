"""Ten minutes of driving: memory stays, ids stay, the layout is right. Run by night."""

from __future__ import annotations

import time

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from node_harness import diagnostics

from spatial_perception.evaluation.layout_metrics import evaluate_scene
from spatial_perception.msg import Layout
from spatial_perception.ros.convert.layouts import layout_from_message

NODE = "/layout_node"
MINUTES = 10.0


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ten_minutes_of_driving(world):
    world.run(
        "simulated_robot",
        parameters={"rooms": 3, "lidar": "dome", "columns": 900, "camera_rate": 0.0, "lidar_rate": 5.0},
    )
    world.run(
        "layout_node",
        parameters={"autostart": "true", "use_sim_time": "true", "estimation.period": 3.0, "map.max_voxels": 150_000},
    )
    layouts, truth = world.listen(Layout, f"{NODE}/layout"), world.listen(Layout, "/simulated_robot/truth")
    reports = world.listen(DiagnosticArray, "/diagnostics", 10)
    world.wait(lambda: layouts and truth, describe="the first layout")
    memory, began = [], time.monotonic()
    while (passed := time.monotonic() - began) < 60 * MINUTES:
        time.sleep(5.0)
        world.wait(lambda: True)
        _, _, values = diagnostics(reports, "map")
        memory.append((passed / 3600, float(values["memory of the node"].split()[0])))
        del reports[:-10], layouts[:-1]
    later = np.array(memory[len(memory) // 2 :])
    slope, ids = (
        np.polyfit(later[:, 0], later[:, 1], 1)[0],
        diagnostics(reports, "estimation")[2]["ids given, deleted, back again"],
    )
    prediction, expected = layout_from_message(layouts[-1])[0].layout, layout_from_message(truth[-1])[0].layout
    f1 = evaluate_scene(prediction, expected).of("wall").at(0.25).f1
    print(
        f"memory {later[-1, 1]:.0f} MB, slope {slope:.1f} MB/h, wall F1@.25 {f1:.2f}, ids given, deleted, back again: {ids}"
    )
    assert f1 >= 0.85
    # Ten minutes tell a leak of megabytes from the steps of the allocator, no more.
    assert slope < 60.0
