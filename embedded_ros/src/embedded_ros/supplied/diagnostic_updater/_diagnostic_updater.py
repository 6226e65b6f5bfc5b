"""Diagnostic tasks and the updater that runs them and publishes what they report."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from ._diagnostic_status_wrapper import ERROR, OK, DiagnosticStatusWrapper

Run = Callable[[DiagnosticStatusWrapper], DiagnosticStatusWrapper | None]
_PERIOD_PARAMETER = "diagnostic_updater.period"
_FQN_PARAMETER = "diagnostic_updater.use_fqn"


class DiagnosticTask:
    """Something with a name that reports its state."""

    def __init__(self, name: str) -> None:
        self.name = name

    def getName(self) -> str:
        """Return the name of the task."""
        return self.name

    def run(self, stat: DiagnosticStatusWrapper) -> DiagnosticStatusWrapper:
        """Fill a status and return it."""
        return stat


class FunctionDiagnosticTask(DiagnosticTask):
    """A task made of a function that fills a status."""

    def __init__(self, name: str, fn: Run) -> None:
        super().__init__(name)
        self.fn = fn

    def run(self, stat: DiagnosticStatusWrapper) -> DiagnosticStatusWrapper:
        """Let the function fill the status."""
        return self.fn(stat) or stat


class CompositeDiagnosticTask(DiagnosticTask):
    """Several tasks reported as one: the highest level, the messages of those that are not OK, all values."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.tasks: list[DiagnosticTask] = []

    def addTask(self, t: DiagnosticTask) -> None:
        """Add a task."""
        self.tasks.append(t)

    def run(self, stat: DiagnosticStatusWrapper) -> DiagnosticStatusWrapper:
        """Run all tasks on one status and merge their summaries."""
        combined, original = DiagnosticStatusWrapper(), DiagnosticStatusWrapper()
        original.summary(stat)
        for task in self.tasks:
            stat.summary(original)
            stat = task.run(stat)
            combined.mergeSummary(stat)
        stat.summary(combined)
        return stat


class DiagnosticTaskVector:
    """A list of tasks."""

    def __init__(self) -> None:
        self.tasks: list[DiagnosticTask] = []
        self.lock = threading.RLock()

    def addedTaskCallback(self, task: DiagnosticTask) -> None:
        """Called for each task added; meant to be overridden."""

    def add(self, *args: Any) -> None:
        """Add a task: ``add(task)``, or ``add(name, function)``."""
        if len(args) not in (1, 2):
            raise TypeError(f"add() takes a task, or a name and a function; got {len(args)} arguments")
        task = args[0] if len(args) == 1 else FunctionDiagnosticTask(*args)
        with self.lock:
            self.tasks.append(task)
            self.addedTaskCallback(task)

    def removeByName(self, name: str) -> bool:
        """Remove the first task of that name; False if there is none."""
        with self.lock:
            for index, task in enumerate(self.tasks):
                if task.getName() == name:
                    del self.tasks[index]
                    return True
        return False


class Updater(DiagnosticTaskVector):
    """Runs its tasks once per period and publishes their states on ``/diagnostics``.

    period: seconds; the parameter ``diagnostic_updater.period`` overrides it and may be changed at run time.
    With the parameter ``diagnostic_updater.use_fqn`` the names start with the fully qualified name of the node.
    """

    def __init__(self, node: Any, period: float = 1.0) -> None:
        super().__init__()
        self.node = node
        self.publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 1)
        self.clock = node.get_clock()
        self.verbose = False
        self.hwid = ""
        self.warn_nohwid_done = False
        self.period_parameter = _PERIOD_PARAMETER
        self.__period = float(_declared(node, _PERIOD_PARAMETER, float(period)))
        self.use_fqn = bool(_declared(node, _FQN_PARAMETER, False))
        self.last_time = self.clock.now()
        self.timer = node.create_timer(self.__period, self.update)

    @property
    def period(self) -> float:
        """Seconds between two reports."""
        return self.__period

    @period.setter
    def period(self, value: float) -> None:
        self.__period = float(value)
        self.timer.timer_period_ns = int(self.__period * 1e9)

    def setHardwareID(self, hwid: str) -> None:
        """Set what is reported as the hardware."""
        self.hwid = hwid

    def update(self) -> None:
        """Report; called by the timer once per period."""
        wanted = self.node.get_parameter(_PERIOD_PARAMETER).value
        if wanted != self.period:
            self.period = wanted
        self.force_update()

    def force_update(self) -> None:
        """Run all tasks and publish their states at once."""
        self.last_time = self.clock.now()
        with self.lock:
            states = [self._run(task) for task in self.tasks]
        if not self.hwid and not self.warn_nohwid_done and all(state.level == OK for state in states):
            self.node.get_logger().warning(
                "diagnostic_updater: no hardware ID was set; call setHardwareID(), with 'none' if there is no hardware"
            )
            self.warn_nohwid_done = True
        self.publish(states)

    def _run(self, task: DiagnosticTask) -> DiagnosticStatusWrapper:
        status = DiagnosticStatusWrapper(
            level=ERROR, name=task.getName(), message="No message was set", hardware_id=self.hwid
        )
        status = task.run(status) or status
        if self.verbose and status.level != OK:
            level = int.from_bytes(status.level, "little")
            self.node.get_logger().warning(
                f"Non-zero diagnostic status. Name: {status.name}, status {level}: {status.message}"
            )
        return status

    def broadcast(self, lvl: bytes | int, msg: str) -> None:
        """Publish one level and message for all tasks, say before a shutdown."""
        with self.lock:
            self.publish([_announcement(task, lvl, msg) for task in self.tasks])

    def publish(self, msg: DiagnosticStatus | Sequence[DiagnosticStatus]) -> None:
        """Publish one status or several; their names get the name of the node in front."""
        states = list(msg) if isinstance(msg, (list, tuple)) else [msg]
        prefix = self.node.get_fully_qualified_name() if self.use_fqn else self.node.get_name()
        report = DiagnosticArray()
        report.header.stamp = self.clock.now().to_msg()
        report.status = [_named(state, f"{prefix}: {state.name}") for state in states]
        self.publisher.publish(report)

    def addedTaskCallback(self, task: DiagnosticTask) -> None:
        """Report that the task is starting."""
        self.publish(_announcement(task, OK, "Node starting up"))


def _declared(node: Any, name: str, default: Any) -> Any:
    if node.has_parameter(name):
        return node.get_parameter(name).value
    return node.declare_parameter(name, default).value


def _announcement(task: DiagnosticTask, level: bytes | int, message: str) -> DiagnosticStatusWrapper:
    status = DiagnosticStatusWrapper(name=task.getName())
    status.summary(level, message)
    return status


def _named(state: DiagnosticStatus, name: str) -> DiagnosticStatus:
    return DiagnosticStatus(
        level=state.level, name=name, message=state.message, hardware_id=state.hardware_id, values=list(state.values)
    )
