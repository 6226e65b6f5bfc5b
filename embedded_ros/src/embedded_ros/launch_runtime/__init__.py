"""The command ``launch``: run a launch file of a package, or any launch file."""

from __future__ import annotations

import argparse
import pathlib
import shutil
import subprocess
import sys
from typing import Any

_INTERRUPTED = 130  # as a shell reports the end by SIGINT


class LaunchFileError(RuntimeError):
    """A launch file is not found, or an argument is malformed."""


def main(argv: list[str] | None = None) -> int:
    """Run ``launch PACKAGE FILE [name:=value ...]`` or ``launch FILE [name:=value ...]``; returns the exit status."""
    words = sys.argv[1:] if argv is None else argv
    options = _parser().parse_args(words)
    import embedded_ros

    if not embedded_ros.activate():
        return _run_genuine(words)
    try:
        path, rest = _find(options.words)
        arguments = _arguments(rest)
        return _show_arguments(path) if options.show_args else _run(path, arguments, options)
    except (LaunchFileError, NotImplementedError, LookupError) as error:
        print(f"launch: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before the launch took over the signals
        return _INTERRUPTED


def _run_genuine(words: list[str]) -> int:
    """Hand over to the launch of an installed ROS 2."""
    ros2 = shutil.which("ros2")
    if ros2 is None:
        print(
            "launch: a genuine rclpy is installed, but the command ros2 is not; source its setup file", file=sys.stderr
        )
        return 1
    return subprocess.call([ros2, "launch", *words])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="embedded_ros launch", description="Run a launch file.")
    parser.add_argument("words", nargs="+", metavar="PACKAGE FILE | FILE | name:=value")
    parser.add_argument(
        "-s", "--show-args", "--show-arguments", action="store_true", help="show the arguments of the file"
    )
    parser.add_argument("-d", "--debug", action="store_true", help="show the traceback of an error in the launch file")
    parser.add_argument("-n", "--noninteractive", action="store_true", help="run without a terminal")
    return parser


def _find(words: list[str]) -> tuple[pathlib.Path, list[str]]:
    """Return the launch file and the words left over; LaunchFileError when there is no such file."""
    first = pathlib.Path(words[0]).expanduser()
    if first.is_file():
        return first, words[1:]
    if len(words) < 2 or ":=" in words[1]:
        raise LaunchFileError(f"file {words[0]} does not exist; give a launch file, or a package and a launch file")
    from ament_index_python.packages import get_package_share_path

    share = get_package_share_path(words[0])
    found = sorted(path for path in share.rglob(words[1]) if path.is_file() and not _is_hidden(path, share))
    if not found:
        known = sorted(path.name for path in share.rglob("*launch*") if path.suffix in (".py", ".xml", ".yaml"))
        raise LaunchFileError(
            f"package {words[0]!r} has no launch file {words[1]!r}; it has {', '.join(known) or 'none'}"
        )
    preferred = [path for path in found if path.parent.name == "launch"] or found
    return preferred[0], words[2:]


def _is_hidden(path: pathlib.Path, share: pathlib.Path) -> bool:
    parts = path.relative_to(share).parts[:-1]
    return any(part.startswith(".") or part in ("build", "install", "log", "test") for part in parts)


def _arguments(words: list[str]) -> dict[str, str]:
    arguments: dict[str, str] = {}
    for word in words:
        name, separator, value = word.partition(":=")
        if not separator or not name:
            raise LaunchFileError(f"malformed launch argument {word!r}; expected <name>:=<value>")
        arguments[name] = value
    return arguments


def _show_arguments(path: pathlib.Path) -> int:
    from launch.launch_description_source import read_launch_file

    arguments = read_launch_file(str(path.resolve())).get_launch_arguments()
    print("Arguments (pass arguments as '<name>:=<value>'):")
    for argument in arguments:
        print("\n" + "\n".join(argument.describe_lines()))
    if not arguments:
        print("\n  No arguments.")
    return 0


def _run(path: pathlib.Path, arguments: dict[str, str], options: argparse.Namespace) -> int:
    from launch import LaunchDescription, LaunchService
    from launch.actions import IncludeLaunchDescription
    from launch.launch_description_sources import AnyLaunchDescriptionSource

    service: Any = LaunchService(argv=sys.argv[1:], noninteractive=options.noninteractive, debug=options.debug)
    service.context.log.line("INFO", "launch", f"log files are in {service.context.log.directory}")
    include = IncludeLaunchDescription(
        AnyLaunchDescriptionSource(str(path.resolve())), launch_arguments=list(arguments.items())
    )
    service.include_launch_description(LaunchDescription([include]))
    return service.run()
