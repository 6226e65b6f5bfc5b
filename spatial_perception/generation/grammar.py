"""The layout language over the tokens of any tokenizer.

Every token that keeps the text well formed is allowed, also one that spans several fields. Where the text that follows is
certain, its usual tokenisation is the only one allowed, so that these tokens cost no forward pass.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from spatial_perception.errors import EstimatorError
from spatial_perception.generation.layout_language import (
    MAX_LABEL,
    NUMBER,
    LayoutLanguage,
    LayoutState,
    is_label_char,
)
from spatial_perception.generation.vocabulary import TokenTree, TokenVocabulary

_STRUCTURE = frozenset("=(),\n")
_MAX_KNOWN = 50_000
_LINE_SPAN = re.compile("\n[wdb]")
_DIGIT_RUN = re.compile("[0-9].*[0-9]")
_PLAIN = frozenset("walldorinbxWDB_" + string.digits)


class LayoutGrammar:
    """A constraint for the decode loop: `language` over `vocabulary`, ended by one of `stop_ids`."""

    def __init__(self, vocabulary: TokenVocabulary, language: LayoutLanguage, stop_ids: Sequence[int]) -> None:
        if not stop_ids:
            raise EstimatorError("no stop token is known, a layout could not end; give generation_config.json")
        self.vocabulary = vocabulary
        self.language = language
        self.stop_ids = tuple(sorted(stop_ids))
        self._tree = vocabulary.tree(self._is_structural)
        self._labels = _OpenLabels(vocabulary) if not language.categories and 3 in language.kinds else None
        texts = vocabulary.texts
        self._has_line_spans = any(_LINE_SPAN.search(text) for text in texts if text)
        self._has_digit_runs = any(_DIGIT_RUN.search(text) for text in texts if text)
        self._allowed: dict[object, Tensor] = {}
        self._forced: dict[LayoutState, int | None] = {}
        self._after: dict[tuple[LayoutState, int], LayoutState] = {}

    def _is_structural(self, text: str) -> bool:
        """Whether a token can take part in more than an open label."""
        plain = _PLAIN.union(*self.language.categories)
        legal = all(char in _STRUCTURE or is_label_char(char) for char in text)
        return legal and (not _STRUCTURE.isdisjoint(text) or plain.issuperset(text))

    def start(self) -> LayoutState:
        """The state before the first token."""
        return LayoutState()

    def advance(self, state: LayoutState, token: int) -> LayoutState:
        """The state after `token`; raises EstimatorError if it is not allowed there."""
        following = self._after.get((state, token))
        if following is None:
            _make_room(self._after)
            following = self._after[state, token] = self._find_after(state, token)
        return following

    def _find_after(self, state: LayoutState, token: int) -> LayoutState:
        text = self.vocabulary.texts[token] if token < len(self.vocabulary.texts) else None
        following = self.language.walk(state, text) if text else None
        if following is None:
            raise EstimatorError(f"token {token} ({text!r}) breaks the layout language")
        return following

    def forced(self, state: LayoutState) -> int | None:
        """The only token that may follow, or None if there is a choice."""
        if state not in self._forced:
            _make_room(self._forced)
            self._forced[state] = self._find_forced(state)
        return self._forced[state]

    def _find_forced(self, state: LayoutState) -> int | None:
        usual = self._usual_token(state)
        if usual is not None:
            return usual
        allowed = self._legal(state)
        return int(allowed[0]) if len(allowed) == 1 else None

    def _usual_token(self, state: LayoutState) -> int | None:
        """The first token of the text that must follow, if its tokenisation does not depend on what comes after it."""
        text, end = self.language.certain_text(state)
        stable = self._stable_length(text, end)
        if not stable:
            return None
        tokens = self.vocabulary.tokenise_after(self.language.last_char(state), text)
        first = self.vocabulary.texts[tokens[0]] if tokens else None
        return tokens[0] if tokens and first and len(first) <= stable else None

    def _stable_length(self, text: str, end: LayoutState) -> int:
        """How much of `text` no token can share with what may follow at `end`."""
        for begin in range(len(text)):
            node = self._tree.descend(text[begin:])
            if node is not None and any(self.language.step(end, char) is not None for char in node.children):
                return begin
        return len(text)

    def allowed(self, state: LayoutState) -> Tensor:
        """All tokens that may follow (k,) int64 ascending, stop tokens included where the text may end."""
        forced = self.forced(state)
        return self._legal(state) if forced is None else torch.tensor([forced])

    def _legal(self, state: LayoutState) -> Tensor:
        key = self._key(state)
        if key not in self._allowed:
            _make_room(self._allowed)
            self._allowed[key] = self._find_legal(state)
        return self._allowed[key]

    def _key(self, state: LayoutState) -> object:
        """States with the same key allow the same tokens: in numbers and open labels, earlier lines do not matter."""
        if self.language.field_type(state) == NUMBER and not self._has_line_spans:
            written = state.partial if self._has_digit_runs else self.language.next_chars(state)
            return (state.kind, state.field, written, self.language.is_full(state))
        if self.language.is_open_label(state):
            return ("label", min(len(state.partial), 1), len(state.partial) >= MAX_LABEL)
        return state

    def _find_legal(self, state: LayoutState) -> Tensor:
        if self._labels is not None and self.language.is_open_label(state):
            found = self._labels.find(self.language, state)
            tree = self._tree.children.get(",", TokenTree())
            after = self.language.step(state, ",")
            if after is not None:
                found += [*tree.ids, *self._collect(tree, after)]
        else:
            found = self._collect(self._tree, state)
        if self.language.can_end(state):
            found += self.stop_ids
        if not found:
            raise EstimatorError(f"the tokenizer cannot continue a layout after {self.language.last_char(state)!r}")
        return torch.tensor(sorted(set(found)), dtype=torch.int64)

    def _collect(self, root: TokenTree, state: LayoutState) -> list[int]:
        """Tokens below `root` whose text may stand at `state`."""
        found: list[int] = []
        pending = [(root, state)]
        while pending:
            node, place = pending.pop()
            for char, child in node.children.items():
                following = self.language.step(place, char)
                if following is not None:
                    found += child.ids
                    pending.append((child, following))
        return found


def _make_room(known: dict[Any, Any]) -> None:
    """Forget everything when too much is known: a robot decodes for months."""
    if len(known) >= _MAX_KNOWN:
        known.clear()


class _OpenLabels:
    """Tokens that write labels out of an open vocabulary, sorted out once: there are very many of them."""

    def __init__(self, vocabulary: TokenVocabulary) -> None:
        self.inside: list[int] = []
        self.first: list[int] = []
        self.endings: dict[str, list[int]] = {}
        for token, text in enumerate(vocabulary.texts):
            if text is not None and is_label_char(text[0]):
                self._add(token, text)

    def _add(self, token: int, text: str) -> None:
        size = next((i for i, char in enumerate(text) if not is_label_char(char)), len(text))
        if size < len(text):
            if text[size] == "," and text[0] != " ":
                self.endings.setdefault(text[size:], []).append(token)
            return
        self.inside.append(token)
        if text[0] != " ":
            self.first.append(token)

    def find(self, language: LayoutLanguage, state: LayoutState) -> list[int]:
        """Tokens that go on with a label, and those that also end it."""
        if len(state.partial) >= MAX_LABEL:
            return []
        inside = state if state.partial else language.step(state, "x")
        found = list(self.inside if state.partial else self.first)
        for ending, tokens in self.endings.items():
            if inside is not None and language.walk(inside, ending) is not None:
                found += tokens
        return found
