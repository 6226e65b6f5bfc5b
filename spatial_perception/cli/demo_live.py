"""The live demo: a simulated robot drives through a home while nodes of this package map it, each in a process of its own."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from spatial_perception.cli import demo_questions, demo_results
from spatial_perception.cli.console import out
from spatial_perception.cli.demo_screen import Progress, Screen
from spatial_perception.errors import NodeError

if TYPE_CHECKING:
    from spatial_perception.layout.tracking import TrackedLayout
    from spatial_perception.reasoning.answers import Answer
    from spatial_perception.reasoning.scene import Scene
    from spatial_perception.ros.observer import Observer, Sighting
    from spatial_perception.ros.processes import Processes
    from spatial_perception.ros.runtime import Runtime

_TICK = 0.1
_START_TIMEOUT = 120.0
"""How long (s) the nodes may take to come up on a busy machine."""
_STALL = 60.0
"""The robot standing still for this long (s) is a fault."""
_MARGIN = 0.4  # m around the way of the robot on the small map
FOXGLOVE_LAYOUT = Path("config", "foxglove_layout.json")
RECORDED = (
    *(f"/layout_node/{name}" for name in ("layout", "markers", "boxes", "cloud", "timing")),
    *(f"/scene_node/{name}" for name in ("answer", "markers")),
    *(f"/simulated_robot/{name}" for name in ("truth", "path")),
    "/tf", "/tf_static", "/diagnostics", "/camera/rgb/image_rect_color",
)  # fmt: skip


@dataclass(frozen=True)
class DemoOptions:
    """Which home, how fast time runs at most, by what the layout is estimated, and who looks on."""

    seed: int
    rooms: int
    pace: float
    estimator: str
    rerun: bool = False
    foxglove: bool = False


def run_live(folder: Path, options: DemoOptions, runtime: Runtime) -> None:
    """Drive, map, ask, draw; ends with all processes, also on an interrupt. Raises NodeError where a node fails."""
    console = out()
    clear(folder)
    with ExitStack() as stack:
        heard = stack.enter_context(_ended_by_signals())
        system = stack.enter_context(_running(folder, options, runtime, heard))
        names = ", ".join(name.replace("_", " ") for name in system.processes.names)
        console.print(f"started   {names}", markup=False, soft_wrap=True)
        console.print(f"          {runtime}, domain {system.domain}, this machine only", markup=False, style="dim")
        if options.foxglove:
            console.print(
                "          open ws://127.0.0.1:8765 in Foxglove, import config/foxglove_layout.json", style="dim"
            )
        before = system.watch()
        with console.status("estimating the layout of the whole map"):
            layout = system.observer.estimate(_START_TIMEOUT)
        seen = replace(system.observer.seen, layout=layout)
        console.print(
            f"estimated {demo_results.counts(layout.layout)}, {before.layouts} times on the way", markup=False
        )
        points = system.observer.save_cloud("map.ply")
        system.observer.save_layout("layout.geojson")
        console.print(f"saved     {points:,} points of the map, and the layout", markup=False)
        with console.status("asking the scene node"):
            asked = _ask_all(system.observer, seen)
    _finish(folder, seen, asked)


def clear(folder: Path) -> None:
    """Remove what an earlier demo left in the folder; nothing else."""
    for name in demo_results.HOLDS:
        path = folder / name
        if path.is_dir() and {p.suffix for p in path.iterdir()} <= {".mcap", ".yaml", ".log"}:
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()


@contextmanager
def _ended_by_signals() -> Iterator[list[int]]:
    """Let the signals of a closed terminal and of `kill` end the demo as Ctrl-C does; yields those that came.

    An exception that a signal raises within a destructor or while a process is forked is swallowed there: loops look at the
    list too.
    """
    heard: list[int] = []

    def interrupt(number: int, frame: Any) -> None:
        heard.append(number)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _running(folder: Path, options: DemoOptions, runtime: Runtime, heard: list[int]) -> Iterator[_System]:
    """The processes in a domain of their own, and the observer beside them."""
    from spatial_perception.ros.observer import Observer
    from spatial_perception.ros.processes import Processes
    from spatial_perception.ros.runtime import Domain

    with ExitStack() as stack:
        domain = Domain()
        stack.callback(domain.close)
        environment = runtime.environment(domain.number)
        observer = Observer(domain.number)
        stack.callback(observer.close)
        logs = folder / "logs"
        # One thread each: there are more processes than cores.
        environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        environment["ROS_LOG_DIR"] = str(logs.resolve())
        processes = stack.enter_context(Processes(environment, logs))
        for name, command in commands(folder, options, runtime).items():
            processes.start(name, command)
        yield _System(processes, observer, domain.number, monotonic(), heard)


def commands(folder: Path, options: DemoOptions, runtime: Runtime) -> dict[str, list[str]]:
    """What is started, by name."""
    robot = {"seed": options.seed, "rooms": options.rooms, "real_time_factor": options.pace, "lidar": "dome",
             "colour": True, "camera_rate": 2.0}  # fmt: skip
    node = {"use_sim_time": True, "autostart": True, "estimation.estimator": options.estimator, "estimation.period": 2.0,
            "outputs.folder": str(folder.resolve())}  # fmt: skip
    settings = ["--params-file", str(runtime.share() / "config" / "simulation.yaml")]
    scene = {"use_sim_time": True, "autostart": True}
    return {
        "recorder": runtime.recorder(str(folder / "recording"), RECORDED),
        "layout_node": runtime.node("layout_node", ros_arguments(node, settings)),
        "scene_node": runtime.node("scene_node", ros_arguments(scene)),
        **_viewers(folder, options, runtime),
        "simulated_robot": runtime.node("simulated_robot", ros_arguments(robot)),
    }


def _viewers(folder: Path, options: DemoOptions, runtime: Runtime) -> dict[str, list[str]]:
    """Sinks for viewers, as far as they are wanted; raises MissingExtraError where one is not installed."""
    found: dict[str, list[str]] = {}
    if options.rerun:
        from spatial_perception.visualization.recording import import_rerun

        import_rerun()
        path = str((folder / "recording.rrd").resolve())
        parameters = {"path": path, "truth": "/simulated_robot/truth", "use_sim_time": True}
        found["rerun_recorder"] = runtime.node("rerun_recorder", ros_arguments(parameters))
    if options.foxglove:
        from spatial_perception.ros.foxglove import import_foxglove

        import_foxglove()
        found["foxglove_sink"] = runtime.node("foxglove_sink", ros_arguments({"use_sim_time": True}))
    return found


def ros_arguments(parameters: dict[str, Any], more: Sequence[str] = ()) -> list[str]:
    """Parameters as the command line of a node takes them; they win over files named in `more`."""
    words = [
        f"{name}:={str(value).lower() if isinstance(value, bool) else value}" for name, value in parameters.items()
    ]
    return ["--ros-args", *more, *(part for word in words for part in ("-p", word))]


@dataclass
class _System:
    """What runs, since when, and the signals that came."""

    processes: Processes
    observer: Observer
    domain: int
    began: float
    heard: list[int]

    def check(self) -> None:
        """Raise NodeError where a process has ended, KeyboardInterrupt where a signal came whose exception was swallowed."""
        self.processes.check()
        if self.heard:
            raise KeyboardInterrupt

    def watch(self) -> Sighting:
        """Show the drive until its round is done."""
        self._wait_for_start()
        story, moved = _Story(), monotonic()
        before: Sighting | None = None
        with Screen(out()) as screen:
            while True:
                self.check()
                seen = self.observer.seen
                if before is None or seen.time != before.time:
                    before, moved = seen, monotonic()
                elif monotonic() - moved > _STALL:
                    raise NodeError("the simulated robot does not move on; see the logs beside the results")
                done = seen.share >= 1.0
                screen.show(story.at(seen, monotonic() - self.began), last=done)
                if done:
                    return seen
                sleep(_TICK)

    def _wait_for_start(self) -> None:
        with out().status("waiting for the nodes"):
            while self.observer.seen.time is None or self.observer.seen.truth is None or not self.observer.seen.plan:
                self.check()
                if monotonic() - self.began > _START_TIMEOUT:
                    raise NodeError("the nodes do not come up; see the logs beside the results, or try --offline")
                sleep(_TICK)
            state = self.observer.state(_START_TIMEOUT)
            if state != "active":
                raise NodeError(f"layout_node is {state}, not active{self.processes.last_words('layout_node')}")


class _Story:
    """Keeps what the panel shows over time: scores of each layout, the true rooms, how fast time runs."""

    def __init__(self) -> None:
        self._scores: list[dict[str, float]] = []
        self._number = 0
        self._truth: Scene | None = None
        self._first: tuple[float, float] | None = None

    def at(self, seen: Sighting, elapsed: float) -> Progress:
        """This moment."""
        assert seen.truth is not None
        assert seen.time is not None
        if self._truth is None:
            self._truth = demo_questions.scene_of(seen.truth, None)
        if seen.layout is not None and seen.layouts != self._number:
            self._number = seen.layouts
            self._scores.append(demo_results.f1_scores(seen.layout.layout, seen.truth.layout))
        self._first = self._first or (seen.time, elapsed)
        pace = (seen.time - self._first[0]) / max(elapsed - self._first[1], 1e-3) if elapsed > self._first[1] else 0.0
        return Progress(
            seen.share, seen.driven, self._room(seen), pace, seen.rates, seen.voxels,
            None if seen.layout is None else seen.layout.layout, seen.layouts, seen.latency, tuple(self._scores),
            _bounds(seen), seen.trail, seen.pose, elapsed,
        )  # fmt: skip

    def _room(self, seen: Sighting) -> str:
        from spatial_perception.reasoning.rooms import room_at

        if self._truth is None or seen.pose is None:
            return ""
        room = room_at(self._truth.rooms, seen.pose[0], seen.pose[1])
        return room.name if room is not None else ""


def _bounds(seen: Sighting) -> tuple[tuple[float, float], tuple[float, float]]:
    """The area (m) that the small map shows: the true walls, so that it does not jump while the home appears."""
    assert seen.truth is not None
    points = [end for wall in seen.truth.layout.walls for end in (wall.start, wall.end)]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return (min(xs) - _MARGIN, min(ys) - _MARGIN), (max(xs) + _MARGIN, max(ys) + _MARGIN)


def _ask_all(observer: Observer, seen: Sighting) -> list[tuple[Answer, Answer]]:
    """Five questions: the answer of the robot, and the true one from the same place."""
    assert seen.truth is not None
    true = demo_questions.scene_of(seen.truth, seen.pose)
    questions = demo_questions.choose_questions(true)
    return [(observer.ask(question, seen.pose), demo_questions.ask(question, true)) for question in questions]


def _finish(folder: Path, seen: Sighting, asked: list[tuple[Answer, Answer]]) -> None:
    """Pictures, scores, answers, files; all nodes have ended by now."""
    from spatial_perception.pointcloud.io import read_cloud

    assert seen.layout is not None
    assert seen.truth is not None
    layout, truth = seen.layout.layout, seen.truth.layout
    started = monotonic()
    with out().status("drawing"):
        demo_results.write_layouts(folder, layout, truth)
        demo_results.draw(folder, layout, read_cloud(folder / "map.ply"), truth)
        demo_results.draw_navigation(folder, layout, seen.pose, seen.trail, _goal(asked, seen.layout))
    out().print(f"drew      plans, 3-D view, map with routes [{monotonic() - started:.1f} s]", markup=False)
    demo_results.show_score(layout, truth)
    show_answers(asked)
    demo_results.list_files(folder)


def _goal(asked: list[tuple[Answer, Answer]], layout: TrackedLayout) -> tuple[int, str] | None:
    """The box to which a way was asked for, and what it is called."""
    for given, true in asked:
        boxes = [box for box in given.boxes if box.kind == "bbox"]
        if true.kind == "Route" and boxes:
            return boxes[-1].id, boxes[-1].label.replace("_", " ")
    return None


def show_answers(asked: list[tuple[Answer, Answer]]) -> None:
    """Each question with the answer of the robot, the true one below it, and how far they agree."""
    from rich.padding import Padding
    from rich.text import Text

    console = out()
    console.print("questions about the home that it has mapped", style="bold")
    for given, true in asked:
        verdict = demo_questions.compare(true, given)
        console.print(Text.assemble("\n> ", (given.question, "bold")))
        mark = ("✓ ", "green") if verdict.right else ("✗ ", "red")
        console.print(Padding(Text.assemble(mark, given.text), (0, 0, 0, 2)))
        console.print(Padding(Text(f"truth: {true.text} ({verdict.text})", style="dim"), (0, 0, 0, 4)))
    right = sum(demo_questions.compare(true, given).right for given, true in asked)
    console.print(f"\n{right} of {len(asked)} right\n", markup=False)
