"""Descriptions of parameters and composable nodes."""

from __future__ import annotations

from typing import Any

from launch._submodules import register_submodules

from ..parameter_descriptions import Parameter, ParameterFile, ParameterValue

__all__ = ["ComposableNode", "Parameter", "ParameterFile", "ParameterValue"]


class ComposableNode:
    """A node that is loaded into a container of compiled nodes; not supported."""

    def __init__(self, **kwargs: Any) -> None:
        raise NotImplementedError("launch_ros.descriptions.ComposableNode is not supported by embedded_ros; use Node")


register_submodules(__name__, __all__)
