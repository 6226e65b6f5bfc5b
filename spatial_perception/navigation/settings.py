"""The settings of everything that is made for navigation; one model for command line, files and nodes."""

from __future__ import annotations

from pydantic import Field

from spatial_perception.configuration import StrictModel
from spatial_perception.navigation.robot import Robot


class NavigationSettings(StrictModel):
    """What a planner is given: the robot, the grid, and how careful to be where."""

    radius: float = Field(default=0.22, gt=0, le=5, description="radius of the robot's base (m)")
    height: float = Field(
        default=1.2, gt=0, le=5, description="height of the robot (m); what hangs higher is not in its way"
    )
    step: float = Field(default=0.04, ge=0, le=1, description="height that the robot drives over (m)")
    resolution: float = Field(default=0.05, gt=0.001, le=1, description="side of a grid cell (m)")
    margin: float = Field(default=0.5, ge=0, le=50, description="grid around the outermost walls (m)")
    furniture: bool = Field(default=True, description="whether furniture is in the grid")
    closed_doors: tuple[int, ...] = Field(default=(), description="ids of doors that are closed: they count as wall")
    door_percent: float = Field(default=50.0, ge=1, le=100, description="speed limit in doors (percent)")
    carpet_percent: float = Field(default=70.0, ge=1, le=100, description="speed limit on carpets (percent)")
    room_percent: dict[str, float] = Field(default={}, description="speed limits (percent) by kind or name of room")
    forbidden_rooms: tuple[str, ...] = Field(default=(), description="rooms not to enter, by kind or name")
    max_speed: float | None = Field(
        default=None, gt=0, description="speed that is 100 percent (m/s); limits are then absolute"
    )
    goal_reach: float = Field(
        default=2.0, gt=0, le=20, description="farthest goal from its object (m, rim to footprint)"
    )
    obstacle_spacing: float = Field(default=0.05, gt=0.001, le=1, description="distance of obstacle points (m)")
    level_spacing: float = Field(
        default=0.25, gt=0.01, le=5, description="height between levels of obstacle points (m)"
    )
    door_care: float = Field(
        default=0.5, ge=0, le=5, description="reach of slow-down zones before and behind doors (m)"
    )
    slowdown_ratio: float = Field(
        default=0.5, gt=0, le=1, description="share of the speed that remains in slow-down zones"
    )
    door_operation: str = Field(
        default="", max_length=100, description="route operation triggered on entering doors; none: ''"
    )

    @property
    def robot(self) -> Robot:
        """The body that has to fit; raises ConfigError where the step is not below the height."""
        return Robot(self.radius, self.height, self.step)
