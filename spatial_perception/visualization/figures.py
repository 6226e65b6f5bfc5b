"""Pictures of layouts: a floor plan and a view in three dimensions, as PNG or SVG, the same bytes every time."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from spatial_perception.errors import OutputError
from spatial_perception.files import atomic_write
from spatial_perception.layout.entities import Layout
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.visualization import backdrop, dollhouse, palette, plan, sheet
from spatial_perception.visualization import plan_geometry as geometry
from spatial_perception.visualization.marks import Marks, draw_marks
from spatial_perception.visualization.sheet import Entry, Sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURE_FORMATS = ("png", "svg", "pdf")
_METADATA: dict[str, dict[str, str | None]] = {
    "png": {"Software": "spatial_perception"},
    "svg": {"Date": None, "Creator": "spatial_perception"},
    "pdf": {"CreationDate": None, "Creator": "spatial_perception", "Producer": None},
}
_MARGIN = 0.5  # m around a layout within which the cloud is shown
DEFAULT_AZIMUTH, DEFAULT_ELEVATION = -60.0, 42.0  # degrees


class _Scene:
    """What a picture shows, moved near zero: layout, truth and points, with the plan extent of them all."""

    def __init__(self, layout: Layout, cloud: PointCloud | None, truth: Layout | None) -> None:
        layout, self.dropped = geometry.drawable(layout)
        truth = None if truth is None else geometry.drawable(truth)[0]
        self.offset = offset = _offset(layout, truth, cloud)
        self.layout = geometry.shifted(layout, offset)
        self.truth = None if truth is None else geometry.shifted(truth, offset)
        self.floor = geometry.floor_height(self.layout)
        self.cells = geometry.room_cells(self.layout)
        points = None if cloud is None else backdrop.prepare(cloud, offset)
        self.lower, self.upper = _extent([self.layout, self.truth], points)
        self.points = None if points is None else self._visible(points)
        self.size = 0 if cloud is None else len(cloud)

    def _visible(self, points: backdrop.Backdrop) -> backdrop.Backdrop:
        walls = self.layout.walls or (self.truth.walls if self.truth else ())
        floor = self.floor if len(self.layout) else None
        height = float(np.median([w.height for w in walls])) if walls else None
        low, high = backdrop.height_range(points, floor, height)
        return backdrop.inside(points, np.array([*self.lower, low]), np.array([*self.upper, high]))

    def corners(self) -> NDArray[np.float64]:
        """Corners (N, 3) around what is shown: the entities, or else the points."""
        shown = [item for item in (self.layout, self.truth) if item is not None and len(item)]
        if shown:
            return np.concatenate([geometry.corners(item) for item in shown])
        low, high = [*(self.lower + _MARGIN), 0.0], [*(self.upper - _MARGIN), 2.5]
        if self.points is not None and len(self.points):
            low[2], high[2] = (float(v) for v in np.percentile(self.points.xyz[:, 2], [1, 99]))
        return np.stack(np.meshgrid(*np.transpose([low, high])), axis=-1).reshape(-1, 3)

    def summary(self) -> str:
        """Counts for people: `2 rooms · 31.4 m² · 9 walls · 3 doors · 2 windows · 11 boxes`."""
        area = sum(cell.area for cell in self.cells)
        parts = [f"{sheet.plural(len(self.cells), 'room')} · {area:.1f} m²"] if self.cells else []
        for noun, items in (("wall", self.layout.walls), ("door", self.layout.doors),
                            ("window", self.layout.windows), ("box", self.layout.boxes)):  # fmt: skip
            parts += [sheet.plural(len(items), noun)] if items else []
        if self.dropped:
            parts.append(f"{self.dropped} not drawable")
        if not parts and self.size:
            return f"{self.size:,} points"
        return " · ".join(parts) or "empty layout"

    def entries(self) -> list[Entry]:
        """The legend: structure that is present, then categories, the most frequent first."""
        entries = [Entry("door", palette.DOOR, "-")] if self.layout.doors else []
        entries += [Entry("window", palette.WINDOW, "-")] if self.layout.windows else []
        labels = [box.label for box in self.layout.boxes]
        for label in sorted(set(labels), key=lambda name: (-labels.count(name), name)):
            times = f" ×{labels.count(label)}" if labels.count(label) > 1 else ""
            entries.append(Entry(palette.display_name(label) + times, plan.box_colour(label)))
        return entries + ([Entry("truth", palette.TRUTH, "--")] if self.truth else [])


def _offset(layout: Layout, truth: Layout | None, cloud: PointCloud | None) -> NDArray[np.float64]:
    """A whole-metre point near the scene, so that float coordinates on paper stay small."""
    for candidate in (layout, truth):
        bounds = None if candidate is None else geometry.extent(candidate)
        if candidate is not None and bounds is not None:
            middle = (bounds[0] + bounds[1]) / 2
            return np.array([*middle, geometry.floor_height(candidate)], dtype=np.float64).round()
    return np.zeros(3) if cloud is None else np.array(cloud.origin, dtype=np.float64).round()


def _extent(
    layouts: list[Layout | None], points: backdrop.Backdrop | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    bounds = [b for b in (geometry.extent(item) for item in layouts if item is not None) if b is not None]
    if bounds:
        return np.min([b[0] for b in bounds], axis=0) - _MARGIN, np.max([b[1] for b in bounds], axis=0) + _MARGIN
    if points is not None and len(points):
        low, high = np.percentile(points.xyz[:, :2], [0.5, 99.5], axis=0)
        return low - _MARGIN, high + _MARGIN
    return np.array([-2.0, -1.5]), np.array([2.0, 1.5])


@sheet.styled
def floor_plan(
    layout: Layout,
    cloud: PointCloud | None = None,
    truth: Layout | None = None,
    title: str | None = None,
    areas: bool = True,
    marks: Marks | None = None,
) -> Figure:
    """Draw a layout from above: walls as thick as they are, doors with their swing, windows, labelled boxes.

    `cloud` is shown faint behind it, without its ceiling; `truth` is laid over it in dashes; `areas` writes the floor
    area of each closed room; `marks` shows what an answer rests on, and what it says. Anything from an empty layout to a
    storey of a hundred rooms anywhere on Earth can be drawn; entities with values that are not finite are left out and
    counted in the subtitle.
    """
    scene = _Scene(layout, cloud, truth)
    extra = marks.entries() if marks else []
    page = sheet.make_sheet(scene.lower, scene.upper, legend=bool([*extra, *scene.entries()]))
    if scene.points is not None:
        plan.draw_cloud(page, scene.points)
    plan.draw_rooms(page, scene.cells, scene.points is not None)
    plan.draw_boxes(page, scene.layout.boxes, scene.floor, scene.points is not None)
    swept = plan.draw_openings(page, scene.layout, scene.cells, scene.floor)
    walls = plan.draw_walls(page, scene.layout)
    plan.draw_labels(page, scene.layout.boxes, walls)
    if areas:
        taken = [swept, *(Polygon(geometry.box_quad(b)) for b in scene.layout.boxes)]
        plan.draw_areas(page, scene.cells, shapely.union_all(taken))
    if scene.truth is not None:
        plan.draw_truth(page, scene.truth)
    plan.draw_dimensions(page, scene.layout)
    if marks is not None:
        draw_marks(page, marks, scene.offset)
    _furnish(page, scene, title, ((1.0, 0.0), (0.0, 1.0)), marks)
    return page.figure


def _furnish(
    page: Sheet, scene: _Scene, title: str | None, axes: tuple[tuple[float, float], ...], marks: Marks | None = None
) -> None:
    sheet.heading(page, title, marks.said if marks and marks.said else scene.summary())
    sheet.scale_bar(page)
    sheet.frame_arrows(page, axes, scene.layout.frame_id)
    entries = [*(marks.entries() if marks else ()), *scene.entries()]
    if entries:
        sheet.legend(page, entries)


@sheet.styled
def perspective(
    layout: Layout,
    cloud: PointCloud | None = None,
    truth: Layout | None = None,
    title: str | None = None,
    azimuth: float | None = None,
    elevation: float = DEFAULT_ELEVATION,
) -> Figure:
    """Draw a layout in three dimensions, as a doll's house: no ceiling, near walls cut down, boxes shaded.

    An orthographic view from `azimuth` (degrees about z, counter-clockwise from +x, where the viewer stands; by
    default one from which the main walls are seen aslant) and `elevation` (degrees above the floor, 5 to 85).
    With a `cloud` the points are drawn in their own colours and walls and boxes become translucent. `truth` is drawn
    as dashed edges.
    """
    scene = _Scene(layout, cloud, truth)
    azimuth = DEFAULT_AZIMUTH + geometry.main_heading(scene.layout) if azimuth is None else azimuth
    camera = dollhouse.Camera(azimuth, min(max(elevation, 5.0), 85.0))
    lower, upper = dollhouse.paper_extent(camera, scene.corners())
    page = sheet.make_sheet(lower, upper, legend=bool(scene.entries()))
    dollhouse.draw(page, camera, scene.layout, scene.cells, scene.points, scene.floor)
    if scene.truth is not None:
        dollhouse.draw_truth(page, camera, scene.truth)
    _furnish(page, scene, title, camera.axes())
    return page.figure


@sheet.styled
def render_figure(figure: Figure, kind: str, dpi: int = 160) -> bytes:
    """A figure as the bytes of a picture; `kind` is one of PICTURE_FORMATS. The same figure gives the same bytes."""
    if kind not in PICTURE_FORMATS:
        raise OutputError(f"cannot draw pictures of kind '{kind}'; use one of {', '.join(PICTURE_FORMATS)}")
    stream = BytesIO()
    figure.savefig(stream, format=kind, dpi=dpi, metadata=_METADATA[kind], facecolor=figure.get_facecolor())
    return stream.getvalue()


def save_figure(figure: Figure, path: str | Path, dpi: int = 160) -> Path:
    """Write a figure to `path`, whose suffix names the kind (.png, .svg, .pdf); raises OutputError when it cannot."""
    path = Path(path)
    content = render_figure(figure, path.suffix.lower().lstrip("."), dpi)
    atomic_write(path, content)
    return path
