"""`spatial-perception train`: fine-tune a checkpoint by a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spatial_perception.cli.console import log_to_stderr, note, out
from spatial_perception.errors import MissingExtraError

EPILOG = (
    "Examples:\n\n"
    "[bold]spatial-perception train lora.yaml[/bold]  again to resume after an interruption\n\n"
    "[bold]spatial-perception train full.yaml --set learning_rate=5e-5 --set output=run2[/bold]\n\n"
    "[bold]torchrun --nproc-per-node 4 --no-python spatial-perception train full.yaml[/bold]  on four GPUs"
)


def command(
    recipe: Annotated[Path, typer.Argument(help="YAML recipe.", show_default=False)],
    settings: Annotated[list[str] | None, typer.Option("--set", help="One setting: key=value. Repeatable.")] = None,
) -> None:
    """Fine-tune a SpatialLM checkpoint: everything, the projector, or low-rank adaptations (LoRA).

    Recipes name the checkpoint, the dataset folder and the output folder; training goes on from the newest checkpoint
    in the output folder. The trained model there can be given to `layout --estimator`. Processes that torchrun or
    `accelerate launch` start share the work (extra: training).
    """
    from spatial_perception.configuration import load_settings
    from spatial_perception.training.recipe import Recipe

    checked = load_settings(Recipe, recipe, settings or ())
    try:
        from spatial_perception.training.scan_trainer import ScanTrainer
        from spatial_perception.training.trainer import Trainer
    except ModuleNotFoundError as error:
        raise MissingExtraError(f'{error.name} is not installed; pip install "spatial_perception[models]"') from error
    log_to_stderr()
    trainer = Trainer(checked) if checked.scans is None else ScanTrainer(checked)
    is_first = trainer.workers.rank == 0
    if is_first:
        count = sum(parameter.numel() for parameter in trainer.trained.values())
        note(f"{trainer.data_size}, {trainer.total_steps} steps, {count:,} trained parameters")
    trainer.run()
    if is_first:
        out().print(str(trainer.output), markup=False, soft_wrap=True)
        note(f"loss {trainer.progress.loss:.4f} after {trainer.progress.step} steps")
