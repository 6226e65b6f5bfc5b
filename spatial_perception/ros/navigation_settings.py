"""The parameters of `navigation_node`."""

from __future__ import annotations

from pydantic import model_validator

from spatial_perception.configuration import StrictModel
from spatial_perception.navigation.settings import NavigationSettings
from spatial_perception.ros.consumer_settings import ConsumerFrames, ConsumerJumps, RobotBody
from spatial_perception.ros.parameters import setting


class NavigationInputs(StrictModel):
    """What is subscribed to."""

    layout: str = setting("layout_node/layout", "Topic of layouts (spatial_perception/Layout).", read_only=True)


class MapSettings(StrictModel):
    """The grid, which the masks share."""

    resolution: float = setting(0.05, "Side of a cell.", unit="m", gt=0.001, le=1.0)
    margin: float = setting(0.5, "Grid around the outermost walls.", unit="m", ge=0.0, le=50.0)
    furniture: bool = setting(True, "Furniture is in the grid and among the obstacles.")


class DoorSettings(StrictModel):
    """Doors."""

    closed: tuple[str, ...] = setting((), "Ids of doors that are closed: they count as wall.")
    percent: float = setting(50.0, "Speed limit in doors.", unit="%", ge=1.0, le=100.0)
    care: float = setting(0.5, "Reach of slow-down zones before and behind doors.", unit="m", ge=0.0, le=5.0)
    slowdown: float = setting(0.5, "Share of the speed that remains in slow-down zones.", gt=0.0, le=1.0)
    operation: str = setting("", "Operation of the Route Server that is triggered on entering doors; empty: none.")


class SpeedSettings(StrictModel):
    """The speed mask."""

    rooms: tuple[str, ...] = setting((), "Speed limits in percent by kind or name of room, such as kitchen=60.")
    carpets: float = setting(70.0, "Speed limit on carpets.", unit="%", ge=1.0, le=100.0)
    max_speed: float = setting(
        0.0, "Speed that is 100 %: limits are then absolute; 0: they are percentages.", unit="m/s", ge=0.0, le=50.0
    )

    @property
    def limits(self) -> dict[str, float]:
        """Percent by room; raises ValueError for entries of another form."""
        found = {}
        for entry in self.rooms:
            name, equals, percent = entry.rpartition("=")
            if not equals or not name.strip():
                raise ValueError(f"'{entry}': write kind=percent, such as kitchen=60")
            found[name.strip()] = float(percent)
        return found

    @model_validator(mode="after")
    def _readable(self) -> SpeedSettings:
        if not all(1.0 <= percent <= 100.0 for percent in self.limits.values()):
            raise ValueError("speed limits of rooms must be from 1 to 100 percent")
        return self


class ObstacleSettings(StrictModel):
    """Points and scans for costmaps."""

    spacing: float = setting(0.05, "Distance of points along outlines.", unit="m", gt=0.001, le=1.0)
    levels: float = setting(0.25, "Height between levels of points.", unit="m", gt=0.01, le=5.0)
    period: float = setting(
        1.0, "Points and zones are sent anew this often, with the time of now, where somebody listens; 0: on changes only.",
        unit="s", ge=0.0, le=600.0,
    )  # fmt: skip
    scan_beams: int = setting(360, "Beams of the simulated scanner at the robot.", ge=8, le=3600)
    scan_range: float = setting(12.0, "Its range.", unit="m", gt=0.1, le=200.0)


class Nav2Settings(StrictModel):
    """Servers of Nav2 that are kept up to date; one that is not there is mentioned once."""

    shapes: bool = setting(True, "Keep the Vector Object Server up to date.", read_only=True)
    vector_object_server: str = setting("vector_object_server", "Name of the Vector Object Server.", read_only=True)
    route: bool = setting(True, "Keep the Route Server up to date.", read_only=True)
    route_server: str = setting("route_server", "Name of the Route Server.", read_only=True)
    route_file: str = setting(
        "", "File that the Route Server loads; empty: one in the folder of ROS (ROS_HOME, else ~/.ros).", read_only=True
    )
    exclusion_zones: str = setting(
        "", "Source of a collision monitor whose exclusion zones (jambs of doors) are kept, such as "
        "collision_monitor/scan; empty: none.", read_only=True,
    )  # fmt: skip


class NavigationOutputSettings(StrictModel):
    """What is published and saved."""

    markers: bool = setting(True, "Draw rooms, routes and goals.")
    goal_reach: float = setting(2.0, "Farthest goal from its object, rim to footprint.", unit="m", gt=0.0, le=20.0)
    forbidden: tuple[str, ...] = setting((), "Rooms not to enter, by kind or name: they are in the keepout mask.")
    folder: str = setting("", "Folder that files may be saved in; empty: the working directory.", read_only=True)


class NavigationNodeSettings(StrictModel):
    """Everything that can be set of `navigation_node`."""

    autostart: bool = setting(False, "Configure and activate at start, without a lifecycle manager.", read_only=True)
    frames: ConsumerFrames = ConsumerFrames()
    inputs: NavigationInputs = NavigationInputs()
    robot: RobotBody = RobotBody()
    map: MapSettings = MapSettings()
    doors: DoorSettings = DoorSettings()
    speed: SpeedSettings = SpeedSettings()
    obstacles: ObstacleSettings = ObstacleSettings()
    nav2: Nav2Settings = Nav2Settings()
    outputs: NavigationOutputSettings = NavigationOutputSettings()
    jumps: ConsumerJumps = ConsumerJumps()

    @model_validator(mode="after")
    def _consistent(self) -> NavigationNodeSettings:
        if not all(text.strip().isdigit() for text in self.doors.closed):
            raise ValueError("doors.closed holds ids of doors, such as 3")
        return self

    @property
    def planning(self) -> NavigationSettings:
        """The same as settings of the core."""
        return NavigationSettings(
            radius=self.robot.radius,
            height=self.robot.height,
            step=self.robot.step,
            resolution=self.map.resolution,
            margin=self.map.margin,
            furniture=self.map.furniture,
            closed_doors=tuple(int(text) for text in self.doors.closed),
            door_percent=self.doors.percent,
            carpet_percent=self.speed.carpets,
            room_percent=self.speed.limits,
            forbidden_rooms=self.outputs.forbidden,
            max_speed=self.speed.max_speed or None,
            goal_reach=self.outputs.goal_reach,
            obstacle_spacing=self.obstacles.spacing,
            level_spacing=self.obstacles.levels,
            door_care=self.doors.care,
            slowdown_ratio=self.doors.slowdown,
            door_operation=self.doors.operation,
        )
