"""Estimators by name. A kind is imported when it is asked for, so that torch loads only for those who use it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from spatial_perception.errors import EstimatorError
from spatial_perception.models.base import LayoutEstimator

ESTIMATORS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"geometric": ("spatial_perception.models.geometric.pipeline", "GeometricEstimator")}
)
"""Name of an estimator -> (module, class); the class is called with the settings as keywords."""

_ALIASES: Mapping[str, str] = MappingProxyType({"auto": "geometric"})


def load_estimator(name_or_path: str = "geometric", **settings: Any) -> LayoutEstimator:
    """The estimator called `name_or_path`, with `settings` of its own configuration.

    "geometric" needs no weights; "auto" picks the best that runs here, for now "geometric".
    Raises EstimatorError for a name that is not known (checkpoints are not supported yet) and ConfigError for a setting
    that is unknown or out of range.
    """
    name = _ALIASES.get(name_or_path, name_or_path)
    if name not in ESTIMATORS:
        known = ", ".join(sorted([*ESTIMATORS, *_ALIASES]))
        kind = "checkpoints are not supported yet" if _looks_like_checkpoint(name) else "there is no such estimator"
        raise EstimatorError(f"cannot load estimator {name_or_path!r}: {kind}; choose one of: {known}")
    module, factory = ESTIMATORS[name]
    estimator: LayoutEstimator = getattr(import_module(module), factory)(**settings)
    return estimator


def _looks_like_checkpoint(name: str) -> bool:
    """Whether a name is a path or a hub id rather than a plain word."""
    return "/" in name or "\\" in name or "." in name
