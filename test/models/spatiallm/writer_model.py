"""A SpatialLM whose language model writes a given text, so that what surrounds it can be tested."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.pipeline import SpatialLMEstimator
from spatial_perception.pointcloud.cloud import PointCloud


class WriterLanguageModel:
    """Looks up the next token by position; the prompt's length tells where the text begins."""

    def __init__(self, inner, ids, vocabulary):
        self.inner, self.ids, self.vocabulary = inner, ids, vocabulary
        self.device = inner.device
        self.prompt_length = None

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def new_cache(self, prompt, new_tokens):
        self.prompt_length = prompt
        return self.inner.new_cache(prompt, new_tokens)

    def step(self, embeds, positions, cache, keep):
        if self.prompt_length is None:  # beam search makes its own cache
            self.prompt_length = embeds.shape[1]
        cache.advance(embeds.shape[1])
        logits = torch.zeros(len(embeds), keep, self.vocabulary)
        for row in range(keep):
            place = cache.length - keep + row + 1 - self.prompt_length
            logits[:, row, self.ids[min(place, len(self.ids) - 1)]] = 9.0
        return logits


def estimator_writing(text, directory, monkeypatch, ends=True, **settings):
    """The tiny estimator made to write `text`, then the stop token."""
    estimator = SpatialLMEstimator.from_pretrained(directory, device="cpu", **settings)
    ids = estimator.vocabulary.encode(text) + (list(estimator.stop_ids) if ends else [])
    inner = estimator.model.language_model
    writer = WriterLanguageModel(inner, ids, len(estimator.tokenizer))
    monkeypatch.setattr(SpatialLM, "language_model", property(lambda self: writer))
    return estimator


def room_cloud(size=(4.0, 3.0, 2.6), shift=(0.0, 0.0, 0.0), points=6000, seed=0, frame_id="map"):
    """Floor and four walls of a room with colours."""
    rng = np.random.default_rng(seed)
    faces = []
    for axis, side in ((2, 0.0), (0, 0.0), (0, 1.0), (1, 0.0), (1, 1.0)):
        face = rng.uniform(0, 1, (points // 5, 3))
        face[:, axis] = side
        faces.append(face * size)
    xyz = np.concatenate(faces) + shift
    return PointCloud(xyz, rng.integers(0, 256, (len(xyz), 3), dtype=np.uint8), frame_id, 12.5)


def without_scores(layout):
    """The entities of a layout, whatever their scores."""
    return [replace(entity, score=None) for entity in layout]
