"""`spatial-perception navigation`: everything that a planner needs from a layout, as files, with a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatial_perception.cli.console import make_table, note, out, plain, warn

if TYPE_CHECKING:
    from rich.table import Table

    from spatial_perception.layout.entities import Layout
    from spatial_perception.navigation.navigator import NavigationMap
    from spatial_perception.navigation.settings import NavigationSettings

EPILOG = (
    "Examples:\n\n"
    "[bold]spatial-perception navigation room.txt -o nav/[/bold]  map.yaml, route_graph.geojson and all the rest\n\n"
    "[bold]spatial-perception navigation home.json -o nav/ --radius 0.3 -s closed_doors=\\[2][/bold]\n\n"
    "[bold]spatial-perception navigation home.json -o nav/ -s room_percent.kitchen=60[/bold]  slow in kitchens"
)


def command(
    layout: Annotated[Path, typer.Argument(help="Layout: .txt or .json.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the files.")] = Path("navigation"),
    radius: Annotated[float | None, typer.Option(help="Radius of the robot, m.")] = None,
    resolution: Annotated[float | None, typer.Option(help="Side of a grid cell, m.")] = None,
    furniture: Annotated[bool | None, typer.Option(help="Furniture in the grid.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file of settings.")] = None,
    setting: Annotated[list[str] | None, typer.Option("--set", "-s", help="key=value. Repeatable.")] = None,
    frame: Annotated[str | None, typer.Option(help="Frame of the layout; map where it has none.")] = None,
    picture: Annotated[bool, typer.Option(help="Draw navigation.png.")] = True,
) -> None:
    """Write maps, masks, routes, goals and the world model of a layout, and parameters for nav2's servers.

    What is wrong with the layout (walls that do not close, doors that lead nowhere, objects without a way to them) is told
    as warnings; what can be made is made.
    """
    from spatial_perception.cli.layout_files import read_any_layout
    from spatial_perception.navigation.export import export_all
    from spatial_perception.navigation.navigator import build_navigation

    settings = _settings(config, setting or [], radius, resolution, furniture)
    source = read_any_layout(layout)
    place = build_navigation(_in_frame(source, frame), settings)
    done = export_all(place, output, door_operation=settings.door_operation)
    paths = [*done.paths, *([_draw(place, output, layout.stem)] if picture else [])]
    for path in paths:
        out().print(str(path), markup=False, soft_wrap=True)
    if place.rooms.rooms:
        out().print(room_table(place))
    for text in (*(f"{f.entity} {f.message}" for f in place.findings), *done.skipped):
        warn(text)
    note(_reached(place))


def _settings(
    config: Path | None, given: list[str], radius: float | None, resolution: float | None, furniture: bool | None
) -> NavigationSettings:
    """Settings from a file, then `--set`, then the options of their own."""
    from spatial_perception.configuration import load_settings
    from spatial_perception.navigation.settings import NavigationSettings

    options = {"radius": radius, "resolution": resolution, "furniture": furniture}
    overrides = [f"{key}={value!r}" for key, value in options.items() if value is not None]
    return load_settings(NavigationSettings, config, [*given, *overrides])


def _in_frame(layout: Layout, frame: str | None) -> Layout:
    from dataclasses import replace

    return replace(layout, frame_id=frame or layout.frame_id or "map")


def _draw(place: NavigationMap, folder: Path, name: str) -> Path:
    from spatial_perception.visualization.figures import save_figure
    from spatial_perception.visualization.navigation_figure import navigation_figure

    return save_figure(navigation_figure(place, name), folder / "navigation.png")


def room_table(place: NavigationMap) -> Table:
    """Rooms with use, area, doors and the number of objects that have a goal."""
    from spatial_perception.navigation.goals import GoalStatus

    good = {goal.box_id for goal in place.goals if goal.status is GoalStatus.OK}
    numbers = ("sure", "m²", "objects", "goals")
    table = make_table("room", *numbers, "doors", "next to", right=numbers)
    for room in place.rooms.rooms:
        beside = [other.name for other in place.rooms.rooms if other.id in room.neighbours]
        cells = (f"{100 * room.confidence:.0f} %", f"{room.area:.1f}", str(len(room.objects)))
        reached = str(sum(box in good for box in room.objects))
        doors = ", ".join(str(door) for door in room.doors) or "-"
        table.add_row(plain(room.name), *cells, reached, doors, plain(", ".join(beside) or "-"))
    return table


def _reached(place: NavigationMap) -> str:
    from spatial_perception.navigation.goals import GoalStatus

    good = sum(goal.status is GoalStatus.OK for goal in place.goals)
    return f"{good} of {len(place.goals)} objects can be driven to"
