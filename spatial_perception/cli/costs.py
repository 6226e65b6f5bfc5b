"""Estimates entity by entity, and what they cost: seconds per stage, tokens, forward passes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from spatial_perception.layout.entities import Entity, Layout
    from spatial_perception.models.base import LayoutEstimator, Task
    from spatial_perception.pointcloud.cloud import PointCloud


@dataclass(frozen=True)
class Costs:
    """What one or several estimates by a language model took: stages (name, s), generated tokens, forward passes."""

    stages: tuple[tuple[str, float], ...] = ()
    tokens: int = 0
    forwards: int = 0

    @property
    def tokens_per_second(self) -> float:
        """Generated tokens per second of decoding; 0 without any."""
        seconds = dict(self.stages).get("decode", 0.0)
        return self.tokens / seconds if seconds else 0.0

    def __str__(self) -> str:
        stages = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in self.stages)
        passes = self.forwards / max(1, self.tokens)
        speed = f"{self.tokens} tokens at {self.tokens_per_second:.0f} tokens/s, {passes:.2f} forward passes per token"
        return f"{stages}; {speed}"


def total(costs: Iterable[Costs]) -> Costs:
    """The sum of several costs; stages in the order in which they first occur."""
    stages: dict[str, float] = {}
    tokens = forwards = 0
    for cost in costs:
        tokens, forwards = tokens + cost.tokens, forwards + cost.forwards
        for name, seconds in cost.stages:
            stages[name] = stages.get(name, 0.0) + seconds
    return Costs(tuple(stages.items()), tokens, forwards)


@runtime_checkable
class RunningEstimator(Protocol):
    """An estimator whose runs can be followed, as those of language models can."""

    def run(self, cloud: PointCloud, task: Task = "all", categories: Any = ()) -> Any:
        """An iterator of entities that ends with `layout()`, `seconds` per stage and `statistics` of decoding."""
        ...


def follow(
    estimator: LayoutEstimator,
    cloud: PointCloud,
    task: Task,
    categories: tuple[str, ...],
    tell: Callable[[Entity], None] | None = None,
) -> tuple[Layout, Costs | None]:
    """A layout and its costs, where the estimator counts them; `tell` then hears of each entity as soon as it is found."""
    if not isinstance(estimator, RunningEstimator):
        return estimator.estimate(cloud, task, categories), None
    run = estimator.run(cloud, task, categories)
    for entity in run:
        if tell is not None:
            tell(entity)
    tokens, forwards = (sum(getattr(part, name) for part in run.statistics) for name in ("tokens", "forwards"))
    return run.layout(), Costs(tuple(run.seconds.items()), tokens, forwards)
