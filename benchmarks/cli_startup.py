"""Start-up of the command line: `--help` against a bare interpreter and against the import of numpy.

Run: python benchmarks/cli_startup.py [--runs 15]. The figure to hold is 300 ms. Prints medians and their ratios.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

PROGRAMS = {
    "bare interpreter": ["-c", "pass"],
    "import numpy": ["-c", "import numpy"],
    "spatial-perception --help": ["-m", "spatial_perception.cli.main", "--help"],
}


def median_ms(arguments: list[str], runs: int) -> float:
    """Median wall-clock milliseconds of running Python with these arguments."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    figures = {name: median_ms(arguments, runs) for name, arguments in PROGRAMS.items()}
    for name, figure in figures.items():
        print(f"{name:28}{figure:8.0f} ms {figure / figures['bare interpreter']:6.1f} x bare")


if __name__ == "__main__":
    main()
