"""Every array that the reference made with its tiny random checkpoints."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spatial_perception.generation.packing import can_pack
from spatial_perception.models.layers.point_attention import patch_ranks
from spatial_perception.models.layers.pooling import cell_parents
from spatial_perception.models.layers.serialization import curve_code, serialization_depth
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.sonata import SonataEncoder

TOLERANCE = 1e-4


def close(found, expected):
    found = found.detach().numpy() if isinstance(found, torch.Tensor) else found
    return found.shape == expected.shape and np.abs(found - expected).max() <= TOLERANCE


def sonata_only(reference):
    if not isinstance(reference.model.point_backbone, SonataEncoder):
        pytest.skip("1.0 has no curves")


def cells_and_features(reference):
    rows = torch.tensor(reference.tensor)
    return rows[:, :3].int(), rows[:, 3:].float()


@torch.no_grad()
def test_sonata_stages(reference):
    sonata_only(reference)
    arrays, encoder = reference.arrays, reference.model.point_backbone
    grid, feat = cells_and_features(reference)
    assert close(encoder.embedding["stem"](feat), arrays["embed_feat"])
    coord = feat[:, :3]
    for index, stage in enumerate(encoder.stages(grid, feat)):
        name = f"enc{index}__"
        coord = cell_parents(grid, 2).mean(coord) if index else coord
        grid = stage.grid
        depth = serialization_depth(grid)
        codes = torch.stack([curve_code(grid, curve, depth) for curve in encoder.config.order])
        ranks, slots = patch_ranks(len(grid), encoder.config.enc_patch_size[index])
        orders = torch.stack(stage.orders)
        assert close(stage.feat, arrays[name + "feat"])
        assert close(coord, arrays[name + "coord"])
        assert depth == arrays[name + "depth"]
        for found, key in ((grid, "grid_coord"), (codes, "serialized_code"), (orders, "serialized_order")):
            assert np.array_equal(found.numpy(), arrays[name + key])
        assert np.array_equal(orders.argsort(1).numpy(), arrays[name + "serialized_inverse"])
        assert np.array_equal(ranks.numpy(), arrays[name + "pad"])
        assert np.array_equal(slots.numpy(), arrays[name + "unpad"])
    assert close(encoder.with_positions(stage), arrays["input_proj_in"])


@torch.no_grad()
def test_sonata_blocks_and_poolings(reference):
    sonata_only(reference)
    encoder, seen = reference.model.point_backbone, {}
    handles = [
        module.register_forward_hook(lambda _, __, out, key=f"{stage}__{name}__feat": seen.update({key: out}))
        for stage, modules in encoder.enc.items()
        for name, module in modules.items()
    ]
    encoder(*cells_and_features(reference))
    for handle in handles:
        handle.remove()
    expected = {key for key in reference.arrays if "__block" in key or "__down" in key}
    assert expected == set(seen)
    assert all(close(seen[key], reference.arrays[key]) for key in expected)


@torch.no_grad()
def test_scenescript_levels(reference):
    if isinstance(reference.model.point_backbone, SonataEncoder):
        pytest.skip("1.1 has stages")
    arrays, encoder = reference.arrays, reference.model.point_backbone
    for index, level in enumerate(encoder.sparse_resnet.levels(*cells_and_features(reference))):
        name = f"block{index - 1}" if index else "stem"
        assert close(level.feat, arrays[f"{name}__feat"])
        assert np.array_equal(level.grid.numpy(), arrays[f"{name}__coord"][:, 1:])
    assert close(encoder.sparse_resnet.bottleneck(level.feat), arrays["bottleneck_out"])
    joined = encoder.with_positions(level)
    assert close(joined[None], arrays["input_proj_in"])
    assert close(encoder.input_proj(joined)[None], arrays["input_proj_out"])


@torch.no_grad()
def test_tokens_and_projection(reference):
    tokens = reference.model.encode(reference.tensor)
    expected = reference.arrays.get("encoder_out", reference.arrays.get("context", [None])[0])
    assert close(tokens, expected)
    assert close(reference.model.project(tokens)[None], reference.arrays["projector_out"])


@torch.no_grad()
def test_row_order_and_padding_do_not_matter(reference):
    order = np.random.default_rng(0).permutation(len(reference.tensor))
    padded = np.full((1, len(order) + 7, 9), np.nan)
    padded[0, : len(order)] = reference.tensor[order]
    assert torch.allclose(reference.model.encode(padded), reference.model.encode(reference.tensor), atol=TOLERANCE)


@torch.no_grad()
def test_spliced_sequence(reference):
    sonata_only(reference)
    model, arrays = reference.model, reference.arrays
    points = [model.project(model.encode(reference.tensor))]
    spliced = model.splice(torch.tensor(arrays["input_ids"]), points)
    assert close(spliced.embeds, arrays["spliced_embeds"])
    assert np.array_equal(spliced.mask.numpy(), arrays["spliced_mask"])


def test_logits(reference):
    logits = reference.model.logits(torch.tensor(reference.arrays["input_ids"]), reference.tensor)
    assert close(logits, reference.arrays["logits_all"])
    if "logits_last" in reference.arrays:
        assert close(logits[:, -1], reference.arrays["logits_last"])


def test_greedy_ids(reference):
    expected = reference.arrays["greedy_ids"]
    ids = reference.model.generate_ids(reference.arrays["input_ids"][0], reference.tensor, len(expected))
    assert ids.tolist() == expected.tolist()


def test_greedy_scores(reference):
    """Teacher-forced logits equal the reference's step by step."""
    arrays = reference.arrays
    ids = np.concatenate([arrays["input_ids"][0], arrays["greedy_ids"]])
    count = len(arrays["greedy_ids"])
    assert close(reference.model.logits(ids, reference.tensor)[0, -count - 1 : -1], arrays["greedy_scores"])


def test_shuffled_curves(reference):
    sonata_only(reference)
    arrays, model = reference.arrays, reference.model
    permutations = arrays["shuffled_perms"]
    stages = model.point_backbone.stages(*cells_and_features(reference), permutations)
    with torch.no_grad():
        for index, stage in enumerate(stages):
            assert np.array_equal(torch.stack(stage.orders).numpy(), arrays[f"shuffled_enc{index}__serialized_order"])
        assert close(model.encode(reference.tensor, permutations), arrays["shuffled_encoder_out"])
    logits = model.logits(torch.tensor(arrays["input_ids"]), reference.tensor, permutations)
    assert close(logits[:, -1], arrays["shuffled_logits_last"])


@torch.no_grad()
def test_loss(reference):
    sonata_only(reference)
    arrays = reference.arrays
    labels = torch.tensor(arrays["loss_labels"])
    out = reference.model(torch.tensor(arrays["input_ids"]), [reference.tensor], labels=labels)
    assert abs(float(out.loss) - float(arrays["loss"])) <= TOLERANCE


@torch.no_grad()
def test_batch_of_two_clouds(reference):
    arrays = reference.arrays
    if "batch_loss" not in arrays:
        pytest.skip("no batch was recorded")
    padded = np.full((2, len(reference.tensor), 9), np.nan)
    padded[0], padded[1, : len(arrays["batch_tensor2"])] = reference.tensor, arrays["batch_tensor2"]
    ids, labels = torch.tensor(arrays["batch_input_ids"]), torch.tensor(arrays["batch_labels"])
    out = reference.model(ids, padded, labels=labels)
    last = arrays["batch_mask"].sum(1).astype(int) - 1
    assert close(out.logits[[0, 1], last], arrays["batch_logits_last_valid"])
    assert abs(float(out.loss) - float(arrays["batch_loss"])) <= TOLERANCE


@torch.no_grad()
def test_packed_layers_compute_the_same(reference):
    arrays, model = reference.arrays, SpatialLM.from_pretrained(reference.directory, device="cpu")
    packed = model.pack_for_inference()
    assert (packed > 0) == can_pack()
    assert close(model.logits(torch.tensor(arrays["input_ids"]), reference.tensor), arrays["logits_all"])
    expected = arrays["greedy_ids"].tolist()
    assert model.generate_ids(arrays["input_ids"], reference.tensor, len(expected)).tolist() == expected
