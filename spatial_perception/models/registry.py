"""Estimators and answerers by name. A kind is imported when it is asked for, so that torch loads only for those who use it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast, get_type_hints

from pydantic import BaseModel

from spatial_perception.configuration import nested_model
from spatial_perception.errors import AnswererError, EstimatorError, MissingExtraError, MissingModelError
from spatial_perception.models.base import LayoutEstimator, QuestionAnswerer

ESTIMATORS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "geometric": ("spatial_perception.models.geometric.pipeline", "GeometricEstimator"),
        "nano": ("spatial_perception.models.spatiallm.nano", "NanoEstimator"),
    }
)
"""Name of an estimator -> (module, class); the class is called with the settings as keywords."""

AUTO = "auto"
"""The best estimator that runs here."""

ANSWERERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"geometric": ("spatial_perception.reasoning.solver", "SpatialSolver")}
)
"""Name of an answerer -> (module, class); the class is called with `fallback`."""

_BEST_ANSWERER = {"auto": "geometric"}
_CHECKPOINTS = "spatial_perception.models.spatiallm.pipeline"
_CHECKPOINT_SETTINGS = "spatial_perception.models.spatiallm.settings"
_SETTINGS: Mapping[str, tuple[str, str]] = MappingProxyType({"nano": (_CHECKPOINT_SETTINGS, "NanoSettings")})
"""Estimators that need torch -> (module, class) of their settings, which do not."""
_NEEDED = ("torch", "transformers", "safetensors")


def load_estimator(name_or_path: str = AUTO, **settings: Any) -> LayoutEstimator:
    """The estimator called `name_or_path`, with `settings` of its own configuration.

    "geometric" needs no weights; "nano" is the small trained model in the box, which reads what "geometric" finds, and needs
    torch; "auto" is "nano", or "geometric" where torch is not installed. A directory or a hub id (owner/name) is a SpatialLM
    checkpoint, with the settings of `CheckpointSettings`.
    Raises EstimatorError for a name that is not known or a checkpoint that cannot be used, ConfigError for a setting
    that is unknown or out of range, and MissingExtraError where a checkpoint needs packages that are not installed.
    """
    name = _that_runs(name_or_path)
    if name not in ESTIMATORS:
        return _load_checkpoint(str(name), settings)
    if name in _SETTINGS:
        _check_packages(name)
    module, factory = ESTIMATORS[name]
    estimator: LayoutEstimator = getattr(import_module(module), factory)(**settings)
    return estimator


def load_answerer(name_or_path: str = "auto", fallback: QuestionAnswerer | None = None) -> QuestionAnswerer:
    """The answerer called `name_or_path`.

    "geometric" measures and needs no weights; "auto" picks the best that runs here, for now "geometric". Questions that
    it cannot read go to `fallback`, such as a language model, where one is given.
    Raises MissingModelError for a directory or a hub id, AnswererError for another name that is not known.
    """
    name = _BEST_ANSWERER.get(name_or_path, name_or_path)
    if name in ANSWERERS:
        module, factory = ANSWERERS[name]
        answerer: QuestionAnswerer = getattr(import_module(module), factory)(fallback=fallback)
        return answerer
    if is_checkpoint(str(name)):
        raise MissingModelError(
            f'cannot load {name!r}: this version runs no language models that answer; use "geometric", which needs none'
        )
    known = ", ".join(sorted([*ANSWERERS, *_BEST_ANSWERER]))
    raise AnswererError(f"cannot load answerer {name!r}: there is no such answerer; choose one of: {known}")


def settings_model(name_or_path: str) -> type[BaseModel] | None:
    """The pydantic model of the settings that `load_estimator` takes for this name; None if there are none.

    Raises what `load_estimator` raises for the name itself; a checkpoint is not opened.
    """
    name = _that_runs(name_or_path)
    if name not in ESTIMATORS:
        _check_checkpoint_name(str(name))
        return cast("type[BaseModel]", import_module(_CHECKPOINT_SETTINGS).CheckpointSettings)
    if name in _SETTINGS:
        module, settings = _SETTINGS[name]
        return cast("type[BaseModel]", getattr(import_module(module), settings))
    module, factory = ESTIMATORS[name]
    return nested_model(get_type_hints(getattr(import_module(module), factory).__init__).get("config"))


def is_checkpoint(name_or_path: str) -> bool:
    """Whether a name is that of a checkpoint, a directory or a hub id, rather than of a known estimator."""
    return name_or_path not in (*ESTIMATORS, AUTO) and (
        any(mark in name_or_path for mark in "/\\.") or Path(name_or_path).is_dir()
    )


def _load_checkpoint(name: str, settings: Mapping[str, Any]) -> LayoutEstimator:
    _check_checkpoint_name(name)
    estimator: LayoutEstimator = import_module(_CHECKPOINTS).load_estimator(name, **settings)
    return estimator


def _check_checkpoint_name(name: str) -> None:
    """Raise EstimatorError for a plain word, MissingExtraError where what reads checkpoints is absent."""
    if not is_checkpoint(name):
        known = ", ".join(sorted([*ESTIMATORS, AUTO]))
        raise EstimatorError(
            f"cannot load estimator {name!r}: there is no such estimator; choose one of: {known}, a checkpoint "
            "directory, or a hub id such as owner/name"
        )
    _check_packages("a checkpoint")


def _that_runs(name: str) -> str:
    """The name itself; for "auto" that of the best estimator whose packages are installed."""
    if name != AUTO:
        return name
    return "geometric" if _missing() else "nano"


def _missing() -> list[str]:
    return [package for package in _NEEDED if find_spec(package) is None]


def _check_packages(what: str) -> None:
    """Raise MissingExtraError where what reads weights is absent."""
    missing = _missing()
    if missing:
        raise MissingExtraError(
            f'{what} needs {", ".join(missing)}, not installed; pip install "spatial_perception[models]"'
        )
