"""Occupancy grids: free, occupied and unknown cells of a floor, as `nav_msgs/OccupancyGrid` holds them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.layout.entities import Box, Layout
from spatial_perception.layout.raster import GridFrame, fill, polygon_rings
from spatial_perception.navigation.footprints import (
    Rectangles,
    blocks,
    box_rectangles,
    join,
    passage_rectangles,
)
from spatial_perception.navigation.robot import Robot
from spatial_perception.navigation.structure import Structure, build_structure, outlines, usable_boxes

FREE, OCCUPIED, UNKNOWN = 0, 100, -1
RESOLUTION, MARGIN = 0.05, 0.5
_SEALING = 2**0.5
"""Obstacles are at least this many cells wide: no step, not even a diagonal one, leads through a thin slanted wall."""


@dataclass(frozen=True, slots=True, eq=False)
class OccupancyGrid:
    """Cells (H, W) int8: 0 free, 100 occupied, -1 unknown; masks of costmap filters use 0 to 100.

    Row 0 is the lowest y, so `data.ravel()` is the order of `nav_msgs/OccupancyGrid`. `origin` is (x, y, yaw) of the outer
    corner of cell (0, 0) in m and rad, `resolution` m per cell.
    """

    data: NDArray[np.int8]
    resolution: float
    origin: tuple[float, float, float]
    frame_id: str = ""
    stamp: float = 0.0

    @property
    def width(self) -> int:
        """Cells along x."""
        return int(self.data.shape[1])

    @property
    def height(self) -> int:
        """Cells along y."""
        return int(self.data.shape[0])

    @property
    def frame(self) -> GridFrame:
        """Where the cells lie; grids made here have no yaw."""
        return GridFrame(self.resolution, self.origin[:2], self.height, self.width)

    def value(self, x: float, y: float) -> int:
        """The value at a point (m); -1 outside."""
        cell = self.frame.cell_of(x, y)
        return UNKNOWN if cell is None else int(self.data[cell])

    def with_data(self, data: NDArray[np.int8]) -> OccupancyGrid:
        """Other values in the same place."""
        return OccupancyGrid(data, self.resolution, self.origin, self.frame_id, self.stamp)


def occupancy_grid(
    layout: Layout,
    *,
    resolution: float = RESOLUTION,
    robot: Robot | None = None,
    furniture: bool = True,
    margin: float = MARGIN,
    closed_doors: Collection[int] = (),
) -> OccupancyGrid:
    """The grid of a layout: walls without their doors and, where wanted, furniture are occupied; closed rooms are free.

    Everything else is unknown. Furniture counts where it is in the way of `robot`: lower than the robot and higher than
    its step; carpets never. Walls and boxes thinner than a cell are one cell wide. An empty layout gives a small unknown
    grid. Raises ConfigError for a resolution or margin out of range and for a grid that is too large.
    """
    body = robot or Robot()
    structure = build_structure(layout, body, closed_doors)
    boxes, _ = usable_boxes(layout.boxes)
    frame = grid_frame(structure, boxes, resolution, margin)
    data = structure_cells(structure, frame)
    if furniture:
        np.copyto(data, OCCUPIED, where=obstacle_cells(blocking(boxes, structure.floor, body), frame))
    return OccupancyGrid(data, resolution, (*frame.origin, 0.0), layout.frame_id, layout.stamp)


def grid_frame(structure: Structure, boxes: Sequence[Box], resolution: float, margin: float) -> GridFrame:
    """The frame around all walls, or around the boxes where there are no walls."""
    walls = structure.walls if structure.pieces else box_rectangles(boxes)
    return GridFrame.around(walls.corners().reshape(-1, 2), resolution, margin)


def blocking(boxes: Sequence[Box], floor: float, robot: Robot) -> Rectangles:
    """The footprints of the boxes that are in the way of a robot."""
    return box_rectangles([box for box in boxes if blocks(box, floor, robot)])


def structure_cells(structure: Structure, frame: GridFrame) -> NDArray[np.int8]:
    """Unknown, free and occupied cells (H, W) from rooms, doors and walls alone."""
    data = np.full((frame.height, frame.width), UNKNOWN, dtype=np.int8)
    doors = list(passage_rectangles(structure.holes, frame.resolution / 2).corners())
    np.copyto(data, FREE, where=fill(frame, [*polygon_rings(outlines(structure.spaces)), *doors]))
    np.copyto(data, OCCUPIED, where=obstacle_cells(join(structure.walls, structure.joints), frame))
    return data


def obstacle_cells(rectangles: Rectangles, frame: GridFrame) -> NDArray[np.bool_]:
    """The cells (H, W) that rectangles cover, each at least as wide as closes the grid."""
    return fill(frame, rectangles.corners(least=_SEALING * frame.resolution))
