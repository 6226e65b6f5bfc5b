"""Where the tokens of lines stand, as rotary positions of the decoder.

A line of the answer and the finding in the prompt with the same head are the same distance apart, however many lines come
before them. So a head of attention that looks a fixed distance back reads, while a line is written, what was found of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

LINES = (64, 32, 48, 160)
"""Heads of walls, doors, windows and boxes that are single tokens of the compact tokenizer, and so the most findings."""
FIELDS = (8, 6, 6, 8)
"""Fields of walls, doors, windows and boxes; all but those of walls begin with a wall or a label."""
FINDINGS, ANSWER = 4096, 8192
"""Positions of the first finding and of the first line of the answer, the head of the first wall."""
BACK = ANSWER - FINDINGS - 1
"""How far before a token of the answer the token stands that follows it in the findings."""
LAST = ANSWER + sum(lines * (fields + 1) for lines, fields in zip(LINES, FIELDS))
"""The first position behind all of them."""
_FIRST = (0, *(sum(n * (f + 1) for n, f in zip(LINES[:k], FIELDS[:k])) for k in range(1, 4)))


def line_numbers(kind: Tensor) -> Tensor:
    """How many of the findings before each (Q,) are of its kind: the number of its line."""
    return (kind[:, None] == kind[None]).tril(-1).sum(1)


def finding_places(kind: Tensor) -> Tensor:
    """Positions (Q, 9) of the tokens of findings of these kinds (Q,), which are in the order of kinds: heads, then fields."""
    first = torch.tensor(_FIRST, device=kind.device)[kind]
    length = torch.tensor(FIELDS, device=kind.device)[kind] + 1
    return (FINDINGS + first + line_numbers(kind) * length)[:, None] + torch.arange(max(FIELDS) + 1, device=kind.device)


def prompt_places(before: int, pillars: int, findings: Tensor, after: int) -> Tensor:
    """Positions (L,) of a prompt: text and pillars from 0 on, findings at their places (T,), text up to the answer."""
    device = findings.device
    first = torch.arange(before + pillars, device=device)
    return torch.cat([first, findings, torch.arange(ANSWER - after, ANSWER, device=device)])


@dataclass(frozen=True)
class AnswerPlaces:
    """Positions of the tokens of an answer; `heads` are the tokens of the first lines of each kind, further lines follow."""

    heads: tuple[int, ...]

    def __call__(self, ids: Sequence[int]) -> list[int]:
        """The positions of all tokens of an answer, as many as `ids`."""
        known, places, place = _head_places(self.heads), [], ANSWER - 1
        for token in ids:
            place = known.get(token, place + 1)
            places.append(place)
        return places


@cache
def _head_places(heads: tuple[int, ...]) -> dict[int, int]:
    return {
        head + line: ANSWER + first + line * (fields + 1)
        for head, first, lines, fields in zip(heads, _FIRST, LINES, FIELDS)
        for line in range(lines)
    }
