"""Low-rank adaptation: small trained matrices beside frozen linear layers (Hu et al., "LoRA", ICLR 2022)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from spatial_perception.errors import ConfigError


class LoraLinear(nn.Module):
    """A frozen linear layer W plus `scale` * B A, with A (rank, in) random and B (out, rank) zero at first.

    With B zero the layer gives what W gives; `scale` is alpha / rank.
    """

    def __init__(self, base: nn.Linear, rank: int, alpha: float, dropout: float) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.lora_a = nn.Parameter(base.weight.new_empty(rank, base.in_features))
        self.lora_b = nn.Parameter(base.weight.new_zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_a, a=math.sqrt(5))
        self.dropout = nn.Dropout(dropout)
        self.scale = alpha / rank

    def forward(self, value: Tensor) -> Tensor:
        """Features (..., in) to (..., out)."""
        low = nn.functional.linear(self.dropout(value), self.lora_a)
        return self.base(value) + self.scale * nn.functional.linear(low, self.lora_b)

    @torch.no_grad()
    def merged_weight(self) -> Tensor:
        """The weight (out, in) of the one linear layer that does the same."""
        return self.base.weight + (self.scale * (self.lora_b @ self.lora_a)).to(self.base.weight.dtype)


def add_lora(model: nn.Module, targets: Iterable[str], rank: int, alpha: float, dropout: float = 0.0) -> list[str]:
    """Wrap every linear layer below `model` whose last name is in `targets`; returns the full names.

    Raises ConfigError where no layer has such a name.
    """
    wanted = set(targets)
    found = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and name.rpartition(".")[2] in wanted
    ]
    if not found:
        raise ConfigError(f"no linear layer is called {' or '.join(sorted(wanted))}; choose from the model's own names")
    for name in found:
        parent, _, last = name.rpartition(".")
        layer = model.get_submodule(name)
        assert isinstance(layer, nn.Linear)
        setattr(model.get_submodule(parent), last, LoraLinear(layer, rank, alpha, dropout))
    return found


def merged_state(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """The state of a model as it would be without wrappers, the low-rank parts added in: (published name, tensor)."""
    wrapped = {name: module for name, module in model.named_modules() if isinstance(module, LoraLinear)}
    for name, tensor in model.state_dict().items():
        owner = next((key for key in wrapped if name.startswith(f"{key}.")), None)
        if owner is None:
            yield name, tensor
        elif name == f"{owner}.base.weight":
            yield f"{owner}.weight", wrapped[owner].merged_weight()
        elif name == f"{owner}.base.bias":
            yield f"{owner}.bias", tensor
