"""When `auto` believes the geometric estimator, the small model, or only both: settings, and rules that were measured."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, log
from pathlib import Path

from pydantic import Field

from spatial_perception.configuration import StrictModel

RULES = Path(__file__).parent / "spatiallm" / "nano_weights" / "consensus.json"
"""The rules for the weights that are shipped, beside them."""
BOTH, MODEL, GEOMETRIC = "both", "nano", "geometric"
"""Who tells an entity."""


class AutoSettings(StrictModel):
    """Settings of the two estimators together."""

    device: str = Field("auto", description="Where the model computes: auto, cpu, cuda, cuda:1, mps.")
    least_score: float | None = Field(
        None, ge=0.0, le=1.0, description="Chance of being right below which an entity is left out; null: as measured."
    )

    def digest(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Rule:
    """For one kind: logistic weights (bias, then one per log odds of a score) per witness, and the least chance that counts."""

    weights: Mapping[str, tuple[float, ...]]
    least: float

    def chance(self, witness: str, scores: Sequence[float]) -> float:
        """The chance that an entity is right which `witness` tells with these scores."""
        row = self.weights[witness]
        total = row[0] + sum(weight * log_odds(score) for weight, score in zip(row[1:], scores))
        return round(1.0 / (1.0 + exp(-max(-30.0, min(30.0, total)))), 4)


def log_odds(score: float) -> float:
    """The logarithm of the odds of a score in [0, 1]."""
    inside = min(max(score, 1e-3), 1.0 - 1e-3)
    return log(inside / (1.0 - inside))


@cache
def read_rules(path: Path = RULES) -> Mapping[str, Rule]:
    """The rules that were measured, per kind of entity."""
    values = json.loads(path.read_text(encoding="utf-8"))
    return {
        kind: Rule({witness: tuple(row) for witness, row in rule["weights"].items()}, rule["least"])
        for kind, rule in values.items()
    }
