"""From one cloud file to written results: read, align, estimate, undo the alignment, write. Runs in worker processes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from spatial_perception.cli.console import describe_error, session
from spatial_perception.cli.costs import Costs, follow
from spatial_perception.cli.formats import Product, write_all
from spatial_perception.cli.sources import Source
from spatial_perception.errors import CloudFileError, ConfigError

if TYPE_CHECKING:
    from spatial_perception.layout.entities import Entity, Layout
    from spatial_perception.models.base import LayoutEstimator, Task
    from spatial_perception.pointcloud.alignment import Alignment
    from spatial_perception.pointcloud.cloud import PointCloud

UP_CHOICES = ("auto", "x", "-x", "y", "-y", "z", "-z")
TASKS = ("all", "layout", "objects")


@dataclass(frozen=True)
class Request:
    """What to estimate and how; `settings` is a JSON object of the estimator's own configuration."""

    estimator: str = "auto"
    settings: str = "{}"
    task: str = "all"
    categories: tuple[str, ...] = ()
    up: str = "auto"
    scale: str = "auto"
    formats: tuple[str, ...] = ()
    debug: bool = False


@dataclass(frozen=True)
class Job:
    """One cloud, the request, and the folder for results (None: keep the layout in the outcome)."""

    source: Source
    request: Request
    folder: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a job: the layout, or the error in one line."""

    source: Source
    layout: Layout | None = None
    points: int = 0
    seconds: float = 0.0
    paths: tuple[Path, ...] = ()
    error: str = ""
    costs: Costs | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about this cloud that people should read."""
        return self.layout.provenance.notes if self.layout else ()


def make_request(
    estimator: str, task: str, categories: str, up: str, scale: str, config: Path | None, overrides: Sequence[str]
) -> Request:
    """A checked request: every fault in the options is raised here, before any cloud is read."""
    if task not in TASKS:
        raise ConfigError(f"unknown task '{task}'; choose from {', '.join(TASKS)}")
    if up not in UP_CHOICES:
        raise ConfigError(f"unknown up axis '{up}'; choose from {', '.join(UP_CHOICES)}")
    parse_scale(scale)
    settings = estimator_settings(estimator, config, overrides)
    request = Request(estimator, settings, task, parse_categories(categories), up, scale, debug=session.debug)
    load(request.estimator, request.settings)
    return request


def parse_scale(text: str) -> str | float:
    """`auto`, `keep` or a unit as it is, else a positive factor to metres; raises ConfigError otherwise."""
    from spatial_perception.pointcloud.scale import UNITS

    if text in ("auto", "keep", *UNITS):
        return text
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 1e-6 <= factor <= 1e6:
        units = ", ".join(UNITS)
        raise ConfigError(f"scale '{text}' is unknown; give auto, keep, a unit ({units}) or a factor to metres: 0.001")
    return factor


def parse_categories(text: str) -> tuple[str, ...]:
    """`sofa,bed` as labels; raises ConfigError for one that no estimator knows, naming the nearest."""
    from spatial_perception.layout.categories import CATEGORIES, did_you_mean

    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for name in names:
        if name not in (*CATEGORIES, "object"):
            raise ConfigError(f"unknown category '{name}'; {did_you_mean(name)}")
    return names


def estimator_settings(name: str, config: Path | None, overrides: Sequence[str]) -> str:
    """Settings for an estimator from a file and overrides, checked against its model, as JSON."""
    if config is None and not overrides:
        return "{}"
    from spatial_perception.configuration import load_settings
    from spatial_perception.models.registry import settings_model

    model = settings_model(name)
    if model is None:
        raise ConfigError(f"estimator '{name}' takes no settings; leave out --config and --set")
    try:
        return str(load_settings(model, config, overrides).model_dump_json(exclude_unset=True))
    except ConfigError as error:
        raise ConfigError(f"{error}{_hint(name, overrides)}") from error


def _hint(name: str, overrides: Sequence[str]) -> str:
    """Where a setting is known that the default estimator does not have."""
    from spatial_perception.models.registry import AUTO, settings_model

    own, measured = settings_model(name), settings_model("geometric")
    keys = [override.partition("=")[0].strip() for override in overrides]
    if name != AUTO or own is None or measured is None:
        return ""
    known = [key for key in keys if key in measured.model_fields and key not in own.model_fields]
    return f"; {known[0]!r} is a setting of 'geometric': add --estimator geometric" if known else ""


@lru_cache(maxsize=2)
def load(name: str, settings: str = "{}") -> LayoutEstimator:
    """The estimator with settings from JSON, loaded once per process."""
    from spatial_perception.models.registry import load_estimator

    return load_estimator(name, **json.loads(settings))


def estimate(cloud: PointCloud, request: Request, source: str = "") -> tuple[Layout, PointCloud]:
    """The layout of a cloud, and the cloud in the frame and unit (metres) of that layout.

    The estimator sees the cloud upright, in metres, with its main walls along x and y; what was turned or scaled is
    undone on the result, or said in its notes where a layout cannot be told in the frame of the file.
    """
    layout, shown, _ = estimate_with_costs(cloud, request, source)
    return layout, shown


def estimate_with_costs(
    cloud: PointCloud, request: Request, source: str = "", tell: Callable[[Entity], None] | None = None
) -> tuple[Layout, PointCloud, Costs | None]:
    """As `estimate`, with the costs of a language model; `tell` hears of its entities as they are decoded."""
    from spatial_perception.pointcloud.alignment import align

    aligned, alignment = align(cloud, request.up, scale=parse_scale(request.scale))
    told = None if tell is None else _restored(alignment, tell)
    task: Task = request.task  # type: ignore[assignment]
    found, costs = follow(load(request.estimator, request.settings), aligned, task, request.categories, told)
    layout = alignment.restore(found)
    layout = replace(layout, stamp=cloud.stamp, provenance=replace(layout.provenance, source=source))
    return layout, beside(cloud, alignment), costs


def _restored(alignment: Alignment, tell: Callable[[Entity], None]) -> Callable[[Entity], None]:
    """Pass entities on in the frame of the file."""
    from spatial_perception.layout.text import collect

    def told(entity: Entity) -> None:
        for restored in alignment.restore(collect([entity])):
            tell(restored)

    return told


def beside(cloud: PointCloud, alignment: Alignment) -> PointCloud:
    """A cloud in the frame and unit of the layouts that its alignment restores."""
    import numpy as np

    if alignment.keeps_frame and alignment.scale == 1.0:
        return cloud
    turn = np.eye(3) if alignment.keeps_frame else alignment.upright
    moved = replace(alignment, rotation=turn, upright=turn, yaw=0.0).apply(cloud)
    x, y, z = (float(v) for v in alignment.scale * (turn @ np.asarray(alignment.pivot)))
    return replace(moved, origin=(x, y, z), frame_id=alignment.result_frame)


def read(path: Path) -> tuple[PointCloud, tuple[str, ...]]:
    """A cloud and what its reader has to say about it."""
    from spatial_perception.pointcloud.io import read_cloud_report

    cloud, report = read_cloud_report(path)
    return cloud, report.notes


def run_job(job: Job, tell: Callable[[Entity], None] | None = None) -> Outcome:
    """Do a job; whatever is wrong with its cloud becomes the `error` of the outcome. `tell` is as in `follow`."""
    started = time.perf_counter()
    try:
        cloud, notes = read(job.source.path)
        layout, shown, costs = estimate_with_costs(cloud, job.request, job.source.path.name, tell)
        layout = replace(layout, provenance=replace(layout.provenance, notes=(*notes, *layout.provenance.notes)))
        product = Product(layout, shown, job.source.name)
        paths = write_all(product, job.folder, job.request.formats) if job.folder is not None else ()
        return Outcome(job.source, layout, len(cloud), time.perf_counter() - started, paths, costs=costs)
    except Exception as error:
        if job.request.debug:
            raise
        return Outcome(job.source, seconds=time.perf_counter() - started, error=_named(error, job.source.path))


def _named(error: Exception, path: Path) -> str:
    """The line for an error, with the file in it."""
    text = describe_error(error)
    return text if str(path) in text and isinstance(error, CloudFileError) else f"{path}: {text}"


def failed(job: Job, reason: str) -> Outcome:
    """The outcome of a job whose process is gone."""
    return Outcome(job.source, error=f"{job.source.path}: {reason}")
