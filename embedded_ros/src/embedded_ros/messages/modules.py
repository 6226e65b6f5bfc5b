"""Contents of the modules ``<package>``, ``<package>.msg``, ``<package>.srv`` and ``<package>.action``."""

from __future__ import annotations

import importlib
import types
from typing import Any

from embedded_ros.messages.model import UnknownInterfaceError
from embedded_ros.messages.registry import interface_names
from embedded_ros.messages.services import interface_class

_KINDS = ("msg", "srv", "action")


def fill_module(module: types.ModuleType) -> None:
    """Make attributes of an interface module appear when they are first asked for."""
    package, _, kind = module.__name__.partition(".")
    module.__dict__["__getattr__"] = _lazy_class(module, package, kind) if kind else _lazy_submodule(package)
    if kind:
        module.__dict__["__dir__"] = lambda: interface_names(package, kind)
        module.__doc__ = f"Interfaces of {package} ({kind})."


def _lazy_class(module: types.ModuleType, package: str, kind: str) -> Any:
    def get(name: str) -> Any:
        if name == "__all__":
            return interface_names(package, kind)
        if name.startswith("_"):
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        try:
            found = interface_class(f"{package}/{kind}/{name}")
        except UnknownInterfaceError as error:
            raise AttributeError(f"module {module.__name__!r} has no interface {name!r}: {error}") from error
        setattr(module, name, found)
        return found

    return get


def _lazy_submodule(package: str) -> Any:
    def get(name: str) -> Any:
        if name in _KINDS:
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get
