"""`spatial-perception make-tiny-checkpoint`: a complete checkpoint with random weights, to try what needs one."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from spatial_perception.cli.console import note, out
from spatial_perception.errors import MissingExtraError

EPILOG = (
    "Examples:\n\n"
    "[bold]spatial-perception make-tiny-checkpoint -o tiny[/bold]  then: layout room.ply --estimator ./tiny"
)


class Backbone(str, Enum):
    """Point encoders that a tiny checkpoint can have."""

    sonata = "sonata"
    scenescript = "scenescript"


def command(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the checkpoint.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the weights.")] = 0,
    backbone: Annotated[Backbone, typer.Option(help="Encoder: SpatialLM 1.1 or 1.0.")] = Backbone.sonata,
    num_bins: Annotated[int, typer.Option(min=16, max=4096, help="Bins per 32 m.")] = 1280,
) -> None:
    """Write a tiny SpatialLM checkpoint with random weights.

    It is complete (configuration, tokenizer, safetensors) and needs no download, but understands nothing: for tests,
    demonstrations and as a start of training. The same options give the same bytes.
    """
    try:
        from spatial_perception.models.spatiallm.tiny import make_tiny_checkpoint
    except ModuleNotFoundError as error:
        raise MissingExtraError(f'{error.name} is not installed; pip install "spatial_perception[models]"') from error
    path = make_tiny_checkpoint(output, seed, backbone.value, num_bins)
    out().print(str(path), markup=False, soft_wrap=True)
    note("random weights: it writes well-formed layouts that mean nothing")
