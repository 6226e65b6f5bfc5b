"""The same layout for the same input, with and without shortcuts, in every process and with any number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from writer_model import room_cloud, without_scores

from spatial_perception.generation.packing import can_pack
from spatial_perception.generation.sampling import Sampling
from spatial_perception.models.spatiallm.pipeline import SpatialLMEstimator


def test_random_models_decode_alike_with_and_without_shortcuts(tiny):
    cloud = room_cloud()
    for sampling in (Sampling(), Sampling(0.8)):
        layouts = []
        for settings in ({}, {"drafts": False}):
            estimator = SpatialLMEstimator.from_pretrained(tiny, device="cpu", max_new_tokens=120, **settings)
            layouts.append(without_scores(estimator.estimate(cloud, seed=5, sampling=sampling)))
        assert layouts[0] == layouts[1]


def test_same_seed_same_layout(estimator):
    cloud, sampling = room_cloud(), Sampling(1.0)
    texts = []
    for seed in (1, 1, 2):
        run = estimator.run(cloud, seed=seed, sampling=sampling)
        run.layout()
        texts.append(run.text)
    assert texts[0] == texts[1] != texts[2]
    assert estimator.estimate_batch([cloud, cloud]) == [estimator.estimate(cloud)] * 2


@pytest.mark.skipif(not can_pack(), reason="this processor has no packed layers")
def test_bits_do_not_depend_on_the_number_of_threads(estimator):
    """Short and long steps behind long caches, where torch would share the sums of very short ones out among threads, and
    cut activations of long ones in places that depend on their number.
    """
    before, found = torch.get_num_threads(), {}
    try:
        for threads in (1, 2, 3, 4, 5, 8):
            torch.set_num_threads(threads)
            found[threads] = torch.cat([logits_of_steps(estimator.model, length) for length in (70, 300, 1100)])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(found[1], other) for other in found.values())


def logits_of_steps(model, length):
    """What follows a long prompt, in steps of a few tokens."""
    language = model.language_model
    cache, rows = language.new_cache(length, 60), []
    with torch.inference_mode():
        for count in (length, 1, 2, 3, 1, 4, 5, 1, 20, 1):
            ids = (torch.arange(count)[None] * 7 + len(rows)) % 500
            positions = torch.arange(cache.length, cache.length + count)[None]
            rows.append(language.step(language.embed(ids), positions, cache, min(count, 5))[0])
    return torch.cat(rows)


SCRIPT = """
import sys, torch
sys.path.insert(0, {folder!r})
from writer_model import room_cloud
from spatial_perception.models.spatiallm.pipeline import SpatialLMEstimator
torch.set_num_threads(int(sys.argv[1]))
estimator = SpatialLMEstimator.from_pretrained({tiny!r}, device="cpu", max_new_tokens=60)
for _ in range(5):
    print([estimator.estimate(room_cloud(points=1500), seed=4, sampling=sampling) for sampling in {samplings}])
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_twenty_runs_are_alike_across_restarts_and_thread_counts(tiny):
    """Greedy and at random, scores included: five runs in each of four processes, with one to four threads."""
    samplings = "(None, __import__('spatial_perception').generation.sampling.Sampling(0.7))"
    script = SCRIPT.format(folder=str(Path(__file__).parent), tiny=str(tiny), samplings=samplings)
    found = []
    for threads in ("1", "2", "3", "4"):
        environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
        command = [sys.executable, "-c", script, threads]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        found += done.stdout.splitlines()
    assert len(found) == 20
    assert len(set(found)) == 1
