"""When and how the runtime is put in place of a missing ROS 2."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import logging
import os
import sys

from embedded_ros.finder import MESSAGE_PACKAGES, SUPPLIED_PACKAGES, PlainFolderFinder, SuppliedFinder

_LOGGER = logging.getLogger("embedded_ros")
_MODES = ("auto", "off", "force")
_finders: list[SuppliedFinder] = []


class ActivationError(RuntimeError):
    """The runtime cannot be activated without mixing it with parts of a genuine ROS 2."""


def activate(mode: str | None = None) -> bool:
    """Make rclpy and its companions importable; return True when this runtime supplies them.

    mode: ``auto`` (a genuine rclpy wins), ``off`` (never) or ``force`` (also beside a genuine rclpy); without it the
    environment variable ``EMBEDDED_ROS``, else ``auto``. Calling it again has no effect.
    Raises ActivationError when parts of a genuine ROS 2 would be mixed with this runtime, ValueError for another mode.
    """
    chosen = (mode or os.environ.get("EMBEDDED_ROS") or "auto").lower()
    if chosen not in _MODES:
        raise ValueError(f"EMBEDDED_ROS is {chosen!r}; use one of {', '.join(_MODES)}")
    if _finders:
        return True
    if chosen == "off":
        _LOGGER.info("embedded_ros is off; rclpy is left to the installation")
        return False
    if chosen == "auto" and _location("rclpy") is not None:
        _LOGGER.info("genuine rclpy in use: %s", _location("rclpy"))
        return False
    _install(forced=chosen == "force")
    _LOGGER.info("embedded_ros supplies rclpy (%s)", "forced" if chosen == "force" else "no genuine ROS 2 found")
    return True


def is_active() -> bool:
    """Return whether this runtime supplies rclpy in this process."""
    return bool(_finders)


def _install(forced: bool) -> None:
    """Append the finder last; the one in front acts only where plain folders would hide supplied names."""
    _refuse_loaded_modules()
    if forced:
        _add(SuppliedFinder(), first=True)
        return
    genuine = {
        name: where for name in (*SUPPLIED_PACKAGES, *MESSAGE_PACKAGES) if (where := _location(name)) is not None
    }
    if genuine:
        name, where = next(iter(genuine.items()))
        raise ActivationError(
            f"found {len(genuine)} ROS 2 package(s) without rclpy, such as {name} at {where}; install the genuine rclpy, "
            "leave that environment, or set EMBEDDED_ROS=force"
        )
    _add(PlainFolderFinder(), first=True)
    _add(SuppliedFinder(), first=False)


def _add(finder: SuppliedFinder, first: bool) -> None:
    _finders.append(finder)
    if first:
        sys.meta_path.insert(0, finder)
    else:
        sys.meta_path.append(finder)


def _refuse_loaded_modules() -> None:
    loaded = [name for name in (*SUPPLIED_PACKAGES, *MESSAGE_PACKAGES) if name in sys.modules]
    if loaded:
        raise ActivationError(
            f"{loaded[0]} is imported already; call embedded_ros.activate() before importing ROS packages"
        )


def _location(name: str) -> str | None:
    """Return where a genuine package lies, None when there is none."""
    if name in sys.modules:
        return str(getattr(sys.modules[name], "__file__", None) or "sys.modules")
    spec = _find(name)
    return None if spec is None or spec.origin is None else spec.origin


def _find(name: str) -> importlib.machinery.ModuleSpec | None:
    return importlib.machinery.PathFinder.find_spec(name)
