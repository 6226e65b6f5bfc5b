"""Parameters that all nodes which live off a layout have in common."""

from __future__ import annotations

from pydantic import model_validator

from spatial_perception.configuration import StrictModel
from spatial_perception.ros.parameters import setting


class ConsumerFrames(StrictModel):
    """Where the robot is looked for; the map frame is that of the layout."""

    base: str = setting("base_link", "Frame of the robot; empty: nobody knows where the robot is.", read_only=True)
    pose_age: float = setting(
        10.0, "A pose of the robot older than this is not used; 0: any.", unit="s", ge=0.0, le=1e6
    )


class ConsumerJumps(StrictModel):
    """What makes everything known void."""

    backward: float = setting(1.0, "Time set back by more than this.", unit="s", read_only=True, gt=0.0, le=3600.0)


class RobotBody(StrictModel):
    """The body that has to fit."""

    radius: float = setting(0.22, "Radius of the robot's base.", unit="m", gt=0.0, le=5.0)
    height: float = setting(1.2, "Height of the robot; what hangs higher is not in its way.", unit="m", gt=0.0, le=5.0)
    step: float = setting(0.04, "Height that the robot drives over.", unit="m", ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _consistent(self) -> RobotBody:
        if self.step >= self.height:
            raise ValueError("robot.step must be below robot.height")
        return self
