"""What `doctor` looks at on this machine: interpreter, packages and extras, processors, ROS, fonts."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Literal

from spatial_perception._version import __version__

Status = Literal["ok", "warn", "fail", "off"]

_PACKAGE = "spatial_perception"
_IMPORT_NAMES = {
    "pyyaml": "yaml",
    "pillow": "PIL",
    "rerun-sdk": "rerun",
    "foxglove-sdk": "foxglove",
    "pre-commit": "pre_commit",
}
BASE = ("numpy", "scipy", "shapely", "pydantic", "typer", "rich", "matplotlib", "pyyaml", "pillow")
"""Distributions that the package itself needs."""
EXTRAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "models": (
        "learned estimators (SpatialLM and others)",
        ("torch", "transformers", "safetensors", "huggingface_hub"),
    ),
    "viewer": ("recordings for the rerun viewer (.rrd)", ("rerun-sdk",)),
    "foxglove": ("the running system in Foxglove", ("foxglove-sdk",)),
    "embedded": ("the ROS 2 nodes where ROS is not installed", ("rosbags", "cyclonedds")),
    "evaluation": ("caption metrics of ScanQA", ("pycocoevalcap",)),
    "open3d": ("mesh files (.obj .off .stl .gltf)", ("open3d",)),
    "dev": ("tests and linters", ("pytest", "hypothesis", "ruff", "mypy")),
}
"""Extra -> what it is for, and the distributions that tell whether it is there."""


@dataclass(frozen=True)
class Finding:
    """One row: what was looked at, how it is, what was seen, and what to do about it."""

    subject: str
    status: Status
    seen: str
    advice: str = ""


def machine() -> Iterator[Finding]:
    """Everything that does not depend on a cloud."""
    yield _python()
    yield Finding(_PACKAGE, "ok", __version__)
    yield from (check() for check in (_base, _fonts, _memory))
    yield from _extras()
    yield from (check() for check in (_gpu, _ros))


def _python() -> Finding:
    seen = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info >= (3, 14):
        return Finding("Python", "warn", seen, "tested with 3.10 to 3.13; use one of these when packages fail")
    return Finding("Python", "ok", seen)


def _installed(distribution: str) -> str | None:
    """Version of a distribution that can be imported, or None."""
    name = _IMPORT_NAMES.get(distribution, distribution.replace("-", "_"))
    try:
        return version(distribution) if find_spec(name) else None
    except (PackageNotFoundError, ImportError, ValueError):
        return None


def _base() -> Finding:
    found = {name: _installed(name) for name in BASE}
    missing = [name for name, seen in found.items() if seen is None]
    if missing:
        return Finding("base packages", "fail", f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}")
    return Finding("base packages", "ok", ", ".join(f"{n} {v}" for n, v in found.items()))


def _extras() -> Iterator[Finding]:
    for extra, (purpose, names) in EXTRAS.items():
        found = {name: _installed(name) for name in names}
        missing = [name for name, seen in found.items() if seen is None]
        if missing:
            remedy = f"for {purpose}: pip install '{_PACKAGE}[{extra}]'"
            yield Finding(f"extra {extra}", "off", f"missing: {', '.join(missing)}", remedy)
        else:
            yield Finding(f"extra {extra}", "ok", ", ".join(f"{n} {v}" for n, v in found.items()))


def _memory() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    free = _free_memory()
    if free is None:
        return Finding("machine", "ok", f"{cores} cores, {platform.system()} {platform.machine()}")
    seen = f"{cores} cores, {free / 2**30:.1f} GiB of memory free, {platform.system()} {platform.machine()}"
    if free < 2**30:
        return Finding(
            "machine", "warn", seen, "close other programs; large clouds need about 10 times their file size"
        )
    return Finding("machine", "ok", seen)


def _free_memory() -> int | None:
    try:
        with open("/proc/meminfo", encoding="ascii", errors="replace") as file:
            found = re.search(r"MemAvailable:\s+(\d+) kB", file.read())
    except OSError:
        return None
    return int(found.group(1)) * 1024 if found else None


def _fonts() -> Finding:
    import logging

    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    import matplotlib
    from matplotlib.font_manager import findfont

    where = matplotlib.get_cachedir()
    try:
        findfont("DejaVu Sans", fallback_to_default=False)
    except ValueError:
        return Finding("pictures", "fail", "font DejaVu Sans not found", "pip install --force-reinstall matplotlib")
    if not os.access(where, os.W_OK):
        return Finding("pictures", "warn", f"{where} is not writable", "set MPLCONFIGDIR to a writable folder")
    return Finding("pictures", "ok", f"matplotlib {matplotlib.__version__}, DejaVu Sans")


def _gpu() -> Finding:
    cards = _cards()
    torch = _installed("torch")
    if not cards:
        return Finding("GPU", "off", "no NVIDIA card seen", "not needed: geometric and nano run on the CPU")
    if torch is None:
        return Finding("GPU", "off", cards, f"learned estimators use it: pip install '{_PACKAGE}[models]'")
    if "+cpu" in torch:
        return Finding(
            "GPU", "warn", f"{cards}, torch {torch}", "this torch cannot use it; install a CUDA build of torch"
        )
    return Finding("GPU", "ok", f"{cards}, torch {torch}")


def _cards() -> str:
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    command = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return "; ".join(line.strip() for line in result.stdout.splitlines() if line.strip())


def _ros() -> Finding:
    distribution = os.environ.get("ROS_DISTRO", "")
    usable = find_spec("rclpy") is not None
    if not distribution and not usable:
        return Finding("ROS 2", "off", "not sourced", "for the nodes: source /opt/ros/DISTRO/setup.bash")
    middleware = os.environ.get("RMW_IMPLEMENTATION", "default middleware")
    seen = f"{distribution or 'unknown distribution'}, {middleware}, domain {os.environ.get('ROS_DOMAIN_ID', '0')}"
    if not usable:
        return Finding("ROS 2", "warn", f"{seen}, rclpy not importable", "use the Python that ROS was built for")
    return Finding("ROS 2", "ok", seen)
