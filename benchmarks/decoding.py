"""Cost of decoding: forward passes per token, and seconds against plain `generate` of transformers, in one run.

Run: python benchmarks/decoding.py [--checkpoint out/overfitted] [--skip-large] [--threads 1] [--repeats 3]

The checkpoint is one of benchmarks/overfitting.py, with its rooms. Each room is estimated cold (nothing known before), warm
(the scene unchanged: the layout just found is the draft) and moved (the same, but one wall stood 0.35 m elsewhere before).
The text must be that of plain decoding each time, else this script fails. Of `--repeats` runs of each way, `generate`
included, the fastest counts. Then a Qwen2 of the size of the published 0.5B
model (24 layers, 896 wide, random weights) writes the text of a simulated room, which is forced upon both sides: all
layers and the output layer are computed, and what they say is replaced. `generate` keeps its usual cache and attention.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import LogitsProcessor, Qwen2Config, Qwen2ForCausalLM

from spatial_perception.generation.cache import KeyValueCache
from spatial_perception.generation.decoder import Decoder, Statistics
from spatial_perception.generation.decoder_layers import fuse_projections
from spatial_perception.generation.draft import LayoutDraft
from spatial_perception.generation.grammar import LayoutGrammar
from spatial_perception.generation.language_model import LanguageModel, Prompt
from spatial_perception.generation.layout_language import LayoutLanguage
from spatial_perception.generation.packing import pack_linears
from spatial_perception.generation.vocabulary import TokenVocabulary
from spatial_perception.layout.entities import Layout, Vec3
from spatial_perception.models.spatiallm.pipeline import SpatialLMEstimator
from spatial_perception.models.spatiallm.tiny import tiny_tokenizer
from spatial_perception.pointcloud.io import read_cloud
from spatial_perception.simulation.apartment import make_home
from spatial_perception.training.collate import Turn, target_text

SHIFT = 0.35
NUM_BINS = 640


@dataclass(frozen=True)
class Case:
    """One way to decode: passes and tokens, seconds, seconds until the first entity is complete."""

    forwards: int
    tokens: int
    seconds: float
    first: float


def move_wall(layout: Layout, index: int) -> Layout:
    """The layout with one wall shifted sideways by `SHIFT`, and with it what meets or stands in it."""
    wall = layout.walls[index % len(layout.walls)]
    start, end = np.array(wall.start), np.array(wall.end)
    along = (end - start)[:2] / np.linalg.norm((end - start)[:2])
    shift = SHIFT * np.array([-along[1], along[0], 0.0])

    def moved(point: Vec3) -> Vec3:
        return tuple(np.array(point) + shift)

    def end_of(point: Vec3) -> Vec3:
        touches = min(np.linalg.norm(start - point), np.linalg.norm(end - point)) < 0.08
        return moved(point) if touches else point

    walls = tuple(replace(w, start=end_of(w.start), end=end_of(w.end)) for w in layout.walls)
    doors, windows = (
        tuple(replace(item, center=moved(item.center)) if item.wall_id == wall.id else item for item in items)
        for items in (layout.doors, layout.windows)
    )
    return replace(layout, walls=walls, doors=doors, windows=windows)


# ----- the overfitted model ------------------------------------------------------------------------------------------


def estimate(estimator: SpatialLMEstimator, cloud: Any, **request: Any) -> tuple[Any, Case]:
    """A run and its cost."""
    run = estimator.run(cloud, **request)
    first = 0.0
    for _ in run:
        first = first or run.statistics[0].prompt_seconds
    cost: Statistics = run.statistics[0]
    return run, Case(cost.forwards, cost.tokens, cost.seconds, first)


def stock_generate(estimator: SpatialLMEstimator, prompt: Prompt) -> tuple[list[int], float]:
    """Token ids and seconds of transformers' own greedy `generate` with the weights of the estimator's model."""
    stock = Qwen2ForCausalLM(estimator.model.model.config)
    stock.model.load_state_dict(estimator.model.model.state_dict())
    stock.tie_weights()
    begin = time.perf_counter()
    ids = stock.eval().generate(
        inputs_embeds=prompt.embeds, attention_mask=torch.ones(prompt.embeds.shape[:2]), do_sample=False,
        max_new_tokens=4096, eos_token_id=list(estimator.stop_ids), pad_token_id=0,
    )  # fmt: skip
    return ids[0].tolist(), time.perf_counter() - begin


def fastest(repeats: int, estimator: SpatialLMEstimator, cloud: Any, **request: Any) -> tuple[Any, Case]:
    """The run of several that took the least time."""
    return min((estimate(estimator, cloud, **request) for _ in range(repeats)), key=lambda done: done[1].seconds)


def overfitted(directory: Path, repeats: int) -> None:
    """Forward passes and seconds of every room of an overfitted checkpoint."""
    fast = SpatialLMEstimator.from_pretrained(directory, device="cpu")
    plain = SpatialLMEstimator.from_pretrained(directory, device="cpu", drafts=False, pack=False)
    cases: dict[str, list[Case]] = {"cold": [], "warm": [], "moved": []}
    stock_seconds = 0.0
    for path in sorted((directory / "rooms" / "pcd").glob("*.ply")):
        cloud = read_cloud(path)
        prompts: list[Prompt] = []
        _catch_prompt(plain, prompts)
        expected, _ = estimate(plain, cloud)
        runs = [stock_generate(plain, prompts[0]) for _ in range(repeats)]
        ids = runs[0][0]
        stock_seconds += min(seconds for _, seconds in runs)
        assert plain.vocabulary.text(ids) == expected.text, f"{path.stem}: plain decoding differs from generate"
        cold, cost = fastest(repeats, fast, cloud)
        cases["cold"].append(cost)
        layout = cold.layout()
        for name, previous in (("warm", layout), ("moved", move_wall(layout, len(cases["moved"])))):
            run, cost = fastest(repeats, fast, cloud, previous=previous, canvas=cold.canvas)
            assert run.text == expected.text, f"{path.stem}: {name} decoding changed the text"
            cases[name].append(cost)
        assert cold.text == expected.text, f"{path.stem}: cold decoding changed the text"
    print(f"overfitted model, {len(cases['cold'])} rooms: generate {stock_seconds:.1f} s in all")
    for name, costs in cases.items():
        report(name, costs, stock_seconds)


def _catch_prompt(estimator: SpatialLMEstimator, prompts: list[Prompt]) -> None:
    """Note what the language model is given."""
    model, make = estimator.model, type(estimator.model).prompt

    def prompt(*args: Any) -> Prompt:
        prompts.append(make(model, *args))
        return prompts[-1]

    model.prompt = prompt  # type: ignore[method-assign]


def report(name: str, costs: Sequence[Case], stock_seconds: float) -> None:
    """One line: passes per token over all rooms and in the worst one, seconds, how many times faster."""
    forwards, tokens = sum(cost.forwards for cost in costs), sum(cost.tokens for cost in costs)
    worst = max(cost.forwards / cost.tokens for cost in costs)
    seconds = sum(cost.seconds for cost in costs)
    print(
        f"  {name:<6} {forwards / tokens:.3f} passes per token (worst room {worst:.3f}), {tokens} tokens, "
        f"{seconds:.2f} s, {tokens / seconds:.0f} tokens/s, {stock_seconds / seconds:.1f} x generate",
        flush=True,
    )


# ----- a model of the published size ---------------------------------------------------------------------------------


class ForcedLanguageModel(LanguageModel):
    """Computes everything, then says a given text. `prompt` is the number of positions before it."""

    def __init__(self, stack: nn.Module, head: nn.Module, ids: Sequence[int], prompt: int) -> None:
        super().__init__(stack, head)
        self._ids, self._prompt = list(ids), prompt

    def step(self, embeds: Tensor, positions: Tensor, cache: KeyValueCache, keep: int) -> Tensor:
        """See `LanguageModel.step`."""
        logits = super().step(embeds, positions, cache, keep)
        first = cache.length - keep + 1 - self._prompt
        for row in range(keep):
            logits[0, row, self._ids[min(first + row, len(self._ids) - 1)]] = 1e4
        return logits


class ForcedText(LogitsProcessor):
    """The same for `generate`."""

    def __init__(self, ids: Sequence[int]) -> None:
        self._ids, self._written = list(ids), 0

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores (1, V) in which the next token of the text wins."""
        scores[0, self._ids[self._written]] = 1e4
        self._written += 1
        return scores


def large_model(layers: int, width: int, vocabulary: int) -> Qwen2ForCausalLM:
    """A Qwen2 with the proportions of Qwen2.5-0.5B and random weights."""
    config = Qwen2Config(
        vocab_size=vocabulary, hidden_size=width, intermediate_size=width * 4864 // 896, num_hidden_layers=layers,
        num_attention_heads=width // 64, num_key_value_heads=2, tie_word_embeddings=True, rope_theta=1e6,
    )  # fmt: skip
    config._attn_implementation = "sdpa"
    torch.manual_seed(0)
    return Qwen2ForCausalLM(config).eval()


def room_texts(seed: int) -> tuple[str, str]:
    """The text of a simulated room, and that of the same room when one wall stood elsewhere."""
    layout = make_home(seed, rooms=1).layout
    ends = np.array([point for wall in layout.walls for point in (wall.start, wall.end)])
    low = ends.min(axis=0) - 0.3
    still = Turn(0.0, 1.0, (0.0, 0.0, 0.0))
    now, before = (target_text(one, still, low.tolist(), NUM_BINS) for one in (layout, move_wall(layout, 1)))
    return now, before


def published_size(layers: int, width: int, vocabulary: int, points: int, seed: int) -> None:
    """Seconds of `generate` and of the decode loop for one text."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tiny_tokenizer(), eos_token="<|im_end|>")
    words = TokenVocabulary.of(tokenizer)
    grammar = LayoutGrammar(words, LayoutLanguage(NUM_BINS), [tokenizer.eos_token_id])
    text, before = room_texts(seed)
    ids = [*words.encode(text), tokenizer.eos_token_id]
    model = large_model(layers, width, vocabulary)
    prompt = Prompt(torch.randn(1, points, width) * 0.02)
    begin = time.perf_counter()
    out = model.generate(
        inputs_embeds=prompt.embeds, attention_mask=torch.ones(1, points), do_sample=False, max_new_tokens=len(ids),
        eos_token_id=tokenizer.eos_token_id, pad_token_id=0, logits_processor=[ForcedText(ids)],
    )  # fmt: skip
    stock_seconds = time.perf_counter() - begin
    assert out[0].tolist() == ids
    weights = sum(parameter.numel() for parameter in model.parameters())
    print(f"{layers} layers, {width} wide, {weights / 1e6:.0f} M weights, prompt {points}, {len(ids)} tokens:")
    print(f"  generate {stock_seconds:.1f} s, {len(ids) / stock_seconds:.1f} tokens/s", flush=True)
    fuse_projections(model.model)
    pack_linears(model)
    language = ForcedLanguageModel(model.model, model.lm_head, ids, points)
    for name, previous in (("cold", None), ("warm", text), ("moved", before)):
        run = Decoder(language, grammar.stop_ids).start(
            prompt, constraint=grammar, draft=LayoutDraft(grammar, previous)
        )
        begin, first = time.perf_counter(), 0.0
        for token in run:
            if not first and "\n" in (words.texts[token.id] or ""):
                first = time.perf_counter() - begin
        assert run.ids == ids, f"{name} decoding changed the text"
        cost = run.statistics
        report(name, [Case(cost.forwards, cost.tokens, cost.seconds, first)], stock_seconds)
        print(f"         first entity after {first:.2f} s, of which the prompt {cost.prompt_seconds:.2f} s", flush=True)


def main() -> None:
    """Print both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, help="folder of benchmarks/overfitting.py")
    parser.add_argument("--skip-large", action="store_true", help="without the model of the published size")
    parser.add_argument("--layers", type=int, default=24)
    parser.add_argument("--width", type=int, default=896)
    parser.add_argument("--vocabulary", type=int, default=151_936)
    parser.add_argument("--points", type=int, default=450, help="positions of the prompt")
    parser.add_argument("--seed", type=int, default=0, help="simulated room that the large model writes")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3, help="runs of each way; the fastest counts")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with torch.inference_mode():
        if args.checkpoint:
            overfitted(args.checkpoint, args.repeats)
        if not args.skip_large:
            published_size(args.layers, args.width, args.vocabulary, args.points, args.seed)


if __name__ == "__main__":
    main()
