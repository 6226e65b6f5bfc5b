from __future__ import annotations

import pytest
import torch
from transformers import LlamaConfig, LlamaModel, Qwen2Config, Qwen2Model

from spatial_perception.generation.language_model import LanguageModel
from spatial_perception.models.layers.bare_stack import BareStack, StackConfig

SIZES = {
    "vocab_size": 50, "hidden_size": 96, "intermediate_size": 160, "num_hidden_layers": 3, "num_attention_heads": 6,
    "num_key_value_heads": 2, "rope_theta": 1e6,
}  # fmt: skip
CASES = {
    "qwen2": (Qwen2Model, Qwen2Config, {}),
    "qwen2, every head has keys": (Qwen2Model, Qwen2Config, {"num_key_value_heads": 6}),
    "llama": (LlamaModel, LlamaConfig, {"rms_norm_eps": 1e-5}),
    "llama, biases": (LlamaModel, LlamaConfig, {"attention_bias": True, "mlp_bias": True}),
    "llama, heads of their own width": (LlamaModel, LlamaConfig, {"head_dim": 24}),
}


def both(name, dtype):
    """The stock stack, and a bare one with its weights."""
    model_class, config_class, changes = CASES[name]
    torch.manual_seed(1)
    stock = model_class(config_class(**{**SIZES, **changes}))
    for parameter in stock.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    config = StackConfig.of({**SIZES, **changes}, model_class is LlamaModel)
    assert config is not None
    bare = BareStack(config)
    bare.load_state_dict(stock.state_dict())
    return stock.to(dtype).eval(), bare.to(dtype).eval()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", CASES)
@torch.inference_mode()
def test_features_are_those_with_the_modules_of_transformers(name, dtype):
    stock, bare = both(name, dtype)
    embeds = stock.embed_tokens(torch.arange(40)[None] % 50)
    assert torch.equal(embeds, bare.embed_tokens(torch.arange(40)[None] % 50))
    expected, found = (
        LanguageModel(stack, torch.nn.Identity()).hidden(embeds, torch.arange(40)[None]) for stack in (stock, bare)
    )
    assert torch.equal(found, expected)
    own = stock(inputs_embeds=embeds).last_hidden_state
    assert torch.allclose(found.float(), own.float(), atol=1e-5 if dtype == torch.float32 else 0.2)


@pytest.mark.parametrize("tie", [True, False])
def test_the_names_are_those_of_transformers(tie):
    stock, bare = both("qwen2", torch.float32)
    assert list(bare.state_dict()) == list(stock.state_dict())
    language = {**SIZES, "tie_word_embeddings": tie, "use_sliding_window": False, "rope_scaling": None}
    config, expected = StackConfig.of(language, False), Qwen2Config(**language)
    assert all(getattr(expected, key) == getattr(config, key) for key in (*SIZES, "tie_word_embeddings", "rms_norm_eps")
               if key != "rope_theta")  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, {"rope_parameters": {"rope_theta": 1e4}},
        {"hidden_act": "gelu"}, {"use_sliding_window": True}, {"layer_types": ["sliding_attention"] * 3},
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_transformers(change):
    assert StackConfig.of(SIZES, True) is not None
    assert StackConfig.of({**SIZES, **change}, True) is None
    assert StackConfig.of({key: value for key, value in SIZES.items() if key != "vocab_size"}, True) is None
