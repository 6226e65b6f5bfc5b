"""Answers from a scene that is too old say so."""

from __future__ import annotations

from dataclasses import replace

from spatial_perception.reasoning.answers import ANSWERED, Answer, Status
from spatial_perception.reasoning.scene import Scene


def if_fresh(answer: Answer, scene: Scene, limit: float) -> Answer:
    """The answer, or STALE_SCENE where it rests on a scene older than `limit` (s)."""
    if answer.status not in ANSWERED or scene.age is None or scene.age <= limit:
        return answer
    text = f"The scene is {scene.age:.0f} s old, more than {limit:.0f} s; look again. When last seen: {answer.text}"
    return replace(answer, status=Status.STALE_SCENE, text=text, confidence=0.0)
