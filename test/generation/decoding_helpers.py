"""Tokenizers of all kinds, random language models, and layouts to write."""

from __future__ import annotations

import zlib

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2Model

from spatial_perception.generation.cache import KeyValueCache
from spatial_perception.generation.language_model import LanguageModel, Prompt
from spatial_perception.models.spatiallm.tiny import tiny_tokenizer

_LLAMA_PIECES = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_SPANS = (
    "0,", ",1", "1,2", ")\nwall_", "=Wall(1", "(sofa,", ",0)\n", "wall_0=Wall(", "0)\nd", "sofa,1", "12", "_0", "wall_",
    "ed,", "bed,3", "3,4,5", "\nw",
)  # fmt: skip


def _wrap(tokenizer):
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>")


def _sentencepiece_like():
    """Metaspace, a space in front of everything, bytes for what is unknown."""
    from tokenizers import Tokenizer, decoders, models, normalizers

    words = ["▁wall", "wall", "door", "window", "bbox", "sofa", "Wall", "Door", "(wall", "12", ",0"]
    names = ["<unk>", "<|im_end|>", *(f"<0x{byte:02X}>" for byte in range(256))]
    vocabulary = {name: index for index, name in enumerate(names)}
    for char in ["▁", *map(chr, range(33, 127))]:
        vocabulary.setdefault(char, len(vocabulary))
    merges = []
    for word in words:
        left = word[0]
        for right in word[1:]:
            if left + right not in vocabulary:
                vocabulary[left + right] = len(vocabulary)
                merges.append((left, right))
            left += right
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, byte_fallback=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(steps)
    tokenizer.add_special_tokens(["<unk>", "<|im_end|>"])
    return tokenizer


TOKENIZERS = {
    "single digits": lambda: _wrap(tiny_tokenizer()),
    "three digits": lambda: _wrap(tiny_tokenizer([str(n) for n in range(10, 1000)], _LLAMA_PIECES)),
    "spanning": lambda: _wrap(tiny_tokenizer(_SPANS, "")),
    "bytes": lambda: _wrap(tiny_tokenizer((), ".")),
    "sentencepiece": lambda: _wrap(_sentencepiece_like()),
}


def random_layout(seed, walls=None):
    """Text of a room in bins: a closed polygon of right angles, openings, boxes."""
    rng = np.random.default_rng(seed)
    x, y = sorted(rng.integers(5, 600, 2)), sorted(rng.integers(5, 600, 2))
    corners = [(x[0], y[0]), (x[1], y[0]), (x[0], y[1]), (x[1], y[1])]
    height = rng.integers(90, 140)
    pairs = [(0, 1), (0, 2), (1, 3), (2, 3)][:walls]
    lines = [
        f"wall_{i}=Wall({corners[a][0]},{corners[a][1]},4,{corners[b][0]},{corners[b][1]},4,{height},0)"
        for i, (a, b) in enumerate(pairs)
    ]
    for kind, name in (("door", "Door"), ("window", "Window")):
        for i in range(rng.integers(0, 3) if lines else 0):
            numbers = ",".join(map(str, rng.integers(5, 300, 5)))
            lines.append(f"{kind}_{i}={name}(wall_{rng.integers(len(pairs))},{numbers})")
    for i in range(rng.integers(0, 4)):
        numbers = ",".join(map(str, rng.integers(0, 1280, 7)))
        lines.append(f"bbox_{i}=Bbox({rng.choice(['sofa', 'bed', 'coffee_table'])},{numbers})")
    return "\n".join(lines)


def random_transformer(seed, vocabulary):
    """A Qwen2 of one layer in float64, with weights large enough to have opinions."""
    config = Qwen2Config(
        vocab_size=vocabulary, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=2048,
    )  # fmt: skip
    config._attn_implementation = "sdpa"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        stack = Qwen2Model(config).double().eval()
        for parameter in stack.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.5)
        head = torch.nn.Linear(16, vocabulary, bias=False).double()
        torch.nn.init.normal_(head.weight, std=1.0)
    return LanguageModel(stack, head)


def random_prompt(model, seed, length=5):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, 5, (1, length), generator=generator).to(model.device)
    return Prompt(model.embed(ids).detach())


class WriterModel:
    """Writes a given text, except where its random whims are stronger; logits depend on the whole past."""

    device = torch.device("cpu")

    def __init__(self, ids, vocabulary, seed=0, whim=0.0):
        self.ids, self.vocabulary = list(ids), vocabulary
        self.past = []
        self.whims = np.random.default_rng(seed).normal(size=(64, vocabulary)) * whim

    def prompt(self):
        return Prompt(torch.full((1, 1, 1), -1.0))

    def new_cache(self, prompt, new_tokens):
        return KeyValueCache()

    def embed(self, ids):
        return ids[..., None].float()

    def step(self, embeds, positions, cache, keep):
        del self.past[cache.length :]
        assert positions.flatten().tolist() == list(range(cache.length, cache.length + embeds.shape[1]))
        self.past += [int(value) for value in embeds.flatten()]
        cache.advance(embeds.shape[1])
        return torch.stack([self._logits(len(self.past) - keep + 1 + row) for row in range(keep)])[None]

    def _logits(self, length):
        place = length - 1
        seen = zlib.crc32(np.asarray(self.past[:length], np.int32).tobytes())
        logits = torch.tensor(self.whims[seen % len(self.whims)])
        if place < len(self.ids):
            logits[self.ids[place]] += 8.0
        return logits
