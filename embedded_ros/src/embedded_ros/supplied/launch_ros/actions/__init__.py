"""Actions that start nodes and set what they have in common."""

from __future__ import annotations

from typing import Any

from launch._submodules import register_submodules

from .lifecycle_node import LifecycleNode
from .node import Node
from .settings import (
    PushROSNamespace,
    PushRosNamespace,
    SetParameter,
    SetParametersFromFile,
    SetRemap,
    SetROSLogDir,
    SetUseSimTime,
)

__all__ = [
    "ComposableNodeContainer",
    "LifecycleNode",
    "LoadComposableNodes",
    "Node",
    "PushROSNamespace",
    "PushRosNamespace",
    "RosTimer",
    "SetParameter",
    "SetParametersFromFile",
    "SetROSLogDir",
    "SetRemap",
    "SetUseSimTime",
]


class _Unsupported:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(f"launch_ros.actions.{type(self).__name__} is not supported by embedded_ros")


class ComposableNodeContainer(_Unsupported):
    """A container of compiled nodes; not supported."""


class LoadComposableNodes(_Unsupported):
    """Loads compiled nodes into a container; not supported."""


class RosTimer(_Unsupported):
    """A timer in ROS time; not supported, use ``launch.actions.TimerAction``."""


register_submodules(__name__, __all__)
