"""One estimation as it runs: cut, prepare, encode, decode, read, stitch."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
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
from spatial_perception.layout.categories import CATEGORIES
from spatial_perception.layout.entities import Box, Door, Entity, Layout, Provenance, Wall, Window, vec3
from spatial_perception.layout.text import collect, format_layout
from spatial_perception.models.base import Task
from spatial_perception.models.layers.threads import torch_threads
from spatial_perception.models.spatiallm.agreement import Told
from spatial_perception.models.spatiallm.config import PillarConfig, reads_findings
from spatial_perception.models.spatiallm.consensus import vote
from spatial_perception.models.spatiallm.findings import chosen, find, in_bins
from spatial_perception.models.spatiallm.finish import finish
from spatial_perception.models.spatiallm.modeling import Reading
from spatial_perception.models.spatiallm.order import numbered
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


class Estimation:
    """One running estimation: iterate for entities, or take the `layout`. Filled meanwhile: costs, canvas, notes, what was
    told before the unlikely was left out."""

    def __init__(self, estimator: SpatialLMEstimator, cloud: PointCloud, request: Request) -> None:
        self.estimator = estimator
        self.request = request
        self.statistics: list[Statistics] = []
        self.canvas: Canvas | None = None
        self.told: tuple[Told, ...] = ()
        self.seconds: dict[str, float] = {}
        self.text = ""
        self._cloud = cloud
        self._notes: list[str] = []
        self._frame_id = cloud.frame_id
        self._entities = self._run()
        self._found: list[Entity] = []
        self._measured: Layout | None = None

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
        # the findings need no alignment where a cloud stands upright: they are looked for beside it
        with torch_threads(self.estimator.settings.threads), ThreadPoolExecutor(1) as pool:
            finding = pool.submit(self._find, self._cloud) if self._is_plain() else None
            yield from self._understood(finding)

    def _understood(self, finding: Future[Layout] | None) -> Iterator[Entity]:
        settings, started = self.estimator.settings, time.perf_counter()
        aligned, alignment, notes = prepare_cloud(self._cloud, settings, self.request.canvas)
        self._notes += [*notes, *alignment.notes]
        self._frame_id = alignment.result_frame
        self._timed("prepare", started)
        entities: Iterable[Entity] = self._told(aligned, alignment, finding)
        if settings.refine:
            entities = self._finished(collect(entities), alignment, alignment.restore_points(aligned.xyz))
        yield from (entity for entity in entities if self._is_asked(entity))

    def _finished(self, told: Layout, alignment: Alignment, points: NDArray[Any]) -> Layout:
        """What was told, on the points, and held against what was found before."""
        started, calibration = time.perf_counter(), self.estimator.calibration
        findings = None if self._measured is None else alignment.restore(self._measured)
        least = self.estimator.settings.least_score
        finished = finish(told, points, calibration and calibration.with_least(least), findings)
        self._notes += finished.notes
        self.told = finished.told
        self._timed("refine", started)
        return finished.layout

    def _is_asked(self, entity: Entity) -> bool:
        """Whether an entity is no box of a category that nobody asked for; models that read findings name all boxes."""
        asked = self.request.categories
        return not (asked and self._measured is not None and isinstance(entity, Box)) or entity.label in asked

    def _told(self, aligned: PointCloud, alignment: Alignment, finding: Future[Layout] | None) -> Iterator[Entity]:
        """The entities as the model tells them: of the whole cloud, or tile by tile."""
        settings, started, given = self.estimator.settings, time.perf_counter(), self.request.canvas
        tiles = [] if settings.compat else cut(aligned, settings.max_extent, MIN_POINTS, self._by_room())
        self._timed("prepare", started)
        if len(tiles) > 1:
            self._measured = self._found_before(alignment, finding)
            yield from self._tiled(aligned, alignment, tiles, self._measured)
            return
        prepared = self._prepared(aligned, alignment, canvas=given)
        self.canvas = prepared.canvas
        self._measured = self._found_before(alignment, finding)
        yield from self._written(prepared.knowing(self._measured), self.request.previous)

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

    def _is_plain(self) -> bool:
        """Whether findings are read, and the cloud is upright, in metres, and about its own origin."""
        settings = self.estimator.settings
        upright = settings.up == "z" and settings.scale == "keep" and not any(self._cloud.origin)
        return upright and reads_findings(self.estimator.model.config)

    def _find(self, cloud: PointCloud) -> Layout:
        return find(cloud, cast(Task, self.request.task))

    def _found_before(self, alignment: Alignment, finding: Future[Layout] | None) -> Layout | None:
        """What the geometric estimator finds, in the aligned frame, for models that read it.

        It is asked about the whole cloud, as if it were used by itself: what is seen through openings, and what the ends of
        walls lose to the core, is evidence to it.
        """
        started = time.perf_counter()
        if not reads_findings(self.estimator.model.config):
            return None
        if finding is None:
            found = self._find(alignment.apply(self._cloud))
        else:
            found = alignment.apply_layout(finding.result())
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
        reading, prompt = self._prompt(prepared, generator)
        transcript = Transcript(self.estimator.vocabulary, compat=settings.compat)
        started = time.perf_counter()
        draft = self._draft(prepared, previous, reading)
        tokens = self._beam_tokens(prompt) if settings.beams > 1 else self._tokens(prompt, draft, generator)
        weigh = _Weigh(reading)
        for entity in self._lines(transcript, tokens):
            yield canvas.to_metres(weigh(entity))
        self._timed("decode", started)
        self.text = transcript.text
        self._conclude(transcript)

    def _lines(self, transcript: Transcript, tokens: Generator[Token, None, None]) -> Iterator[Entity]:
        """The entities in bins as they are written."""
        for token in tokens:
            yield from transcript.read(token)
            if transcript.in_a_row >= self.estimator.settings.max_repeats:
                self._notes.append("decoding was stopped: the model repeated itself")
                break
        tokens.close()
        yield from transcript.finish()

    def _conclude(self, transcript: Transcript) -> None:
        stop = self.statistics[-1].stop
        reasons = {"length": "the longest text was reached", "time": "the time was up", "cancelled": "it was cancelled"}
        if stop in reasons:
            self._notes.append(f"decoding was stopped: {reasons[stop]}")
        if transcript.repeats:
            self._notes.append(f"{transcript.repeats} repeated entities were left out")
        if transcript.dropped_lines:
            self._notes.append(f"{transcript.dropped_lines} lines were not in the layout language and were left out")

    def _prompt(self, prepared: Prepared, generator: torch.Generator) -> tuple[Reading | None, Prompt]:
        """Embeddings of chat and cloud; where memory runs out, of every second voxel per axis."""
        started, permutations = time.perf_counter(), self._permutations(generator)
        try:
            read = self._read(prepared, prepared.tensor, permutations)
        except torch.OutOfMemoryError:
            read = self._read_coarser(prepared, permutations)
        self._timed("encode", started)
        return read

    def _read(
        self, prepared: Prepared, tensor: NDArray[Any], permutations: Permutations | None
    ) -> tuple[Reading | None, Prompt]:
        """The cloud, and the findings where the model reads them: it then names all boxes, whatever is asked for."""
        estimator, request = self.estimator, self.request
        if prepared.findings is None:
            ids = estimator.prompt_ids(request.task, request.categories)
            return None, estimator.model.prompt(ids, tensor, permutations)
        rows = estimator.finding_rows(prepared.findings, prepared.canvas)
        reading = estimator.model.weigh(tensor, rows)
        ids = estimator.prompt_ids(request.task, ())
        return reading, estimator.model.prompt(ids, tensor, permutations, reading)

    def _read_coarser(self, prepared: Prepared, permutations: Permutations | None) -> tuple[Reading | None, Prompt]:
        self._notes.append("memory ran out: the cloud was thinned to every second voxel per axis")
        _free_memory()
        try:
            return self._read(prepared, thin(prepared.tensor, _COARSER), permutations)
        except torch.OutOfMemoryError as error:
            _free_memory()
            raise EstimatorError(
                f"out of memory with {len(prepared.tensor)} voxels; crop the cloud, or use device='cpu' or a smaller dtype"
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

    def _draft(self, prepared: Prepared, previous: Layout | None, reading: Reading | None) -> LayoutDraft | None:
        """What the decoder may guess ahead from: the text's own regularities, and the findings or the previous layout."""
        grammar, canvas = self._grammar(), prepared.canvas
        if grammar is None or not self.estimator.settings.drafts:
            return None
        if reading is None or prepared.findings is None:
            return LayoutDraft(grammar, self._previous_text(canvas, previous))
        told = numbered(chosen(prepared.findings, reading.kept.tolist()))
        return LayoutDraft(grammar, format_layout(in_bins(told, canvas.origin, canvas.num_bins), integers=True))

    def _grammar(self) -> LayoutGrammar | None:
        asked = CATEGORIES if reads_findings(self.estimator.model.config) else self.request.categories
        return self.estimator.grammar(self.request.task, asked)

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


class _Weigh:
    """Scores of what was found before: the chance that it is real counts as well as how sure the text is."""

    def __init__(self, reading: Reading | None) -> None:
        self._chances: dict[type, list[float]] = {}
        if reading is not None:
            pairs = zip(reading.told.kind.tolist(), reading.chances[reading.kept].tolist())
            for kind, chance in pairs:
                self._chances.setdefault((Wall, Door, Window, Box)[kind], []).append(chance)

    def __call__(self, entity: Entity) -> Entity:
        chances = self._chances.get(type(entity), [])
        if entity.score is None or entity.id >= len(chances):
            return entity
        return replace(entity, score=round(entity.score * chances[entity.id], 4))


def _free_memory() -> None:
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
