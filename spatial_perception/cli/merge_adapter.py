"""`spatial-perception merge-adapter`: a checkpoint with low-rank adaptations added to its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spatial_perception.cli.console import note, out
from spatial_perception.errors import MissingExtraError

EPILOG = (
    "Examples:\n\n"
    "[bold]spatial-perception merge-adapter manycore-research/SpatialLM1.1-Qwen-0.5B out/adapter -o merged[/bold]\n\n"
    "[bold]spatial-perception layout room.ply --estimator ./merged[/bold]"
)


def command(
    checkpoint: Annotated[str, typer.Argument(help="Checkpoint directory or hub id.", show_default=False)],
    adapter: Annotated[Path, typer.Argument(help="Folder with adapter_config.json.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the merged checkpoint.")],
) -> None:
    """Add a LoRA adapter to a checkpoint; the result loads as any other.

    Adapters are those that `train` writes into `adapter` with method=lora, and any of the PEFT library that only adds
    low-rank matrices.
    """
    try:
        from spatial_perception.models.weights import resolve_checkpoint
        from spatial_perception.training.adapters import merge_adapter
    except ModuleNotFoundError as error:
        raise MissingExtraError(f'{error.name} is not installed; pip install "spatial_perception[models]"') from error
    path = merge_adapter(resolve_checkpoint(checkpoint), adapter, output)
    out().print(str(path), markup=False, soft_wrap=True)
    note(f"{checkpoint} with {adapter}")
