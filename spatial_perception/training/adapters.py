"""Low-rank adapters as files in the format of the PEFT library, and their addition to a checkpoint.

An adapter folder holds `adapter_config.json` and `adapter_model.safetensors`; PEFT reads those written here, and adapters
of other tools are read here, unless they do more than add low-rank matrices.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from spatial_perception.errors import ConfigError, EstimatorError, OutputError
from spatial_perception.files import atomic_write
from spatial_perception.models.layers.lora import LoraLinear
from spatial_perception.models.weights import Checkpoint
from spatial_perception.training.recipe import Recipe
from spatial_perception.training.state import write_checkpoint

ADAPTER = "adapter"
"""The folder of the adapter within that of the trained model."""
CONFIG, TENSORS = "adapter_config.json", "adapter_model.safetensors"
_PREFIX = "base_model.model."
_DOWN, _UP = ".lora_A.weight", ".lora_B.weight"
_WHOLE = "point_proj"  # trained beside the low-rank matrices, so kept as it is
_BINS = "num_bins"
_MUST_BE_OFF = ("use_dora", "fan_in_fan_out", "alpha_pattern", "layer_replication", "lora_bias")


def adapter_tensors(model: nn.Module) -> dict[str, Tensor]:
    """What an adapter of a model with `LoraLinear` layers holds, under PEFT's names."""
    found = {}
    for name, module in model.named_modules():
        if isinstance(module, LoraLinear):
            found[f"{_PREFIX}{name}{_DOWN}"] = module.lora_a
            found[f"{_PREFIX}{name}{_UP}"] = module.lora_b
    whole = ((name, tensor) for name, tensor in model.state_dict().items() if name.startswith(f"{_WHOLE}."))
    found |= {f"{_PREFIX}{name}": tensor for name, tensor in whole}
    return {name: tensor.detach().cpu().contiguous() for name, tensor in found.items()}


def write_adapter(model: nn.Module, recipe: Recipe, folder: Path) -> None:
    """Write the adapter of a model that is trained by a recipe; PEFT overlooks what it does not know of, the bins."""
    from safetensors.torch import save_file

    lora = recipe.lora
    config = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": recipe.model, "r": lora.rank,
        "lora_alpha": lora.alpha, "lora_dropout": lora.dropout, "target_modules": list(lora.targets),
        "modules_to_save": [_WHOLE], "bias": "none", "fan_in_fan_out": False, "use_rslora": False, "use_dora": False,
        "inference_mode": True, **({} if recipe.num_bins is None else {_BINS: recipe.num_bins}),
    }  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(adapter_tensors(model), folder / TENSORS, metadata={"format": "pt"})
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}; check the path and the space") from error
    atomic_write(folder / CONFIG, json.dumps(config, indent=2) + "\n")


@dataclass(frozen=True)
class Adapter:
    """Per name of a weight: its low-rank pair A (rank, in), B (out, rank), or the tensor that replaces it."""

    pairs: Mapping[str, tuple[Tensor, Tensor]]
    whole: Mapping[str, Tensor]
    alpha: float
    is_rank_stabilised: bool = False
    num_bins: int | None = None

    def applied(self, name: str, weight: Tensor) -> Tensor:
        """A weight of the checkpoint with what the adapter adds to it, in the number format it has."""
        if name in self.whole:
            return self.whole[name].to(weight.dtype)
        if name not in self.pairs:
            return weight
        down, up = (matrix.float() for matrix in self.pairs[name])
        rank = down.shape[0]
        scale = self.alpha / (math.sqrt(rank) if self.is_rank_stabilised else rank)
        return (weight.float() + scale * (up @ down)).to(weight.dtype)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name to shape of the weights that are changed."""
        pairs = {name: (up.shape[0], down.shape[1]) for name, (down, up) in self.pairs.items()}
        return pairs | {name: tuple(tensor.shape) for name, tensor in self.whole.items()}


def read_adapter(folder: Path) -> Adapter:
    """Read an adapter folder of PEFT; raises ConfigError where it is incomplete or more than low-rank matrices."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        tensors = load_file(folder / TENSORS)
        alpha = float(config["lora_alpha"])
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{folder} is no adapter of PEFT ({error}); it needs {CONFIG} and {TENSORS}") from error
    _check_kind(config, folder)
    named = {_plain(name): tensor for name, tensor in tensors.items()}
    downs = [name.removesuffix(_DOWN) for name in named if name.endswith(_DOWN)]
    lonely = [name for name in downs if f"{name}{_UP}" not in named]
    if lonely:
        raise ConfigError(f"{folder} has no {lonely[0]}{_UP}; write the adapter again")
    pairs = {f"{name}.weight": (named[f"{name}{_DOWN}"], named[f"{name}{_UP}"]) for name in downs}
    whole = {name: tensor for name, tensor in named.items() if not name.endswith((_DOWN, _UP))}
    return Adapter(pairs, whole, alpha, bool(config.get("use_rslora")), config.get(_BINS))


def _check_kind(config: Mapping[str, Any], folder: Path) -> None:
    kind = config.get("peft_type")
    if kind != "LORA":
        raise ConfigError(f"{folder} is an adapter of type {kind}; only LORA can be added to weights")
    switched = [name for name in _MUST_BE_OFF if config.get(name)]
    if config.get("bias", "none") != "none":
        switched.append("bias")
    if switched:
        raise ConfigError(f"{folder} uses {switched[0]}, which is not supported; merge it with PEFT itself")


def _plain(name: str) -> str:
    """A tensor's name without the wrappers that PEFT puts around a model and a layer."""
    name = name.removeprefix(_PREFIX)
    for wrapper in (".modules_to_save.default", ".modules_to_save"):
        name = name.replace(f"{wrapper}.", ".")
    return name.replace(".lora_A.default.", ".lora_A.").replace(".lora_B.default.", ".lora_B.")


def merge_adapter(checkpoint: Path, adapter: Path, output: Path) -> Path:
    """Write a checkpoint with an adapter added, which loads as any other; returns `output`.

    Weights keep their number format. Raises ConfigError where the two do not belong together, EstimatorError for a
    checkpoint that cannot be read, OutputError where nothing can be written.
    """
    added = read_adapter(adapter)
    if output.resolve() == checkpoint.resolve():
        raise OutputError(f"{output} is the checkpoint itself; give another folder")
    with Checkpoint(checkpoint) as weights:
        _check_fit(added, weights.shapes(), checkpoint, adapter)
        state = dict(_merged(added, weights))
    config = _config(checkpoint)
    if added.num_bins is not None:
        config["point_config"] = {**config.get("point_config", {}), "num_bins": added.num_bins}
    write_checkpoint(state, config, checkpoint, output)
    return output


def _merged(adapter: Adapter, weights: Checkpoint) -> Iterator[tuple[str, Tensor]]:
    with torch.no_grad():
        for name in weights.shapes():
            yield name, adapter.applied(name, weights.tensor(name)).contiguous()


def _check_fit(adapter: Adapter, found: Mapping[str, tuple[int, ...]], checkpoint: Path, folder: Path) -> None:
    for name, shape in adapter.shapes().items():
        if name not in found:
            raise ConfigError(f"{folder} changes {name}, which {checkpoint} has not; is it of this checkpoint?")
        if found[name] != shape:
            raise ConfigError(
                f"{folder} changes {name} {list(shape)}, which is {list(found[name])} in {checkpoint}; "
                "is it of this checkpoint?"
            )


def _config(checkpoint: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((checkpoint / "config.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise EstimatorError(f"cannot read {checkpoint / 'config.json'} ({error}); is it a checkpoint?") from error
