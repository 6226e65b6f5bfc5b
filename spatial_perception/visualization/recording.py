"""Recordings for the rerun viewer (.rrd): points, and every entity under world/{branch}/{class}/{id}.

rerun-sdk is the optional extra `viewer`. Its API moves between releases, so the few calls that changed are looked up
by what the installed release offers, from 0.21 on. A recording carries row ids made of clock and chance inside the
SDK: unlike all other outputs, two .rrd files of the same scene hold the same data but not the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import MissingExtraError, OutputError
from spatial_perception.files import atomic_path
from spatial_perception.layout.entities import Box, Door, Entity, Layout, Vec3, Wall, Window
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.visualization import palette
from spatial_perception.visualization import plan_geometry as geometry
from spatial_perception.visualization.backdrop import prepare
from spatial_perception.visualization.null import NullRecording, Recording

TIMELINE = "time_sec"
MAX_POINTS = 1_000_000
REVEAL = 0.5  # s between two entities of a layout
_RADIUS, _ROBOT_RADIUS = 0.01, 0.15  # m
_TRAIL, _ROBOT = [122, 111, 90], [29, 95, 209]
_REMEDY = "install it with `pip install 'spatial_perception[viewer]'`"


def open_recording(path: str | Path | None) -> Recording:
    """A recording into `path` (.rrd), or one that keeps nothing when `path` is None.

    Raises MissingExtraError without rerun-sdk and OutputError for another suffix or an unwritable place.
    """
    if path is None:
        return NullRecording()
    target = Path(path)
    if target.suffix.lower() != ".rrd":
        raise OutputError(f"{target}: recordings end in .rrd; rename the output")
    return RerunRecording(target)


def import_rerun() -> Any:
    """The rerun module; raises MissingExtraError, naming the extra, when it is absent or too old to be used."""
    try:
        import rerun
    except ImportError as error:
        raise MissingExtraError(f"recordings need rerun-sdk, which cannot be imported ({error}); {_REMEDY}") from error
    if not all(hasattr(rerun, name) for name in ("RecordingStream", "Boxes3D", "Points3D", "ViewCoordinates")):
        raise MissingExtraError(f"this rerun-sdk is too old for recordings; upgrade: {_REMEDY}")
    return rerun


def entity_path(entity: Entity, branch: str = "pred") -> str:
    """`world/{branch}/{class}/{id}`, the class being wall, door, window or bbox."""
    kinds: dict[type, str] = {Wall: "wall", Door: "door", Window: "window", Box: "bbox"}
    return f"world/{branch}/{kinds[type(entity)]}/{entity.id}"


def as_box(entity: Entity, layout: Layout) -> tuple[Vec3, Vec3, float] | None:
    """Centre, full sizes and yaw of an entity drawn as an upright box; None for an opening whose wall is unknown."""
    if isinstance(entity, Box):
        return entity.center, entity.size, entity.yaw
    wall = entity if isinstance(entity, Wall) else layout.wall(entity.wall_id)
    if wall is None:
        return None
    yaw = math.atan2(wall.end[1] - wall.start[1], wall.end[0] - wall.start[0])
    if isinstance(entity, Wall):
        x, y, z = ((a + b) / 2 for a, b in zip(wall.start, wall.end))
        return (x, y, z + wall.height / 2), (geometry.length(wall), wall.thickness, wall.height), yaw
    return entity.center, (entity.width, wall.thickness, entity.height), yaw


def _colour(entity: Entity) -> list[int]:
    named = {Wall: palette.WALL, Door: palette.DOOR, Window: palette.WINDOW}.get(type(entity))
    shade = palette.rgb(named) if named else palette.colour_of(getattr(entity, "label", ""))
    return [round(255 * c) for c in shade]


class RerunRecording:
    """A recording that rerun writes; the file appears under its name when it is closed."""

    def __init__(self, path: Path) -> None:
        self._rerun = import_rerun()
        self._origin: NDArray[np.float64] | None = None
        self._present: dict[str, set[str]] = {}
        self._stream = self._new_stream(path.stem)
        with ExitStack() as pending:
            self._stream.save(str(pending.enter_context(atomic_path(path))))
            self._open = pending.pop_all()
        view = self._rerun.ViewCoordinates
        self._stream.log("world", getattr(view, "RIGHT_HAND_Z_UP", None) or view.RIGHT_HAND_Z_UP(), static=True)

    def _new_stream(self, name: str) -> Any:
        identity = str(uuid5(NAMESPACE_URL, f"spatial_perception/{name}"))
        make = getattr(self._rerun, "new_recording", None) or self._rerun.RecordingStream
        return make("spatial_perception", recording_id=identity)

    def _at(self, seconds: float) -> None:
        """Move the timeline: `set_time` since 0.23, `set_time_seconds` before."""
        if hasattr(self._rerun, "set_time"):
            self._rerun.set_time(TIMELINE, duration=seconds, recording=self._stream)
        else:
            self._rerun.set_time_seconds(TIMELINE, seconds, recording=self._stream)

    def _log(self, path: str, content: Any, at: float | None) -> None:
        if at is not None:
            self._at(at)
        self._stream.log(path, content, static=at is None)

    def _near(self, point: Any) -> Any:
        """Coordinates relative to the first thing shown when that lies far away: the viewer counts in float32."""
        if self._origin is None:
            first = np.asarray(point, dtype=np.float64)
            self._origin = np.where(np.abs(first) > 1e4, np.round(first), 0.0)
        return np.asarray(point, dtype=np.float64) - self._origin

    def log_cloud(self, cloud: PointCloud, at: float | None = None) -> None:
        """Show at most MAX_POINTS finite points of a cloud, coloured by rgb or height."""
        self._near(cloud.origin)
        assert self._origin is not None
        points = prepare(cloud, self._origin, MAX_POINTS)
        colours = np.round(points.colour * 255).astype(np.uint8)
        content = self._rerun.Points3D(points.xyz.astype(np.float32), colors=colours, radii=_RADIUS)
        self._log("world/points", content, at)

    def log_layout(self, layout: Layout, branch: str = "pred", at: float | None = None) -> None:
        """Show all entities, REVEAL seconds apart where `at` is given; those that cannot be drawn are left out."""
        clean, _ = geometry.drawable(layout)
        for index, entity in enumerate(clean):
            self.log_entity(entity, clean, branch, None if at is None else at + REVEAL * (index + 1))

    def log_entity(self, entity: Entity, layout: Layout, branch: str = "pred", at: float | None = None) -> None:
        """Show one entity as an upright box with its name."""
        placed = as_box(entity, layout)
        if placed is None:
            return
        center, size, yaw = placed
        rerun = self._rerun
        turn = rerun.Quaternion(xyzw=[0.0, 0.0, math.sin(yaw / 2), math.cos(yaw / 2)])
        content = rerun.Boxes3D(
            centers=[self._near(center)],
            half_sizes=[[abs(s) / 2 for s in size]],
            quaternions=[turn],
            colors=[_colour(entity)],
            labels=[palette.display_name(getattr(entity, "label", type(entity).__name__.lower()))],
        )
        self._log(entity_path(entity, branch), content, at)

    def log_state(self, layout: Layout, branch: str = "pred", at: float | None = None) -> None:
        """Show all entities as they are from time `at` on, and no longer those of the state before that are gone."""
        clean, _ = geometry.drawable(layout)
        present = {entity_path(entity, branch) for entity in clean}
        for path in sorted(self._present.get(branch, set()) - present):
            self._log(path, self._rerun.Clear(recursive=False), at)
        self._present[branch] = present
        for entity in clean:
            self.log_entity(entity, clean, branch, at)

    def log_robot(self, trail: Sequence[Vec3], at: float | None = None) -> None:
        """Show the way that a robot took, and the robot as a point at its end."""
        points = [self._near(point) for point in trail]
        lines = self._rerun.LineStrips3D([points], colors=[_TRAIL], radii=_RADIUS)
        self._log("world/robot/trail", lines, at)
        self._log("world/robot", self._rerun.Points3D(points[-1:], colors=[_ROBOT], radii=_ROBOT_RADIUS), at)

    def log_number(self, path: str, value: float, at: float) -> None:
        """Plot a number over time."""
        content = self._rerun.Scalars([value]) if hasattr(self._rerun, "Scalars") else self._rerun.Scalar(value)
        self._log(path, content, at)

    def log_text(self, path: str, text: str) -> None:
        """Keep a text beside the scene."""
        self._stream.log(path, self._rerun.TextDocument(text), static=True)

    def close(self) -> None:
        """Flush everything to disk and give the file its name."""
        self._finish()
        self._open.close()

    def _finish(self) -> None:
        stream, self._stream = self._stream, None
        if stream is None:
            return
        if hasattr(stream, "flush"):
            stream.flush()
        if hasattr(stream, "disconnect"):
            stream.disconnect()

    def __enter__(self) -> RerunRecording:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish()
        self._open.__exit__(kind, error, trace)
