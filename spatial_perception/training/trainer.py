"""The training loop: plain torch, the same result for the same recipe, resumed or not, in one process or several."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spatial_perception.errors import ConfigError
from spatial_perception.models import weights
from spatial_perception.models.layers.lora import add_lora
from spatial_perception.models.spatiallm.config import SpatialLMConfig
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.pipeline import load_tokenizer
from spatial_perception.models.spatiallm.sonata import DropPath, SonataEncoder
from spatial_perception.models.spatiallm.splice import IGNORED_LABEL
from spatial_perception.training.adapters import ADAPTER, write_adapter
from spatial_perception.training.collate import Batch, Collator
from spatial_perception.training.datasets import Conversation, read_dataset
from spatial_perception.training.recipe import Recipe
from spatial_perception.training.state import Progress, checkpoints, load_state, prune, save_state, write_model
from spatial_perception.training.workers import start_workers

_LOG = logging.getLogger(__name__)


class Trainer:
    """One fine-tuning by a recipe. `run` trains from the newest checkpoint in the output folder, or from the start.

    Started by torchrun or `accelerate launch`, each process takes its share of every batch: n processes do what one does
    with n times the batch size.

    Raises EstimatorError, ConfigError for a model, a dataset or a combination of settings that cannot be used.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.output = Path(recipe.output)
        self.workers = start_workers(recipe.device)
        self.source = self._source()
        self.model = load_for_training(self.source, recipe, self.workers.device)
        self.tokenizer = load_tokenizer(self.source)
        self._read_data()
        self.trained = choose_trained(self.model, recipe)
        self.optimiser = torch.optim.AdamW(
            list(self.trained.values()),
            recipe.learning_rate,
            (0.9, recipe.second_beta),
            weight_decay=recipe.weight_decay,
        )
        self.network = self.workers.share(self.model)
        self.progress = Progress()

    def _source(self) -> Path:
        """The checkpoint that training begins with."""
        return weights.resolve_checkpoint(self.recipe.model)

    def _read_data(self) -> None:
        recipe = self.recipe
        self.collator = Collator(self.tokenizer, recipe, self.model.config.num_bins, self.model.config.is_llama)
        self.conversations = read_dataset(recipe.dataset, recipe.dataset_name)
        self.validation = read_dataset(recipe.dataset, recipe.validation_name) if recipe.validation_name else []

    @property
    def data_size(self) -> str:
        """How much there is to train on, in words."""
        return f"{len(self.conversations)} conversations"

    @property
    def steps_per_epoch(self) -> int:
        """Steps of the optimiser in one round over the data."""
        return math.ceil(len(self.conversations) / self._step_size)

    @property
    def _step_size(self) -> int:
        """Conversations of one step of the optimiser."""
        return self.recipe.batch_size * self.recipe.accumulation * self.workers.count

    @property
    def total_steps(self) -> int:
        """Steps of the whole training."""
        total = self.recipe.epochs * self.steps_per_epoch
        return total if self.recipe.max_steps is None else min(total, self.recipe.max_steps)

    @property
    def last_step(self) -> int:
        """The step before which this run stops."""
        return min(self.total_steps, self.recipe.stop_at or self.total_steps)

    def run(self) -> list[float]:
        """Train to the end, save the model in the output folder, and return the loss of every step done now."""
        self._resume()
        torch.backends.cuda.matmul.allow_tf32 = self.recipe.tf32
        losses: list[float] = []
        self.model.train()
        for step in range(self.progress.step, self.last_step):
            losses.append(self.step(step))
            self.progress = Progress(step + 1, losses[-1])
            self._report()
        self.model.eval()
        if self.workers.rank == 0:
            self._write(self.output)
        self.workers.wait()
        return losses

    def step(self, step: int) -> float:
        """One step of the optimiser on the conversations that belong to it; returns the mean loss."""
        batches = list(self._batches(step))
        total = 0.0
        for left, (batch, weight) in zip(reversed(range(len(batches))), batches):
            with self.workers.local(self.network) if left else nullcontext():
                loss = self._loss(self.network, batch, step) * (weight / len(batches))
                loss.backward()
            total += float(loss.detach())
        total = self.workers.total(total) / self.workers.count
        nn.utils.clip_grad_norm_(list(self.trained.values()), self.recipe.max_norm)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate(step)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return total

    @torch.no_grad()
    def validate(self) -> float:
        """Mean loss over the validation part."""
        self.model.eval()
        losses = 0.0
        for index in range(self.workers.rank, len(self.validation), self.workers.count):
            batch = self._batch([self.validation[index]], [[self.recipe.seed, 2, index]])
            losses += float(self._loss(self.model, batch, 0))
        self.model.train()
        return self.workers.total(losses) / len(self.validation)

    def _loss(self, network: nn.Module, batch: Batch, step: int) -> Tensor:
        permutations = None
        encoder = self.model.point_backbone
        if self.model.training and self.recipe.shuffle_curves and isinstance(encoder, SonataEncoder):
            permutations = encoder.draw_permutations(torch.Generator().manual_seed(self.recipe.seed + step))
        kind = self.model.device.type
        with torch.autocast(kind, torch.bfloat16) if self.recipe.bf16 else nullcontext():
            loss = network(batch.input_ids, batch.tensors, batch.mask, batch.labels, permutations).loss
        assert loss is not None
        return loss

    def _batches(self, step: int) -> Iterator[tuple[Batch, float]]:
        """The batches of one step with their weights; what is random depends on seed, step and place in the step alone.

        Weights make the mean over all processes the mean over all labels; a process without a share works for nothing.
        """
        recipe, workers = self.recipe, self.workers
        epoch, place = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng([recipe.seed, 0, epoch]).permutation(len(self.conversations))
        chosen = [self.conversations[i] for i in order[place * self._step_size : (place + 1) * self._step_size]]
        torch.manual_seed(int(np.random.default_rng([recipe.seed, 3, step, workers.rank]).integers(2**62)))
        for start in range(0, len(chosen), recipe.batch_size * workers.count):
            first = start + recipe.batch_size * workers.rank
            share = range(first, min(first + recipe.batch_size, len(chosen)))
            used = share or [start]
            batch = self._batch([chosen[i] for i in used], [[recipe.seed, 1, step, i] for i in used])
            labels = float((batch.labels[:, 1:] != IGNORED_LABEL).sum()) if share else 0.0
            yield batch, labels * workers.count / max(1.0, workers.total(labels))

    def _batch(self, conversations: Sequence[Conversation], seeds: Sequence[Sequence[int]]) -> Batch:
        """Conversations, each with a generator of its own seed, side by side."""
        pairs = zip(conversations, seeds)
        return self.collator.batch([self.collator.sample(item, np.random.default_rng(seed)) for item, seed in pairs])

    def rate(self, step: int) -> float:
        """The learning rate of a step: a linear rise, then half a cosine to zero or a constant."""
        warm, highest = math.ceil(self.recipe.warmup * self.total_steps), self.recipe.learning_rate
        if step < warm:
            return highest * step / warm
        if self.recipe.schedule == "constant":
            return highest
        wave = 0.5 * (1.0 + math.cos(math.pi * (step - warm) / max(1, self.total_steps - warm)))
        return highest * (self.recipe.last_rate + (1.0 - self.recipe.last_rate) * wave)

    def _resume(self) -> None:
        found = checkpoints(self.output)
        if found:
            self.progress = load_state(found[-1], self.trained, self.optimiser)
            _LOG.info("resumed from %s", found[-1])

    def _report(self) -> None:
        step, recipe = self.progress.step, self.recipe
        is_first = self.workers.rank == 0
        if is_first and (step % recipe.log_every == 0 or step == self.total_steps):
            rate = self.rate(step - 1)
            _LOG.info("step %d of %d: loss %.4f, rate %.2e", step, self.total_steps, self.progress.loss, rate)
        if self.validation and step % recipe.evaluate_every == 0:
            loss = self.validate()
            if is_first:
                _LOG.info("step %d: validation loss %.4f", step, loss)
        if step % recipe.save_every == 0:
            self.save(self.output / f"checkpoint-{step}")

    def save(self, folder: Path) -> None:
        """Write a checkpoint from which training can be resumed, and drop the oldest ones."""
        if self.workers.rank == 0:
            self._write(folder)
            save_state(folder, self.trained, self.optimiser, self.progress)
            prune(self.output, self.recipe.keep)
        self.workers.wait()

    def _write(self, folder: Path) -> None:
        write_model(self.model, self._config(), self.source, folder, self.recipe.half)
        if self.recipe.method == "lora":
            write_adapter(self.model, self.recipe, folder / ADAPTER)

    def _config(self) -> dict[str, Any]:
        values = dict(self.model.config.raw)
        values["point_config"] = {**values.get("point_config", {}), "num_bins": self.model.config.num_bins}
        return values


def load_for_training(source: Path, recipe: Recipe, device: str | torch.device) -> SpatialLM:
    """The model in float32, with the number of bins of the recipe."""
    model = SpatialLM.from_pretrained(source, device, "float32")
    if recipe.num_bins is not None:
        raw = dict(model.config.raw)
        raw["point_config"] = {**raw["point_config"], "num_bins": recipe.num_bins}
        state = model.state_dict()
        tuned = SpatialLM(SpatialLMConfig.from_dict(raw)).to(model.device)
        tuned.load_state_dict(state)
        tuned.eos_token_ids = model.eos_token_ids
        model = tuned
    for module in model.modules():
        if isinstance(module, DropPath):
            module.rate *= recipe.drop_path / SonataEncoder.max_drop_path
    if recipe.gradient_checkpointing:
        renamed = getattr(model.model, "activation_checkpointing_enable", model.model.gradient_checkpointing_enable)
        renamed({"use_reentrant": False})
    return model


def choose_trained(model: SpatialLM, recipe: Recipe) -> dict[str, nn.Parameter]:
    """Freeze what the recipe leaves alone; the other parameters by name."""
    if recipe.method != "full" and recipe.freeze != "none":
        raise ConfigError(f"freeze={recipe.freeze} goes with method=full; {recipe.method} freezes on its own")
    if recipe.method == "lora":
        torch.manual_seed(recipe.seed)
        add_lora(model.model, recipe.lora.targets, recipe.lora.rank, recipe.lora.alpha, recipe.lora.dropout)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(_is_trained(name, recipe))
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def _is_trained(name: str, recipe: Recipe) -> bool:
    if name.startswith("point_proj."):
        return True
    if recipe.method == "projector":
        return False
    if recipe.method == "lora":
        return "lora_" in name
    is_encoder = name.startswith("point_backbone.")
    return recipe.freeze != ("encoder" if is_encoder else "language")
