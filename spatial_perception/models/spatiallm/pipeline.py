"""`SpatialLMEstimator`: layouts from clouds by a SpatialLM checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from spatial_perception.configuration import check_settings
from spatial_perception.errors import EstimatorError
from spatial_perception.generation.grammar import LayoutGrammar
from spatial_perception.generation.layout_language import LayoutLanguage
from spatial_perception.generation.sampling import Sampling
from spatial_perception.generation.vocabulary import TokenVocabulary
from spatial_perception.layout.entities import Entity, Layout
from spatial_perception.models import weights
from spatial_perception.models.base import Task
from spatial_perception.models.spatiallm.compact_tokenizer import CompactTokenizer
from spatial_perception.models.spatiallm.estimation import Estimation, Request
from spatial_perception.models.spatiallm.findings import FindingRows, finding_rows
from spatial_perception.models.spatiallm.finish import Calibration
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.processing import Canvas
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
from spatial_perception.pointcloud.cloud import PointCloud


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
        model = SpatialLM.from_pretrained(directory, device, dtype, None, sha256, bare=True)
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
        """The layouts of several clouds, one after another; the same as single calls.

        A pass already carries several rows (forced tokens, drafts), so that passes shared by clouds would win little.
        """
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

    def finding_rows(self, findings: Layout, canvas: Canvas) -> FindingRows:
        """Findings (m, in the aligned frame) as the model reads them."""
        return finding_rows(findings, canvas.origin, canvas.num_bins, self._ids)

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def prompt_ids(self, task: str, categories: Sequence[str]) -> torch.Tensor:
        """Token ids (L,) of the chat that asks for a task."""
        text = chat_text(
            user_message(task, categories), self.tokenizer, self.model.config.is_llama, self.settings.template
        )
        return torch.tensor(self._ids(text))


def load_estimator(name: str, **settings: Any) -> SpatialLMEstimator:
    """A checkpoint by directory or hub id, for the registry; `settings` are those of `CheckpointSettings`."""
    given = {key: value for key, value in settings.items() if value is not None}
    for key in given.keys() & {"device", "dtype"}:
        given[key] = str(given[key]).removeprefix("torch.")
    checked = check_settings(CheckpointSettings, given)
    return SpatialLMEstimator.from_pretrained(name, **{key: getattr(checked, key) for key in checked.model_fields_set})


def load_tokenizer(directory: Path) -> Any:
    """The fast tokenizer of a checkpoint, read from its `tokenizer.json`, without asking what model it belongs to."""
    if not (directory / "tokenizer.json").is_file():
        raise EstimatorError(f"{directory} has no tokenizer.json; download the checkpoint again")
    try:
        compact = CompactTokenizer.of(directory)
        if compact is not None:
            return compact
        from transformers import PreTrainedTokenizerFast

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
