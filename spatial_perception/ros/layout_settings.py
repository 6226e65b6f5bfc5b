"""The parameters of `layout_node`."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from spatial_perception.configuration import StrictModel
from spatial_perception.ros.parameters import setting


class Frames(StrictModel):
    """Names of frames (REP-105)."""

    map: str = setting(
        "map",
        "Frame that clouds are accumulated and layouts published in; z up. `odom` where nothing localises.",
        read_only=True,
        min_length=1,
    )
    odom: str = setting(
        "odom", "Frame whose jumps against the map start a new epoch; empty: do not watch.", read_only=True
    )
    base: str = setting(
        "base_link", "Frame of the robot, for the filter of its own body; empty: no such filter.", read_only=True
    )


class Inputs(StrictModel):
    """What is subscribed to."""

    clouds: tuple[str, ...] = setting(("points",), "PointCloud2 topics, any number.", read_only=True)
    rgbd: tuple[str, ...] = setting(
        (),
        "RGB-D cameras, any number: namespaces below which the topics `depth`, `colour` and `info` names lie.",
        read_only=True,
    )
    depth: str = setting(
        "depth_registered/image_rect",
        "Depth image below each camera's namespace (16UC1 mm or 32FC1 m).",
        read_only=True,
    )
    colour: str = setting(
        "rgb/image_rect_color", "Colour image below each camera's namespace; empty: depth alone.", read_only=True
    )
    info: str = setting(
        "rgb/camera_info", "CameraInfo of the depth image below each camera's namespace.", read_only=True
    )
    colour_info: str = setting(
        "",
        "CameraInfo of the colour image, where it is not registered to the depth image; empty: it is.",
        read_only=True,
    )
    slop: float = setting(
        0.03, "Depth and colour this far apart still belong together.", unit="s", read_only=True, ge=0.0, le=1.0
    )
    reliability: Literal["best_effort", "reliable"] = setting(
        "best_effort", "QoS asked of the publishers; best effort matches all of them.", read_only=True
    )
    depth_queue: int = setting(5, "Messages that the middleware keeps per topic.", read_only=True, ge=1, le=1000)
    lossless: bool = setting(
        False, "Work off every cloud in turn (bags), instead of the newest of each topic (robots).", read_only=True
    )
    queue: int = setting(20, "Messages that wait for TF or their turn, at most.", read_only=True, ge=1, le=10000)
    tf_patience: float = setting(
        0.5,
        "A message whose transform does not come for this long is dropped and counted.",
        unit="s",
        read_only=True,
        ge=0.0,
        le=60.0,
    )
    watchdog: float = setting(
        3.0, "An input unused for this long is explained in the log and in /diagnostics.", unit="s", gt=0.0, le=600.0
    )


class Filters(StrictModel):
    """Points that do not enter the map."""

    range_min: float = setting(0.3, "Nearest point used, from the sensor.", unit="m", ge=0.0, le=10.0)
    range_max: float = setting(20.0, "Farthest point used, from the sensor.", unit="m", gt=0.0, le=500.0)
    height_min: float = setting(-1000.0, "Lowest point used, in the map.", unit="m", ge=-1000.0, le=1000.0)
    height_max: float = setting(1000.0, "Highest point used, in the map.", unit="m", ge=-1000.0, le=1000.0)
    body_radius: float = setting(
        0.0,
        "Points in the upright box of this half width around the base frame are the robot itself; 0: keep them.",
        unit="m",
        ge=0.0,
        le=10.0,
    )
    body_height: float = setting(1.5, "Height of that box above the base frame.", unit="m", gt=0.0, le=10.0)
    depth_stride: int = setting(2, "Every n-th pixel of each row and column of depth images is used.", ge=1, le=64)
    depth_unit: float = setting(0.001, "What one step of an integer depth image means.", unit="m", gt=0.0, le=1.0)
    depth_edge: float = setting(
        0.03, "Pixels beside a step of more than this share of their depth are dropped; 0: kept.", ge=0.0, le=1.0
    )

    @model_validator(mode="after")
    def _ordered(self) -> Filters:
        if self.range_min >= self.range_max or self.height_min >= self.height_max:
            raise ValueError("range_min and height_min must be below range_max and height_max")
        return self


class Map(StrictModel):
    """The voxel map."""

    voxel: float = setting(0.04, "Edge of the voxels.", unit="m", read_only=True, ge=0.005, le=1.0)
    max_voxels: int = setting(
        2_000_000, "Voxels at most; what was seen longest ago goes first.", read_only=True, ge=1024, le=50_000_000
    )
    max_bytes: int = setting(
        256 * 2**20, "Memory of the map at most.", unit="bytes", read_only=True, ge=2**20, le=2**36
    )
    decay_misses: int = setting(
        3,
        "A voxel seen through this many times more often than hit goes; furniture moves.",
        read_only=True,
        ge=1,
        le=1000,
    )
    decay: bool = setting(True, "Remove what sensors see through.", read_only=True)
    load: str = setting("", "Folder of a saved map to go on with; empty: begin with an empty one.", read_only=True)
    min_hits: int = setting(2, "Voxels hit by fewer points are not estimated from.", ge=1, le=1000)
    min_share: float = setting(
        0.05,
        "Nor are those with a smaller share of the most hits around them: noise before and behind surfaces; 0: they are.",
        ge=0.0,
        le=1.0,
    )


class Estimation(StrictModel):
    """When and how layouts are estimated."""

    estimator: str = setting(
        "auto",
        "Name of an estimator, folder or hub id of a checkpoint; auto: nano where torch is installed, else geometric.",
        read_only=True,
        min_length=1,
    )
    settings: str = setting("{}", "Settings of the estimator, as a JSON object.", read_only=True)
    period: float = setting(5.0, "Estimate this often; 0: on request only.", unit="s", ge=0.0, le=3600.0)
    min_change: float = setting(
        0.02, "A periodic estimation is left out while a smaller share of the map is new or gone.", ge=0.0, le=1.0
    )
    on_change: float = setting(
        0.0,
        "Estimate at once when this share of the map is new or gone, whatever the period; 0: never.",
        ge=0.0,
        le=1.0,
    )
    min_voxels: int = setting(2000, "No periodic estimation of smaller maps.", ge=50, le=10_000_000)
    task: Literal["all", "layout", "objects"] = setting(
        "all", "What to look for: walls, doors and windows, boxes, or all."
    )
    categories: tuple[str, ...] = setting((), "Labels of boxes to look for; empty: all.")
    timeout: float = setting(
        60.0, "An estimation that takes longer is given up; the node goes on.", unit="s", gt=0.0, le=3600.0
    )
    load_timeout: float = setting(
        300.0, "Loading the estimator that takes longer fails.", unit="s", read_only=True, gt=0.0, le=3600.0
    )
    niceness: int = setting(
        0,
        "How far the estimator steps back for other work on the machine; 19: it takes only what nobody else wants.",
        read_only=True,
        ge=0,
        le=19,
    )
    threads: int = setting(
        0, "Threads of the estimator's libraries at most; 0: as many as there are cores.", read_only=True, ge=0, le=256
    )


class Jumps(StrictModel):
    """What starts a new epoch: an empty map, new ids."""

    backward: float = setting(1.0, "Time set back by more than this.", unit="s", read_only=True, gt=0.0, le=3600.0)
    forward: float = setting(
        3600.0,
        "Time set forward by more than this between two messages of one topic.",
        unit="s",
        read_only=True,
        gt=0.0,
        le=1e9,
    )
    shift: float = setting(
        0.5, "odom moved in map by more than this at once.", unit="m", read_only=True, gt=0.0, le=1000.0
    )
    turn: float = setting(
        0.1, "odom turned in map by more than this at once.", unit="rad", read_only=True, gt=0.0, le=3.2
    )


class Keyframes(StrictModel):
    """Images of the RGB-D cameras that are kept, as they were received."""

    distance: float = setting(
        0.4, "A view this far from all others is kept.", unit="m", read_only=True, gt=0.0, le=100.0
    )
    angle: float = setting(
        0.35, "A view turned this far against all others is kept.", unit="rad", read_only=True, gt=0.0, le=3.2
    )
    refresh: float = setting(
        60.0, "A view older than this gives way to one from its place.", unit="s", read_only=True, gt=0.0, le=1e6
    )
    max_count: int = setting(128, "Views at most; the most superfluous goes first.", read_only=True, ge=1, le=100_000)
    max_bytes: int = setting(128 * 2**20, "Memory of the views at most.", unit="bytes", read_only=True, ge=1, le=2**36)


class Outputs(StrictModel):
    """What is published."""

    cloud_period: float = setting(
        2.0,
        "While somebody listens, the map is published on ~/cloud this often; 0: never.",
        unit="s",
        ge=0.0,
        le=3600.0,
    )
    labels: bool = setting(True, "Draw the names of objects.")
    folder: str = setting("", "Folder that files may be saved in; empty: the working directory.", read_only=True)


class LayoutSettings(StrictModel):
    """Everything that can be set of `layout_node`."""

    autostart: bool = setting(False, "Configure and activate at start, without a lifecycle manager.", read_only=True)
    frames: Frames = Frames()
    inputs: Inputs = Inputs()
    filters: Filters = Filters()
    map: Map = Map()
    estimation: Estimation = Estimation()
    jumps: Jumps = Jumps()
    keyframes: Keyframes = Keyframes()
    outputs: Outputs = Outputs()
