"""`GeometricEstimator`: a layout from planes, gaps and groups of points, without weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from spatial_perception._version import __version__
from spatial_perception.errors import ConfigError
from spatial_perception.layout.entities import Box, Door, Entity, Layout, Provenance, Wall, Window
from spatial_perception.models.base import Task
from spatial_perception.models.geometric.calibration import WALL
from spatial_perception.models.geometric.clusters import loose_samples
from spatial_perception.models.geometric.config import GeometricConfig
from spatial_perception.models.geometric.faces import find_faces
from spatial_perception.models.geometric.interior import find_interior
from spatial_perception.models.geometric.levels import Levels, find_levels, overhead
from spatial_perception.models.geometric.objects import Thing, find_objects
from spatial_perception.models.geometric.openings import Opening, find_openings
from spatial_perception.models.geometric.processing import prepare
from spatial_perception.models.geometric.samples import Samples, SceneTurn
from spatial_perception.models.geometric.wall_features import wall_features, wall_support
from spatial_perception.models.geometric.walls import Run, find_walls
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
    """The default `LayoutEstimator`."""

    name = "geometric"

    def __init__(self, config: GeometricConfig | None = None, **settings: Any) -> None:
        try:
            self.config = config or GeometricConfig(**settings)
        except ValidationError as error:
            first = error.errors()[0]
            raise ConfigError(f"geometric: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error

    def estimate(
        self, cloud: PointCloud, task: Task = "all", categories: Sequence[str] = (), previous: Layout | None = None
    ) -> Layout:
        """See `LayoutEstimator.estimate`."""
        found = self.find(cloud, task)
        walls, doors, windows = _structure(found)
        boxes = _boxes(found)
        provenance = Provenance(self.name, __version__, self.config.digest(), "", ())
        return Layout(walls, doors, windows, boxes, cloud.frame_id, cloud.stamp, provenance)

    def stream(
        self, cloud: PointCloud, task: Task = "all", categories: Sequence[str] = (), previous: Layout | None = None
    ) -> Iterator[Entity]:
        """See `LayoutEstimator.stream`."""
        yield from self.estimate(cloud, task, categories, previous)

    def find(self, cloud: PointCloud, task: Task) -> Findings:
        """All findings in a cloud."""
        samples, turn = prepare(cloud, self.config)
        levels = find_levels(samples)
        faces = find_faces(samples, levels, self.config.wall_min_length)
        walls = find_walls(
            faces, overhead(samples, levels), self.config.wall_min_length, self.config.wall_max_thickness
        )
        openings = find_openings(walls, samples, levels, self.config.opening_min_score)
        boxes: list[Thing] = []
        if task != "layout":
            interior = find_interior(samples, levels)
            loose = loose_samples(samples, levels, interior, walls, openings)
            boxes = find_objects(samples.xyz[loose], walls, openings, levels, samples.spacing, self.config)
        return Findings(samples, turn, levels, walls, openings, boxes)


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
        boxes.append(Box(index, thing.label, center, box.yaw + found.turn.yaw, box.size, thing.score, box.points))
    return boxes
