"""The lean decoder layers against the forward pass of transformers itself."""

from __future__ import annotations

import pytest
import torch
from transformers import LlamaConfig, LlamaModel, Qwen2Config, Qwen2Model, Qwen3Config, Qwen3Model

from spatial_perception.generation.decoder_layers import fuse_projections, is_known
from spatial_perception.generation.language_model import LanguageModel, padded_causal_mask
from spatial_perception.generation.packing import can_pack, pack_linears
from spatial_perception.generation.rotary import rotary_of

LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}  # fmt: skip
DYNAMIC = {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}
CASES = {
    "qwen2": (Qwen2Model, Qwen2Config, {}),
    "qwen2, every head has keys": (Qwen2Model, Qwen2Config, {"num_key_value_heads": 6}),
    "qwen2, one head has keys": (Qwen2Model, Qwen2Config, {"num_key_value_heads": 1}),
    "llama": (LlamaModel, LlamaConfig, {}),
    "llama, biases": (LlamaModel, LlamaConfig, {"attention_bias": True, "mlp_bias": True}),
    "llama, scaled positions": (LlamaModel, LlamaConfig, {"rope_scaling": LLAMA3}),
    "llama, positions that depend on the length": (LlamaModel, LlamaConfig, {"rope_scaling": DYNAMIC}),
    "llama, heads of their own width": (LlamaModel, LlamaConfig, {"head_dim": 24}),
    "not known, so called as it is": (Qwen3Model, Qwen3Config, {"head_dim": 16}),
}


def stack_of(name, dtype=torch.float32):
    model_class, config_class, changes = CASES[name]
    shape = {
        "vocab_size": 50, "hidden_size": 96, "intermediate_size": 160, "num_hidden_layers": 3, "num_attention_heads": 6,
        "num_key_value_heads": 2, "max_position_embeddings": 64,
    }  # fmt: skip
    config = config_class(**{**shape, **changes})
    config._attn_implementation = "sdpa"
    torch.manual_seed(1)
    stack = model_class(config)
    for parameter in stack.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return stack.to(dtype).eval()


def embeds_of(batch=1, length=40, dtype=torch.float32):
    return torch.randn(batch, length, 96, generator=torch.Generator().manual_seed(2)).to(dtype)


def stepwise(model, embeds, steps):
    """The features of a sequence that is read piece by piece."""
    cache, parts = model.new_cache(steps[0], 64), []
    for count in steps:
        start = cache.length
        positions = torch.arange(start, start + count)[None]
        parts.append(model.step(embeds[:, start : start + count], positions, cache, count))
    return torch.cat(parts, 1)


@pytest.mark.parametrize("name", CASES)
@torch.inference_mode()
def test_features_are_those_of_transformers(name):
    stack, embeds = stack_of(name), embeds_of()
    model = LanguageModel(stack, torch.nn.Identity())
    assert is_known(stack) == (name != "not known, so called as it is")
    expected = stack(inputs_embeds=embeds).last_hidden_state
    assert torch.allclose(model.hidden(embeds, torch.arange(40)[None]), expected, atol=1e-5)
    assert torch.allclose(stepwise(model, embeds, (20, 1, 2, 1, 7, 4, 5)), expected, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
@pytest.mark.parametrize("name", ["qwen2", "llama"])
@torch.inference_mode()
def test_other_number_formats_round_as_transformers_does(name, dtype):
    stack, embeds = stack_of(name, dtype), embeds_of(dtype=dtype)
    model = LanguageModel(stack, torch.nn.Identity())
    expected = stack(inputs_embeds=embeds).last_hidden_state.float()
    found = model.hidden(embeds, torch.arange(40)[None])
    assert found.dtype == dtype
    if dtype == torch.bfloat16:  # equal but for the order of sums in the attention, which may flip a last bit
        assert (found.float() == expected).float().mean() > 0.9
        assert torch.allclose(found.float(), expected, atol=0.1)
        assert torch.allclose(stepwise(model, embeds, (20, 1, 2, 17)), expected, atol=0.25)
    else:
        assert torch.allclose(found.float(), expected, atol=1e-6)
        assert torch.allclose(stepwise(model, embeds, (20, 1, 2, 17)), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["qwen2", "llama"])
@torch.inference_mode()
def test_padded_batches_are_those_of_transformers(name):
    stack, embeds = stack_of(name), embeds_of(2)
    valid = torch.ones(2, 40, dtype=torch.int64)
    valid[1, 25:] = 0
    positions = torch.arange(40).expand(2, 40)
    found = LanguageModel(stack, torch.nn.Identity()).hidden(embeds, positions, mask=padded_causal_mask(valid))
    expected = stack(inputs_embeds=embeds, attention_mask=valid, position_ids=positions).last_hidden_state
    assert torch.allclose(found[valid.bool()], expected[valid.bool()], atol=1e-5)


@pytest.mark.skipif(not can_pack(), reason="this torch or processor has no packed layers")
@pytest.mark.parametrize("name", CASES)
@torch.inference_mode()
def test_joined_projections_compute_the_same(name):
    stack, embeds = stack_of(name), embeds_of()
    expected = stack(inputs_embeds=embeds).last_hidden_state
    joined, packed = fuse_projections(stack), pack_linears(stack)
    assert joined == (15 if is_known(stack) else 0)
    assert joined + packed == 21
    model = LanguageModel(stack, torch.nn.Identity())
    assert torch.allclose(model.hidden(embeds, torch.arange(40)[None]), expected, atol=1e-4)
    assert torch.allclose(stepwise(model, embeds, (20, 1, 19)), expected, atol=1e-4)


def test_a_stack_in_training_keeps_its_own_forward_pass():
    """Checkpoints of activations, adapters and whatever else is hung on its modules must work there."""
    stack, calls = stack_of("qwen2").train(), []
    stack.layers[1].register_forward_hook(lambda *_: calls.append(1))
    embeds = embeds_of().requires_grad_()
    model = LanguageModel(stack, torch.nn.Identity())
    trained = model.hidden(embeds, torch.arange(40)[None])
    assert calls == [1]
    stack.eval()
    lean = model.hidden(embeds, torch.arange(40)[None])
    assert calls == [1]
    gradients = [torch.autograd.grad(out.square().sum(), embeds)[0] for out in (trained, lean)]
    assert torch.allclose(*gradients, rtol=1e-3, atol=1e-3)


def test_positions_are_looked_up_and_as_far_as_needed():
    stack, embeds = stack_of("llama, scaled positions"), embeds_of()
    for last in (5, 3000, 40_000):
        positions = torch.tensor([[0, last - 1, last]])
        cosines, sines = stack.rotary_emb(embeds, positions)
        found = rotary_of(stack.rotary_emb, embeds, positions)
        assert torch.equal(found[0][:, :, 0], cosines)
        assert torch.allclose(found[1][:, :, 0].abs(), sines.abs())
