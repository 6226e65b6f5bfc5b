"""From conversations to batches: augmentation, layouts as text in bins, clouds as tensors, prompts without labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from spatial_perception.layout.entities import Layout
from spatial_perception.layout.text import format_layout
from spatial_perception.layout.transforms import rotate_points, training_target
from spatial_perception.models.spatiallm.processing import cloud_tensor, prepare_cloud
from spatial_perception.models.spatiallm.prompts import POINT_END, POINT_PAD, POINT_START, training_chat
from spatial_perception.models.spatiallm.settings import SpatialLMSettings
from spatial_perception.models.spatiallm.splice import IGNORED_LABEL
from spatial_perception.pointcloud.io import read_cloud
from spatial_perception.training.augmentation import augment
from spatial_perception.training.datasets import CLOUD_PLACE, Conversation
from spatial_perception.training.recipe import Recipe

_MULTIPLE = 8


@dataclass(frozen=True)
class Turn:
    """How a scene is turned (rad, about z) and scaled about `center` (m)."""

    angle: float
    factor: float
    center: tuple[float, float, float]

    def points(self, xyz: NDArray[Any]) -> NDArray[np.float64]:
        """Points (N, 3) turned and scaled; exactly the same ones where there is nothing to do."""
        if self.angle == 0.0 and self.factor == 1.0:
            return np.asarray(xyz, np.float64)
        middle = np.asarray(self.center)
        return rotate_points((np.asarray(xyz, np.float64) - middle) * self.factor, self.angle) + middle


@dataclass(frozen=True, eq=False)
class Sample:
    """One conversation ready for the model: token ids, labels (-100 for the prompt), cloud tensor (N, 9)."""

    ids: list[int]
    labels: list[int]
    tensor: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Batch:
    """`input_ids`, `labels`, `mask` (B, L) int64, padded on the right, and one cloud tensor (N, 9) each."""

    input_ids: Tensor
    labels: Tensor
    mask: Tensor
    tensors: list[NDArray[np.float64]]


def preparation(recipe: Recipe) -> SpatialLMSettings:
    """The settings of the estimator that prepare clouds as this recipe does."""
    return SpatialLMSettings.model_validate({"align_yaw": recipe.align_yaw, "cleanup": recipe.cleanup})


def draw_turn(xyz: NDArray[Any], recipe: Recipe, rng: Generator) -> Turn:
    """A turn and a scale about the middle of the bounds of points (N, 3), as the published fine-tuning draws them."""
    middle = (xyz.min(axis=0).astype(np.float64) + xyz.max(axis=0)) / 2
    center = (float(middle[0]), float(middle[1]), float(middle[2]))
    if not recipe.geometry:
        return Turn(0.0, 1.0, center)
    angle = rng.uniform(0.0, 2.0 * pi) if recipe.random_rotation else rng.integers(4) * pi / 2
    return Turn(float(angle), float(rng.uniform(recipe.min_scale, recipe.max_scale)), center)


def target_text(
    layout: Layout, turn: Turn, min_bound: Sequence[float], num_bins: int, points: Any = None, compat: bool = False
) -> str:
    """The text in bins that the model is to write about a turned scene whose least coordinates are `min_bound` (m)."""
    target = training_target(
        layout,
        angle=turn.angle,
        factor=turn.factor,
        center=turn.center,
        min_bound=min_bound,
        num_bins=num_bins,
        points=points,
        compat=compat,
    )
    return format_layout(target, integers=True).rstrip("\n")


class Collator:
    """Makes samples and batches for one tokenizer, number of bins and kind of language model."""

    def __init__(self, tokenizer: Any, recipe: Recipe, num_bins: int, is_llama: bool) -> None:
        self.tokenizer = tokenizer
        self.recipe = recipe
        self.num_bins = num_bins
        self.is_llama = is_llama
        self.preparation = preparation(recipe)
        self._fixed: dict[Conversation, Sample] = {}

    def sample(self, conversation: Conversation, rng: Generator) -> Sample:
        """One conversation, augmented at random. Raises CloudFileError, CloudError or LayoutTextError."""
        if self.recipe.is_random:
            return self._sample(conversation, rng)
        if conversation not in self._fixed:
            self._fixed[conversation] = self._sample(conversation, rng)
        return self._fixed[conversation]

    def _sample(self, conversation: Conversation, rng: Generator) -> Sample:
        recipe = self.recipe
        cloud, alignment, _ = prepare_cloud(read_cloud(conversation.cloud), self.preparation)
        xyz, rgb = cloud.xyz.astype(np.float64), cloud.rgb
        if recipe.augment:
            xyz, rgb = augment(xyz, rgb, rng)
        turn = draw_turn(xyz, recipe, rng)
        points = turn.points(xyz)
        chance = rng if recipe.random_points else None
        tensor, low = cloud_tensor(
            points, rgb, self.num_bins, cleanup=recipe.cleanup, compat=recipe.compat, generator=chance
        )
        layout = alignment.apply_layout(conversation.layout())
        ids, labels = self.encode(
            conversation.question, target_text(layout, turn, low, self.num_bins, points, recipe.compat)
        )
        return Sample(ids, labels, tensor)

    def encode(self, question: str, answer: str) -> tuple[list[int], list[int]]:
        """Token ids and labels of one exchange, cut to `cutoff` as published."""
        message = question.replace(CLOUD_PLACE, POINT_START + POINT_PAD + POINT_END, 1)
        end = "<|eot_id|>" if self.is_llama else "<|im_end|>\n"
        source = self._ids(training_chat(message, self.is_llama))
        target = self._ids(answer + end)
        keep_source, keep_target = cut_lengths(len(source), len(target), self.recipe.cutoff)
        source, target = source[:keep_source], target[:keep_target]
        return source + target, [IGNORED_LABEL] * len(source) + target

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def batch(self, samples: Sequence[Sample]) -> Batch:
        """Samples side by side, padded on the right to a multiple of 8 tokens."""
        length = -(-max(len(sample.ids) for sample in samples) // _MULTIPLE) * _MULTIPLE
        pad = self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else 0
        return Batch(
            torch.tensor([_padded(sample.ids, length, pad) for sample in samples]),
            torch.tensor([_padded(sample.labels, length, IGNORED_LABEL) for sample in samples]),
            torch.tensor([_padded([1] * len(sample.ids), length, 0) for sample in samples]),
            [sample.tensor for sample in samples],
        )


def cut_lengths(source: int, target: int, cutoff: int) -> tuple[int, int]:
    """Tokens kept of prompt and answer: the shorter one is spared where it is less than half of `cutoff`."""
    if 2 * target < cutoff:
        longest = cutoff - target
        return min(source, longest), target
    if 2 * source < cutoff:
        return source, min(target, cutoff - source)
    kept = min(target, int(cutoff * target / (source + target)))
    return min(source, cutoff - kept), kept


def _padded(values: list[int], length: int, fill: int) -> list[int]:
    return values + [fill] * (length - len(values))
