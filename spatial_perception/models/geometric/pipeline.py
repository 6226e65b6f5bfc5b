"""`GeometricEstimator`: a layout from planes, gaps and groups of points, without weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, get_args

import numpy as np
from pydantic import ValidationError

from spatial_perception._version import __version__
from spatial_perception.errors import ConfigError, EstimatorError
from spatial_perception.layout.entities import Box, Door, Entity, Layout, Provenance, Wall, Window, vec3
from spatial_perception.models.base import Task
from spatial_perception.models.geometric.calibration import WALL
from spatial_perception.models.geometric.clusters import loose_samples
from spatial_perception.models.geometric.config import GeometricConfig
from spatial_perception.models.geometric.faces import find_faces
from spatial_perception.models.geometric.interior import find_interior
from spatial_perception.models.geometric.levels import Levels, find_levels, overhead
from spatial_perception.models.geometric.objects import Thing, find_objects
from spatial_perception.models.geometric.openings import Opening, find_openings
from spatial_perception.models.geometric.pictures import find_pictures
from spatial_perception.models.geometric.priors import PRIORS, UNKNOWN
from spatial_perception.models.geometric.processing import prepare
from spatial_perception.models.geometric.samples import Samples, SceneTurn
from spatial_perception.models.geometric.wall_features import wall_features, wall_support
from spatial_perception.models.geometric.walls import Run, apart_columns, find_walls
from spatial_perception.pointcloud.cloud import PointCloud


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything found in one cloud, in its canonical frame."""

    samples: Samples
    turn: SceneTurn
    levels: Levels
    walls: list[Run]
    openings: list[Opening]
    boxes: list[Thing]


class GeometricEstimator:
    """The default `LayoutEstimator`: needs no weights and no GPU, keeps no state, and gives equal bytes for equal input.

    Settings are those of `GeometricConfig`, as an object or as keywords; ConfigError names what is wrong with them.
    """

    name = "geometric"

    def __init__(self, config: GeometricConfig | None = None, **settings: Any) -> None:
        self.config = config or configured(settings)

    def estimate(
        self, cloud: PointCloud, task: Task = "all", categories: Sequence[str] = (), previous: Layout | None = None
    ) -> Layout:
        """The layout of a cloud with z up, in metres, in the frame of the cloud; see `LayoutEstimator.estimate`.

        `previous` is not used. Entities have no more detail than the points: a cloud without walls, or with all points on
        one plane, gives a layout without walls and says so in its notes. Raises EstimatorError for fewer than 50 finite
        points (or voxels), an unknown task or an unknown category.
        """
        _check(task, categories)
        found = self.find(cloud, task)
        walls, doors, windows = _structure(found) if task != "objects" else ([], [], [])
        boxes = [b for b in _boxes(found) if not categories or b.label in categories]
        boxes = [replace(box, id=index) for index, box in enumerate(boxes)]
        notes = tuple(_notes(found, task, len(cloud)))
        provenance = Provenance(self.name, __version__, self.config.digest(), "", notes)
        return Layout(tuple(walls), tuple(doors), tuple(windows), tuple(boxes), cloud.frame_id, cloud.stamp, provenance)

    def stream(
        self, cloud: PointCloud, task: Task = "all", categories: Sequence[str] = (), previous: Layout | None = None
    ) -> Iterator[Entity]:
        """The entities of `estimate`, in the order of the layout language."""
        yield from self.estimate(cloud, task, categories, previous)

    def find(self, cloud: PointCloud, task: Task = "all") -> Findings:
        """All findings in a cloud, in nine steps from samples to boxes."""
        config = self.config
        # 1. Even samples with normals, in a frame that follows the walls; what lies outside the home is cut off.
        samples, turn = prepare(cloud, config)
        # 2. Floor and ceiling.
        levels = find_levels(samples)
        # 3. Straight vertical surfaces that reach the ceiling.
        faces = find_faces(samples, levels, config.wall_min_length) if levels.shows_walls else []
        # 4. Walls: opposite faces paired, runs merged, corners closed; columns are none.
        runs = find_walls(faces, overhead(samples, levels), config.wall_min_length, config.wall_max_thickness)
        walls, columns = apart_columns(runs)
        # 5. Doors and windows: holes in walls, weighed against shadows.
        openings = find_openings(walls, samples, levels, config.opening_min_score)
        if task == "layout":
            return Findings(samples, turn, levels, walls, openings, [])
        # 6. Flat things on walls; 7. the inside of the home, and what is left there; 8. groups of it; 9. boxes with labels and
        # scores.
        pictures = find_pictures(walls, samples, levels)
        interior = find_interior(samples, levels)
        loose = loose_samples(samples, levels, interior, [*walls, *columns], openings)
        loose[np.concatenate([*pictures, np.zeros(0, np.intp)])] = False
        flat = [samples.xyz[picture] for picture in pictures]
        things = find_objects(samples.xyz[loose], flat, walls, openings, levels, samples.spacing, config)
        return Findings(samples, turn, levels, walls, openings, things)


def configured(settings: dict[str, Any]) -> GeometricConfig:
    """The configuration with these settings; ConfigError names the setting that is unknown or out of range."""
    try:
        return GeometricConfig(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        if first["type"] != "extra_forbidden":
            raise ConfigError(f"geometric setting {name!r}: {first['msg']}, got {first['input']!r}") from error
        near = get_close_matches(name, GeometricConfig.model_fields, 1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(GeometricConfig.model_fields)}"
        raise ConfigError(f"geometric has no setting {name!r}{hint}") from error


def _check(task: str, categories: Sequence[str]) -> None:
    if task not in get_args(Task):
        raise EstimatorError(f"unknown task {task!r}; choose one of: {', '.join(get_args(Task))}")
    for name in categories:
        if name not in PRIORS and name != UNKNOWN:
            near = get_close_matches(name, [*PRIORS, UNKNOWN], 1)
            hint = f"did you mean {near[0]!r}?" if near else "see models/geometric/priors.py for the names"
            raise EstimatorError(f"the geometric estimator knows no category {name!r}; {hint}")


def _notes(found: Findings, task: str, count: int) -> Iterator[str]:
    """Sentences for people on what was not seen or left out."""
    if not found.levels.floor_seen:
        yield "no floor seen: the lowest points stand in for it"
    if found.levels.ceiling is None:
        yield "no ceiling seen: walls end where the points end"
    if not found.walls and task != "objects":
        yield "no walls found: no vertical surface reaches high enough"
    if not 1.9 < found.levels.height < 4.5:
        yield f"walls of {found.levels.height:.2f} m are unusual for rooms: check the scale"
    if found.samples.dropped:
        yield f"{found.samples.dropped} of {count} points left out (not finite, stray, or outside the rooms)"


def _structure(found: Findings) -> tuple[list[Wall], list[Door], list[Window]]:
    turn, levels = found.turn, found.levels
    walls = []
    for index, run in enumerate(found.walls):
        ends = np.array([[*run.line.point(u), levels.floor] for u in (run.start, run.end)])
        start, end = turn.to_input(ends)
        score = WALL.probability(wall_features(run, levels))
        walls.append(Wall(index, start, end, levels.height, run.thickness, score, wall_support(run, found.samples)))
    doors: list[Door] = []
    windows: list[Window] = []
    for hole in found.openings:
        line = found.walls[hole.wall].line
        center = turn.to_input(np.array([[*line.point((hole.u0 + hole.u1) / 2), (hole.z0 + hole.z1) / 2]]))[0]
        if hole.is_door:
            doors.append(Door(len(doors), hole.wall, center, hole.width, hole.height, hole.score, hole.support))
        else:
            windows.append(Window(len(windows), hole.wall, center, hole.width, hole.height, hole.score, hole.support))
    return walls, doors, windows


def _boxes(found: Findings) -> list[Box]:
    boxes = []
    for index, thing in enumerate(found.boxes):
        box = thing.box
        center = found.turn.to_input(box.center[None])[0]
        boxes.append(
            Box(index, thing.label, center, box.yaw + found.turn.yaw, vec3(box.size.tolist()), thing.score, box.points)
        )
    return boxes
