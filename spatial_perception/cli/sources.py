"""Which clouds a command works on, and what their results are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spatial_perception.errors import CloudFileError, OutputError


@dataclass(frozen=True)
class Source:
    """A cloud file and the name, without suffix, of everything that is made from it."""

    path: Path
    name: str


def collect(paths: Sequence[Path]) -> list[Source]:
    """Cloud files out of files and folders: folders give what lies directly in them, or in their `pcd/`.

    The same file named twice counts once. Raises CloudFileError for a folder without clouds; single files are taken
    as they are, so that what is wrong with one of them does not stop the others.
    """
    files: dict[Path, Path] = {}
    for path in paths:
        for file in _folder(path) if path.is_dir() else [path]:
            files.setdefault(file.absolute(), file)
    return name_all(list(files.values()))


def _folder(folder: Path) -> list[Path]:
    from spatial_perception.pointcloud.io import READ_SUFFIXES, cloud_files

    found = cloud_files(folder) or (cloud_files(folder / "pcd") if (folder / "pcd").is_dir() else [])
    if not found:
        raise CloudFileError(f"{folder}: no clouds in this folder; it should hold {' '.join(READ_SUFFIXES[:6])} files")
    return found


def name_all(files: Sequence[Path]) -> list[Source]:
    """Names for results: the stem; where stems clash also the suffix, then the folder, then a number."""
    names = [f.stem for f in files]
    for longer in (_with_suffix, _with_folder):
        counts = Counter(n.casefold() for n in names)
        names = [longer(f, n) if counts[n.casefold()] > 1 else n for f, n in zip(files, names)]
    return [Source(f, n) for f, n in zip(files, _numbered(names))]


def _with_suffix(file: Path, name: str) -> str:
    return f"{name}_{file.suffix.lstrip('.')}" if file.suffix else name


def _with_folder(file: Path, name: str) -> str:
    return f"{file.absolute().parent.name}_{name}"


def _numbered(names: Sequence[str]) -> list[str]:
    taken: set[str] = set()
    result = []
    for name in names:
        candidate, number = name, 2
        while candidate.casefold() in taken:
            candidate, number = f"{name}_{number}", number + 1
        taken.add(candidate.casefold())
        result.append(candidate)
    return result


def renamed(sources: Sequence[Source]) -> list[Source]:
    """The sources whose results are not simply named after their stem."""
    return [s for s in sources if s.name != s.path.stem]


def output_folder(path: Path) -> Path:
    """Make a folder for results, or say at once why that cannot be: nothing is computed for a place without room."""
    import os

    if path.exists() and not path.is_dir():
        raise OutputError(f"{path}: is a file, not a folder; choose another -o")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be made ({error.strerror or error}); choose another -o") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: not writable; change its permissions or choose another -o")
    return path
