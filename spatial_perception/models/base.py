"""What every estimator and every answerer can do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol, runtime_checkable

from spatial_perception.layout.entities import Entity, Layout
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.reasoning.answerer import QuestionAnswerer

__all__ = ["LayoutEstimator", "QuestionAnswerer", "Task"]

Task = Literal["all", "layout", "objects"]


@runtime_checkable
class LayoutEstimator(Protocol):
    """Turns a point cloud (z up, metres) into a layout in the frame of the cloud."""

    @property
    def name(self) -> str:
        """Name for people and for `Provenance.estimator`."""
        ...

    def estimate(
        self,
        cloud: PointCloud,
        task: Task = "all",
        categories: Sequence[str] = (),
        previous: Layout | None = None,
    ) -> Layout:
        """The layout of `cloud`.

        `task`: "layout" for walls, doors and windows, "objects" for boxes, "all" for both. `categories` keeps boxes of
        these labels only (empty: all). `previous` is a layout of the same place that may serve as a draft.
        Raises EstimatorError when the input cannot be used.
        """
        ...

    def stream(
        self,
        cloud: PointCloud,
        task: Task = "all",
        categories: Sequence[str] = (),
        previous: Layout | None = None,
    ) -> Iterator[Entity]:
        """The entities of the layout, each as soon as it is complete, in the order of the layout language."""
        ...
