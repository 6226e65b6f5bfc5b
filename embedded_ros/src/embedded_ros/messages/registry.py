"""Where definitions come from: the user's packages, the bundled texts and the type stores of rosbags.

Order: definitions registered by hand, the stores of rosbags, the bundled texts, then packages found on
``AMENT_PREFIX_PATH`` (installed shares) and source folders as ``embedded_ros.packages`` finds them.
"""

from __future__ import annotations

import functools
import os
import pathlib
import re
import threading

from embedded_ros.messages import parser, stock
from embedded_ros.messages.model import Structure, UnknownInterfaceError, split_name
from embedded_ros.packages import source_folder

_registered: dict[str, Structure] = {}
_folders: dict[str, pathlib.Path] = {}
_lock = threading.RLock()
_PART_SUFFIX = re.compile(
    r"_(?:(?:SendGoal|GetResult)(?:_(?:Request|Response|Event))?|Request|Response|Event|Goal|Result|Feedback|FeedbackMessage)$"
)


def register_text(name: str, text: str) -> None:
    """Register the definition text of ``package/msg|srv|action/Name``; raises DefinitionError."""
    full = "/".join(split_name(name))
    for found in _parse(full, text):
        _registered[found.name] = found


def register_package_folder(folder: str | os.PathLike[str]) -> str:
    """Make the interfaces of a package's source or share folder known; return the package's name.

    folder: holds ``package.xml`` (else the folder's own name counts) and ``msg/``, ``srv/`` or ``action/``.
    Raises FileNotFoundError when it has none of them.
    """
    path = pathlib.Path(folder)
    if not any((path / kind).is_dir() for kind in ("msg", "srv", "action")):
        raise FileNotFoundError(f"{path} has no msg, srv or action folder")
    name = _package_name(path)
    _folders[name] = path
    _package_folder.cache_clear()
    return name


def structure(name: str) -> Structure:
    """Return the message structure of the full name; raises UnknownInterfaceError."""
    with _lock:
        if name in _registered:
            return _registered[name]
        for source in (stock.from_rosbags, _from_bundle, _from_folder):
            for found in source(name):
                _registered.setdefault(found.name, found)
            if name in _registered:
                return _registered[name]
    raise UnknownInterfaceError(_advice(name))


def definition_text(name: str) -> str | None:
    """Return the source text of an interface when one is at hand."""
    package, kind, last = split_name(name)
    bundled = stock.bundled_texts(package).get(f"{kind}/{last}")
    if bundled is not None:
        return bundled
    file = _definition_file(package, kind, last)
    return file.read_text(encoding="utf-8") if file else None


def interface_names(package: str, kind: str) -> list[str]:
    """Return the names of all interfaces of one kind in a package, without the parts of services and actions."""
    names = {
        last
        for full in (*_registered, *stock.rosbags_names())
        for pkg, k, last in [full.split("/")]
        if (pkg, k) == (package, kind)
    }
    names |= {key.split("/")[1] for key in stock.bundled_texts(package) if key.split("/")[0] == kind}
    folder = _package_folder(package)
    if folder is not None:
        names |= {file.stem for file in (folder / kind).glob(f"*.{kind}")}
    if kind != "msg":
        names = {_PART_SUFFIX.sub("", name) for name in names}
    return sorted(names)


def has_interfaces(package: str, kind: str = "") -> bool:
    """Return whether a package that is not part of the fixed list defines interfaces (of one kind, if given)."""
    kinds = (kind,) if kind else ("msg", "srv", "action")
    if any(name.split("/")[0] == package and name.split("/")[1] in kinds for name in _registered):
        return True
    folder = _package_folder(package)
    return folder is not None and any((folder / k).is_dir() for k in kinds)


def _from_bundle(name: str) -> list[Structure]:
    package, kind, last = split_name(name)
    whole = last if kind == "msg" else _PART_SUFFIX.sub("", last)
    text = stock.bundled_texts(package).get(f"{kind}/{whole}")
    return [] if text is None else _parse(f"{package}/{kind}/{whole}", text)


def _from_folder(name: str) -> list[Structure]:
    package, kind, last = split_name(name)
    whole = last if kind == "msg" else _PART_SUFFIX.sub("", last)
    file = _definition_file(package, kind, whole)
    return [] if file is None else _parse(f"{package}/{kind}/{whole}", file.read_text(encoding="utf-8"))


def _parse(full: str, text: str) -> list[Structure]:
    kind = full.split("/")[1]
    if kind == "msg":
        return [parser.parse_message(text, full)]
    return parser.parse_service(text, full) if kind == "srv" else parser.parse_action(text, full)


def _definition_file(package: str, kind: str, last: str) -> pathlib.Path | None:
    folder = _package_folder(package)
    file = folder / kind / f"{last}.{kind}" if folder else None
    return file if file is not None and file.is_file() else None


@functools.cache
def _package_folder(package: str) -> pathlib.Path | None:
    """Return the folder that holds a package's interface definitions."""
    if package in _folders:
        return _folders[package]
    for prefix in _paths("AMENT_PREFIX_PATH"):
        if _has_definitions(prefix / "share" / package):
            return prefix / "share" / package
    folder = source_folder(package)
    if folder is None:
        return None
    # Wheels carry their share folder inside the Python package, or as data files of the environment.
    return next((path for path in (folder / "share" / package, folder) if _has_definitions(path)), None)


def _has_definitions(folder: pathlib.Path) -> bool:
    return any((folder / kind).is_dir() for kind in ("msg", "srv", "action"))


def _package_name(folder: pathlib.Path) -> str:
    manifest = folder / "package.xml"
    if manifest.is_file():
        match = re.search(r"<name>\s*([\w-]+)\s*</name>", manifest.read_text(encoding="utf-8"))
        if match:
            return match[1]
    return folder.resolve().name


def _paths(variable: str) -> list[pathlib.Path]:
    return [pathlib.Path(part) for part in os.environ.get(variable, "").split(os.pathsep) if part]


def _advice(name: str) -> str:
    return (
        f"no definition of {name!r}; put the package's folder on EMBEDDED_ROS_PACKAGE_PATH, its prefix on AMENT_PREFIX_PATH, "
        "or call embedded_ros.messages.registry.register_package_folder()"
    )
