"""`SpatialLMEstimator`: layouts from clouds by a SpatialLM checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from spatial_perception._version import __version__
from spatial_perception.configuration import check_settings
from spatial_perception.errors import EstimatorError, LayoutError, LayoutTextError
from spatial_perception.generation.beam import BeamSearch
from spatial_perception.generation.decoder import Budget, Decoder, Statistics, Token
from spatial_perception.generation.draft import LayoutDraft
from spatial_perception.generation.grammar import LayoutGrammar
from spatial_perception.generation.language_model import Prompt
from spatial_perception.generation.layout_language import LayoutLanguage
from spatial_perception.generation.sampling import REFERENCE_SAMPLING, Sampling
from spatial_perception.generation.vocabulary import TokenVocabulary
from spatial_perception.layout.entities import Entity, Layout, Provenance
from spatial_perception.layout.text import collect
from spatial_perception.models import weights
from spatial_perception.models.base import Task
from spatial_perception.models.spatiallm.consensus import vote
from spatial_perception.models.spatiallm.finish import Calibration, finish
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.processing import MIN_POINTS, Canvas, prepare, prepare_cloud, thin
from spatial_perception.models.spatiallm.prompts import (
    POINT_END,
    POINT_PAD,
    POINT_START,
    chat_text,
    check_categories,
    task_name,
    user_message,
)
from spatial_perception.models.spatiallm.settings import CheckpointSettings, SpatialLMSettings
from spatial_perception.models.spatiallm.sonata import Permutations, SonataEncoder
from spatial_perception.models.spatiallm.tiles import cut, stitch
from spatial_perception.models.spatiallm.transcript import Transcript
from spatial_perception.pointcloud.alignment import Alignment, upright_rotation
from spatial_perception.pointcloud.cloud import PointCloud

_COARSER = 2


@dataclass(frozen=True)
class Request:
    """What is asked of a cloud; see `SpatialLMEstimator.estimate`."""

    task: str = "all"
    categories: tuple[str, ...] = ()
    previous: Layout | None = None
    seed: int = 0
    sampling: Sampling | None = None
    canvas: Canvas | None = None
    cancelled: Callable[[], bool] | None = None


class SpatialLMEstimator:
    """A `LayoutEstimator` with weights.

    Build it with `from_pretrained`; `settings` are those of `SpatialLMSettings`. The same cloud with the same seed gives
    the same layout.
    """

    name = "spatiallm"

    def __init__(self, model: SpatialLM, tokenizer: Any, settings: SpatialLMSettings | None = None) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.settings = settings or SpatialLMSettings.model_validate({})
        self.vocabulary = TokenVocabulary.of(tokenizer)
        self.calibration: Calibration | None = None
        self.stop_ids = model.eos_token_ids or _tokenizer_stop(tokenizer)
        self._grammars: dict[tuple[str, tuple[str, ...]], LayoutGrammar] = {}
        _check_token_ids(model, tokenizer)

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path,
        device: str | torch.device | None = None,
        dtype: str | torch.dtype | None = None,
        revision: str | None = None,
        sha256: Mapping[str, str] | None = None,
        offline: bool = False,
        **settings: Any,
    ) -> SpatialLMEstimator:
        """Load a checkpoint directory or hub id with its tokenizer. Raises EstimatorError or ConfigError."""
        checked = check_settings(SpatialLMSettings, settings)
        directory = weights.resolve_checkpoint(name, revision, offline)
        model = SpatialLM.from_pretrained(directory, device, dtype, None, sha256)
        if checked.pack:
            model.pack_for_inference()
        estimator = cls(model, load_tokenizer(directory), checked)
        estimator.calibration = Calibration.of(directory)
        return estimator

    def estimate(
        self,
        cloud: PointCloud,
        task: Task = "all",
        categories: Sequence[str] = (),
        previous: Layout | None = None,
        *,
        seed: int | None = None,
        sampling: Sampling | None = None,
        canvas: Canvas | None = None,
    ) -> Layout:
        """The layout of `cloud` (z up, metres), in its frame, with a score per entity.

        `previous`, a layout of the same place, makes decoding faster and changes nothing. `seed` and `sampling` override
        the settings. `canvas` (of `Estimation.canvas`) keeps the bins of an earlier run. Raises EstimatorError, CloudError.
        """
        estimation = self.run(cloud, task, categories, previous, seed=seed, sampling=sampling, canvas=canvas)
        return estimation.layout()

    def stream(
        self,
        cloud: PointCloud,
        task: Task = "all",
        categories: Sequence[str] = (),
        previous: Layout | None = None,
        *,
        seed: int | None = None,
        sampling: Sampling | None = None,
        canvas: Canvas | None = None,
    ) -> Iterator[Entity]:
        """The entities of `estimate`, each as soon as it is certain: with tiles, beams or votes at the end only."""
        yield from self.run(cloud, task, categories, previous, seed=seed, sampling=sampling, canvas=canvas)

    def estimate_batch(self, clouds: Sequence[PointCloud], task: Task = "all", **request: Any) -> list[Layout]:
        """The layouts of several clouds, one after another; the same as single calls."""
        return [self.estimate(cloud, task, **request) for cloud in clouds]

    def run(
        self,
        cloud: PointCloud,
        task: Task = "all",
        categories: Sequence[str] = (),
        previous: Layout | None = None,
        *,
        seed: int | None = None,
        sampling: Sampling | None = None,
        canvas: Canvas | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Estimation:
        """A run that goes on as it is iterated, with its costs. `cancelled` is asked between forward passes."""
        name = task_name(task)
        asked = () if name == "layout" else tuple(categories)
        check_categories(asked, self.settings.known_categories)
        seed = self.settings.seed if seed is None else seed
        return Estimation(self, cloud, Request(name, asked, previous, seed, sampling, canvas, cancelled))

    def grammar(self, task: str, categories: tuple[str, ...]) -> LayoutGrammar | None:
        """The layout language for a task over the tokenizer's tokens, made once; None if the settings switch it off."""
        if not self.settings.grammar:
            return None
        key = (task, categories)
        if key not in self._grammars:
            language = LayoutLanguage(self.model.config.num_bins, task, categories)
            self._grammars[key] = LayoutGrammar(self.vocabulary, language, self.stop_ids)
        return self._grammars[key]

    def prompt_ids(self, task: str, categories: Sequence[str]) -> torch.Tensor:
        """Token ids (L,) of the chat that asks for a task."""
        text = chat_text(
            user_message(task, categories), self.tokenizer, self.model.config.is_llama, self.settings.template
        )
        return torch.tensor(self.tokenizer.encode(text, add_special_tokens=False))


class Estimation:
    """One running estimation: iterate for entities, or take the `layout`. Filled meanwhile: costs, canvas, notes."""

    def __init__(self, estimator: SpatialLMEstimator, cloud: PointCloud, request: Request) -> None:
        self.estimator = estimator
        self.request = request
        self.statistics: list[Statistics] = []
        self.canvas: Canvas | None = None
        self.seconds: dict[str, float] = {}
        self.text = ""
        self._cloud = cloud
        self._notes: list[str] = []
        self._frame_id = cloud.frame_id
        self._entities = self._run()
        self._found: list[Entity] = []

    def __iter__(self) -> Iterator[Entity]:
        """Entities in the frame of the cloud."""
        for entity in self._entities:
            self._found.append(entity)
            yield entity

    def layout(self) -> Layout:
        """Everything; runs to the end first."""
        for _ in self:
            pass
        settings = self.estimator.settings.digest()
        provenance = Provenance(self.estimator.name, __version__, settings, "", tuple(self._notes))
        found = collect(self._found)
        return replace(found, frame_id=self._frame_id, stamp=self._cloud.stamp, provenance=provenance)

    def _timed(self, stage: str, started: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started

    def _run(self) -> Iterator[Entity]:
        settings, started = self.estimator.settings, time.perf_counter()
        aligned, alignment, notes = prepare_cloud(self._cloud, settings, self.request.canvas)
        self._notes += [*notes, *alignment.notes]
        self._frame_id = alignment.result_frame
        self._timed("prepare", started)
        entities = self._told(aligned, alignment)
        if not settings.refine:
            yield from entities
            return
        found, started = collect(entities), time.perf_counter()
        finished = finish(found, alignment.restore_points(aligned.xyz), self.estimator.calibration)
        self._notes += finished.notes
        self._timed("refine", started)
        yield from finished.layout

    def _told(self, aligned: PointCloud, alignment: Alignment) -> Iterator[Entity]:
        """The entities as the model tells them, tile by tile where the cloud is large."""
        settings, started = self.estimator.settings, time.perf_counter()
        tiles = cut(aligned, settings.max_extent, MIN_POINTS) if not settings.compat else [(None, aligned)]
        self._timed("prepare", started)
        if len(tiles) <= 1:
            yield from self._single(aligned, alignment)
            return
        self._notes.append(f"the cloud was cut into {len(tiles)} tiles of at most {settings.max_extent:g} m")
        flat = Alignment(upright_rotation((0.0, 0.0, 1.0)), upright_rotation((0.0, 0.0, 1.0)))
        parts = [(tile, collect(self._single(part, flat))) for tile, part in tiles if tile is not None]
        self.canvas = None  # each tile had its own
        yield from alignment.restore(stitch(parts))

    def _single(self, aligned: PointCloud, alignment: Alignment) -> Iterator[Entity]:
        """The entities of one room, told in the frame that `alignment` comes from."""
        estimator, started = self.estimator, time.perf_counter()
        config = estimator.model.config
        prepared = prepare(aligned, alignment, config.num_bins, estimator.settings, self.request.canvas)
        self.canvas = prepared.canvas
        self._notes += prepared.notes
        self._timed("prepare", started)
        if estimator.settings.consensus > 1:
            yield from self._consensus(prepared.tensor, prepared.canvas)
        else:
            yield from self._decode(prepared.tensor, prepared.canvas, self.request.seed)

    def _consensus(self, tensor: NDArray[Any], canvas: Canvas) -> Iterator[Entity]:
        runs = self.estimator.settings.consensus
        layouts = [collect(self._decode(tensor, canvas, self.request.seed + index)) for index in range(runs)]
        yield from vote(layouts)

    def _decode(self, tensor: NDArray[Any], canvas: Canvas, seed: int) -> Iterator[Entity]:
        """Encode, generate, read."""
        settings = self.estimator.settings
        generator = torch.Generator().manual_seed(seed)
        prompt = self._prompt(tensor, generator)
        transcript = Transcript(self.estimator.vocabulary, compat=settings.compat)
        started = time.perf_counter()
        tokens = self._beam_tokens(prompt) if settings.beams > 1 else self._tokens(prompt, canvas, generator)
        for token in tokens:
            for entity in transcript.read(token):
                yield canvas.to_metres(entity)
            if transcript.in_a_row >= settings.max_repeats:
                self._notes.append("decoding was stopped: the model repeated itself")
                break
        tokens.close()
        for entity in transcript.finish():
            yield canvas.to_metres(entity)
        self._timed("decode", started)
        self.text = transcript.text
        self._conclude(transcript)

    def _conclude(self, transcript: Transcript) -> None:
        stop = self.statistics[-1].stop
        reasons = {"length": "the longest text was reached", "time": "the time was up", "cancelled": "it was cancelled"}
        if stop in reasons:
            self._notes.append(f"decoding was stopped: {reasons[stop]}")
        if transcript.repeats:
            self._notes.append(f"{transcript.repeats} repeated entities were left out")
        if transcript.dropped_lines:
            self._notes.append(f"{transcript.dropped_lines} lines were not in the layout language and were left out")

    def _prompt(self, tensor: NDArray[Any], generator: torch.Generator) -> Prompt:
        """Embeddings of chat and cloud; where memory runs out, of every second voxel per axis."""
        model, started = self.estimator.model, time.perf_counter()
        ids = self.estimator.prompt_ids(self.request.task, self.request.categories)
        permutations = self._permutations(generator)
        try:
            prompt = model.prompt(ids, tensor, permutations)
        except torch.OutOfMemoryError:
            prompt = self._coarser_prompt(ids, tensor, permutations)
        self._timed("encode", started)
        return prompt

    def _coarser_prompt(self, ids: torch.Tensor, tensor: NDArray[Any], permutations: Permutations | None) -> Prompt:
        self._notes.append("memory ran out: the cloud was thinned to every second voxel per axis")
        _free_memory()
        try:
            return self.estimator.model.prompt(ids, thin(tensor, _COARSER), permutations)
        except torch.OutOfMemoryError as error:
            _free_memory()
            raise EstimatorError(
                f"out of memory with {len(tensor)} voxels; crop the cloud, or use device='cpu' or a smaller dtype"
            ) from error

    def _permutations(self, generator: torch.Generator) -> Permutations | None:
        """The reference draws the order of its curves anew for each cloud."""
        encoder = self.estimator.model.point_backbone
        if self.estimator.settings.compat and isinstance(encoder, SonataEncoder):
            return encoder.draw_permutations(generator)
        return None

    def _sampling(self) -> Sampling:
        sampling = self.request.sampling or self.estimator.settings.sampling()
        return REFERENCE_SAMPLING if self.estimator.settings.consensus > 1 and sampling.is_greedy else sampling

    def _budget(self) -> Budget:
        return Budget(self.estimator.settings.max_new_tokens, self.estimator.settings.max_seconds)

    def _tokens(self, prompt: Prompt, canvas: Canvas, generator: torch.Generator) -> Generator[Token, None, None]:
        estimator, request = self.estimator, self.request
        grammar = estimator.grammar(request.task, request.categories)
        draft = None
        if grammar is not None and estimator.settings.drafts:
            draft = LayoutDraft(grammar, self._previous_text(canvas))
        generation = Decoder(estimator.model.language_model, estimator.stop_ids).start(
            prompt, self._sampling(), self._budget(), grammar, draft, generator, request.cancelled
        )
        self.statistics.append(generation.statistics)
        yield from generation

    def _previous_text(self, canvas: Canvas) -> str | None:
        """The previous layout as a draft; one that the language cannot hold costs its speed, not the run."""
        if self.request.previous is None:
            return None
        try:
            return canvas.to_text(self.request.previous)
        except (LayoutError, LayoutTextError) as error:
            self._notes.append(f"the previous layout was no help in decoding: {error}")
            return None

    def _beam_tokens(self, prompt: Prompt) -> Generator[Token, None, None]:
        estimator, request = self.estimator, self.request
        search = BeamSearch(estimator.model.language_model, estimator.stop_ids, estimator.settings.beams)
        grammar = estimator.grammar(request.task, request.categories)
        best = search.run(prompt, self._budget(), grammar, request.cancelled)
        self.statistics.append(search.statistics)
        yield from best.tokens


def load_estimator(name: str, **settings: Any) -> SpatialLMEstimator:
    """A checkpoint by directory or hub id, for the registry; `settings` are those of `CheckpointSettings`."""
    given = {key: value for key, value in settings.items() if value is not None}
    for key in given.keys() & {"device", "dtype"}:
        given[key] = str(given[key]).removeprefix("torch.")
    checked = check_settings(CheckpointSettings, given)
    return SpatialLMEstimator.from_pretrained(name, **{key: getattr(checked, key) for key in checked.model_fields_set})


def load_tokenizer(directory: Path) -> Any:
    """The fast tokenizer of a checkpoint, read from its `tokenizer.json`, without asking what model it belongs to."""
    from transformers import PreTrainedTokenizerFast

    if not (directory / "tokenizer.json").is_file():
        raise EstimatorError(f"{directory} has no tokenizer.json; download the checkpoint again")
    try:
        return PreTrainedTokenizerFast.from_pretrained(str(directory), local_files_only=True)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise EstimatorError(f"cannot read the tokenizer in {directory}: {error}") from error


def _tokenizer_stop(tokenizer: Any) -> tuple[int, ...]:
    return () if tokenizer.eos_token_id is None else (int(tokenizer.eos_token_id),)


def _check_token_ids(model: SpatialLM, tokenizer: Any) -> None:
    """The ids of config.json must be those of the tokenizer, or the cloud would not be where the model looks."""
    ids = model.point_token_ids
    for text, expected in ((POINT_START, ids.start), (POINT_END, ids.end), (POINT_PAD, ids.pad)):
        found = tokenizer.convert_tokens_to_ids(text)
        if found != expected:
            raise EstimatorError(
                f"the tokenizer has {text} as {found}, config.json as {expected}; they do not belong together"
            )


def _free_memory() -> None:
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
