"""One estimation as it runs: cut, prepare, encode, decode, read, stitch."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import torch
from numpy.typing import NDArray

from spatial_perception._version import __version__
from spatial_perception.errors import EstimatorError, LayoutError, LayoutTextError
from spatial_perception.generation.beam import BeamSearch
from spatial_perception.generation.decoder import Budget, Decoder, Statistics, Token
from spatial_perception.generation.draft import LayoutDraft
from spatial_perception.generation.grammar import LayoutGrammar
from spatial_perception.generation.language_model import Prompt
from spatial_perception.generation.sampling import REFERENCE_SAMPLING, Sampling
from spatial_perception.layout.entities import Entity, Layout, Provenance, vec3
from spatial_perception.layout.text import collect, format_layout
from spatial_perception.models.base import Task
from spatial_perception.models.spatiallm.config import PillarConfig
from spatial_perception.models.spatiallm.consensus import vote
from spatial_perception.models.spatiallm.findings import find, in_bins
from spatial_perception.models.spatiallm.finish import finish
from spatial_perception.models.spatiallm.processing import (
    MIN_POINTS,
    UNMOVED,
    Canvas,
    Prepared,
    prepare,
    prepare_cloud,
    thin,
)
from spatial_perception.models.spatiallm.sonata import Permutations, SonataEncoder
from spatial_perception.models.spatiallm.stitching import stitch
from spatial_perception.models.spatiallm.tiles import Tile, cut
from spatial_perception.models.spatiallm.transcript import Transcript
from spatial_perception.pointcloud.alignment import Alignment
from spatial_perception.pointcloud.cloud import PointCloud

if TYPE_CHECKING:
    from spatial_perception.models.spatiallm.pipeline import SpatialLMEstimator

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
    findings: Layout | None = None


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
        """The entities as the model tells them: of the whole cloud, or tile by tile."""
        settings, started, given = self.estimator.settings, time.perf_counter(), self.request.canvas
        tiles = [] if settings.compat else cut(aligned, settings.max_extent, MIN_POINTS, self._by_room())
        self._timed("prepare", started)
        found = self._found_before(aligned, alignment)
        if len(tiles) > 1:
            yield from self._tiled(aligned, alignment, tiles, found)
            return
        prepared = self._prepared(aligned, alignment, canvas=given)
        self.canvas = prepared.canvas
        yield from self._written(prepared.knowing(found), self.request.previous)

    def _by_room(self) -> bool:
        """The published encoders were trained on single rooms, the one of pillars on whole homes."""
        asked = self.estimator.settings.by_room
        return not isinstance(self.estimator.model.config.encoder, PillarConfig) if asked is None else asked

    def _prepared(self, aligned: PointCloud, alignment: Alignment, **canvas: Canvas | None) -> Prepared:
        started, estimator = time.perf_counter(), self.estimator
        prepared = prepare(aligned, alignment, estimator.model.config.num_bins, estimator.settings, **canvas)
        self._notes += prepared.notes
        self._timed("prepare", started)
        return prepared

    def _found_before(self, aligned: PointCloud, alignment: Alignment) -> Layout | None:
        """What the geometric estimator finds in the aligned cloud, for models that read it."""
        encoder, given, started = self.estimator.model.config.encoder, self.request.findings, time.perf_counter()
        if not isinstance(encoder, PillarConfig) or not encoder.findings:
            return None
        task = cast(Task, self.request.task)
        found = find(aligned, task) if given is None else alignment.apply_layout(given)
        self._notes += [] if len(found) else found.provenance.notes
        self._timed("find", started)
        return found

    def _tiled(
        self,
        aligned: PointCloud,
        alignment: Alignment,
        tiles: Sequence[tuple[Tile, PointCloud]],
        found: Layout | None,
    ) -> Iterator[Entity]:
        """The entities of all tiles, each with bins of its own, in one layout; stops where a tile was stopped."""
        self._notes.append(f"the cloud was cut into {len(tiles)} tiles: rooms, and stretches of large ones")
        given = self.request.canvas
        fits = given is not None and given.alignment is alignment
        self.canvas = given if fits else self._whole_canvas(aligned, alignment)
        previous = None if self.request.previous is None else alignment.apply_layout(self.request.previous)
        parts = []
        for tile, part in tiles:
            prepared = self._prepared(part, UNMOVED, whole=self.canvas).knowing(
                None if found is None else tile.view(found)
            )
            known = None if previous is None else tile.view(previous)
            parts.append((tile, collect(self._written(prepared, known))))
            if self.statistics[-1].stop in ("cancelled", "time"):
                break
        yield from alignment.restore(stitch(parts))

    def _whole_canvas(self, aligned: PointCloud, alignment: Alignment) -> Canvas:
        settings, bins = self.estimator.settings, self.estimator.model.config.num_bins
        return Canvas(alignment, vec3(aligned.xyz.min(axis=0)), bins, settings.centred)

    def _written(self, prepared: Prepared, previous: Layout | None) -> Iterator[Entity]:
        """The entities that the model writes about one prepared cloud."""
        if self.estimator.settings.consensus > 1:
            yield from self._consensus(prepared, previous)
        else:
            yield from self._decode(prepared, self.request.seed, previous)

    def _consensus(self, prepared: Prepared, previous: Layout | None) -> Iterator[Entity]:
        runs = range(self.estimator.settings.consensus)
        yield from vote([collect(self._decode(prepared, self.request.seed + run, previous)) for run in runs])

    def _decode(self, prepared: Prepared, seed: int, previous: Layout | None) -> Iterator[Entity]:
        """Encode, generate, read."""
        settings, canvas = self.estimator.settings, prepared.canvas
        generator = torch.Generator().manual_seed(seed)
        prompt = self._prompt(prepared, generator)
        transcript = Transcript(self.estimator.vocabulary, compat=settings.compat)
        started = time.perf_counter()
        draft = self._draft(prepared, previous)
        tokens = self._beam_tokens(prompt) if settings.beams > 1 else self._tokens(prompt, draft, generator)
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

    def _prompt(self, prepared: Prepared, generator: torch.Generator) -> Prompt:
        """Embeddings of chat and cloud; where memory runs out, of every second voxel per axis."""
        model, started, canvas = self.estimator.model, time.perf_counter(), prepared.canvas
        ids = self.estimator.prompt_ids(self.request.task, self.request.categories)
        permutations = self._permutations(generator)
        known: dict[str, Any] = {}
        if prepared.findings is not None:
            known["findings"] = self.estimator.finding_rows(prepared.findings, canvas)
        try:
            prompt = model.prompt(ids, prepared.tensor, permutations, **known)
        except torch.OutOfMemoryError:
            prompt = self._coarser_prompt(ids, prepared.tensor, permutations, known)
        self._timed("encode", started)
        return prompt

    def _coarser_prompt(
        self, ids: torch.Tensor, tensor: NDArray[Any], permutations: Permutations | None, known: dict[str, Any]
    ) -> Prompt:
        self._notes.append("memory ran out: the cloud was thinned to every second voxel per axis")
        _free_memory()
        try:
            return self.estimator.model.prompt(ids, thin(tensor, _COARSER), permutations, **known)
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
        """Tokens of one text, and what is left of the time for all of them."""
        settings, used = self.estimator.settings, self.seconds.get("decode", 0.0)
        seconds = None if settings.max_seconds is None else max(0.0, settings.max_seconds - used)
        return Budget(settings.max_new_tokens, seconds)

    def _draft(self, prepared: Prepared, previous: Layout | None) -> LayoutDraft | None:
        """What the decoder may guess ahead from: the text's own regularities, and the previous layout or the findings."""
        grammar, canvas = self._grammar(), prepared.canvas
        if grammar is None or not self.estimator.settings.drafts:
            return None
        text = self._previous_text(canvas, previous)
        if text is None and prepared.findings is not None:
            text = format_layout(in_bins(prepared.findings, canvas.origin, canvas.num_bins), integers=True)
        return LayoutDraft(grammar, text)

    def _grammar(self) -> LayoutGrammar | None:
        return self.estimator.grammar(self.request.task, self.request.categories)

    def _tokens(
        self, prompt: Prompt, draft: LayoutDraft | None, generator: torch.Generator
    ) -> Generator[Token, None, None]:
        generation = Decoder(self.estimator.model.language_model, self.estimator.stop_ids).start(
            prompt, self._sampling(), self._budget(), self._grammar(), draft, generator, self.request.cancelled
        )
        self.statistics.append(generation.statistics)
        yield from generation

    def _previous_text(self, canvas: Canvas, previous: Layout | None) -> str | None:
        """The previous layout as a draft; one that the language cannot hold costs its speed, not the run."""
        if previous is None:
            return None
        try:
            return canvas.to_text(previous)
        except (LayoutError, LayoutTextError) as error:
            self._notes.append(f"the previous layout was no help in decoding: {error}")
            return None

    def _beam_tokens(self, prompt: Prompt) -> Generator[Token, None, None]:
        estimator, request = self.estimator, self.request
        search = BeamSearch(estimator.model.language_model, estimator.stop_ids, estimator.settings.beams)
        best = search.run(prompt, self._budget(), self._grammar(), request.cancelled)
        self.statistics.append(search.statistics)
        yield from best.tokens


def _free_memory() -> None:
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
