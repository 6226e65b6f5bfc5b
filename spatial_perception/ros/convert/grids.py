"""Grids: nav_msgs/OccupancyGrid to and from values."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
import shapely
from geometry_msgs.msg import Pose
from nav_msgs.msg import OccupancyGrid as OccupancyGridMsg

from spatial_perception.errors import CloudError
from spatial_perception.navigation.occupancy import OccupancyGrid
from spatial_perception.reasoning.occupancy import FREE, OCCUPIED, UNKNOWN, Occupancy
from spatial_perception.reasoning.scene import Scene
from spatial_perception.ros.convert.stamps import header_message, stamp_message

MOST_CELLS = 4_000_000
_HEIGHT = 2.5
_MOST_LEVELS = 200
_FREE_BELOW, _OCCUPIED_FROM = 20, 65


def grid_message(grid: OccupancyGrid) -> OccupancyGridMsg:
    """The message of a grid (0 free, 100 occupied, -1 unknown; masks 0 .. 100), in its frame and at its stamp."""
    message = OccupancyGridMsg(header=header_message(grid.frame_id, grid.stamp))
    message.info.map_load_time = stamp_message(grid.stamp)
    message.info.resolution, message.info.width, message.info.height = float(grid.resolution), grid.width, grid.height
    x, y, yaw = grid.origin
    message.info.origin = Pose()
    message.info.origin.position.x, message.info.origin.position.y = float(x), float(y)
    message.info.origin.orientation.z = float(np.sin(yaw / 2))
    message.info.origin.orientation.w = float(np.cos(yaw / 2))
    # Genuine rclpy checks every element of anything but an array.
    message.data = array("b", np.ascontiguousarray(grid.data, dtype=np.int8).tobytes())
    return message


def occupancy_of_grid(message: Any, scene: Scene) -> Occupancy:
    """What a flat grid and a layout together say of space: cells of the grid hold from floor to ceiling, but where the layout
    has a thing, the thing does. Raises CloudError for grids that are turned, empty, too large, or in another frame.
    """
    _check_grid(message, scene.layout.frame_id)
    info, step = message.info, float(message.info.resolution)
    flat = np.frombuffer(message.data, dtype=np.int8).reshape(info.height, info.width).T
    states = np.select([flat < 0, flat < _FREE_BELOW, flat >= _OCCUPIED_FROM], [UNKNOWN, FREE, OCCUPIED], UNKNOWN)
    low, high = scene.floor, scene.ceiling if scene.ceiling is not None else scene.floor + _HEIGHT
    levels = max(1, min(_MOST_LEVELS, int((high - low) / step)))
    solid = np.repeat(states.astype(np.uint8)[:, :, None], levels, axis=2)
    origin = (float(info.origin.position.x), float(info.origin.position.y), float(low))
    _stand(solid, scene, origin, step)
    return Occupancy(solid, origin, step)


def _check_grid(message: Any, frame_id: str) -> None:
    info, frame, o = message.info, message.header.frame_id.lstrip("/"), message.info.origin.orientation
    if frame != frame_id:
        raise CloudError(f"the grid is in frame '{frame}', the layout in '{frame_id}'; use one map frame")
    if abs(o.x) + abs(o.y) + abs(o.z) > 1e-6:
        raise CloudError("the grid is turned; only grids along the axes of their frame can be used")
    if not 0 < info.width * info.height <= MOST_CELLS or len(message.data) != info.width * info.height:
        raise CloudError(f"a grid of {info.width} x {info.height} cells with {len(message.data)} values cannot be used")
    if not 0.005 <= info.resolution <= 1.0:
        raise CloudError(f"a grid with cells of {info.resolution:g} m cannot be used")


def _stand(solid: np.ndarray, scene: Scene, origin: tuple[float, float, float], step: float) -> None:
    """Cells under things of the layout: occupied where the thing is, free above and below it."""
    for thing in scene.objects:
        around = thing.footprint.buffer(step)
        x0, y0, x1, y1 = around.bounds
        ends = ((x0, x1, solid.shape[0], origin[0]), (y0, y1, solid.shape[1], origin[1]))
        (i0, i1), (j0, j1) = ((max(0, int((a - o) // step)), min(n, int((b - o) // step) + 1)) for a, b, n, o in ends)
        if i1 <= i0 or j1 <= j0:
            continue
        xs, ys = (np.arange(a, b) + 0.5 for a, b in ((i0, i1), (j0, j1)))
        grid = np.meshgrid(xs * step + origin[0], ys * step + origin[1], indexing="ij")
        mask = shapely.contains_xy(around, *grid)
        heights = (np.arange(solid.shape[2]) + 0.5) * step + origin[2]
        column = np.where((heights >= thing.bottom) & (heights <= thing.top), OCCUPIED, FREE).astype(np.uint8)
        solid[i0:i1, j0:j1][mask] = column
