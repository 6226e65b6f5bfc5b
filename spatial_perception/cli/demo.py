"""`spatial-perception demo`: the whole road in one command, without robot, data, weights or GPU."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatial_perception.cli.console import note

if TYPE_CHECKING:
    from spatial_perception.ros.runtime import Runtime

EPILOG = (
    "Examples:\n\n"
    "[bold]spatial-perception demo[/bold]  results in ./demo\n\n"
    "[bold]spatial-perception demo -o /tmp/home --seed 12 --rooms 5[/bold]  another home\n\n"
    "[bold]spatial-perception demo --offline[/bold]  without nodes, from a file, in a few seconds"
)
DEFAULT_SEED = 8
DEFAULT_ROOMS = 3
DEFAULT_PACE = 2.5
DEFAULT_ESTIMATOR = "auto"


def command(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")] = Path("demo"),
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another home.")] = DEFAULT_SEED,
    rooms: Annotated[int, typer.Option(min=1, max=6, help="Rooms of the home.")] = DEFAULT_ROOMS,
    estimator: Annotated[
        str, typer.Option(help="'auto', 'geometric', 'nano', a checkpoint folder, or a hub id.")
    ] = DEFAULT_ESTIMATOR,
    pace: Annotated[
        float, typer.Option(min=0.1, max=20.0, help="Simulated seconds per second, as far as the machine keeps up.")
    ] = DEFAULT_PACE,
    rerun: Annotated[bool, typer.Option("--rerun", help="Record for the rerun viewer too (extra: viewer).")] = False,
    foxglove: Annotated[
        bool, typer.Option("--foxglove", help="Show live in Foxglove, ws://127.0.0.1:8765 (extra: foxglove).")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="No nodes: scan the home at once, work on the file.")
    ] = False,
) -> None:
    """Let a simulated robot map a home live, score and draw the layout, and ask the robot five questions about it.

    Robot, layout node, scene node and recorder are processes of their own over ROS 2 where it is sourced, else over
    the embedded runtime; in a ROS domain of their own, on this machine only. Where neither can run, the demo goes on
    without nodes.
    """
    from spatial_perception.cli.demo_live import DemoOptions, run_live
    from spatial_perception.cli.demo_offline import run_offline
    from spatial_perception.cli.sources import output_folder
    from spatial_perception.errors import MiddlewareError

    folder = output_folder(output)
    runtime = None if offline else _runtime()
    if runtime is not None:
        try:
            run_live(folder, DemoOptions(seed, rooms, pace, estimator, rerun, foxglove), runtime)
            return
        except MiddlewareError as error:
            note(f"no live demo here, going on without nodes: {error}")
    run_offline(folder, seed, rooms, estimator)


def _runtime() -> Runtime | None:
    """What can run nodes here; None after a line that says why nothing can."""
    from spatial_perception.errors import MissingExtraError
    from spatial_perception.ros.runtime import find_runtime

    try:
        runtime = find_runtime()
        runtime.activate()
    except (MissingExtraError, ImportError, RuntimeError) as error:
        note(f"no live demo here, going on without nodes: {error}")
        return None
    return runtime
