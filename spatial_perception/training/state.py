"""Checkpoints of a training: the model as published, and what is needed to go on exactly where it stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from spatial_perception.errors import ConfigError, OutputError
from spatial_perception.files import atomic_write
from spatial_perception.models.layers.lora import merged_state
from spatial_perception.models.spatiallm.modeling import SpatialLM

_PREFIX = "checkpoint-"
_STATE, _TRAINED, _OPTIMISER = "trainer_state.json", "trained.safetensors", "optimizer.safetensors"


@dataclass(frozen=True)
class Progress:
    """How far a training is: steps of the optimiser done, and the last loss."""

    step: int = 0
    loss: float = float("nan")


def checkpoints(folder: Path) -> list[Path]:
    """The complete checkpoints in a folder, oldest first."""
    found = [path for path in folder.glob(f"{_PREFIX}*") if (path / _STATE).is_file()]
    return sorted(found, key=lambda path: int(path.name.removeprefix(_PREFIX)))


def write_model(model: SpatialLM, config: dict[str, Any], source: Path, folder: Path, half: bool = False) -> None:
    """Write a checkpoint that loads as any published one: weights with adaptations merged, config, tokenizer files.

    With `half` the numbers are float16 in the file.
    """
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in merged_state(model)}
    if model.is_tied:
        state.pop("lm_head.weight", None)
    if half:
        state = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    write_checkpoint(state, config, source, folder)


def write_checkpoint(state: dict[str, Tensor], config: dict[str, Any], source: Path, folder: Path) -> None:
    """Write weights and config, with the tokenizer files and the card of the checkpoint in `source`."""
    from safetensors.torch import save_file

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in source.iterdir():
            if path.suffix in (".json", ".txt", ".model", ".jinja", ".md") and not path.name.endswith(".index.json"):
                shutil.copyfile(path, folder / path.name)
        save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}; check the path and the space") from error
    atomic_write(folder / "config.json", json.dumps(config, indent=2) + "\n")


def save_state(folder: Path, trained: Mapping[str, Tensor], optimiser: Optimizer, progress: Progress) -> None:
    """Write the trained parameters, the moments of the optimiser, and last of all the progress."""
    from safetensors.torch import save_file

    moments = {
        f"{index}.{key}": value.detach().cpu().contiguous()
        for index, state in optimiser.state_dict()["state"].items()
        for key, value in state.items()
    }
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in trained.items()}, folder / _TRAINED)
    save_file(moments, folder / _OPTIMISER)
    atomic_write(folder / _STATE, json.dumps(asdict(progress)) + "\n")


def load_state(folder: Path, trained: Mapping[str, Tensor], optimiser: Optimizer) -> Progress:
    """Restore what `save_state` wrote; raises ConfigError where it belongs to another recipe or cannot be read."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        values, moments = load_file(folder / _TRAINED), load_file(folder / _OPTIMISER)
        progress = Progress(**json.loads((folder / _STATE).read_text(encoding="utf-8")))
    except (OSError, SafetensorError, ValueError, TypeError) as error:
        raise ConfigError(f"cannot resume from {folder} ({error}); remove it to go on from an older one") from error
    shapes = {name: tensor.shape for name, tensor in values.items()}
    if shapes != {name: tensor.shape for name, tensor in trained.items()}:
        raise ConfigError(f"{folder} was trained by another recipe; give a fresh output folder")
    for name, tensor in trained.items():
        tensor.data.copy_(values[name])
    state = optimiser.state_dict()
    state["state"] = _nested(moments)
    optimiser.load_state_dict(state)
    return progress


def _nested(moments: dict[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in moments.items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = value
    return state


def prune(folder: Path, keep: int) -> None:
    """Remove all but the newest `keep` checkpoints."""
    for path in checkpoints(folder)[:-keep]:
        shutil.rmtree(path)
