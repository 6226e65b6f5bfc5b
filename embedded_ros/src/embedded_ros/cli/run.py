"""``run PACKAGE EXECUTABLE [arguments]`` and ``run FILE.py [arguments]``."""

from __future__ import annotations

import os
import subprocess
import sys

from embedded_ros.run import find_executable, script_command


def run(arguments: list[str]) -> int:
    """Run an executable of a package with this runtime in place; return its exit status."""
    if arguments and arguments[0].endswith(".py") and os.path.isfile(arguments[0]):
        command = [*script_command(arguments[0]), *arguments[1:]]
    elif len(arguments) < 2 or arguments[0].startswith("-"):
        print("usage: python -m embedded_ros run PACKAGE EXECUTABLE | FILE.py [arguments]", file=sys.stderr)
        return 2
    else:
        command = [*find_executable(arguments[0], arguments[1]), *arguments[2:]]
    if os.name == "posix":  # takes this process's place, so that signals reach it
        sys.stdout.flush()
        os.execvp(command[0], command)
    return subprocess.call(command)
