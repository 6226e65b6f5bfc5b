"""Beam search: the most probable of many texts instead of the most probable token at each step."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from spatial_perception.errors import ConfigError
from spatial_perception.generation.cache import KeyValueCache
from spatial_perception.generation.decoder import Budget, Constraint, Statistics, Token
from spatial_perception.generation.language_model import FIRST_ROOM, LanguageModel, Prompt


@dataclass(frozen=True)
class Hypothesis:
    """A text with the probability of each token among the allowed ones, and the state of the constraint behind it."""

    tokens: tuple[Token, ...] = ()
    log_probability: float = 0.0
    state: Any = None

    def score(self, length_penalty: float) -> float:
        """Log probability, divided by the length to the power of `length_penalty`."""
        return self.log_probability / max(1, len(self.tokens)) ** length_penalty


@dataclass
class BeamSearch:
    """Keeps the `beams` most probable texts at each step; `length_penalty` 1 compares means per token.

    Stops when as many finished texts are at least as good as what is still being written, or when `budget` is used up.
    """

    model: LanguageModel
    stop_ids: Sequence[int]
    beams: int = 4
    length_penalty: float = 1.0

    def __post_init__(self) -> None:
        if self.beams < 1:
            raise ConfigError(f"beams must be 1 or more, got {self.beams}")
        self.statistics = Statistics()

    @torch.inference_mode()
    def run(
        self,
        prompt: Prompt,
        budget: Budget | None = None,
        constraint: Constraint | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Hypothesis:
        """The best text; its last token is a stop token unless the budget ran out."""
        self.statistics, budget = Statistics(), budget or Budget()
        cache = KeyValueCache(prompt.embeds.shape[1] + FIRST_ROOM)  # rows are reordered, so it is never a static one
        started = time.perf_counter()
        live = [Hypothesis(state=constraint.start() if constraint else None)]
        done: list[Hypothesis] = []
        embeds, positions = prompt.embeds, prompt.first_positions()
        while live and not self._should_stop(live, done, budget, started, cancelled):
            logits = self.model.step(embeds, positions, cache, keep=1)[:, 0]
            self.statistics.forwards += 1
            live, parents = self._extend(live, logits, constraint, done)
            if live:
                cache.reorder(torch.tensor(parents, device=logits.device))
                ids = torch.tensor([[text.tokens[-1].id] for text in live], device=logits.device)
                embeds = self.model.embed(ids)
                positions = torch.cat([_last_position(prompt, text) for text in live], dim=-2)
        best = max(done or live, key=lambda text: text.score(self.length_penalty))
        self.statistics.tokens, self.statistics.seconds = len(best.tokens), time.perf_counter() - started
        return best

    def _should_stop(
        self,
        live: Sequence[Hypothesis],
        done: Sequence[Hypothesis],
        budget: Budget,
        started: float,
        cancelled: Callable[[], bool] | None,
    ) -> bool:
        reasons = {
            "cancelled": cancelled is not None and cancelled(),
            "length": len(live[0].tokens) >= budget.max_new_tokens,
            "time": budget.max_seconds is not None and time.perf_counter() - started > budget.max_seconds,
            "end": len(done) >= self.beams and self._is_settled(live, done),
        }
        self.statistics.stop = next((name for name, holds in reasons.items() if holds), "end")
        return any(reasons.values())

    def _is_settled(self, live: Sequence[Hypothesis], done: Sequence[Hypothesis]) -> bool:
        """Whether nothing that is still written looks better than the worst finished text that counts."""
        finished = sorted((text.score(self.length_penalty) for text in done), reverse=True)
        return finished[self.beams - 1] >= max(text.score(self.length_penalty) for text in live)

    def _extend(
        self, live: Sequence[Hypothesis], logits: Tensor, constraint: Constraint | None, done: list[Hypothesis]
    ) -> tuple[list[Hypothesis], list[int]]:
        """The best continuations that go on, and the row that each continues; those that end join `done`."""
        candidates = [
            (text, row)
            for row, (parent, scores) in enumerate(zip(live, logits))
            for text in self._continuations(parent, scores, constraint)
        ]
        candidates.sort(key=lambda item: -item[0].log_probability)
        kept: list[tuple[Hypothesis, int]] = []
        for rank, (text, row) in enumerate(candidates):
            if text.tokens[-1].is_stop:
                if rank < self.beams:
                    done.append(text)
            elif len(kept) < self.beams:
                kept.append((text, row))
        return [text for text, _ in kept], [row for _, row in kept]

    def _continuations(self, parent: Hypothesis, logits: Tensor, constraint: Constraint | None) -> list[Hypothesis]:
        """The most probable next tokens of one text: enough that `beams` remain if some of them end it."""
        allowed = None if constraint is None else constraint.allowed(parent.state).to(logits.device)
        row = torch.log_softmax(logits if allowed is None else logits[allowed], 0)
        values, indices = row.topk(min(len(row), self.beams + len(self.stop_ids)))
        ids = indices if allowed is None else allowed[indices]
        return [
            self._continue(parent, token, value, len(row) == 1, constraint)
            for token, value in zip(ids.tolist(), values.tolist())
        ]

    def _continue(
        self, parent: Hypothesis, token: int, value: float, forced: bool, constraint: Constraint | None
    ) -> Hypothesis:
        stops = token in self.stop_ids
        state = parent.state if stops or constraint is None else constraint.advance(parent.state, token)
        tokens = (*parent.tokens, Token(token, float(torch.tensor(value).exp()), forced, stops))
        return Hypothesis(tokens, parent.log_probability + value, state)


def _last_position(prompt: Prompt, text: Hypothesis) -> Tensor:
    ids = [token.id for token in text.tokens]
    return prompt.positions_after(ids, len(ids) - 1)
