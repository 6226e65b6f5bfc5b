"""`spatial-perception view`: pictures and recordings of a cloud, with or without a layout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatial_perception.cli.console import note, out
from spatial_perception.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from spatial_perception.cli.formats import Product
    from spatial_perception.layout.entities import Layout
    from spatial_perception.pointcloud.cloud import PointCloud

EPILOG = (
    "Examples:\n\n"
    "[bold]spatial-perception view room.ply room.txt[/bold]  room_plan.png and room_3d.png here\n\n"
    "[bold]spatial-perception view room.ply room.txt --truth truth.txt -o compare.svg --style plan[/bold]\n\n"
    "[bold]spatial-perception view room.ply room.txt -o room.rrd[/bold]  then: rerun room.rrd"
)
_PICTURES = (".png", ".svg", ".pdf")


def command(
    cloud: Annotated[Path, typer.Argument(help="Cloud file, or a layout alone.", show_default=False)],
    layout: Annotated[Path | None, typer.Argument(help="Layout: .txt or .json.", show_default=False)] = None,
    output: Annotated[
        list[Path] | None, typer.Option("--output", "-o", help=".png .svg .pdf .rrd. Repeatable.")
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="Another layout, drawn dashed over the first.")] = None,
    style: Annotated[str, typer.Option(help="Picture for -o: plan or 3d.")] = "plan",
    up: Annotated[str, typer.Option(help="Up axis of the cloud, as given to layout.")] = "auto",
    scale: Annotated[str, typer.Option(help="Unit of the cloud, as given to layout.")] = "auto",
    title: Annotated[str | None, typer.Option(help="Title; the name of the cloud unless given.")] = None,
    azimuth: Annotated[float | None, typer.Option(help="3d: where the viewer stands, degrees from +x.")] = None,
    elevation: Annotated[float, typer.Option(help="3d: degrees above the floor.", min=5, max=85)] = 42.0,
) -> None:
    """Draw a cloud with its layout: floor plan, 3-D view, or a recording for the rerun viewer.

    Clouds that lie on their side or are not in metres are brought into the frame in which `layout` gives its results.
    """
    from spatial_perception.cli.formats import Product

    if style not in ("plan", "3d"):
        raise ConfigError(f"unknown style '{style}'; choose plan or 3d")
    for path in output or ():
        _check_suffix(path)
    points, shown = _load(cloud, layout, up, scale)
    product = Product(shown, points, title or cloud.stem, None if truth is None else _layout(truth))
    if not output:
        output, styles = [Path(f"{cloud.stem}_plan.png"), Path(f"{cloud.stem}_3d.png")], ["plan", "3d"]
    else:
        styles = [style] * len(output)
    for path, kind in zip(output, styles):
        _draw(product, path, kind, azimuth, elevation)
        out().print(str(path), markup=False, soft_wrap=True)


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in (*_PICTURES, ".rrd"):
        raise OutputError(f"{path}: cannot draw into '{path.suffix}'; use {' '.join(_PICTURES)} or .rrd")


def _load(cloud: Path, layout: Path | None, up: str, scale: str) -> tuple[PointCloud | None, Layout]:
    from spatial_perception.cli.estimation import beside, parse_scale, read
    from spatial_perception.cli.layout_files import is_layout_file
    from spatial_perception.layout.entities import Layout
    from spatial_perception.pointcloud.alignment import align

    if layout is None and is_layout_file(cloud):
        return None, _layout(cloud)
    shown = Layout() if layout is None else _layout(layout)
    factor = parse_scale(scale)
    points, notes = read(cloud)
    _, alignment = align(points, up, yaw=False, scale=factor)
    for text in (*notes, *alignment.notes):
        note(f"{cloud}: {text}")
    return beside(points, alignment), shown


def _layout(path: Path) -> Layout:
    from spatial_perception.cli.layout_files import read_any_layout

    return read_any_layout(path)


def _draw(product: Product, path: Path, style: str, azimuth: float | None, elevation: float) -> None:
    from spatial_perception.cli.formats import WRITERS
    from spatial_perception.visualization.figures import perspective, save_figure

    if path.suffix.lower() == ".rrd":
        WRITERS["rrd"][1](product, path)
    elif style == "plan":
        WRITERS["png"][1](product, path)
    else:
        figure = perspective(product.layout, product.cloud, product.truth, product.name, azimuth, elevation)
        save_figure(figure, path)
