"""The curves of a training: loss, and F1 on unseen homes, over the steps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import ConfigError

_SHOWN = ("wall@0.5", "door@0.25", "window@0.25", "object@0.25")


def read_log(path: Path) -> list[dict[str, Any]]:
    """The entries of a training log, in order; a step that was done again counts once, the last time."""
    try:
        entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return list({int(entry["step"]): entry for entry in entries}.values())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is not a log of a training ({error!r}); give training_log.jsonl") from error


def draw_curves(logs: Sequence[Sequence[dict[str, Any]]], path: Path) -> Path:
    """Draw the logs of one or more parts of a training, one after another, to a picture file, and return it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    start = 0
    for number, log in enumerate(logs):
        steps = start + np.array([entry["step"] for entry in log])
        loss = np.array([entry["loss"] for entry in log], dtype=float)
        left.plot(steps, loss, color="0.85", linewidth=0.5)
        left.plot(steps, _smooth(loss), color="C0", label="loss" if not number else None)
        measured = [(step, entry["f1"]) for step, entry in zip(steps, log) if "f1" in entry]
        for colour, name in enumerate(_SHOWN):
            points = [(step, f1[name]) for step, f1 in measured if name in f1]
            right.plot(*zip(*points), "o-", color=f"C{colour}", label=name if not number else None) if points else None
        start = int(steps[-1]) if len(steps) else start
    left.set(xlabel="step", ylabel="loss", title="Loss, with that of the hints where there are some", yscale="log")
    right.set(xlabel="step", ylabel="F1", title="F1 on unseen homes", ylim=(0, 1))
    if right.get_legend_handles_labels()[0]:
        right.legend()
    figure.savefig(path, dpi=100)
    return path


def _smooth(values: NDArray[np.float64], width: int = 50) -> NDArray[np.float64]:
    """Means over `width` neighbours, fewer at the ends."""
    weight = np.convolve(np.ones(len(values)), np.ones(width), "same")[: len(values)]
    return np.convolve(values, np.ones(width), "same")[: len(values)] / weight if len(values) >= width else values
