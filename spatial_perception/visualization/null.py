"""The recording that records nothing: callers log without asking whether somebody looks."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from spatial_perception.layout.entities import Entity, Layout, Vec3
    from spatial_perception.pointcloud.cloud import PointCloud


class Recording(Protocol):
    """What can be recorded of a scene. `branch` is a part of the paths, `pred` or `truth`; `at` is in seconds."""

    def log_cloud(self, cloud: PointCloud, at: float | None = None) -> None:
        """Show the points of a cloud from time `at` on (None: always)."""

    def log_layout(self, layout: Layout, branch: str = "pred", at: float | None = None) -> None:
        """Show all entities of a layout, one after another from time `at` on (None: always)."""

    def log_entity(self, entity: Entity, layout: Layout, branch: str = "pred", at: float | None = None) -> None:
        """Show one entity of a layout, whose walls say how its doors and windows stand."""

    def log_state(self, layout: Layout, branch: str = "pred", at: float | None = None) -> None:
        """Show all entities as they are from time `at` on, and no longer those of the state before that are gone."""

    def log_robot(self, trail: Sequence[Vec3], at: float | None = None) -> None:
        """Show the way that a robot took: points (m), the last one where it is."""

    def log_number(self, path: str, value: float, at: float) -> None:
        """Plot a number over time (s)."""

    def log_text(self, path: str, text: str) -> None:
        """Keep a text beside the scene."""

    def close(self) -> None:
        """Finish the file; nothing is on disk under its final name before."""

    def __enter__(self) -> Recording: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class NullRecording:
    """Accepts everything and keeps nothing."""

    def log_cloud(self, cloud: PointCloud, at: float | None = None) -> None:
        """Do nothing."""

    def log_layout(self, layout: Layout, branch: str = "pred", at: float | None = None) -> None:
        """Do nothing."""

    def log_entity(self, entity: Entity, layout: Layout, branch: str = "pred", at: float | None = None) -> None:
        """Do nothing."""

    def log_state(self, layout: Layout, branch: str = "pred", at: float | None = None) -> None:
        """Do nothing."""

    def log_robot(self, trail: Sequence[Vec3], at: float | None = None) -> None:
        """Do nothing."""

    def log_number(self, path: str, value: float, at: float) -> None:
        """Do nothing."""

    def log_text(self, path: str, text: str) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def __enter__(self) -> NullRecording:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
