"""The decode loop of all language models: cache, grammar, drafts, budgets; no threads.

Each forward pass carries every token that is not in the cache yet, those that the grammar forces, and a draft of what may
follow. The draft is checked against what the model chooses itself, so that greedy text equals that of plain decoding and
random text has the same distribution (Leviathan et al., "Fast inference from transformers via speculative decoding",
ICML 2023, for a draft without randomness).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from spatial_perception.generation.language_model import MAX_DRAFT, LanguageModel, Prompt
from spatial_perception.generation.sampling import GREEDY, Choice, Sampling, choose

MIN_DRAFT, FIRST_DRAFT = 8, 32


class Constraint(Protocol):
    """A language over tokens. States are immutable and hashable; `Any` keeps them the constraint's own business."""

    def start(self) -> Any:
        """The state before the first token."""

    def advance(self, state: Any, token: int) -> Any:
        """The state after an allowed token."""

    def forced(self, state: Any) -> int | None:
        """The only token that may follow, or None if there is a choice."""

    def allowed(self, state: Any) -> Tensor:
        """All tokens that may follow (k,) int64 ascending, on the CPU; stop tokens included."""


class Draft(Protocol):
    """A guess of the tokens to come; it costs time when it is wrong, never correctness."""

    def propose(self, ids: Sequence[int], state: Any, limit: int) -> list[int]:
        """At most `limit` tokens that may follow the generated `ids`; `state` is that of the constraint, or None."""


@dataclass(frozen=True)
class Budget:
    """When to stop: generated tokens, seconds since the start (None: no limit)."""

    max_new_tokens: int = 4096
    max_seconds: float | None = None


@dataclass(frozen=True)
class Token:
    """A generated token. `probability` is that among the allowed ones; forced tokens have 1."""

    id: int
    probability: float
    is_forced: bool = False
    is_stop: bool = False


@dataclass
class Statistics:
    """What a run has cost: forward passes (the prompt's included), tokens by origin, seconds."""

    forwards: int = 0
    tokens: int = 0
    forced: int = 0
    proposed: int = 0
    accepted: int = 0
    prompt_seconds: float = 0.0
    seconds: float = 0.0
    stop: str = ""

    @property
    def forwards_per_token(self) -> float:
        """Forward passes per generated token."""
        return self.forwards / max(1, self.tokens)


@dataclass
class _DraftLength:
    """How far to look ahead: doubled after a full success, else a little over what was right."""

    value: int = FIRST_DRAFT

    def learn(self, proposed: int, accepted: int) -> None:
        if proposed and accepted == proposed:
            self.value = min(MAX_DRAFT, max(self.value, 2 * proposed))
        elif proposed:
            self.value = max(MIN_DRAFT, min(self.value, 2 * accepted))


class Decoder:
    """Decodes with one language model. `stop_ids` end a text; they are yielded as the last token."""

    def __init__(self, model: LanguageModel, stop_ids: Sequence[int] = ()) -> None:
        self.model = model
        self.stop_ids = frozenset(stop_ids)

    def start(
        self,
        prompt: Prompt,
        sampling: Sampling = GREEDY,
        budget: Budget | None = None,
        constraint: Constraint | None = None,
        draft: Draft | None = None,
        generator: torch.Generator | None = None,
        cancelled: Callable[[], bool] | None = None,
        skip_forced: bool = True,
    ) -> Generation:
        """A generation that runs as it is iterated.

        `generator` is needed to sample. `cancelled` is asked between forward passes. With `skip_forced` false, tokens that
        the constraint forces cost a forward pass each, as in plain decoding.
        """
        rules = _Rules(sampling, budget or Budget(), constraint, draft, generator, cancelled, skip_forced)
        return Generation(self, prompt, rules)


@dataclass(frozen=True)
class _Rules:
    sampling: Sampling
    budget: Budget
    constraint: Constraint | None
    draft: Draft | None
    generator: torch.Generator | None
    cancelled: Callable[[], bool] | None
    skip_forced: bool


@dataclass
class Generation:
    """One running generation: iterate for tokens; `ids` and `statistics` grow meanwhile. Closing the iterator cancels."""

    decoder: Decoder
    prompt: Prompt
    rules: _Rules
    ids: list[int] = field(default_factory=list)
    statistics: Statistics = field(default_factory=Statistics)

    def __post_init__(self) -> None:
        constraint = self.rules.constraint
        self._cache = self.decoder.model.new_cache(self.prompt.embeds.shape[1], self.rules.budget.max_new_tokens)
        self._state = constraint.start() if constraint else None
        self._in_cache = 0
        self._ahead = _DraftLength()
        self._begin = 0.0

    def __iter__(self) -> Generator[Token, None, None]:
        """Tokens in order, each as soon as it is certain."""
        self._begin = time.perf_counter()
        try:
            while not self.statistics.stop:
                yield from self._forced_run()
                if self._should_stop():
                    break
                yield from self._pass()
        finally:
            self.statistics.stop = self.statistics.stop or "closed"
            self.statistics.seconds = time.perf_counter() - self._begin

    def _should_stop(self) -> bool:
        budget = self.rules.budget
        if not self.statistics.stop:
            if self.rules.cancelled is not None and self.rules.cancelled():
                self.statistics.stop = "cancelled"
            elif len(self.ids) >= budget.max_new_tokens:
                self.statistics.stop = "length"
            elif budget.max_seconds is not None and time.perf_counter() - self._begin > budget.max_seconds:
                self.statistics.stop = "time"
        return bool(self.statistics.stop)

    def _forced_run(self) -> Iterator[Token]:
        """Tokens that need no forward pass of their own."""
        while self.rules.skip_forced and not self._is_full():
            token = self._forced()
            if token is None:
                return
            yield self._commit(token)

    def _forced(self) -> Token | None:
        constraint = self.rules.constraint
        only = None if constraint is None else constraint.forced(self._state)
        return None if only is None else Token(only, 1.0, True, only in self.decoder.stop_ids)

    def _is_full(self) -> bool:
        return bool(self.statistics.stop) or len(self.ids) >= self.rules.budget.max_new_tokens

    def _commit(self, token: Token) -> Token:
        self.ids.append(token.id)
        self.statistics.tokens += 1
        self.statistics.forced += token.is_forced
        if token.is_stop:
            self.statistics.stop = "end"
        elif self.rules.constraint is not None:
            self._state = self.rules.constraint.advance(self._state, token.id)
        return token

    def _pass(self) -> Iterator[Token]:
        """One forward pass, and all tokens that become certain by it."""
        draft = self._propose()
        logits = self._forward(draft)
        certain = len(self.ids)
        for row, drafted in zip(logits, [*draft, None]):
            token = self._commit(self._choose(row))
            yield token
            if token.id != drafted or self._is_full():
                break
        accepted = min(len(self.ids) - certain, len(draft))
        accepted -= bool(draft) and self.ids[certain + accepted - 1] != draft[accepted - 1]
        self._in_cache = certain + accepted
        self._cache.crop(self.prompt.embeds.shape[1] + self._in_cache)
        self._ahead.learn(len(draft), accepted)
        self.statistics.accepted += accepted

    def _propose(self) -> list[int]:
        if self.rules.draft is None:
            return []
        room = self.rules.budget.max_new_tokens - len(self.ids) - 1
        draft = self.rules.draft.propose(self.ids, self._state, min(self._ahead.value, room)) if room > 0 else []
        self.statistics.proposed += len(draft)
        return draft

    def _choose(self, row: Tensor) -> Token:
        forced = self._forced()
        if forced is not None:
            return forced
        constraint, rules = self.rules.constraint, self.rules
        allowed = None if constraint is None else constraint.allowed(self._state).to(row.device)
        choice: Choice = choose(row, allowed, rules.sampling, rules.generator)
        return Token(choice.id, choice.probability, False, choice.id in self.decoder.stop_ids)

    @torch.inference_mode()
    def _forward(self, draft: Sequence[int]) -> Tensor:
        """Logits (1 + draft, V) that follow the last certain token and each token of the draft."""
        started = time.perf_counter()
        ids = [*self.ids[self._in_cache :], *draft]
        embeds, positions = self._inputs(ids, [*self.ids, *draft])
        logits = self.decoder.model.step(embeds, positions, self._cache, keep=len(draft) + 1)[0]
        self.statistics.forwards += 1
        if self.statistics.forwards == 1:
            self.statistics.prompt_seconds = time.perf_counter() - started
        return logits

    def _inputs(self, ids: Sequence[int], everything: Sequence[int]) -> tuple[Tensor, Tensor]:
        """What is not in the cache yet, with positions: the prompt at first, then tokens, the last of `everything`."""
        model, prompt = self.decoder.model, self.prompt
        if not ids:
            return prompt.embeds, prompt.first_positions()
        embeds = model.embed(torch.tensor([ids], dtype=torch.int64, device=model.device))
        positions = prompt.positions_after(everything, self._in_cache)
        if self._cache.length:
            return embeds, positions
        return torch.cat([prompt.embeds, embeds], 1), torch.cat([prompt.first_positions(), positions], -1)
