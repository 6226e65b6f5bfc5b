"""Indoor layouts, boxes and spatial answers from point clouds and video.

Importing this package is cheap: numpy, torch and the rest are loaded when a name that needs them is first used.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import extend_path
from typing import TYPE_CHECKING, Any

from spatial_perception._version import __version__

# A colcon overlay merges generated msg/srv/action modules with this source folder.
__path__ = extend_path(__path__, __name__)

if TYPE_CHECKING:
    from spatial_perception.errors import SpatialPerceptionError
    from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
    from spatial_perception.models.registry import load_answerer, load_estimator
    from spatial_perception.pointcloud.cloud import PointCloud
    from spatial_perception.pointcloud.io import read_cloud, write_cloud
    from spatial_perception.reasoning.scene import make_scene

_HOMES = {
    "SpatialPerceptionError": "spatial_perception.errors",
    "Box": "spatial_perception.layout.entities",
    "Door": "spatial_perception.layout.entities",
    "Layout": "spatial_perception.layout.entities",
    "Wall": "spatial_perception.layout.entities",
    "Window": "spatial_perception.layout.entities",
    "PointCloud": "spatial_perception.pointcloud.cloud",
    "read_cloud": "spatial_perception.pointcloud.io",
    "write_cloud": "spatial_perception.pointcloud.io",
    "load_answerer": "spatial_perception.models.registry",
    "load_estimator": "spatial_perception.models.registry",
    "make_scene": "spatial_perception.reasoning.scene",
}

__all__ = [
    "Box",
    "Door",
    "Layout",
    "PointCloud",
    "SpatialPerceptionError",
    "Wall",
    "Window",
    "__version__",
    "load_answerer",
    "load_estimator",
    "make_scene",
    "read_cloud",
    "write_cloud",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its home module on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
