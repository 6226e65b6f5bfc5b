"""What every answerer of questions can do, whether it measures or is a language model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from spatial_perception.reasoning.answers import Answer
    from spatial_perception.reasoning.scene import Scene


def never() -> bool:
    """The `cancelled` of a question that nobody cancels."""
    return False


@runtime_checkable
class QuestionAnswerer(Protocol):
    """Answers questions about a scene. Both methods may be called from several threads at once."""

    @property
    def name(self) -> str:
        """Name for people and for `Answer.provenance`."""
        ...

    def ask(
        self,
        question: str,
        scene: Scene,
        options: Sequence[str] = (),
        *,
        max_time: float | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Answer:
        """The answer to one question about `scene`; its status says how it is to be taken.

        `options` are answers to choose from (`A. left`). After `max_time` (s), or soon after `cancelled()` is true, the
        status is TIMEOUT. Never raises for what the question says.
        """
        ...

    def stream(
        self,
        question: str,
        scene: Scene,
        options: Sequence[str] = (),
        *,
        max_time: float | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[str]:
        """The text of the answer, piece by piece; the pieces together are `ask(...).text`."""
        ...
