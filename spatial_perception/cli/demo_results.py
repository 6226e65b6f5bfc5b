"""What a demo leaves behind: layout files, pictures, the score table, the list of files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spatial_perception.cli.console import make_table, out, plain

if TYPE_CHECKING:
    from spatial_perception.evaluation.report import Report
    from spatial_perception.layout.entities import Layout
    from spatial_perception.navigation.navigator import NavigationMap
    from spatial_perception.pointcloud.cloud import PointCloud

Point2 = tuple[float, float]
Pose2D = tuple[float, float, float]

_SNAP = 0.6  # m
CLASSES = ("wall", "door", "window")
HOLDS = {
    "map.ply": "the cloud that the robot has accumulated",
    "scan.ply": "the cloud",
    "layout.txt": "the layout, in the layout language",
    "layout.json": "the same with scores and support",
    "layout.geojson": "the same as a floor plan with rooms",
    "truth.txt": "what a perfect answer would be",
    "plan.png": "floor plan over the cloud",
    "view_3d.png": "3-D view",
    "comparison.png": "plan with the truth in dashes",
    "navigation.png": "grid, rooms, routes and goals; where the robot drove",
    "recording": "what was published, as a bag (mcap)",
    "recording.rrd": "the same for the rerun viewer",
    "logs": "what each process printed",
}


def counts(layout: Layout) -> str:
    """`8 walls, 5 doors, 6 windows, 25 boxes`."""
    from spatial_perception.visualization.sheet import plural

    parts = {"wall": layout.walls, "door": layout.doors, "window": layout.windows, "box": layout.boxes}
    return ", ".join(plural(len(items), noun) for noun, items in parts.items())


def write_layouts(folder: Path, layout: Layout, truth: Layout) -> None:
    """The layout and the truth, as files."""
    from spatial_perception.layout.json import write_json
    from spatial_perception.layout.text import write_layout

    write_layout(layout, folder / "layout.txt")
    write_json(layout, folder / "layout.json")
    write_layout(truth, folder / "truth.txt")


def draw(folder: Path, layout: Layout, cloud: PointCloud, truth: Layout) -> None:
    """Plan, view and comparison."""
    from spatial_perception.visualization.figures import floor_plan, perspective, save_figure

    save_figure(floor_plan(layout, cloud, title="Estimated layout"), folder / "plan.png")
    save_figure(floor_plan(layout, truth=truth, title="Estimate and truth", areas=False), folder / "comparison.png")
    save_figure(perspective(layout, cloud, title="Estimated layout"), folder / "view_3d.png")


def draw_navigation(
    folder: Path, layout: Layout, pose: Pose2D | None, trail: Sequence[Point2], goal: tuple[int, str] | None
) -> None:
    """Map, rooms and route; with the way from the robot to a box (its id, and what it is called) where one is given."""
    from spatial_perception.navigation.navigator import build_navigation
    from spatial_perception.navigation.robot import Pose2
    from spatial_perception.visualization.figures import save_figure
    from spatial_perception.visualization.navigation_figure import navigation_figure

    place = build_navigation(layout, robot_pose=None if pose is None else Pose2(*pose))
    way = way_to(place, pose, goal[0]) if pose and goal else []
    name = f"way to the {goal[1]}" if goal else ""
    figure = navigation_figure(place, "Map, rooms and routes", trail, way, name)
    save_figure(figure, folder / "navigation.png")


def way_to(place: NavigationMap, pose: Pose2D, box_id: int) -> list[Point2]:
    """Where the robot would drive to stand beside a box; empty where it cannot."""
    import numpy as np

    from spatial_perception.navigation.free_space import Ways

    goal = next((g.pose for g in place.goals if g.box_id == box_id and g.pose is not None), None)
    frame, space = place.space.frame, place.space
    start, end = _standing(place, pose), frame.cell_of(goal.x, goal.y) if goal else None
    if start is None or end is None:
        return []
    cells = np.array(Ways.over(space.passable, space.clearance, start).to(end) or [], dtype=np.intp).reshape(-1, 2)
    return [(float(x), float(y)) for x, y in frame.centers(cells[:, 0], cells[:, 1])]


def _standing(place: NavigationMap, pose: Pose2D) -> tuple[int, int] | None:
    """The passable cell nearest to a robot, which may touch what is in the map; None where there is none near."""
    import numpy as np

    cells = np.argwhere(place.space.passable)
    if not len(cells):
        return None
    gaps = np.hypot(*(place.space.frame.centers(cells[:, 0], cells[:, 1]) - pose[:2]).T)
    row, column = cells[int(gaps.argmin())]
    return (int(row), int(column)) if gaps.min() < _SNAP else None


def report_of(layout: Layout, truth: Layout) -> Report:
    """Scores of one layout against the truth."""
    from spatial_perception.evaluation.layout_metrics import evaluate_scene
    from spatial_perception.evaluation.report import summarise

    return summarise([evaluate_scene(layout, truth, name="demo")])


def f1_scores(layout: Layout, truth: Layout) -> dict[str, float]:
    """F1 at IoU .25 by class: walls, doors, windows, and boxes whatever their label."""
    from spatial_perception.evaluation.layout_metrics import ALL_BOXES

    report = report_of(layout, truth)
    scores = {name: report.summary(name, 0.25).mean_f1 for name in (*CLASSES, ALL_BOXES) if name in report.names()}
    return {name.split(",")[0]: value for name, value in scores.items() if value is not None}


def show_score(layout: Layout, truth: Layout) -> None:
    """F1 of each kind of entity, in a table that fits any terminal."""
    from spatial_perception.evaluation.layout_metrics import ALL_BOXES

    report = report_of(layout, truth)
    numbers = ("F1 @ IoU .25", "F1 @ IoU .5", "found", "true")
    table = make_table("score", *numbers, right=numbers)
    for name in (*CLASSES, ALL_BOXES):
        if name in report.names():
            row, half = report.summary(name, 0.25), report.summary(name, 0.5)
            scores = ("--" if r.mean_f1 is None else f"{r.mean_f1:.2f}" for r in (row, half))
            table.add_row(name, *scores, str(row.total.num_pred), str(row.total.num_gt))
    out().print(table)


def list_files(folder: Path) -> None:
    """What the folder holds now, of all that a demo writes."""
    table = make_table("file", "holds")
    for name, text in HOLDS.items():
        if (folder / name).exists():
            table.add_row(plain(str(folder / name)), plain(text))
    out().print(table)
