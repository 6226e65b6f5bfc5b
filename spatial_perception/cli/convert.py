"""`spatial-perception convert`: clouds into clouds, layouts into layouts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spatial_perception.cli.console import note, warn

EPILOG = (
    "Examples:\n\n"
    "[bold]spatial-perception convert scan.pcd scan.ply[/bold]\n\n"
    "[bold]spatial-perception convert room.txt room.geojson[/bold]"
)


def command(
    source: Annotated[Path, typer.Argument(help="Cloud or layout.", show_default=False)],
    target: Annotated[Path, typer.Argument(help="Its suffix names the form.", show_default=False)],
) -> None:
    """Convert a cloud into another cloud format, or a layout into .txt, .json or .geojson.

    Clouds are written to .ply, .pcd, .npz, .xyz; layouts are read from .txt and .json.
    What a .txt file holds is seen from its first line.
    """
    from spatial_perception.cli.layout_files import is_layout_file

    if source.exists() and is_layout_file(source):
        _convert_layout(source, target)
    else:
        _convert_cloud(source, target)


def _convert_layout(source: Path, target: Path) -> None:
    from spatial_perception.cli.layout_files import layout_writer, read_any_layout

    write = layout_writer(target)
    layout = read_any_layout(source)
    write(layout, target)
    note(f"{target}: {len(layout)} entities")


def _convert_cloud(source: Path, target: Path) -> None:
    from spatial_perception.cli.estimation import read
    from spatial_perception.errors import OutputError
    from spatial_perception.pointcloud.io import WRITE_SUFFIXES, write_cloud

    if target.suffix.lower() not in WRITE_SUFFIXES:
        raise OutputError(f"{target}: clouds are written to {' '.join(WRITE_SUFFIXES)}; choose one of these suffixes")
    cloud, notes = read(source)
    for text in notes:
        warn(f"{source}: {text}")
    write_cloud(target, cloud)
    note(f"{target}: {len(cloud):,} points")
