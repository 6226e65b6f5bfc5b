"""One moment of an RGB-D camera: the messages that belong together, as a cloud and as a keyframe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spatial_perception.errors import CloudError
from spatial_perception.mapping.depth import DepthSettings
from spatial_perception.mapping.keyframes import Keyframe
from spatial_perception.mapping.pose import Pose
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.ros.convert.images import camera_model, cloud_from_rgbd, stored_image
from spatial_perception.ros.convert.stamps import nanoseconds
from spatial_perception.ros.layout_settings import Inputs
from spatial_perception.ros.transforms import pose_between

if TYPE_CHECKING:
    from sensor_msgs.msg import CameraInfo
    from tf2_ros import Buffer


@dataclass(frozen=True)
class CameraTopics:
    """Names of one camera's topics; `colour` and `colour_info` are empty where there are none."""

    depth: str
    info: str
    colour: str = ""
    colour_info: str = ""

    @classmethod
    def below(cls, camera: str, inputs: Inputs) -> CameraTopics:
        """The topics below the namespace of a camera, as the parameters name them."""
        chosen = (inputs.depth, inputs.info, inputs.colour, inputs.colour_info if inputs.colour else "")
        depth, info, colour, colour_info = (f"{camera.rstrip('/')}/{name}" if name else "" for name in chosen)
        return cls(depth, info, colour, colour_info)

    @property
    def names(self) -> list[str]:
        """All that there are, depth first."""
        return [name for name in (self.depth, self.info, self.colour, self.colour_info) if name]

    @property
    def is_rectified(self) -> bool:
        """Whether images are undistorted, as their name then says: `image_rect`, `image_rect_color`, `image_rect_raw`."""
        return "image_rect" in self.depth


@dataclass(frozen=True, eq=False)
class RgbdFrame:
    """Depth image with its camera, and, where there are, colour image and its camera. Nothing is decoded yet."""

    depth: Any
    info: CameraInfo
    colour: Any
    colour_info: CameraInfo | None
    rectified: bool
    settings: DepthSettings
    buffer: Buffer

    @classmethod
    def of(cls, topics: CameraTopics, messages: Sequence[Any], settings: DepthSettings, buffer: Buffer) -> RgbdFrame:
        """From messages in the order of `CameraTopics.names`."""
        depth, info, *rest = messages
        colour, colour_info = (*rest, None, None)[:2]
        return cls(depth, info, colour, colour_info, topics.is_rectified, settings, buffer)

    def cloud(self) -> PointCloud:
        """The points of the depth image, in its frame, with colour where there is. Raises CloudError, ConfigError."""
        between = None if self.colour_info is None else self._depth_in_colour()
        return cloud_from_rgbd(
            self.depth, self.info, self.colour, self.settings, colour_info=self.colour_info, depth_in_colour=between,
            rectified=self.rectified,
        )  # fmt: skip

    def keyframe(self, pose: Pose, stamp: float) -> Keyframe:
        """The images as they were received; `pose` is that of the depth image's frame in the map."""
        depth_camera = camera_model(self.info, rectified=self.rectified)
        depth, colour = stored_image(self.depth), stored_image(self.colour)
        if self.colour_info is None:
            return Keyframe(stamp, pose, depth_camera, colour, depth, depth_camera)
        camera = camera_model(self.colour_info, rectified=self.rectified)
        return Keyframe(stamp, pose @ self._depth_in_colour().inverse(), camera, colour, depth, depth_camera)

    def _depth_in_colour(self) -> Pose:
        """The pose of the depth camera in the colour camera. Raises CloudError where TF does not know it."""
        target, source = self.colour.header.frame_id.lstrip("/"), self.depth.header.frame_id.lstrip("/")
        if target == source:
            return Pose()
        found = pose_between(self.buffer, target, source, nanoseconds(self.depth.header.stamp))
        if found is None:
            raise CloudError(
                f"no transform {target} <- {source} between the two cameras; publish it, or use a depth image that is "
                "registered to colour and leave inputs.colour_info empty"
            )
        return found
