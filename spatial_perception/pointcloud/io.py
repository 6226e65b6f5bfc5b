"""Point cloud files: `read_cloud`, `read_cloud_report`, `probe_cloud` and `write_cloud`.

The readers are our own numpy code: the usual library for PLY is under the GPL, those for PCD need compiled parts, and
none checks a header's promises against the size of the file before it allocates.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from spatial_perception.errors import CloudFileError, MissingExtraError
from spatial_perception.pointcloud.arrays import read_bin, read_npy, read_npz
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.pcd import read_pcd, read_pcd_header
from spatial_perception.pointcloud.ply import read_ply, read_ply_header
from spatial_perception.pointcloud.table import ReadReport, Table, build_cloud, find_colour
from spatial_perception.pointcloud.text import count_lines, read_text, read_text_head
from spatial_perception.pointcloud.writing import WRITE_SUFFIXES, write_cloud

__all__ = [
    "MESH_SUFFIXES", "READ_SUFFIXES", "WRITE_SUFFIXES", "CloudSummary", "ReadReport", "cloud_files", "probe_cloud",
    "read_cloud", "read_cloud_report", "write_cloud",
]  # fmt: skip

_READERS: MappingProxyType[str, Callable[[str], Table]] = MappingProxyType(
    {
        ".ply": read_ply, ".pcd": read_pcd, ".npz": read_npz, ".npy": read_npy, ".bin": read_bin,
        ".xyz": read_text, ".txt": read_text, ".asc": read_text, ".csv": read_text, ".pts": read_text,
        ".xyzrgb": read_text, ".xyzn": read_text,
    }
)  # fmt: skip
READ_SUFFIXES = tuple(_READERS)
MESH_SUFFIXES = (".obj", ".off", ".stl", ".gltf", ".glb")
_TEXT_SUFFIXES = tuple(suffix for suffix, reader in _READERS.items() if reader is read_text)


@dataclass(frozen=True)
class CloudSummary:
    """What the first bytes of a file say: kind, number of points (NaN included; for text an estimate from the lines),
    column names, whether there are colour fields, and the size of the file in bytes."""

    path: str
    format: str
    points: int
    fields: tuple[str, ...]
    has_colour: bool
    file_bytes: int


def read_cloud(path: str | os.PathLike[str], *, frame_id: str = "", stamp: float = 0.0) -> PointCloud:
    """Read the finite points of a file, with colours where it holds them; the suffix decides the format.

    Raises CloudFileError (missing, empty, truncated, corrupt, unknown kind, no coordinates, nothing finite) and
    MissingExtraError (a mesh file, and Open3D is not installed).
    """
    return read_cloud_report(path, frame_id=frame_id, stamp=stamp)[0]


def read_cloud_report(
    path: str | os.PathLike[str], *, frame_id: str = "", stamp: float = 0.0
) -> tuple[PointCloud, ReadReport]:
    """As `read_cloud`, with a report of what was found, dropped and assumed."""
    name = os.fspath(path)
    suffix = _checked_suffix(name)
    try:
        table = _READERS[suffix](name) if suffix in _READERS else _read_mesh(name)
        return build_cloud(table, name, frame_id, stamp)
    except OSError as error:
        raise CloudFileError(
            f"{name}: cannot be read: {error.strerror or error}; check the file and its rights"
        ) from error
    except MemoryError as error:
        raise CloudFileError(f"{name}: does not fit into memory; split or down-sample the cloud first") from error


def _checked_suffix(path: str) -> str:
    """The lower-case suffix of a file that exists and is not empty; raises CloudFileError otherwise."""
    suffix = Path(path).suffix.lower()
    if "\0" in path:
        raise CloudFileError(f"{path!r}: is not a file name")
    if not os.path.exists(path):
        raise CloudFileError(f"{path}: no such file; check the path")
    if os.path.isdir(path):
        raise CloudFileError(f"{path}: is a folder; name a file in it")
    if suffix not in READ_SUFFIXES + MESH_SUFFIXES:
        known = " ".join(READ_SUFFIXES)
        raise CloudFileError(f"{path}: unknown kind of file '{suffix}'; convert it to one of {known}")
    if os.path.getsize(path) == 0:
        raise CloudFileError(f"{path}: is empty (0 bytes); copy or export it again")
    return suffix


def _read_mesh(path: str) -> Table:
    """The vertices of a mesh file, through Open3D."""
    try:
        import open3d
    except ImportError as error:
        raise MissingExtraError(
            f"{path}: mesh files need Open3D ({' '.join(str(error).split())[:120]}); convert the file to .ply, or"
            " pip install 'spatial_perception[open3d]'"
        ) from error
    with open3d.utility.VerbosityContextManager(open3d.utility.VerbosityLevel.Error):
        mesh = open3d.io.read_triangle_mesh(Path(path))
    vertices = np.asarray(mesh.vertices)
    columns = {name: vertices[:, i] for i, name in enumerate(("x", "y", "z"))}
    if mesh.has_vertex_colors():
        colours = np.asarray(mesh.vertex_colors)
        columns.update({name: colours[:, i] for i, name in enumerate(("red", "green", "blue"))})
    return Table(columns, "mesh", notes=("the vertices of the mesh serve as points: large faces hold few",))


def probe_cloud(path: str | os.PathLike[str]) -> CloudSummary:
    """Read only the header: what kind of file it is, how many points it promises, which columns.

    Raises CloudFileError as `read_cloud` does where the header alone shows the fault.
    """
    name = os.fspath(path)
    suffix = _checked_suffix(name)
    try:
        kind, points, fields, colour = _probe(name, suffix)
    except OSError as error:
        raise CloudFileError(
            f"{name}: cannot be read: {error.strerror or error}; check the file and its rights"
        ) from error
    return CloudSummary(name, kind, points, fields, colour, os.path.getsize(name))


def _probe(path: str, suffix: str) -> tuple[str, int, tuple[str, ...], bool]:
    if suffix == ".ply":
        return _probe_ply(path)
    if suffix == ".pcd":
        header = read_pcd_header(path)
        fields = tuple(field.name for field in header.fields)
        return f"PCD {header.encoding}", header.points, fields, _has_colour(fields)
    if suffix in _TEXT_SUFFIXES:
        head = read_text_head(path)
        names = head.names or tuple(f"column {i + 1}" for i in range(head.columns))
        colour = _has_colour(names) or (not head.names and head.columns >= 6 and suffix != ".xyzn")
        return "text", count_lines(path) - head.skip, names, colour
    table = _READERS[suffix](path) if suffix in _READERS else _read_mesh(path)
    points = len(next(iter(table.columns.values()), ()))
    return table.format, points, tuple(table.columns), find_colour(table.columns) is not None


def _probe_ply(path: str) -> tuple[str, int, tuple[str, ...], bool]:
    header = read_ply_header(path)
    if header.vertex is None:
        raise CloudFileError(f"{path}: PLY file has no 'vertex' element; export it as a point cloud")
    fields = tuple(prop.name for prop in header.vertex.properties)
    return f"PLY {header.encoding}", header.vertex.count, fields, _has_colour(fields)


def _has_colour(fields: tuple[str, ...]) -> bool:
    return find_colour({name: np.empty(0, np.float32) for name in fields}) is not None


def cloud_files(folder: str | os.PathLike[str]) -> list[Path]:
    """The readable cloud files directly in `folder`, sorted by name.

    Files in .txt and .csv are left out: folders of results are full of them. Raises CloudFileError
    when `folder` is no folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise CloudFileError(f"{root}: is not a folder; check the path")
    wanted = set(READ_SUFFIXES) - {".txt", ".csv"}
    return sorted(path for path in root.iterdir() if path.suffix.lower() in wanted and path.is_file())
