"""Layout files of every form, told apart by suffix and, where clouds share the suffix, by content."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from spatial_perception.errors import LayoutTextError, OutputError

if TYPE_CHECKING:
    from spatial_perception.layout.entities import Layout

_LINE = re.compile(rb"\s*(wall|door|window|bbox)_\d+\s*=")
READABLE = (".txt", ".json")
WRITABLE = (".txt", ".json", ".geojson")


def is_layout_file(path: Path) -> bool:
    """Whether a file holds a layout: .json and .geojson do, .txt where its first line is one of the layout language."""
    suffix = path.suffix.lower()
    if suffix != ".txt":
        return suffix in (".json", ".geojson")
    try:
        with open(path, "rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return not head.strip() or _LINE.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


def read_any_layout(path: Path) -> Layout:
    """The layout of a .txt or .json file; raises LayoutTextError that names file, place and remedy."""
    from spatial_perception.layout.json import load_layout
    from spatial_perception.layout.text import read_layout

    suffix = path.suffix.lower()
    if suffix not in READABLE:
        raise LayoutTextError(f"{path}: layouts are read from {' and '.join(READABLE)}; '{suffix}' is for output only")
    return load_layout(path) if suffix == ".json" else read_layout(path)


def layout_writer(path: Path) -> Callable[[Layout, Path], object]:
    """The function that writes a layout in the form that a suffix asks for; raises OutputError for another suffix."""
    from spatial_perception.layout.geojson import write_geojson
    from spatial_perception.layout.json import write_json
    from spatial_perception.layout.text import write_layout

    writers: dict[str, Callable[[Layout, Path], object]] = {
        ".txt": write_layout,
        ".json": write_json,
        ".geojson": write_geojson,
    }
    if path.suffix.lower() not in writers:
        raise OutputError(f"{path}: layouts are written to {' '.join(WRITABLE)}; choose one of these suffixes")
    return writers[path.suffix.lower()]
