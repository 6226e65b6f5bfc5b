"""What the benchmarks share: a domain of their own, a second process, percentiles."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Sequence

import numpy as np


def take_domain() -> None:
    """Speak on the loopback in a domain that is hardly used by others."""
    os.environ.setdefault("ROS_DOMAIN_ID", str(60 + os.getpid() % 40))
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")


def start_peer(script: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a benchmark script again in its second role; its output can be read."""
    return subprocess.Popen([sys.executable, str(pathlib.Path(script)), *arguments], stdout=subprocess.PIPE, text=True)


def summary(values: Sequence[float], unit: str = "ms") -> str:
    """Return p50, p95 and maximum as text."""
    if not len(values):
        return "no samples"
    p50, p95 = np.percentile(values, [50, 95])
    return f"p50 {p50:.2f} {unit}, p95 {p95:.2f} {unit}, max {max(values):.2f} {unit}"


def resident_mb() -> float:
    """Return the resident memory of this process in MB."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0
