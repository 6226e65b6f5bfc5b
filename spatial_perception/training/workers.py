"""The processes that share a training, as torchrun and `accelerate launch` start them."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn

from spatial_perception.errors import MissingExtraError


class Workers:
    """One process that works alone: `rank` 0 of `count` 1, on the device that the recipe names."""

    rank = 0
    count = 1

    def __init__(self, device: str) -> None:
        self.device: str | torch.device = device

    def share(self, model: nn.Module) -> nn.Module:
        """The network to compute losses with: its gradients become the means over all processes."""
        return model

    def total(self, value: float) -> float:
        """The sum of a number over all processes; all of them must ask."""
        return value

    def local(self, network: nn.Module) -> AbstractContextManager[Any]:
        """A context in which gradients are gathered here, not yet exchanged."""
        return nullcontext()

    def wait(self) -> None:
        """Go on when all processes have come here."""


class AcceleratedWorkers(Workers):
    """One of several processes, each with a device of its own (Hugging Face accelerate, DistributedDataParallel)."""

    def __init__(self, device: str) -> None:
        try:
            from accelerate import Accelerator
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                'several processes need accelerate; pip install "spatial_perception[training]"'
            ) from error
        self._accelerator = Accelerator(cpu=device == "cpu")
        super().__init__(self._accelerator.device)
        self.rank, self.count = self._accelerator.process_index, self._accelerator.num_processes

    def share(self, model: nn.Module) -> nn.Module:
        """See `Workers.share`."""
        return self._accelerator.prepare_model(model)

    def total(self, value: float) -> float:
        """See `Workers.total`."""
        exact = torch.float32 if torch.device(self.device).type == "mps" else torch.float64
        return float(self._accelerator.reduce(torch.tensor(value, dtype=exact, device=self.device), "sum"))

    def local(self, network: nn.Module) -> AbstractContextManager[Any]:
        """See `Workers.local`."""
        return self._accelerator.no_sync(network)

    def wait(self) -> None:
        """See `Workers.wait`."""
        self._accelerator.wait_for_everyone()


def start_workers(device: str) -> Workers:
    """This process's place among those of a training; alone unless a launcher says otherwise.

    Raises MissingExtraError where several processes were started without accelerate being installed.
    """
    return AcceleratedWorkers(device) if int(os.environ.get("WORLD_SIZE", "1")) > 1 else Workers(device)
