"""F1 of a model on unseen simulated homes, as a training goes on."""

from __future__ import annotations

from typing import Any

import numpy as np

from spatial_perception.evaluation.layout_metrics import ALL_BOXES, evaluate_scene
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.pipeline import SpatialLMEstimator
from spatial_perception.models.spatiallm.settings import SpatialLMSettings
from spatial_perception.simulation.sensors import simulate_scene

FIRST_TEST_SEED = 8000
"""Homes for choosing and tuning; those from 10,000 on are for reports."""
_CLASSES = ("wall", "door", "window", ALL_BOXES)


def measure_f1(model: SpatialLM, tokenizer: Any, scenes: int) -> dict[str, float]:
    """Mean F1 per class and IoU threshold over `scenes` homes; half of them are single rooms."""
    settings = SpatialLMSettings.model_validate({"cleanup": False, "core": True, "max_new_tokens": 900})
    estimator = SpatialLMEstimator(model, tokenizer, settings)
    scores = []
    for number in range(scenes):
        rooms = 1 if number % 2 == 0 else 2 + number // 2 % 3
        cloud, home = simulate_scene(FIRST_TEST_SEED + number, rooms=rooms, max_points=60_000)
        scores.append(evaluate_scene(estimator.estimate(cloud), home.layout))
    found: dict[str, float] = {}
    for name in _CLASSES:
        for threshold in (0.25, 0.5):
            rows = [score.of(name) for score in scores]
            values = [row.at(threshold).f1 for row in rows if row is not None and not row.masked]
            found[f"{'object' if name == ALL_BOXES else name}@{threshold}"] = round(float(np.mean(values or [0.0])), 4)
    return found
