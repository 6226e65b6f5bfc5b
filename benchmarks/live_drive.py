"""A drive through a simulated home, live: how the score rises, ids that switch, latency, and memory over time.

python benchmarks/live_drive.py [--minutes 60] [--rooms 6] [--speedup 4] [--hz 10]. Robot and `layout_node` are processes of
their own. Minutes are simulated ones; where the machine is too slow for the speed-up, simulated time waits for the robot.
Prints a line every simulated half minute, then the figures.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from live_world import Heard, cpu_seconds, listen, prepare, processes, report, scores, switches, wait_for

_SETTLED = 0.5
"""The slope of memory is taken over the part of the drive after this share: the map has its size by then."""


def robot_parameters(given: argparse.Namespace) -> dict[str, object]:
    """A scanner of 200,000 shots a turn (or fewer), without a camera."""
    return {
        "rooms": given.rooms, "seed": given.seed, "real_time_factor": given.speedup, "clock": "true", "lidar": "dome",
        "lidar_rate": given.hz, "rings": given.rings, "columns": given.columns, "camera_rate": 0.0, "tf_rate": 20.0,
        "drift": given.drift,
    }  # fmt: skip


def node_parameters(given: argparse.Namespace) -> dict[str, object]:
    """The node, as `config/simulation.yaml` has it."""
    return {
        "autostart": "true", "use_sim_time": "true", "estimation.period": given.period, "filters.range_max": 12.0,
        "map.max_voxels": given.voxels,
    }  # fmt: skip


def watch(heard: Heard, seconds: float) -> list[tuple[float, ...]]:
    """Print the state every simulated half minute; returns rows of wall clock (h), simulated time (h), memory of the node
    and of the estimator (MB)."""
    rows: list[tuple[float, ...]] = []
    wait_for(lambda: heard.clock)
    start = heard.clock
    while (passed := heard.clock - start) < seconds:
        time.sleep(0.2)
        if passed >= 30.0 * (len(rows) + 1):
            memory = [heard.megabytes(f"memory of the {name}") for name in ("node", "estimator")]
            rows.append((time.monotonic() / 3600, passed / 3600, *memory))
            shown = "  ".join(f"{name} {value:.0f}" for name, value in scores(heard).items())
            ids, voxels = heard.values.get("ids given, deleted, back again"), heard.values.get("voxels")
            print(
                f"{passed:6.0f} s  {shown}  ids {ids}  {voxels} voxels  {memory[0]:.1f} + {memory[1]:.1f} MB",
                flush=True,
            )
    return rows


def print_slopes(rows: list[tuple[float, ...]]) -> None:
    """How memory grew once the map had its size, per hour of wall clock and of simulated time."""
    later = np.array(rows[int(_SETTLED * len(rows)) :])
    if len(later) > 2:
        for column, name in ((2, "node"), (3, "estimator")):
            wall, simulated = (np.polyfit(later[:, k], later[:, column], 1)[0] for k in (0, 1))
            print(f"{'memory of the ' + name + ', slope':<34} {wall:.2f} MB/h ({simulated:.2f} MB per simulated hour)")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    defaults = {
        "minutes": 60.0, "rooms": 6, "speedup": 4.0, "seed": 1, "hz": 10.0, "rings": 64, "columns": 3125, "drift": 0.0,
        "period": 3.0, "voxels": 2_000_000,
    }  # fmt: skip
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    given = parser.parse_args()
    nodes = ("layout_node", node_parameters(given)), ("simulated_robot", robot_parameters(given))
    with processes(*nodes) as running:
        _, heard = listen()
        began = time.monotonic()
        rows = watch(heard, 60.0 * given.minutes)
        wall = time.monotonic() - began
        for name, value in scores(heard).items():
            print(f"{'F1 @.25 ' + name:<34} {value:.1f}")
        print(f"id switches                        {', '.join(f'{n} {name}' for name, n in switches(heard).items())}")
        report(heard)
        print_slopes(rows)
        print(f"simulated, wall clock              {60 * given.minutes:.0f} s, {wall:.0f} s")
        for name, process in zip(("node", "robot"), running):
            print(f"{'CPU of the ' + name + ' (cores)':<34} {cpu_seconds(process.pid) / wall:.2f}")
        peak = Path(f"/proc/{running[0].pid}/status").read_text(encoding="ascii").partition("VmHWM:")[2].split()[0]
        print(f"peak memory of the node            {int(peak) / 1024:.0f} MB")


if __name__ == "__main__":
    prepare()
    main()
