"""A drive through a simulated home, live: how the score rises, ids that switch, latency, and memory over time.

python benchmarks/live_drive.py [--minutes 60] [--rooms 6] [--speedup 4] [--hz 10] [--voxels 2000000]. Robot and
`layout_node` are processes of their own. Minutes are simulated ones; where the machine is too slow for the speed-up,
simulated time waits for the robot. Prints a line every simulated half minute, then the figures. With a small cap of voxels
the map is soon full; the slope of memory is that of a line through what was measured from then on, with its standard error.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from pathlib import Path

import numpy as np
from live_world import Heard, cpu_seconds, listen, must_run, prepare, processes, report, scores, switches, wait_for
from trends import Trend

_SETTLED = 0.5
"""Where the map never was full, the slope of memory is taken over the part of the drive after this share."""
_FULL, _WARM = 0.9, 0.25
"""A map is full that once held this share of its cap; this share of what was measured after that is left out, since
caches and the allocator find their size then."""


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
        "map.max_voxels": given.voxels, "estimation.estimator": given.estimator,
    }  # fmt: skip


def watch(heard: Heard, seconds: float, running: list[subprocess.Popen]) -> list[tuple[float, ...]]:
    """Print the state every simulated half minute; returns rows of wall clock (h), simulated time (h), memory of the node
    and of the estimator (MB), voxels."""
    rows: list[tuple[float, ...]] = []
    wait_for(lambda: heard.clock)
    start = heard.clock
    while (passed := heard.clock - start) < seconds:
        time.sleep(0.2)
        must_run(running)
        if passed >= 30.0 * (len(rows) + 1):
            memory = [heard.megabytes(f"memory of the {name}") for name in ("node", "estimator")]
            voxels = int(heard.values.get("voxels", 0))
            rows.append((time.monotonic() / 3600, passed / 3600, *memory, voxels))
            shown = "  ".join(f"{name} {value:.0f}" for name, value in scores(heard).items())
            ids = heard.values.get("ids given, deleted, back again")
            print(
                f"{passed:6.0f} s  {shown}  ids {ids}  {voxels} voxels  {memory[0]:.1f} + {memory[1]:.1f} MB",
                flush=True,
            )
    return rows


def print_slopes(rows: list[tuple[float, ...]], cap: int) -> None:
    """How memory grew once the map was full, per hour of wall clock."""
    full = [row[4] >= _FULL * cap for row in rows]
    first = full.index(True) if any(full) else int(_SETTLED * len(rows))
    later = np.array(rows[first + int(_WARM * (len(rows) - first)) :])
    print(f"{'map full':<34} {'after %.0f s' % (3600 * rows[first][1]) if any(full) else 'never'}")
    if len(later) >= 4:
        for column, name in ((2, "node"), (3, "estimator")):
            over = f"over {60 * np.ptp(later[:, 0]):.0f} minutes"
            print(
                f"{'memory of the ' + name + ', slope':<34} {Trend.of(later[:, 0], later[:, column]).text('MB/h')} {over}"
            )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    defaults = {
        "minutes": 60.0, "rooms": 6, "speedup": 4.0, "seed": 1, "hz": 10.0, "rings": 64, "columns": 3125, "drift": 0.0,
        "period": 3.0, "voxels": 2_000_000, "estimator": "auto",
    }  # fmt: skip
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    given = parser.parse_args()
    nodes = ("layout_node", node_parameters(given)), ("simulated_robot", robot_parameters(given))
    with processes(*nodes) as running:
        _, heard = listen()
        began = time.monotonic()
        rows = watch(heard, 60.0 * given.minutes, running)
        wall = time.monotonic() - began
        for name, value in scores(heard).items():
            print(f"{'F1 @.25 ' + name:<34} {value:.1f}")
        print(f"id switches                        {', '.join(f'{n} {name}' for name, n in switches(heard).items())}")
        report(heard)
        print_slopes(rows, given.voxels)
        print(f"simulated, wall clock              {60 * given.minutes:.0f} s, {wall:.0f} s")
        for name, process in zip(("node", "robot"), running):
            print(f"{'CPU of the ' + name + ' (cores)':<34} {cpu_seconds(process.pid) / wall:.2f}")
        peak = Path(f"/proc/{running[0].pid}/status").read_text(encoding="ascii").partition("VmHWM:")[2].split()[0]
        print(f"peak memory of the node            {int(peak) / 1024:.0f} MB")


if __name__ == "__main__":
    prepare()
    main()
