"""Find ROS packages that are not installed in an ament prefix: source folders, wheels and the folder one works in."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import pathlib
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

from embedded_ros.finder import MESSAGE_PACKAGES, SUPPLIED_PACKAGES, SuppliedFinder

PATH_VARIABLE = "EMBEDDED_ROS_PACKAGE_PATH"
MANIFEST = "package.xml"
_IGNORED = {"build", "install", "log", "node_modules", "__pycache__"}
_IGNORE_MARKERS = ("COLCON_IGNORE", "AMENT_IGNORE")
_MAX_DEPTH = 4


def package_name(folder: pathlib.Path) -> str | None:
    """Return the name in the manifest of a folder, None when there is no readable manifest."""
    try:
        name = ElementTree.parse(folder / MANIFEST).getroot().findtext("name")
    except (OSError, ElementTree.ParseError):
        return None
    return name.strip() if name else None


def source_packages() -> dict[str, pathlib.Path]:
    """Return the folders with a manifest by package name: of the path variable, above and below the current folder."""
    found: dict[str, pathlib.Path] = {}
    for folder in _candidate_folders():
        name = package_name(folder)
        if name:
            found.setdefault(name, folder)
    return found


def source_folder(name: str) -> pathlib.Path | None:
    """Return the folder of a package that is in no ament prefix; None if it is nowhere.

    Order: the path variable, the current folder with its parents and subfolders, the data files of the Python
    environment, and the importable Python package of that name (or the folder above it that holds its manifest).
    """
    for folder in _candidate_folders():
        if package_name(folder) == name:
            return folder
    if package_name(pathlib.Path(sys.prefix, "share", name)) == name:
        return pathlib.Path(sys.prefix)
    return _python_folder(name)


def installed_spec(name: str) -> importlib.machinery.ModuleSpec | None:
    """Return where a Python package is installed, nothing of it being imported; None where it is not.

    Editable installations are found by finders of their own, so that a look at ``sys.path`` alone does not suffice.
    """
    for finder in sys.meta_path:
        if not isinstance(finder, SuppliedFinder) and hasattr(finder, "find_spec"):
            spec = finder.find_spec(name, None)
            if spec is not None:
                return spec
    return None


def _candidate_folders() -> Iterator[pathlib.Path]:
    for entry in os.environ.get(PATH_VARIABLE, "").split(os.pathsep):
        if entry:
            yield from _manifest_folders(pathlib.Path(entry).expanduser(), _MAX_DEPTH)
    here = pathlib.Path.cwd()
    for folder in (here, *here.parents):
        if (folder / MANIFEST).is_file():
            yield folder
    yield from _manifest_folders(here, 2)


def _manifest_folders(folder: pathlib.Path, depth: int) -> Iterator[pathlib.Path]:
    """Yield the folders with a manifest, outermost first; a package holds no further packages."""
    if (folder / MANIFEST).is_file():
        yield folder
        return
    if depth == 0:
        return
    try:
        children = sorted(entry for entry in folder.iterdir() if entry.is_dir() and _is_searched(entry))
    except OSError:
        return
    for child in children:
        yield from _manifest_folders(child, depth - 1)


def _is_searched(folder: pathlib.Path) -> bool:
    if folder.name.startswith(".") or folder.name in _IGNORED:
        return False
    return not any((folder / marker).exists() for marker in _IGNORE_MARKERS)


def _python_folder(name: str) -> pathlib.Path | None:
    if name in SUPPLIED_PACKAGES or name in MESSAGE_PACKAGES or not name.isidentifier():
        return None
    spec = installed_spec(name)
    if spec is None or spec.origin is None or not spec.submodule_search_locations:
        return None
    folder = pathlib.Path(spec.origin).parent
    for parent in (folder, *list(folder.parents)[:2]):
        if package_name(parent) == name:
            return parent
    return folder
