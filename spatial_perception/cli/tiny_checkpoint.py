"""`spatial-perception make-tiny-checkpoint`: a complete checkpoint with random weights, to try what needs one."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from spatial_perception.cli.console import log_to_stderr, note, out
from spatial_perception.errors import MissingExtraError

EPILOG = (
    "Examples:\n\n"
    "[bold]spatial-perception make-tiny-checkpoint -o tiny[/bold]  then: layout room.ply --estimator ./tiny\n\n"
    "[bold]spatial-perception make-tiny-checkpoint -o tiny --rooms 8[/bold]  then: layout tiny/rooms/pcd --estimator ./tiny"
)


class Backbone(str, Enum):
    """Point encoders that a tiny checkpoint can have."""

    sonata = "sonata"
    scenescript = "scenescript"


def command(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the checkpoint.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the weights.")] = 0,
    backbone: Annotated[Backbone, typer.Option(help="Encoder: SpatialLM 1.1 or 1.0.")] = Backbone.sonata,
    num_bins: Annotated[
        int | None, typer.Option(min=16, max=4096, help="Bins per 32 m; 1280, or 640 with --rooms.")
    ] = None,
    rooms: Annotated[
        int, typer.Option(min=0, max=64, help="Train until it knows this many simulated rooms by heart.")
    ] = 0,
) -> None:
    """Write a tiny SpatialLM checkpoint, with random weights or one that knows a few rooms.

    It is complete (configuration, tokenizer, safetensors) and needs no download: for tests, demonstrations and as a start
    of training. With random weights it understands nothing. With `--rooms` it is trained on simulated rooms, which lie in
    `rooms` beside the weights, and writes their layouts; eight take about three minutes. The same options give the same
    bytes on the same machine.
    """
    try:
        from spatial_perception.models.spatiallm.tiny import make_tiny_checkpoint
    except ModuleNotFoundError as error:
        raise MissingExtraError(f'{error.name} is not installed; pip install "spatial_perception[models]"') from error
    if rooms:
        _overfit(output, rooms, seed, backbone, num_bins)
        return
    path = make_tiny_checkpoint(output, seed, backbone.value, num_bins or 1280)
    out().print(str(path), markup=False, soft_wrap=True)
    note("random weights: it writes well-formed layouts that mean nothing")


def _overfit(output: Path, rooms: int, seed: int, backbone: Backbone, num_bins: int | None) -> None:
    from spatial_perception.training.overfitting import NUM_BINS, overfit_checkpoint, recall

    log_to_stderr()
    path = overfit_checkpoint(output, rooms, seed, backbone.value, num_bins or NUM_BINS)
    out().print(str(path), markup=False, soft_wrap=True)
    score = recall(path).summary("wall").mean_f1 or 0.0
    note(f"trained on {rooms} simulated rooms in {path / 'rooms'}: wall F1 {score:.2f} on them; it knows no others")
