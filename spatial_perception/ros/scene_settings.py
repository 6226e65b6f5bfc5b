"""The parameters of `scene_node`."""

from __future__ import annotations

from spatial_perception.configuration import StrictModel
from spatial_perception.ros.consumer_settings import ConsumerFrames, ConsumerJumps, RobotBody
from spatial_perception.ros.parameters import setting


class SceneInputs(StrictModel):
    """What is subscribed to."""

    layout: str = setting("layout_node/layout", "Topic of layouts (spatial_perception/Layout).", read_only=True)
    rooms: str = setting(
        "navigation_node/rooms",
        "Topic of room graphs, so that both nodes give rooms the same ids; empty: own ids.",
        read_only=True,
    )
    grid: str = setting(
        "",
        "Topic of an OccupancyGrid (such as map of a SLAM node) that proposals are checked against; empty: none.",
        read_only=True,
    )


class Questions(StrictModel):
    """How questions are taken on and answered."""

    queue: int = setting(8, "Questions that wait at most; more are refused.", read_only=True, ge=1, le=16)
    threads: int = setting(2, "Questions that are measured at the same time.", read_only=True, ge=1, le=4)
    rate: float = setting(10.0, "Questions per second at most, bursts of twice as many; 0: any number.", unit="Hz",
                          read_only=True, ge=0.0, le=1000.0)  # fmt: skip
    max_time: float = setting(10.0, "Time for one answer.", unit="s", gt=0.0, le=600.0)
    model: str = setting(
        "", "Language model that is asked what geometry cannot answer: a name, folder or hub id; empty: none.",
        read_only=True,
    )  # fmt: skip


class SceneAge(StrictModel):
    """From when on a layout is too old; layouts are not published while nothing changes, so be generous."""

    max_age: float = setting(
        300.0, "Answers from an older layout have the status STALE_SCENE; 0: never.", unit="s", ge=0.0, le=1e9
    )
    max_age_of_edits: float = setting(
        60.0, "The same for proposals where to put things; 0: never.", unit="s", ge=0.0, le=1e9
    )


class SceneOutputs(StrictModel):
    """What is shown."""

    markers: bool = setting(True, "Draw each answer: what was meant, distances, proposals, the sentence.")


class SceneSettings(StrictModel):
    """Everything that can be set of `scene_node`."""

    autostart: bool = setting(False, "Configure and activate at start, without a lifecycle manager.", read_only=True)
    frames: ConsumerFrames = ConsumerFrames()
    inputs: SceneInputs = SceneInputs()
    questions: Questions = Questions()
    scene: SceneAge = SceneAge()
    robot: RobotBody = RobotBody()
    outputs: SceneOutputs = SceneOutputs()
    jumps: ConsumerJumps = ConsumerJumps()
