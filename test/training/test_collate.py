from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from rooms_dataset import write_rooms

from spatial_perception.layout.quantization import dequantise
from spatial_perception.layout.text import parse_layout
from spatial_perception.models.spatiallm.pipeline import load_estimator, load_tokenizer
from spatial_perception.models.spatiallm.prompts import training_chat, user_message
from spatial_perception.models.spatiallm.tiny import make_tiny_checkpoint
from spatial_perception.pointcloud.io import read_cloud
from spatial_perception.training.augmentation import augment, elastic, jitter
from spatial_perception.training.collate import Collator, Turn, cut_lengths, draw_turn, target_text
from spatial_perception.training.datasets import read_dataset
from spatial_perception.training.recipe import Recipe

GOLDEN = Path(__file__).parents[1] / "golden/spatiallm/layout_transforms.json"
BASE = {"model": "m", "dataset": "d", "dataset_name": "n", "output": "o"}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return load_tokenizer(make_tiny_checkpoint(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def conversations(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rooms")
    write_rooms(folder, (0, 1))
    return read_dataset(folder, "rooms_train")


def test_golden_text_of_augmented_scenes():
    golden = json.loads(GOLDEN.read_text())
    case = golden["training_sync"]
    layout = parse_layout(golden["input_text"])
    turn = Turn(case["angle_z"], case["scaling"], tuple(case["center_pt"]))
    assert target_text(layout, turn, case["min_bound"], case["num_bins"]) == case["text"]


def test_prompt_has_no_labels_and_answer_has(tokenizer, conversations):
    collator = Collator(tokenizer, Recipe(**BASE, geometry=False), 320, is_llama=False)
    sample = collator.sample(conversations[0], np.random.default_rng(0))
    prompt = training_chat(user_message("layout"), is_llama=False)
    start = sample.labels.index(next(label for label in sample.labels if label != -100))
    assert tokenizer.decode(sample.ids[:start]) == prompt
    assert sample.labels[start:] == sample.ids[start:]
    text = tokenizer.decode(sample.ids[start:])
    assert text.endswith(")<|im_end|>\n")
    found = dequantise(parse_layout(text.removesuffix("<|im_end|>\n")), 320, centred=True)
    assert len(found.walls) == len(conversations[0].layout().walls)
    assert sample.tensor.shape[1] == 9


@pytest.mark.parametrize("prepared", [True, False], ids=["aligned and cleaned", "as published"])
@pytest.mark.parametrize("backbone", ["sonata", "scenescript"])
def test_training_sees_what_the_estimator_sees(tmp_path, conversations, backbone, prepared):
    """Without augmentation prompt and cloud tensor of a sample are bit for bit those of the estimator's run."""
    settings = {"align_yaw": prepared, "cleanup": prepared}
    estimator = load_estimator(make_tiny_checkpoint(tmp_path, 0, backbone), device="cpu", max_new_tokens=1, **settings)
    recipe = Recipe(**BASE, geometry=False, random_points=False, **settings)
    bins = estimator.model.config.num_bins
    collator = Collator(estimator.tokenizer, recipe, bins, is_llama=False)
    for conversation in conversations:
        sample = collator.sample(conversation, np.random.default_rng(0))
        seen = seen_by(estimator, read_cloud(conversation.cloud))
        prompt = len(seen["ids"])
        assert sample.ids[:prompt] == seen["ids"].tolist()
        assert set(sample.labels[:prompt]) == {-100}
        assert np.array_equal(sample.tensor, seen["tensor"])
        answer = estimator.tokenizer.decode(sample.ids[prompt:]).removesuffix("<|im_end|>\n")
        assert estimator.vocabulary.encode(answer) == sample.ids[prompt:-2]
        assert sorted_walls(answer) == sorted_walls(seen["canvas"].to_text(conversation.layout()))


def seen_by(estimator, cloud):
    """What the model of an estimator is given for a cloud."""
    seen = {}
    model = estimator.model

    def prompt(ids, tensor, permutations=None):
        seen.update(ids=ids, tensor=tensor, permutations=permutations)
        return type(model).prompt(model, ids, tensor, permutations)

    model.prompt = prompt
    run = estimator.run(cloud, "layout")
    run.layout()
    return {**seen, "canvas": run.canvas}


def sorted_walls(text):
    """Ends of the walls of a text in bins, whatever their order and number."""
    return sorted(tuple(sorted((wall.start, wall.end))) for wall in parse_layout(text).walls)


def test_layout_and_cloud_are_turned_alike(tokenizer, conversations):
    """Walls of the target stand where the points of the turned cloud are."""
    collator = Collator(tokenizer, Recipe(**BASE), 1280, is_llama=False)
    for seed in range(3):
        sample = collator.sample(conversations[1], np.random.default_rng(seed))
        text = tokenizer.decode([label for label in sample.labels if label != -100])
        layout = dequantise(parse_layout(text.removesuffix("<|im_end|>\n")), 1280, centred=True)
        for wall in layout.walls:
            ends = np.array([wall.start, wall.end])[:, :2]
            along = np.subtract(*ends[::-1])
            offsets = sample.tensor[:, 3:5] - ends[0]
            length = np.linalg.norm(along)
            across = np.abs(offsets @ np.array([-along[1], along[0]]) / length)
            place = offsets @ along / length
            assert np.sum((across < 0.2) & (place > 0) & (place < length)) > 10


def test_samples_follow_their_generator(tokenizer, conversations):
    collator = Collator(tokenizer, Recipe(**BASE, augment=True), 1280, is_llama=False)
    first, again, other = (collator.sample(conversations[0], np.random.default_rng(s)) for s in (3, 3, 4))
    assert first.ids == again.ids
    assert np.array_equal(first.tensor, again.tensor)
    assert first.ids != other.ids


def test_batches_are_padded_on_the_right(tokenizer, conversations):
    collator = Collator(tokenizer, Recipe(**BASE), 320, is_llama=False)
    samples = [collator.sample(item, np.random.default_rng(0)) for item in conversations]
    batch = collator.batch(samples)
    assert batch.input_ids.shape[1] % 8 == 0
    for row, sample in enumerate(samples):
        length = len(sample.ids)
        assert batch.input_ids[row, :length].tolist() == sample.ids
        assert batch.mask[row].sum() == length
        assert (batch.labels[row, length:] == -100).all()


@pytest.mark.parametrize(
    ("lengths", "kept"),
    [((10, 10), (10, 10)), ((500, 20), (80, 20)), ((20, 500), (20, 80)), ((300, 100), (75, 25))],
)
def test_long_texts_are_cut_as_published(lengths, kept):
    assert cut_lengths(*lengths, 100) == kept


def test_llama_answers_end_with_their_stop_token(tokenizer):
    ids, _ = Collator(tokenizer, Recipe(**BASE), 320, is_llama=True).encode("<point_cloud>x", "wall")
    assert tokenizer.decode(ids).endswith("\n\nwall<|eot_id|>")


def test_turns():
    xyz = np.random.default_rng(0).uniform(0, 5, (100, 3))
    quarters = {round(draw_turn(xyz, Recipe(**BASE, random_rotation=False), np.random.default_rng(s)).angle / (np.pi / 2), 9)
                for s in range(40)}  # fmt: skip
    assert quarters == {0.0, 1.0, 2.0, 3.0}
    turn = draw_turn(xyz, Recipe(**BASE), np.random.default_rng(1))
    assert 0.75 <= turn.factor <= 1.25
    still = draw_turn(xyz, Recipe(**BASE, geometry=False), np.random.default_rng(1))
    assert np.allclose(still.points(xyz), xyz)


def test_augmentation_stays_within_bounds():
    rng = np.random.default_rng(0)
    xyz, rgb = rng.uniform(0, 5, (2000, 3)), rng.integers(0, 256, (2000, 3), dtype=np.uint8)
    kept = xyz.copy(), rgb.copy()
    for seed in range(10):
        points, colours = augment(xyz, rgb, np.random.default_rng(seed))
        assert points.shape == xyz.shape
        assert colours.dtype == np.uint8
        assert np.isfinite(points).all()
    assert augment(xyz, None, rng)[1] is None
    assert np.array_equal(xyz, kept[0])
    assert np.array_equal(rgb, kept[1])
    moved = jitter(xyz, 0.4, 0.5, 0.1, rng) - xyz
    assert 0.05 < (np.abs(moved).max(axis=1) > 0).mean() < 0.15
    assert np.abs(moved).max() <= 0.5 + 1e-12


def test_elastic_noise_is_smooth():
    xyz = np.random.default_rng(0).uniform(0, 5, (3000, 3))
    shift = elastic(xyz, 0.8, 1.6, np.random.default_rng(1)) - xyz
    near = elastic(xyz + 1e-3, 0.8, 1.6, np.random.default_rng(1)) - xyz - 1e-3
    assert 0.1 < np.abs(shift).max() < 3.0
    assert np.abs(shift - near).max() < 0.02
