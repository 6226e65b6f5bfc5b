"""Values to messages of Nav2; to be called only where nav2_msgs is installed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
from geometry_msgs.msg import Point32
from unique_identifier_msgs.msg import UUID as UUIDMsg

from spatial_perception.navigation.keepout import FilterInfo
from spatial_perception.navigation.shapes import CircleShape, PolygonShape
from spatial_perception.navigation.zones import ExclusionZone
from spatial_perception.ros.convert.stamps import header_message


def uuid_message(uuid: UUID) -> UUIDMsg:
    """The message of a UUID."""
    return UUIDMsg(uuid=np.frombuffer(uuid.bytes, dtype=np.uint8))


def polygon_object(shape: PolygonShape) -> Any:
    """nav2_msgs/PolygonObject. Its time is zero: it holds for ever."""
    from nav2_msgs.msg import PolygonObject

    made = PolygonObject(header=header_message(shape.frame_id, 0.0), uuid=uuid_message(shape.uuid))
    made.points = [Point32(x=float(x), y=float(y), z=0.0) for x, y in shape.points]
    made.closed, made.value = shape.closed, shape.value
    return made


def circle_message(shape: CircleShape) -> Any:
    """nav2_msgs/CircleObject. Its time is zero: it holds for ever."""
    from nav2_msgs.msg import CircleObject

    made = CircleObject(header=header_message(shape.frame_id, 0.0), uuid=uuid_message(shape.uuid))
    made.center = Point32(x=float(shape.center[0]), y=float(shape.center[1]), z=0.0)
    made.radius, made.fill, made.value = float(shape.radius), shape.fill, shape.value
    return made


def zone_message(zone: ExclusionZone) -> Any:
    """nav2_msgs/ExclusionZoneDescription."""
    from nav2_msgs.msg import ExclusionZoneDescription

    made = ExclusionZoneDescription(zone_name=zone.name, type=zone.type, frame_id=zone.frame_id, enabled=True)
    made.points = [Point32(x=float(x), y=float(y), z=0.0) for x, y in zone.points]
    made.min_height, made.max_height = float(zone.min_height), float(zone.max_height)
    return made


def filter_info_message(info: FilterInfo, mask_topic: str, frame_id: str, stamp: float) -> Any:
    """nav2_msgs/CostmapFilterInfo, with the full name of the topic of the mask."""
    from nav2_msgs.msg import CostmapFilterInfo

    made = CostmapFilterInfo(header=header_message(frame_id, stamp), type=int(info.type), filter_mask_topic=mask_topic)
    made.base, made.multiplier = float(info.base), float(info.multiplier)
    return made
