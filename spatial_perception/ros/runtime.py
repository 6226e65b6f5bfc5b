"""Which ROS 2 there is, how its programs are started, and a domain that nobody else uses."""

from __future__ import annotations

import fcntl
import importlib.machinery
import importlib.util
import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from spatial_perception.errors import MissingExtraError, NodeError

PACKAGE = "spatial_perception"
_DOMAINS = range(1, 101)
"""Above 101 the ports of DDS reach into those that Linux gives to outgoing connections."""
_PORT_BASE, _PORTS_PER_DOMAIN, _UNICAST_OFFSET = 7400, 250, 10
_EMBEDDED = "pip install ./embedded_ros, in a clone of the repository"


@dataclass(frozen=True)
class Runtime:
    """`genuine`: ROS 2 as installed and sourced; otherwise the embedded runtime over Cyclone DDS, `forced` beside a ROS 2 in
    which this package was not built."""

    genuine: bool
    forced: bool = False

    def __str__(self) -> str:
        if self.genuine:
            return f"ROS 2 {os.environ.get('ROS_DISTRO', '')}".strip()
        return "embedded ROS 2 runtime over Cyclone DDS"

    def activate(self) -> None:
        """Make rclpy importable in this process."""
        if not self.genuine:
            import embedded_ros

            embedded_ros.activate("force" if self.forced else None)

    def node(self, executable: str, arguments: Sequence[str] = ()) -> list[str]:
        """The command that runs a node of this package."""
        if self.genuine:
            return ["ros2", "run", PACKAGE, executable, *arguments]
        from embedded_ros.run import find_executable

        return [*find_executable(PACKAGE, executable), *arguments]

    def recorder(self, folder: str, topics: Sequence[str]) -> list[str]:
        """The command that records topics into a new bag (mcap)."""
        return [*self._bag(), "record", "--storage", "mcap", "--output", folder, *topics]

    def _bag(self) -> list[str]:
        return ["ros2", "bag"] if self.genuine else [sys.executable, "-m", "embedded_ros", "bag"]

    def share(self) -> Path:
        """The folder that holds `launch`, `config` and `rviz` of this package."""
        from ament_index_python.packages import get_package_share_directory

        return Path(get_package_share_directory(PACKAGE))

    def environment(self, domain: int) -> dict[str, str]:
        """Our environment, on this machine and in this domain only."""
        local = {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
        if os.environ.get("ROS_DISTRO") in ("humble", "iron"):
            local["ROS_LOCALHOST_ONLY"] = "1"
        if self.forced:
            local["EMBEDDED_ROS"] = "force"
        return {**os.environ, **local}


def find_runtime() -> Runtime:
    """A genuine ROS 2 where it is sourced and holds this package, else the embedded runtime.

    Raises MissingExtraError where neither can run here.
    """
    sourced = importlib.machinery.PathFinder.find_spec("rclpy") is not None
    if sourced and importlib.util.find_spec(f"{PACKAGE}.msg") is not None and shutil.which("ros2"):
        return Runtime(genuine=True)
    if importlib.util.find_spec("embedded_ros") is None:
        raise MissingExtraError(f"neither ROS 2 with this package nor embedded_ros is installed; {_EMBEDDED}")
    if importlib.util.find_spec("cyclonedds") is None:
        where = f"{platform.system()} on {platform.machine()} with Python {platform.python_version()}"
        raise MissingExtraError(f"Cyclone DDS is not installed; for {where} there may be no wheel of it")
    return Runtime(genuine=False, forced=sourced)


class Domain:
    """A ROS domain that no other program of this machine uses, held until `close`."""

    def __init__(self) -> None:
        folder = Path(tempfile.gettempdir()) / f"{PACKAGE}_domains_{os.getuid()}"
        folder.mkdir(exist_ok=True)
        start = os.getpid() % len(_DOMAINS)
        for number in (*_DOMAINS[start:], *_DOMAINS[:start]):
            lock = _locked(folder / str(number))
            if lock is None:
                continue
            if is_quiet(number):
                self.number, self._lock = number, lock
                return
            lock.close()
        raise NodeError("all ROS domains of this machine are in use; end programs that you no longer need")

    def close(self) -> None:
        """Give it back."""
        self._lock.close()


def _locked(path: Path) -> IO[str] | None:
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def is_quiet(domain: int) -> bool:
    """Whether no participant listens on the first ports of a domain."""
    base = _PORT_BASE + _PORTS_PER_DOMAIN * domain
    for port in (base, *range(base + _UNICAST_OFFSET, base + _UNICAST_OFFSET + 4)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("", port))
            except OSError:
                return False
    return True
