"""Even and space-aware choice of frames, against the published sampler."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.errors import CloudError, ConfigError
from spatial_perception.mapping.frame_sampling import filled, greedy_cover, space_aware_frames, uniform_frames

GOLDEN = Path(__file__).parents[1] / "golden/spatial_mllm"
EXPECTED = json.loads((GOLDEN / "sampling_expected.json").read_text())


@pytest.mark.parametrize("name", EXPECTED["cases"])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_selection_equals_the_published_one(name, kind):
    arrays = pytest.importorskip("safetensors.numpy").load_file(GOLDEN / "sampling_inputs.safetensors")
    case = EXPECTED["cases"][name]
    points, confidence = (arrays[f"{name}.{part}"].astype(kind) for part in ("points", "conf"))
    chosen = space_aware_frames(points, confidence, case["K"], fill=False)
    assert list(chosen.frames) == case["selected_sorted"]
    assert list(chosen.order) == case["greedy_order"]
    assert list(chosen.voxels) == case["voxels_per_frame"]
    assert (chosen.covered, chosen.total) == (case["covered_voxels"], case["total_voxels"])
    assert chosen.voxel == pytest.approx(case["voxel_size"], rel=1e-6)
    assert chosen.origin == pytest.approx(case["origin"], rel=1e-6)
    assert chosen.threshold == pytest.approx(case["conf_threshold"], rel=1e-6)


@pytest.mark.parametrize("case", EXPECTED["greedy_only"])
def test_greedy_order(case):
    every = sorted({tuple(v) for voxels in case["voxel_sets"] for v in voxels})
    seen = np.array([[v in {tuple(w) for w in voxels} for v in every] for voxels in case["voxel_sets"]], dtype=bool)
    assert list(greedy_cover(seen.reshape(len(case["voxel_sets"]), len(every)), case["K"])) == case["order"]


def test_saturated_selection_is_filled_up():
    points = np.zeros((6, 2, 2, 3))
    points[:, 1, 1] = 1.0
    chosen = space_aware_frames(points, np.ones((6, 2, 2)), 4)
    assert chosen.order == (0,)
    assert chosen.frames == (0, 1, 3, 5)
    assert space_aware_frames(points, np.ones((6, 2, 2)), 4, fill=False).frames == (0,)


@pytest.mark.parametrize("spoil", ["flat", "nothing finite", "no confidence"])
def test_scenes_without_space_give_even_frames(spoil):
    points, confidence = np.random.default_rng(0).random((8, 3, 3, 3)), np.ones((8, 3, 3))
    if spoil == "flat":
        points[..., 2] = 1.0
    elif spoil == "nothing finite":
        points[...] = np.nan
    else:
        confidence[...] = 0.0
    assert space_aware_frames(points, confidence, 4).frames == uniform_frames(8, 4) == (0, 2, 4, 7)


def test_points_that_are_not_finite_are_left_out():
    rng = np.random.default_rng(1)
    points, confidence = rng.random((5, 6, 6, 3)), np.ones((5, 6, 6))
    whole = space_aware_frames(points, confidence, 3)
    spoilt = np.concatenate([points, np.full((5, 1, 6, 3), np.nan)], axis=1)
    assert space_aware_frames(spoilt, np.ones((5, 7, 6)), 3) == whole


@given(st.integers(0, 300), st.integers(0, 200))
@settings(derandomize=True, deadline=None)
def test_even_frames(total, count):
    frames = uniform_frames(total, count)
    assert len(frames) == min(total, count) == len(set(frames))
    assert list(frames) == sorted(frames)
    if len(frames) > 1:
        assert (frames[0], frames[-1]) == (0, total - 1)


@given(st.sets(st.integers(0, 19), max_size=10), st.integers(0, 25))
@settings(derandomize=True, deadline=None)
def test_filling_keeps_what_was_chosen(chosen, count):
    result = filled(tuple(chosen), 20, count)
    assert set(chosen) <= set(result)
    assert len(result) == max(len(chosen), min(count, 20)) == len(set(result))


def test_wrong_shapes_and_counts():
    with pytest.raises(CloudError, match="must be"):
        space_aware_frames(np.zeros((2, 3, 3, 3)), np.zeros((2, 3)), 1)
    with pytest.raises(ConfigError):
        uniform_frames(-1, 2)
