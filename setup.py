"""Packs the ROS 2 share folder into the wheel; everything else is declared in pyproject.toml.

colcon installs interfaces, launch files and configuration below share/spatial_perception of its prefix, executables
below lib/spatial_perception. A wheel has no such prefix, so the Python package itself serves as one.
"""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

NAME = "spatial_perception"
FOLDERS = ("msg", "srv", "action", "launch", "config", "rviz")
ROOT = Path(__file__).resolve().parent


def shared_files() -> list[Path]:
    """The files of the share folder, relative to the root of the repository."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts]
    return [Path("package.xml"), *sorted(path.relative_to(ROOT) for path in found if path.is_file())]


def executables() -> list[Path]:
    """The executables that `ros2 run` starts: the scripts without a suffix."""
    return sorted(path for path in (ROOT / "scripts").glob("*") if path.is_file() and not path.suffix)


class BuildWithShare(build_py):
    """Copies the share folder beside the modules; an editable install reads it from the repository instead."""

    def run(self) -> None:
        """Build the modules, then copy."""
        super().run()
        if not getattr(self, "editable_mode", False):
            for source, target in self._copies():
                target.parent.mkdir(parents=True, exist_ok=True)
                self.copy_file(str(source), str(target))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """All files that a build makes."""
        return [*super().get_outputs(include_bytecode), *(str(target) for _, target in self._copies())]

    def _copies(self) -> list[tuple[Path, Path]]:
        share, programs = (Path(self.build_lib, NAME, folder, NAME) for folder in ("share", "lib"))
        files = [(ROOT / path, share / path) for path in shared_files()]
        return [*files, *((path, programs / path.name) for path in executables())]


setup(cmdclass={"build_py": BuildWithShare})
