from __future__ import annotations

import functools
import math

import pytest
import torch
from decoding_helpers import TOKENIZERS, WriterModel, random_layout, random_prompt, random_transformer
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.errors import ConfigError
from spatial_perception.generation.beam import BeamSearch
from spatial_perception.generation.decoder import Budget, Decoder
from spatial_perception.generation.draft import LayoutDraft
from spatial_perception.generation.grammar import LayoutGrammar
from spatial_perception.generation.language_model import Prompt, padded_causal_mask
from spatial_perception.generation.layout_language import LayoutLanguage
from spatial_perception.generation.sampling import GREEDY, REFERENCE_SAMPLING, Sampling, choose, restrict
from spatial_perception.generation.vocabulary import TokenVocabulary


@functools.cache
def setup(name="single digits"):
    tokenizer = TOKENIZERS[name]()
    vocabulary = TokenVocabulary.of(tokenizer)
    return tokenizer, LayoutGrammar(vocabulary, LayoutLanguage(1280), [tokenizer.eos_token_id])


def run(model, prompt, grammar, *, draft=None, skip=True, sampling=GREEDY, seed=0, tokens=60, stop=()):
    generation = Decoder(model, stop or (grammar.stop_ids if grammar else ())).start(
        prompt, sampling, Budget(tokens), grammar, draft, torch.Generator().manual_seed(seed), skip_forced=skip
    )
    return [(token.id, token.probability) for token in generation], generation.statistics


def agree(first, second):
    return [i for i, _ in first] == [i for i, _ in second] and all(
        math.isclose(a, b, abs_tol=1e-6) for (_, a), (_, b) in zip(first, second)
    )


@pytest.mark.parametrize(
    "sampling", [GREEDY, Sampling(1.0), Sampling(0.7, 10, 0.9)], ids=["greedy", "random", "nucleus"]
)
@pytest.mark.parametrize("name", ["single digits", "three digits", "spanning"])
def test_shortcuts_change_no_token_of_a_transformer(name, sampling):
    """Forced tokens, cold and warm drafts against one forward pass per token, with real keys and values."""
    compare_shortcuts(name, sampling, range(4))


@pytest.mark.slow
@pytest.mark.parametrize("name", TOKENIZERS)
def test_shortcuts_change_no_token_of_many_transformers(name):
    compare_shortcuts(name, GREEDY, range(100, 140))
    compare_shortcuts(name, Sampling(1.0), range(100, 120))


def compare_shortcuts(name, sampling, seeds):
    tokenizer, grammar = setup(name)
    saved = 0
    for seed in seeds:
        model = random_transformer(seed, len(tokenizer))
        prompt = random_prompt(model, seed)
        plain, plain_cost = run(model, prompt, grammar, skip=False, sampling=sampling, seed=seed)
        text = grammar.vocabulary.text([i for i, _ in plain])
        assert plain_cost.forwards == plain_cost.tokens
        for previous in (None, text, random_layout(seed)):
            draft = LayoutDraft(grammar, previous)
            fast, cost = run(model, prompt, grammar, draft=draft, sampling=sampling, seed=seed)
            assert agree(plain, fast)
            assert cost.forwards <= plain_cost.forwards
        forced, cost = run(model, prompt, grammar, sampling=sampling, seed=seed)
        assert agree(plain, forced)
        saved += plain_cost.forwards - cost.forwards
    assert saved > 0


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.integers(0, 2**20), st.sampled_from(sorted(TOKENIZERS)), st.sampled_from([0.0, 2.0, 4.0]), st.booleans())
def test_shortcuts_change_no_token_of_a_writer(seed, name, whim, greedy):
    """The same with models that write layouts but change their mind now and then."""
    tokenizer, grammar = setup(name)
    text = random_layout(seed)
    ids = [*grammar.vocabulary.encode(text), tokenizer.eos_token_id]
    sampling = GREEDY if greedy else Sampling(1.0)
    make = functools.partial(WriterModel, ids, len(tokenizer), seed, whim)
    plain, _ = run(make(), make().prompt(), grammar, skip=False, sampling=sampling, seed=seed, tokens=60)
    for previous in (None, text, random_layout(seed + 1)):
        draft = LayoutDraft(grammar, previous)
        fast, _ = run(make(), make().prompt(), grammar, draft=draft, sampling=sampling, seed=seed, tokens=60)
        assert agree(plain, fast)


class Repeater:
    """A draft for text without a grammar: what followed the last token when it was seen before."""

    def propose(self, ids, state, limit):
        for place in range(len(ids) - 2, -1, -1):
            if ids[place] == ids[-1]:
                return list(ids[place + 1 : place + 1 + limit])
        return []


@pytest.mark.parametrize("sampling", [GREEDY, Sampling(0.5)])
def test_drafts_without_a_grammar(sampling):
    for seed in range(10):
        model = random_transformer(seed, 40)
        prompt = random_prompt(model, seed)
        plain, plain_cost = run(model, prompt, None, sampling=sampling, seed=seed, stop=[7])
        fast, cost = run(model, prompt, None, draft=Repeater(), sampling=sampling, seed=seed, stop=[7])
        assert agree(plain, fast)
        assert plain_cost.forwards == plain_cost.tokens
        assert cost.forwards <= plain_cost.forwards


def test_greedy_equals_a_loop_without_cache():
    model = random_transformer(3, 50)
    prompt = random_prompt(model, 3)
    expected, embeds = [], prompt.embeds
    with torch.no_grad():
        for _ in range(30):
            positions = torch.arange(embeds.shape[1])[None]
            token = int(model.head(model.hidden(embeds, positions)[0, -1]).argmax())
            expected.append(token)
            embeds = torch.cat([embeds, model.embed(torch.tensor([[token]]))], 1)
    assert [i for i, _ in run(model, prompt, None, tokens=30)[0]] == expected


def test_sampling_has_the_right_distribution():
    """Frequencies of the first two tokens, drawn with and without drafts, against the exact probabilities."""
    model = random_transformer(1, 6)
    prompt = random_prompt(model, 1)
    sampling, draws = Sampling(2.0), 700

    class Guess:
        def propose(self, ids, state, limit):
            return [1, 2, 3][:limit]

    counts = torch.zeros(2, 36)
    for row, draft in enumerate((None, Guess())):
        generator = torch.Generator().manual_seed(0)
        for _ in range(draws):
            start = Decoder(model).start(prompt, sampling, Budget(2), draft=draft, generator=generator)
            first, second = (token.id for token in start)
            counts[row, 6 * first + second] += 1
    with torch.no_grad():
        exact = []
        for first in range(6):
            embeds = torch.cat([prompt.embeds, model.embed(torch.tensor([[first]]))], 1)
            logits = model.head(model.hidden(embeds, torch.arange(6)[None])[0, -2:])
            probability = (logits / 2.0).softmax(-1)
            exact.append(probability[0, first] * probability[1])
    assert (counts / draws - torch.cat(exact)).abs().max() < 0.06
    assert torch.equal(counts[0], counts[1])


def test_costs_of_a_room_that_hardly_changes():
    """Forward passes per token: cold by regularities alone, warm with the last layout, warm with one wall moved."""
    tokenizer, grammar = setup()
    costs = {"cold": [], "warm": [], "moved": []}
    for seed in range(10):
        text = random_layout(seed)
        lines = text.split("\n")
        moved = "\n".join([lines[0], lines[1].replace(",4,", ",9,"), *lines[2:]])
        for name, (written, previous) in {"cold": (text, None), "warm": (text, text), "moved": (moved, text)}.items():
            ids = [*grammar.vocabulary.encode(written), tokenizer.eos_token_id]
            model = WriterModel(ids, len(tokenizer))
            out, cost = run(model, model.prompt(), grammar, draft=LayoutDraft(grammar, previous), tokens=4096)
            assert [i for i, _ in out] == ids
            costs[name].append(cost.forwards_per_token)
    mean = {name: sum(values) / len(values) for name, values in costs.items()}
    assert mean["cold"] < 0.6
    assert mean["warm"] < 0.06
    assert mean["moved"] < 0.2


def test_budgets_and_cancelling():
    tokenizer, grammar = setup()
    model = random_transformer(0, len(tokenizer))
    prompt = random_prompt(model, 0)
    decoder = Decoder(model, grammar.stop_ids)
    for tokens in (0, 1, 7):
        generation = decoder.start(prompt, budget=Budget(tokens), constraint=grammar, draft=LayoutDraft(grammar))
        assert len(list(generation)) == tokens
        assert generation.statistics.stop == "length"
    generation = decoder.start(prompt, budget=Budget(1000, max_seconds=0.0))
    assert len(list(generation)) <= 1
    assert generation.statistics.stop == "time"
    seen = []
    generation = decoder.start(prompt, budget=Budget(1000), cancelled=lambda: len(seen) >= 5)
    for token in generation:
        seen.append(token)
    assert len(seen) == 5
    assert generation.statistics.stop == "cancelled"


def test_stop_tokens_end_the_text():
    tokenizer, grammar = setup()
    text = random_layout(0)
    ids = [*grammar.vocabulary.encode(text), tokenizer.eos_token_id]
    model = WriterModel(ids, len(tokenizer))
    generation = Decoder(model, grammar.stop_ids).start(model.prompt(), constraint=grammar)
    tokens = list(generation)
    assert [token.id for token in tokens] == ids
    assert [token.is_stop for token in tokens].index(True) == len(ids) - 1
    assert generation.statistics.stop == "end"
    assert 0 < generation.statistics.forced < len(ids)


def test_rotary_positions_of_the_prompt_are_continued():
    """Three rows of positions, as multimodal models have, and a jump behind the prompt."""
    positions = torch.arange(5).expand(3, 1, 5)
    prompt = Prompt(torch.zeros(1, 5, 4), positions, next_position=9)
    assert prompt.positions_after([7, 8], 0).tolist() == [[[9, 10]]] * 3
    assert Prompt(torch.zeros(1, 5, 4)).positions_after([7, 8, 9], 1).tolist() == [[6, 7]]


def test_a_prompt_may_place_its_tokens_by_what_they_are():
    prompt = Prompt(torch.zeros(1, 5, 4), torch.arange(5)[None], place=lambda ids: [10 * token for token in ids])
    assert prompt.positions_after([7, 8, 9], 1).tolist() == [[80, 90]]


def test_padding_mask_hides_padding_and_leaves_no_empty_row():
    mask = padded_causal_mask(torch.tensor([[0, 1, 1], [1, 1, 0]]))
    assert mask[0, 0].tolist() == [[True, False, False], [False, True, False], [False, True, True]]
    assert mask[1, 0].tolist() == [[True, False, False], [True, True, False], [True, True, True]]


def test_beam_of_one_is_greedy():
    tokenizer, grammar = setup()
    for seed in range(4):
        model = random_transformer(seed, len(tokenizer))
        prompt = random_prompt(model, seed)
        greedy, _ = run(model, prompt, grammar, tokens=30)
        best = BeamSearch(model, grammar.stop_ids, beams=1).run(prompt, Budget(30), grammar)
        assert agree(greedy, [(token.id, token.probability) for token in best.tokens])


def test_wide_beams_find_the_most_probable_text():
    """Against all texts of three tokens, one of which ends a text."""
    model = random_transformer(5, 5)
    prompt = random_prompt(model, 5)
    best = BeamSearch(model, [], beams=25, length_penalty=0.0).run(prompt, Budget(3))
    scores = {}
    with torch.no_grad():
        for text in torch.cartesian_prod(*[torch.arange(5)] * 3):
            embeds = torch.cat([prompt.embeds, model.embed(text[None])], 1)
            rows = model.head(model.hidden(embeds, torch.arange(8)[None])[0, 4:7]).log_softmax(-1)
            scores[tuple(text.tolist())] = float(rows[torch.arange(3), text].sum())
    expected = max(scores, key=scores.get)
    assert tuple(token.id for token in best.tokens) == expected
    assert math.isclose(best.log_probability, scores[expected], abs_tol=1e-6)


def test_beams_end_at_stop_tokens():
    tokenizer, grammar = setup()
    ids = [*grammar.vocabulary.encode(random_layout(1, walls=2)), tokenizer.eos_token_id]

    class Batched(WriterModel):
        def step(self, embeds, positions, cache, keep):
            cache.advance(embeds.shape[1])
            logits = torch.zeros(len(embeds), 1, self.vocabulary)
            logits[:, 0, self.ids[min(cache.length - 1, len(self.ids) - 1)]] = 8.0
            return logits

    model = Batched(ids, len(tokenizer))
    search = BeamSearch(model, grammar.stop_ids, beams=3)
    assert [token.id for token in search.run(model.prompt(), None, grammar).tokens] == ids
    assert search.statistics.stop == "end"
    with pytest.raises(ConfigError, match="beams"):
        BeamSearch(model, (), beams=0)


def test_restrictions_of_sampling():
    logits = torch.tensor([0.1, 0.4, 0.2, 0.3]).log()
    assert restrict(logits, Sampling(1.0, top_k=2)).isinf().tolist() == [True, False, True, False]
    assert restrict(logits, Sampling(1.0, top_p=0.65)).isinf().tolist() == [True, False, True, False]
    assert restrict(logits, Sampling(1.0, top_p=0.01)).isinf().tolist() == [True, False, True, True]
    assert choose(logits, torch.tensor([0, 2]), GREEDY).id == 2
    assert math.isclose(choose(logits, torch.tensor([0, 2]), GREEDY).probability, 2 / 3, rel_tol=1e-6)
    assert Sampling(0.6, 10, 0.95) == REFERENCE_SAMPLING
    for wrong in ({"temperature": -1.0}, {"top_k": -1}, {"top_p": 0.0}, {"top_p": 1.5}):
        with pytest.raises(ConfigError):
            Sampling(**wrong)
