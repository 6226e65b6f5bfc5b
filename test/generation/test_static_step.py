from __future__ import annotations

import pytest
import torch
from decoding_helpers import random_prompt, random_transformer

from spatial_perception.generation.decoder import Budget, Decoder
from spatial_perception.generation.static_step import MAX_ROWS, StaticLanguageModel, _Step


class EveryThird:
    """A draft that is right now and then."""

    def __init__(self, text):
        self.text = text

    def propose(self, ids, state, limit):
        guess = self.text[len(ids) : len(ids) + min(limit, 11)]
        return [token if place % 3 else token + 1 for place, token in enumerate(guess, start=1)]


def decode(model, prompt, tokens=70, draft=None):
    return [token.id for token in Decoder(model).start(prompt, budget=Budget(tokens), draft=draft)]


def test_static_steps_give_the_same_text():
    for seed in range(4):
        usual = random_transformer(seed, 40)
        static = StaticLanguageModel(usual.stack, usual.head, capture=False)
        prompt = random_prompt(usual, seed)
        text = decode(usual, prompt)
        assert decode(static, prompt) == text
        assert decode(static, prompt, draft=EveryThird([min(t, 38) for t in text])) == text
        assert set(static._steps) <= {1, 2, 4, 8, 16}
        longer = decode(static, random_prompt(usual, seed, 900), 300)
        assert longer == decode(usual, random_prompt(usual, seed, 900), 300)


def test_generations_that_overlap_do_not_disturb_one_another():
    usual = random_transformer(1, 40)
    static = StaticLanguageModel(usual.stack, usual.head, capture=False)
    prompts = [random_prompt(usual, seed) for seed in (1, 2)]
    expected = [decode(usual, prompt, 20) for prompt in prompts]
    runs = [iter(Decoder(static).start(prompt, budget=Budget(20))) for prompt in prompts]
    found = [[], []]
    for _ in range(20):
        for text, run in zip(found, runs):
            text.append(next(run).id)
    assert found == expected


def test_long_steps_are_not_static():
    usual = random_transformer(2, 40)
    static = StaticLanguageModel(usual.stack, usual.head, capture=False)
    prompt = random_prompt(usual, 2)
    text = decode(usual, prompt, 150)

    class Whole:
        def propose(self, ids, state, limit):
            return text[len(ids) : len(ids) + limit]

    assert decode(static, prompt, 150, Whole()) == text
    assert max(static._steps, default=0) <= MAX_ROWS


def test_a_capture_that_fails_is_told_once_and_costs_speed_only(monkeypatch, caplog):
    def fail(_):
        raise RuntimeError("operation not permitted when stream is capturing\nCUDA kernel errors ...")

    monkeypatch.setattr(_Step, "_record", fail)
    usual = random_transformer(4, 40)
    static = StaticLanguageModel(usual.stack, usual.head)
    prompt = random_prompt(usual, 4)
    text = decode(usual, prompt)
    assert decode(static, prompt) == text
    assert decode(static, prompt, draft=EveryThird([min(t, 38) for t in text])) == text
    assert [record.getMessage() for record in caplog.records] == [
        "no CUDA graph of a decode step (operation not permitted when stream is capturing); "
        "decoding goes on without, slower"
    ]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_graphs_give_the_same_text():
    usual = random_transformer(3, 40)
    usual.stack.cuda()
    usual.head.cuda()
    graphed = StaticLanguageModel(usual.stack, usual.head)
    prompt = random_prompt(usual, 3)
    assert decode(graphed, prompt, 40) == decode(usual, prompt, 40)
