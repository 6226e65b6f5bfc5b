"""The tree of errors: each message is one line that names the cause and the remedy.

`cli.main` and node callbacks catch the root.
"""

from __future__ import annotations


class SpatialPerceptionError(Exception):
    """Root of all errors that this package raises on purpose."""


class CloudFileError(SpatialPerceptionError):
    """A point cloud file is missing, empty, truncated, corrupt or of an unknown kind."""


class CloudError(SpatialPerceptionError):
    """A point cloud in memory cannot be used: too few points, wrong shape, nothing finite."""


class LayoutTextError(SpatialPerceptionError):
    """Layout text or JSON breaks the layout language."""


class LayoutError(SpatialPerceptionError):
    """Entities contradict one another or hold impossible values."""


class ConfigError(SpatialPerceptionError):
    """A configuration has an unknown key or a value out of its range."""


class MissingExtraError(SpatialPerceptionError):
    """An optional dependency is not installed; the message names the extra that brings it."""


class EstimatorError(SpatialPerceptionError):
    """An estimator is unknown, cannot be loaded, or failed on its input."""


class AnswererError(SpatialPerceptionError):
    """An answerer is unknown, or cannot be loaded."""


class MissingModelError(AnswererError):
    """A model is asked for that this version cannot run; the message names what answers instead."""


class EvaluationError(SpatialPerceptionError):
    """Predictions and truth cannot be compared: files missing or unreadable metadata."""


class OutputError(SpatialPerceptionError):
    """A result cannot be written."""


class MiddlewareError(SpatialPerceptionError):
    """ROS 2 is there but cannot communicate: no network interface, no permission."""


class NodeError(SpatialPerceptionError):
    """A node or tool of a running system cannot be started, has ended by itself, or does not answer."""
