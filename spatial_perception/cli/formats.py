"""The forms in which a layout is written, by the names that `--format` takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spatial_perception.errors import OutputError

if TYPE_CHECKING:
    from spatial_perception.layout.entities import Layout
    from spatial_perception.pointcloud.cloud import PointCloud


@dataclass(frozen=True)
class Product:
    """A layout ready to be written, with the cloud that it came from and the name of both."""

    layout: Layout
    cloud: PointCloud | None
    name: str
    truth: Layout | None = None


def _text(product: Product, path: Path) -> None:
    from spatial_perception.layout.text import write_layout

    write_layout(product.layout, path)


def _json(product: Product, path: Path) -> None:
    from spatial_perception.layout.json import write_json

    write_json(product.layout, path)


def _geojson(product: Product, path: Path) -> None:
    from spatial_perception.layout.geojson import write_geojson

    write_geojson(product.layout, path)


def _plan(product: Product, path: Path) -> None:
    from spatial_perception.visualization.figures import floor_plan, save_figure

    save_figure(floor_plan(product.layout, product.cloud, product.truth, product.name), path)


def _view(product: Product, path: Path) -> None:
    from spatial_perception.visualization.figures import perspective, save_figure

    save_figure(perspective(product.layout, product.cloud, product.truth, product.name), path)


def _recording(product: Product, path: Path) -> None:
    from spatial_perception.visualization.recording import open_recording

    with open_recording(path) as recording:
        if product.cloud is not None:
            recording.log_cloud(product.cloud)
        recording.log_layout(product.layout, at=0.0)
        if product.truth is not None:
            recording.log_layout(product.truth, branch="truth")


WRITERS: dict[str, tuple[str, Callable[[Product, Path], None]]] = {
    "txt": (".txt", _text),
    "json": (".json", _json),
    "geojson": (".geojson", _geojson),
    "png": (".png", _plan),
    "svg": (".svg", _plan),
    "pdf": (".pdf", _plan),
    "3d": ("_3d.png", _view),
    "rrd": (".rrd", _recording),
}
"""Name of a format -> (end of the file name, function that writes it)."""


def parse_formats(text: str) -> tuple[str, ...]:
    """`txt,png` as names of formats; raises OutputError for an unknown one, and MissingExtraError where rrd cannot be."""
    names = tuple(dict.fromkeys(part.strip().lower().lstrip(".") for part in text.split(",") if part.strip()))
    unknown = [n for n in names if n not in WRITERS]
    if unknown or not names:
        raise OutputError(f"unknown format '{(unknown or [text])[0]}'; choose from {', '.join(WRITERS)}")
    if "rrd" in names:
        from spatial_perception.visualization.recording import import_rerun

        import_rerun()
    return names


def write_all(product: Product, folder: Path, formats: tuple[str, ...]) -> tuple[Path, ...]:
    """Write a product in all formats into a folder, each file in one step; returns the paths."""
    paths = []
    for name in formats:
        ending, write = WRITERS[name]
        path = folder / f"{product.name}{ending}"
        write(product, path)
        paths.append(path)
    return tuple(paths)
