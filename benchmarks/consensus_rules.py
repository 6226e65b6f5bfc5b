"""How often an entity is right that the geometric estimator and the small model both tell, or one of them alone.

Run: python benchmarks/consensus_rules.py [--seeds 5000-5060]      fits the rules of `auto` and writes them to the checkpoint

Per kind of entity and witness a logistic model is fitted to the scores (right: IoU over 0.25), and the least chance with
which an entity is kept is the one with the best F1 on these homes. Seeds below 10,000 only.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from nano_accuracy import KINDS, least_chance, logistic, scenes, truths_met

from spatial_perception.evaluation.layout_metrics import evaluate_scene
from spatial_perception.models.consensus import merge, numbered
from spatial_perception.models.consensus_rules import BOTH, GEOMETRIC, MODEL, RULES, Rule, log_odds
from spatial_perception.models.spatiallm.findings import find
from spatial_perception.models.spatiallm.nano import NanoEstimator


@dataclass(frozen=True)
class Case:
    """Who tells an entity, with which scores, and which true one it is (scene and number), if any."""

    witness: str
    scores: tuple[float, ...]
    truth: tuple[int, int] | None


def cases_of(seed: int, model: NanoEstimator) -> tuple[dict[str, list[Case]], dict[str, int]]:
    """The cases of one home per kind, and how many entities it has."""
    cloud, truth = scenes(lambda s: 1 if s % 2 else 2 + s % 3)(seed)
    findings = find(cloud)
    told = list(merge(findings, model.run(cloud, findings=findings).layout()))
    layout, order = numbered(told)
    scores = evaluate_scene(layout, truth)
    cases: dict[str, list[Case]] = {}
    for kind, group in KINDS.items():
        met = truths_met(scores, kind, len(getattr(layout, group)), seed)
        cases[kind] = [Case(t.witness, t.scores, truth) for t, truth in zip(order[group], met)]
    return cases, {kind: len(getattr(truth, group)) for kind, group in KINDS.items()}


def fit(cases: list[Case], count: int) -> Rule:
    """The rule of one kind, for homes with `count` entities of it."""
    weights = {}
    for witness in (BOTH, MODEL, GEOMETRIC):
        rows = [(tuple(map(log_odds, c.scores)), c.truth is not None) for c in cases if c.witness == witness]
        size = 2 if witness == BOTH else 1
        weights[witness] = tuple(logistic(rows)) if rows else (-2.0, *[0.0] * size)
    rule = Rule(weights, 0.0)
    return Rule(weights, least_chance([(rule.chance(c.witness, c.scores), c.truth) for c in cases], count))


def main() -> None:
    """Fit and write the rules."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="5000-5060", help="first-last, last excluded")
    seeds = range(*map(int, parser.parse_args().seeds.split("-")))
    if seeds.stop > 10_000:
        raise SystemExit("rules are fitted on seeds below 10,000 only")
    model, cases, counts = NanoEstimator(), defaultdict(list), defaultdict(int)
    for seed in seeds:
        found, number = cases_of(seed, model)
        for kind in KINDS:
            cases[kind] += found[kind]
            counts[kind] += number[kind]
    rules = {kind: fit(cases[kind], counts[kind]) for kind in KINDS}
    for kind, rule in rules.items():
        shares = {w: [c.truth is not None for c in cases[kind] if c.witness == w] for w in (BOTH, MODEL, GEOMETRIC)}
        print(
            kind, "right:", {w: f"{np.mean(v or [0]):.2f} of {len(v)}" for w, v in shares.items()}, "least", rule.least
        )
    values = {kind: {"weights": rule.weights, "least": rule.least} for kind, rule in rules.items()}
    RULES.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
