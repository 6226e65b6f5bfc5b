"""What a launch prints and writes to its log file."""

from __future__ import annotations

import os
import pathlib
import socket
import sys
import time
from typing import TextIO


class LaunchLog:
    """Prints lines with the name of their source in front and keeps them in ``launch.log``.

    The folder is ``ROS_LOG_DIR``, else ``ROS_HOME/log``, else ``~/.ros/log``, with one subfolder per launch; it is made
    when the first line is written. A folder that cannot be written to is reported once, the launch goes on.
    """

    def __init__(self) -> None:
        self._file: TextIO | None = None
        self._failed = False
        stamp = time.strftime("%Y-%m-%d-%H-%M-%S")
        self.directory = _base() / f"{stamp}-{socket.gethostname()}-{os.getpid()}"

    def line(self, level: str, name: str, text: str) -> None:
        """Print a message of the launch itself."""
        self.output(name, f"[{level}] [{name}]: {text}", screen=True, prefix=False)

    def output(self, name: str, text: str, screen: bool, prefix: bool = True) -> None:
        """Take a line of a process: into the file always, onto the screen if asked for."""
        line = f"[{name}] {text}" if prefix else text
        if screen:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        self._write(f"{time.time():.6f} {line}\n")

    def close(self) -> None:
        """Close the log file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, line: str) -> None:
        if self._failed:
            return
        try:
            if self._file is None:
                self.directory.mkdir(parents=True, exist_ok=True)
                self._file = (self.directory / "launch.log").open("a", encoding="utf-8", errors="replace")
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            self._failed = True
            sys.stderr.write(f"[WARNING] [launch]: no log is written: {error}\n")


def _base() -> pathlib.Path:
    if os.environ.get("ROS_LOG_DIR"):
        return pathlib.Path(os.environ["ROS_LOG_DIR"]).expanduser()
    return pathlib.Path(os.environ.get("ROS_HOME") or "~/.ros").expanduser() / "log"
