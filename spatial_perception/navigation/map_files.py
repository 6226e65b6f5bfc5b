"""Grids as the files of nav2's map_server: `NAME.yaml` beside `NAME.pgm`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from spatial_perception.errors import ConfigError, LayoutTextError
from spatial_perception.files import atomic_write
from spatial_perception.navigation.occupancy import FREE, OCCUPIED, UNKNOWN, OccupancyGrid

OCCUPIED_THRESHOLD, FREE_THRESHOLD = 0.65, 0.196
_SHADES = {FREE: 254, OCCUPIED: 0, UNKNOWN: 205}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_MODES = ("trinary", "scale", "raw")
_KEYS = ("image", "resolution", "origin", "occupied_thresh", "free_thresh", "negate")


def write_map(grid: OccupancyGrid, folder: str | os.PathLike[str], name: str = "map", *, mode: str = "trinary") -> Path:
    """Write a grid as `name`.yaml and `name`.pgm into a folder and return the path of the YAML file.

    `mode` trinary keeps free, occupied and unknown; raw keeps every value from 0 to 100, as masks of speed filters need.
    Raises ConfigError for another mode or a name that is no plain file name, OutputError where it cannot be written.
    """
    if mode not in ("trinary", "raw"):
        raise ConfigError(f"unknown map mode '{mode}'; choose trinary or raw")
    if not _NAME.fullmatch(name):
        raise ConfigError(f"'{name}' is no name for map files; use letters, digits, '_', '-' and '.'")
    target = Path(folder)
    atomic_write(target / f"{name}.pgm", _pgm(_pixels(grid.data, mode)))
    return atomic_write(target / f"{name}.yaml", _yaml(grid, f"{name}.pgm", mode))


def _pixels(data: NDArray[np.int8], mode: str) -> NDArray[np.uint8]:
    """The picture of a grid: the first row is the highest y."""
    if mode == "raw":
        pixels = np.where(data < 0, 255, data)
    else:
        pixels = np.select([data == UNKNOWN, data >= 65], [_SHADES[UNKNOWN], _SHADES[OCCUPIED]], _SHADES[FREE])
    return np.asarray(pixels[::-1], dtype=np.uint8)


def _pgm(pixels: NDArray[np.uint8]) -> bytes:
    height, width = pixels.shape
    return f"P5\n{width} {height}\n255\n".encode() + pixels.tobytes()


def _yaml(grid: OccupancyGrid, image: str, mode: str) -> str:
    x, y, yaw = (round(float(v), 9) + 0.0 for v in grid.origin)
    return (
        f"image: {image}\nmode: {mode}\nresolution: {grid.resolution!r}\norigin: [{x!r}, {y!r}, {yaw!r}]\n"
        f"negate: 0\noccupied_thresh: {OCCUPIED_THRESHOLD}\nfree_thresh: {FREE_THRESHOLD}\n"
    )


def read_map(path: str | os.PathLike[str], *, frame_id: str = "map") -> OccupancyGrid:
    """The grid of a map_server YAML file and its image, read as map_server reads them (trinary, scale and raw).

    A pixel of brightness s is occupied with p = 1 - s (s where `negate`); trinary: p above `occupied_thresh` is 100, below
    `free_thresh` 0, else -1; scale: linear between the two; raw: the pixel value itself up to 100. Raises LayoutTextError that
    names file, cause and remedy.
    """
    source = Path(path)
    values = _read_values(source)
    pixels = _read_image(source.parent / str(values["image"]))[::-1]
    data = _cells(pixels, values, source)
    x, y, yaw = values["origin"]
    return OccupancyGrid(data, float(values["resolution"]), (float(x), float(y), float(yaw)), frame_id)


def _read_values(source: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise LayoutTextError(f"{source}: cannot be read ({error.strerror or error}); check the path") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LayoutTextError(f"{source}: not valid YAML; correct the file") from error
    if not isinstance(values, dict):
        raise LayoutTextError(f"{source}: holds no map; write keys such as image and resolution")
    missing = [key for key in _KEYS if key not in values]
    if missing:
        raise LayoutTextError(f"{source}: has no '{missing[0]}'; add it")
    _check_values(values, source)
    return values


def _check_values(values: dict[str, Any], source: Path) -> None:
    origin, resolution = values["origin"], values["resolution"]
    if not (isinstance(origin, list) and len(origin) == 3 and all(_is_number(v) for v in origin)):
        raise LayoutTextError(f"{source}: origin must be three numbers [x, y, yaw]")
    if not (_is_number(resolution) and resolution > 0):
        raise LayoutTextError(f"{source}: resolution must be a number above 0")
    if values.get("mode", "trinary") not in _MODES:
        raise LayoutTextError(f"{source}: mode must be one of {', '.join(_MODES)}")
    thresholds = values["free_thresh"], values["occupied_thresh"]
    if not (all(_is_number(v) for v in thresholds) and 0 <= thresholds[0] < thresholds[1] <= 1):
        raise LayoutTextError(f"{source}: free_thresh must be below occupied_thresh, both in [0, 1]")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and bool(np.isfinite(value))


def _read_image(path: Path) -> NDArray[np.float64]:
    """The brightness of each pixel (H, W) in [0, 1], the mean of its colours."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            pixels = np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"), dtype=np.float64)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as error:
        raise LayoutTextError(f"{path}: no image that can be read; give a .pgm or .png beside the YAML file") from error
    return np.asarray((pixels.mean(axis=2) if pixels.ndim == 3 else pixels) / 255.0)


def _cells(shade: NDArray[np.float64], values: dict[str, Any], source: Path) -> NDArray[np.int8]:
    if not shade.size:
        raise LayoutTextError(f"{source}: its image is empty; write the map again")
    mode, low, high = values.get("mode", "trinary"), values["free_thresh"], values["occupied_thresh"]
    if mode == "raw":
        raw = np.round(shade * 255)
        return np.asarray(np.where(raw <= 100, raw, UNKNOWN), dtype=np.int8)
    occupied = shade if values["negate"] else 1.0 - shade
    between = np.rint((occupied - low) / (high - low) * 100) if mode == "scale" else np.full(shade.shape, UNKNOWN)
    return np.asarray(np.select([occupied > high, occupied < low], [OCCUPIED, FREE], between), dtype=np.int8)
