"""Layouts to messages and back. What an estimator does not give is -1 in messages and None in values."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

from geometry_msgs.msg import Point, Vector3

from spatial_perception.errors import LayoutError
from spatial_perception.layout.boxes import Kind
from spatial_perception.layout.entities import Box, Door, Entity, Layout, Provenance, Vec3, Wall, Window
from spatial_perception.layout.tracking import Track, TrackedLayout
from spatial_perception.layout.transforms import wrap_angle
from spatial_perception.msg import Box as BoxMsg
from spatial_perception.msg import Door as DoorMsg
from spatial_perception.msg import Layout as LayoutMsg
from spatial_perception.msg import Provenance as ProvenanceMsg
from spatial_perception.msg import StageTiming
from spatial_perception.msg import Timing as TimingMsg
from spatial_perception.msg import Wall as WallMsg
from spatial_perception.msg import Window as WindowMsg
from spatial_perception.ros.convert.stamps import header_message, seconds, stamp_message

_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class LayoutContext:
    """What a message says of a layout besides the layout: `epoch` and `version` of the map, the `task`, and how long each
    stage took (name, s)."""

    epoch: int = 0
    version: int = 0
    task: str = "all"
    timings: tuple[tuple[str, float], ...] = ()


def tracked(layout: Layout | TrackedLayout) -> TrackedLayout:
    """A layout as if it had been seen once, at its stamp; tracked layouts are returned as they are."""
    if isinstance(layout, TrackedLayout):
        return layout
    stamp = layout.stamp
    tracks = tuple(Track(_kind(entity), entity, stamp, stamp, 1, 0) for entity in layout)
    return TrackedLayout(tracks, (), layout.frame_id, stamp, layout.provenance)


def _kind(entity: Entity) -> Kind:
    if isinstance(entity, Wall):
        return "wall"
    if isinstance(entity, Box):
        return "bbox"
    return "door" if isinstance(entity, Door) else "window"


def layout_message(layout: Layout | TrackedLayout, context: LayoutContext | None = None) -> LayoutMsg:
    """The message of a layout, in its frame and at its stamp.

    Raises LayoutError for entities that no message can hold: ids outside 32 bits, numbers that are not finite.
    """
    context, source = context or LayoutContext(), tracked(layout)
    p = source.provenance
    message = LayoutMsg(estimator=p.estimator, task=context.task)
    message.header = header_message(source.frame_id, source.stamp)
    message.map_epoch, message.map_version = context.epoch, context.version
    message.provenance = ProvenanceMsg(version=p.version, settings=p.settings, source=p.source, notes=list(p.notes))
    message.timings = [StageTiming(stage=stage, duration=float(duration)) for stage, duration in context.timings]
    groups: dict[Kind, list[Any]] = {"wall": [], "door": [], "window": [], "bbox": []}
    for track in source.tracks:
        groups[track.kind].append(entity_message(track))
    message.walls, message.doors = groups["wall"], groups["door"]
    message.windows, message.boxes = groups["window"], groups["bbox"]
    return message


def timing_message(layout: LayoutMsg, latency: float) -> TimingMsg:
    """How long a published layout took; `latency` (s) from receiving the last cloud to publishing."""
    return TimingMsg(
        header=layout.header, map_epoch=layout.map_epoch, stages=list(layout.timings), latency=float(latency)
    )


def entity_message(track: Track) -> WallMsg | DoorMsg | WindowMsg | BoxMsg:
    """The message of one entity. Raises LayoutError as `layout_message` does."""
    entity = track.entity
    _check(track.kind, entity)
    if isinstance(entity, Wall):
        message = WallMsg(label="wall", height=entity.height, thickness=entity.thickness)
        message.start, message.end = _point(entity.start), _point(entity.end)
    elif isinstance(entity, Box):
        message = BoxMsg(label=entity.label, center=_point(entity.center), yaw=wrap_angle(entity.yaw))
        message.size = _vector(entity.size)
    else:
        kind = DoorMsg if isinstance(entity, Door) else WindowMsg
        message = kind(label=track.kind, wall_id=entity.wall_id, center=_point(entity.center))
        message.width, message.height = entity.width, entity.height
    message.id = entity.id
    message.score = -1.0 if entity.score is None else entity.score
    message.support = -1 if entity.support is None else min(entity.support, _LARGEST)
    message.first_seen, message.last_seen = stamp_message(track.first_seen), stamp_message(track.last_seen)
    return message


def _check(kind: str, entity: Entity) -> None:
    numbers = [v for name in entity.__slots__ for v in _numbers(getattr(entity, name))]
    if not all(isfinite(v) for v in numbers) or not -_LARGEST <= entity.id <= _LARGEST:
        raise LayoutError(f"{kind}_{entity.id} holds numbers that no message can: {entity}; leave it out")


def _numbers(value: Any) -> tuple[float, ...]:
    if isinstance(value, tuple):
        return value
    return (value,) if isinstance(value, float) else ()


def _point(values: Vec3) -> Point:
    return Point(x=values[0], y=values[1], z=values[2])


def _vector(values: Vec3) -> Vector3:
    return Vector3(x=values[0], y=values[1], z=values[2])


def layout_from_message(message: LayoutMsg) -> tuple[TrackedLayout, LayoutContext]:
    """The layout of a message, and what else it says."""
    p = message.provenance
    provenance = Provenance(message.estimator, p.version, p.settings, p.source, tuple(p.notes))
    walls = [
        _track("wall", Wall(m.id, _tuple(m.start), _tuple(m.end), m.height, m.thickness, *_evidence(m)), m)
        for m in message.walls
    ]
    doors = [_track("door", Door(*_opening(m)), m) for m in message.doors]
    windows = [_track("window", Window(*_opening(m)), m) for m in message.windows]
    boxes = [
        _track("bbox", Box(m.id, m.label, _tuple(m.center), m.yaw, _tuple(m.size), *_evidence(m)), m)
        for m in message.boxes
    ]
    tracks = (*walls, *doors, *windows, *boxes)
    timings = tuple((t.stage, t.duration) for t in message.timings)
    layout = TrackedLayout(tracks, (), message.header.frame_id, seconds(message.header.stamp), provenance)
    return layout, LayoutContext(message.map_epoch, message.map_version, message.task, timings)


def _track(kind: Kind, entity: Entity, message: Any) -> Track:
    return Track(kind, entity, seconds(message.first_seen), seconds(message.last_seen), 1, 0)


def _opening(m: Any) -> tuple[int, int, Vec3, float, float, float | None, int | None]:
    return (m.id, m.wall_id, _tuple(m.center), m.width, m.height, *_evidence(m))


def _evidence(message: Any) -> tuple[float | None, int | None]:
    score = None if message.score < 0 else float(message.score)
    return score, None if message.support < 0 else int(message.support)


def _tuple(value: Any) -> Vec3:
    return (value.x, value.y, value.z)
