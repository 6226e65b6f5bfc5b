"""Entry point of ``python -m embedded_ros``: picks the tool and turns errors into one line and an exit status."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

_TOOLS = {
    "topic": "list, echo, publish topics, measure their rate and bandwidth",
    "node": "list nodes, show what one uses",
    "param": "list, get, set and dump parameters",
    "service": "list and call services",
    "action": "list actions, send goals",
    "lifecycle": "see and change the state of lifecycle nodes",
    "bag": "record, play and describe bags",
    "interface": "show and list message, service and action definitions",
    "run": "run an executable of a package",
    "launch": "run a launch file",
}
_INTERRUPTED = 130
_interrupts: list[int] = []


class ToolError(RuntimeError):
    """A tool cannot do what it was asked; the message is shown as it is."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a tool; return the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help") or arguments[0] not in _TOOLS:
        return _help(arguments)
    _interrupts.clear()
    previous = signal.signal(signal.SIGINT, _on_interrupt) if _in_main_thread() else None
    try:
        return _run(arguments[0], arguments[1:])
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:
        if _interrupts or _was_ended_by_signal():  # whatever failed, it did because the context was going down
            return _INTERRUPTED
        if not _is_expected(error):
            raise
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 1
    finally:
        _leave()
        if previous is not None:
            signal.signal(signal.SIGINT, previous)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _was_ended_by_signal() -> bool:
    """Return whether rclpy has handled a signal; it may be one that the tool itself does not know of."""
    signals = sys.modules.get("rclpy.signals")
    return bool(signals is not None and getattr(signals, "_received", None))


def _on_interrupt(number: int, frame: FrameType | None) -> None:
    """End at once, unless rclpy handled the signal first: it has then begun to shut down, and the tool ends in good order.

    No KeyboardInterrupt is raised, because it may hit the middle of an import and come out as another error.
    """
    _interrupts.append(number)
    if len(_interrupts) > 1 or signal.getsignal(signal.SIGINT) is _on_interrupt:
        os._exit(_INTERRUPTED)


def _run(tool: str, arguments: list[str]) -> int:
    import embedded_ros

    if not embedded_ros.activate() and importlib.util.find_spec("rclpy") is None:
        raise ToolError("EMBEDDED_ROS=off, and there is no genuine rclpy; unset it")
    if tool == "launch":
        return int(importlib.import_module("embedded_ros.launch_runtime").main(arguments) or 0)
    module = importlib.import_module(f"embedded_ros.cli.{tool}")
    if tool == "run":
        return int(module.run(arguments))
    parser = argparse.ArgumentParser(prog=f"python -m embedded_ros {tool}", description=_TOOLS[tool])
    module.add_arguments(parser)
    parsed, rest = parser.parse_known_args(arguments)
    if rest and rest[0] != "--ros-args":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return int(parsed.run(parsed, rest) or 0)


def _leave() -> None:
    if "rclpy" in sys.modules:
        sys.modules["rclpy"].try_shutdown()


def _is_expected(error: Exception) -> bool:
    """Return whether one line says enough; anything else is a defect and keeps its traceback."""
    from embedded_ros.activation import ActivationError
    from embedded_ros.messages.codec import CdrError
    from embedded_ros.messages.model import DefinitionError, UnknownInterfaceError
    from embedded_ros.run import ExecutableNotFoundError

    kinds = (ToolError, ActivationError, CdrError, DefinitionError, UnknownInterfaceError, ExecutableNotFoundError)
    return isinstance(error, (*kinds, OSError, ValueError, AssertionError, TypeError, NotImplementedError))


def _help(arguments: list[str]) -> int:
    print("usage: python -m embedded_ros TOOL ...\n\ntools:")
    for name, text in _TOOLS.items():
        print(f"  {name:<10} {text}")
    if arguments and arguments[0] not in ("-h", "--help"):
        print(f"\nunknown tool {arguments[0]!r}", file=sys.stderr)
        return 2
    return 0
