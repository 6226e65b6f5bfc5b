"""Training on simulated scans, from nothing if need be: batches of like size, soft targets, several processes on one batch."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as distributed
import torch.multiprocessing as multiprocessing
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from spatial_perception.errors import ConfigError
from spatial_perception.layout.entities import Layout
from spatial_perception.layout.transforms import translate
from spatial_perception.models import weights
from spatial_perception.models.spatiallm.compact import line_tokens, make_compact_checkpoint, number_tokens
from spatial_perception.models.spatiallm.config import PillarConfig
from spatial_perception.models.spatiallm.findings import FindingRows, chosen, finding_rows, fitting
from spatial_perception.models.spatiallm.order import in_order, numbered
from spatial_perception.models.spatiallm.pillar import PillarEncoder, Pillars, Words, make_pillars
from spatial_perception.models.spatiallm.places import AnswerPlaces, prompt_places
from spatial_perception.models.spatiallm.prompts import chat_text, user_message
from spatial_perception.models.spatiallm.splice import IGNORED_LABEL, point_place, splice_points
from spatial_perception.training.curves import draw_curves, read_log
from spatial_perception.training.fast_decoder import hidden_states
from spatial_perception.training.finding_hints import FindingHead, finding_hints
from spatial_perception.training.finding_hints import joined as joined_findings
from spatial_perception.training.hints import HintHead, Hints, joined, make_hints
from spatial_perception.training.recipe import Recipe, ScansRecipe
from spatial_perception.training.scan_samples import ScanSample, asked_for, draw_task, drawn, forgetful
from spatial_perception.training.scan_store import WornScan, count_entities, ensure_scans, read_scan
from spatial_perception.training.scan_tests import measure_f1
from spatial_perception.training.scans import FIRST_SURVEY
from spatial_perception.training.soft_targets import SoftTargets
from spatial_perception.training.state import Progress
from spatial_perception.training.targets import Pairs, guided, match, partners, text_in_bins
from spatial_perception.training.trainer import Trainer
from spatial_perception.training.variation import View, vary
from spatial_perception.training.waves import NumberWaves

_LOG = logging.getLogger(__name__)
_POOL = 16
LOG_FILE, CURVES_FILE = "training_log.jsonl", "training_curves.png"


class ScanTrainer(Trainer):
    """A training by a recipe that has `scans`. `rank` is the number of this process among `scans.processes`."""

    def __init__(self, recipe: Recipe, rank: int = 0) -> None:
        if recipe.scans is None or recipe.max_steps is None:
            raise ConfigError("training on scans needs the settings scans and max_steps")
        self.scans: ScansRecipe = recipe.scans
        self.rank = rank
        super().__init__(recipe)
        if not isinstance(self.model.point_backbone, PillarEncoder):
            raise ConfigError("only models with a pillar encoder can be trained on scans; see untrained in the recipe")
        runs = number_tokens(self.tokenizer, self.model.config.num_bins)
        vocabulary = int(self.model.config.language["vocab_size"])
        self.targets = SoftTargets.of(vocabulary, runs, self.scans.soft_bins)
        torch.manual_seed(recipe.seed)
        self.hint_head = HintHead(self.model.config.encoder.width)
        self.finding_head = FindingHead(self.model.config.encoder.width)
        self._known: dict[Path, tuple[WornScan, Pairs]] = {}
        self.waves = NumberWaves(vocabulary, (runs, line_tokens(self.tokenizer)), self.model.model.config.hidden_size)
        self._add_helpers()

    def _add_helpers(self) -> None:
        """Train what only helps the training along with the model."""
        helpers: dict[str, nn.Module] = {}
        if self.scans.hint_weight:
            helpers["hints"] = self.hint_head
            if self._pillar_config().findings:
                helpers["finding_hints"] = self.finding_head
        if self.scans.number_waves:
            helpers["waves"] = self.waves
        for prefix, module in helpers.items():
            for name, parameter in module.named_parameters():
                self.trained[f"{prefix}.{name}"] = parameter
                self.optimiser.param_groups[0]["params"].append(parameter)

    @contextmanager
    def _plain_table(self) -> Iterator[None]:
        """The model with the waves in its embedding table, as others will use it."""
        table = self.model.model.embed_tokens.weight
        before = table.detach().clone()
        with torch.no_grad():
            table.copy_(self.waves(before))
        try:
            yield
        finally:
            with torch.no_grad():
                table.copy_(before)

    def _write(self, folder: Path) -> None:
        with self._plain_table():
            super()._write(folder)

    def _source(self) -> Path:
        if self.recipe.model:
            return weights.resolve_checkpoint(self.recipe.model)
        if self.recipe.untrained is None:
            raise ConfigError("give a model to start from, or the sizes of an untrained one")
        sizes = self.recipe.untrained
        values = {key: getattr(sizes, key) for key in ("hidden", "layers", "heads", "inner")}
        whole = {
            key: int(v) if v == int(v) and key not in ("column", "layer") else v for key, v in sizes.encoder.items()
        }
        folder = self.output / f"untrained-{self.rank}"
        return make_compact_checkpoint(folder, self.recipe.seed, whole, **values)

    def _read_data(self) -> None:
        scans, folder = self.scans, Path(self.recipe.dataset)
        self.paths = ensure_scans(folder, scans.count, scans.first_seed, scans.workers)
        self.paths += ensure_scans(folder, scans.surveys, FIRST_SURVEY, scans.workers)
        sizes = count_entities(self.paths, folder)
        self.batches = draw_batches(sizes, self.recipe)

    @property
    def data_size(self) -> str:
        """How much there is to train on, in words."""
        return f"{len(self.paths)} scans"

    @property
    def total_steps(self) -> int:
        """Steps of the whole training."""
        return int(self.recipe.max_steps or 0)

    def run(self) -> list[float]:
        """Train to the end with all processes; see `Trainer.run`."""
        count = self.scans.processes
        if count == 1 or self.rank:
            return self._run_alone()
        meeting = self.output.resolve() / "processes"
        meeting.parent.mkdir(parents=True, exist_ok=True)
        meeting.unlink(missing_ok=True)
        torch.set_num_threads(1)
        others = multiprocessing.spawn(_run_rank, (self.recipe, str(meeting)), count - 1, join=False)
        _join(str(meeting), 0, count)
        losses = self._run_alone()
        others.join()
        distributed.destroy_process_group()
        return losses

    def _run_alone(self) -> list[float]:
        self.started = time.monotonic()
        if not self.rank:
            losses = super().run()
            draw_curves([read_log(self.output / LOG_FILE)], self.output / CURVES_FILE) if losses else None
            return losses
        self._resume()
        self.model.train()
        return [self.step(step) for step in range(self.progress.step, self.last_step)]

    def step(self, step: int) -> float:
        """One step of the optimiser on the scans that belong to it; returns the mean loss."""
        loss = self._scan_loss([self.sample(step, place) for place in self._places(step)])
        loss.backward()
        parameters = list(self.trained.values())
        value = self._shared(parameters, float(loss.detach()))
        nn.utils.clip_grad_norm_(parameters, self.recipe.max_norm)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate(step)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return value

    def _places(self, step: int) -> range:
        """The places in the batch that this process computes."""
        return range(self.rank, len(self.batches[step]), self.scans.processes)

    def _shared(self, parameters: Sequence[nn.Parameter], loss: float) -> float:
        """Average gradients and loss over the processes."""
        count = self.scans.processes
        if count == 1:
            return loss
        # a batch without, say, findings leaves weights without a gradient in one process and not in another
        grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        flat = torch.cat([*(grad.flatten() for grad in grads), torch.tensor([loss])])
        distributed.all_reduce(flat)
        flat /= count
        for parameter, grad in zip(parameters, flat[:-1].split([p.numel() for p in parameters])):
            parameter.grad = grad.view_as(parameter).clone()
        return float(flat[-1])

    def sample(self, step: int, place: int) -> ScanSample:
        """The scan at a place of a batch, varied as the seed, the step and the place have it."""
        rng = np.random.default_rng([self.recipe.seed, 3, step, place])
        path = self.paths[self.batches[step][place]]
        worn, pairs = self._read_scan(path)
        view = vary(worn.scan, 32.0 / self.model.config.num_bins, rng, forgetful(worn.findings, rng))
        return self.prepare(view, rng, pairs)

    def _read_scan(self, path: Path) -> tuple[WornScan, Pairs]:
        """A scan, and what its findings are; kept in memory (about a megabyte each), since both take their time."""
        if path not in self._known:
            worn = read_scan(path)
            self._known[path] = worn, match(worn.scan.layout, worn.findings)
        return self._known[path]

    def prepare(self, view: View, rng: Generator, pairs: Pairs) -> ScanSample:
        """Pillars, findings and token ids of a view; the canvas begins at the least coordinates, or a little before them."""
        slack = rng.uniform(0.0, 0.5, 3) * (1.0, 1.0, 0.3) * (rng.random() < 0.4)
        origin = view.xyz.min(axis=0) - slack
        config = self._pillar_config()
        pillars = make_pillars(torch.from_numpy((view.xyz - origin).astype(np.float32)), config)
        task, categories = draw_task(view.layout, rng)
        hints = self._hints(view, origin, pillars)
        if not config.findings:
            answer = numbered(asked_for(in_order(view.layout), task, categories))
            return ScanSample(pillars, *self._told(answer, origin, task, categories), hints)
        findings, seen = fitting(in_order(asked_for(view.findings, task, ()))), in_order(view.layout)
        rows = finding_rows(numbered(findings), origin, config.num_bins, self._ids)
        real = [partner is not None for partner in partners(findings, seen, pairs)]
        kept = rows.standing(torch.tensor(drawn(real, findings, rng), dtype=torch.bool))
        answer = numbered(asked_for(guided(seen, chosen(findings, kept.tolist()), pairs), task, ()))
        asked = self._told(answer, origin, task, ())
        if hints is None:
            return ScanSample(pillars, *asked, None, rows, None, kept)
        known = finding_hints(findings, rows, guided(seen, findings, pairs), pairs, origin, config.num_bins)
        return ScanSample(pillars, *asked, hints, rows, known, kept)

    def _told(
        self, answer: Layout, origin: NDArray[np.floating], task: str, categories: Sequence[str]
    ) -> tuple[list[int], int]:
        """Token ids of a prompt and its answer, and how many of them are the prompt."""
        prompt = self._ids(chat_text(user_message(task, categories), self.tokenizer, False))
        text = text_in_bins(answer, origin.tolist(), self._pillar_config().num_bins)
        return [*prompt, *self._ids(text)[: self.recipe.cutoff], self.model.eos_token_ids[0]], len(prompt)

    def _pillar_config(self) -> PillarConfig:
        config = self.model.config.encoder
        assert isinstance(config, PillarConfig)
        return config

    def _hints(self, view: View, origin: NDArray[np.floating], pillars: Pillars) -> Hints | None:
        if not self.scans.hint_weight:
            return None
        edge = self._pillar_config().edge
        places = ((pillars.cells[pillars.kept].numpy() + 0.5) * edge).astype(np.float32)
        whole = translate(view.whole, [-float(value) for value in origin])
        return make_hints(places, (view.xyz - origin).astype(np.float32), view.entity, whole, edge)

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids)

    def _scan_loss(self, samples: Sequence[ScanSample]) -> Tensor:
        table = self.waves(self.model.model.embed_tokens.weight)
        with torch.autocast("cpu", torch.bfloat16) if self.recipe.bf16 else nullcontext():
            encoder: Any = self.model.point_backbone
            findings = [sample.findings for sample in samples if sample.findings is not None] or None
            pillars, summaries = encoder.read([sample.pillars for sample in samples], findings)
            hidden, labels = self._read(samples, pillars, summaries, table)
            asked = labels[:, 1:] != IGNORED_LABEL
            logits = functional.linear(hidden[:, :-1][asked], table)
            loss = self.targets.loss(logits, labels[:, 1:][asked])
            hints = [sample.hints for sample in samples if sample.hints is not None]
            if hints:
                loss = loss + self.scans.hint_weight * self.hint_head.loss(torch.cat(pillars), joined(hints))
            told = [sample.finding_hints for sample in samples if sample.finding_hints is not None]
            if told:
                real = encoder.findings.real(torch.cat(summaries))
                lost = self.finding_head.loss(torch.cat(summaries), real, joined_findings(told))
                loss = loss + self.scans.hint_weight * lost
        return loss

    def _read(
        self, samples: Sequence[ScanSample], pillars: Sequence[Tensor], summaries: Sequence[Tensor], table: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Features and labels of prompts with point tokens and answers."""
        encoder: Any = self.model.point_backbone
        words = Words(self.model.point_proj, lambda ids: functional.embedding(ids, table))
        points, places = [], []
        for sample, tokens, summary in zip(samples, pillars, summaries):
            rows = None if sample.findings is None or sample.kept is None else sample.findings.keep(sample.kept)
            points.append(encoder.told(tokens, summary if rows is None else summary[sample.kept], rows, words))
            places.append(self._positions(sample, len(tokens), rows))
        longest = max(len(sample.ids) for sample in samples)
        ids = torch.tensor([_filled(s.ids, longest, s.ids[-1]) for s in samples])
        labels = torch.tensor(
            [_filled([IGNORED_LABEL] * s.prompt + s.ids[s.prompt :], longest, IGNORED_LABEL) for s in samples]
        )
        embeds = functional.embedding(ids, table)
        spliced = splice_points(ids, embeds, points, self.model.point_token_ids, None, labels)
        assert spliced.labels is not None
        length = spliced.embeds.shape[1]
        positions = torch.stack([functional.pad(place[:length], (0, max(0, length - len(place)))) for place in places])
        return hidden_states(self.model.model, spliced.embeds.float(), positions), spliced.labels

    def _positions(self, sample: ScanSample, pillars: int, rows: FindingRows | None) -> Tensor:
        """Positions (L,) of prompt and answer of a sample."""
        prompt, answer = sample.ids[: sample.prompt], sample.ids[sample.prompt :]
        start, end = point_place(torch.tensor(prompt), self.model.point_token_ids)
        if rows is None:
            return torch.arange(start + 1 + pillars + len(sample.ids) - end)
        first = prompt_places(start + 1, pillars, rows.places(), len(prompt) - end)
        return torch.cat([first, torch.tensor(AnswerPlaces(tuple(rows.heads[:4].tolist()))(answer))])

    def _report(self) -> None:
        if self.rank:
            return
        step, recipe = self.progress.step, self.recipe
        entry: dict[str, Any] = {"step": step, "loss": round(self.progress.loss, 5), "rate": self.rate(step - 1)}
        entry["seconds"] = round(time.monotonic() - self.started, 1)
        if self.scans.test_scenes and (step % recipe.evaluate_every == 0 or step == self.total_steps):
            entry["f1"] = self._f1()
        with (self.output / LOG_FILE).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry) + "\n")
        if "f1" in entry or step % recipe.log_every == 0:
            _LOG.info("%s", entry)
        if step % recipe.save_every == 0:
            self.save(self.output / f"checkpoint-{step}")

    def _f1(self) -> dict[str, float]:
        self.model.eval()
        with self._plain_table():
            found = measure_f1(self.model, self.tokenizer, self.scans.test_scenes)
        self.model.train()
        return found


def _filled(values: list[int], length: int, fill: int) -> list[int]:
    return values + [fill] * (length - len(values))


def draw_batches(sizes: NDArray[np.int64], recipe: Recipe) -> list[NDArray[np.intp]]:
    """The scans of every step: like sizes together, all scans in turn, small ones only at first."""
    scans, rng = recipe.scans or ScansRecipe.model_validate({}), np.random.default_rng([recipe.seed, 4])
    steps, size = int(recipe.max_steps or 0), recipe.batch_size
    easy = round(scans.easy_share * steps)
    small = np.flatnonzero(sizes <= scans.easy_entities)
    first = _like_batches(small if len(small) >= size else np.arange(len(sizes)), sizes, easy, size, rng)
    others = np.flatnonzero(sizes <= scans.largest)
    return first + _like_batches(others, sizes, steps - easy, size, rng)


def _like_batches(
    chosen: NDArray[np.intp], sizes: NDArray[np.int64], count: int, size: int, rng: Generator
) -> list[NDArray[np.intp]]:
    batches: list[NDArray[np.intp]] = []
    order = np.empty(0, dtype=np.intp)
    while len(batches) < count:
        while len(order) < size * _POOL:
            order = np.concatenate([order, rng.permutation(chosen)])
        pool, order = order[: size * _POOL], order[size * _POOL :]
        pool = pool[np.argsort(sizes[pool], kind="stable")].reshape(_POOL, size)
        batches += list(pool[rng.permutation(_POOL)])
    return batches[:count]


def _join(meeting: str, rank: int, count: int) -> None:
    distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=count)


def _run_rank(index: int, recipe: Recipe, meeting: str) -> None:
    torch.set_num_threads(1)
    trainer = ScanTrainer(recipe, index + 1)
    assert recipe.scans is not None
    _join(meeting, index + 1, recipe.scans.processes)
    trainer.run()
    distributed.destroy_process_group()


__all__ = ["LOG_FILE", "Progress", "ScanTrainer", "draw_batches"]
