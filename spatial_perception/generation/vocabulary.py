"""The texts of a tokenizer's tokens, and a tree of those that can stand in layout text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from spatial_perception.errors import EstimatorError

_BROKEN = "\ufffd"


@dataclass
class TokenTree:
    """Tokens by their characters: `ids` end here, `children` continue."""

    children: dict[str, TokenTree] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)

    def add(self, text: str, token: int) -> None:
        """Put one token into the tree."""
        node = self
        for char in text:
            node = node.children.setdefault(char, TokenTree())
        node.ids.append(token)

    def descend(self, text: str) -> TokenTree | None:
        """The node reached by `text`, or None."""
        node: TokenTree | None = self
        for char in text:
            node = node.children.get(char) if node is not None else None
        return node


class TokenVocabulary:
    """What every token of a tokenizer writes when it follows other text.

    `texts[id]` is None for special tokens and for pieces of characters. Any tokenizer of transformers will do; `encode`
    turns text into ids without special tokens.
    """

    def __init__(self, texts: Sequence[str | None], encode: Callable[[str], list[int]]) -> None:
        self.texts = tuple(texts)
        self.encode = encode

    @classmethod
    def of(cls, tokenizer: Any) -> TokenVocabulary:
        """Read a tokenizer of transformers; raises EstimatorError if it cannot write a single letter."""

        backend = getattr(tokenizer, "backend_tokenizer", None)

        def encode(text: str) -> list[int]:
            if backend is not None:  # several times faster for short texts
                return list(backend.encode(text, add_special_tokens=False).ids)
            return list(tokenizer.encode(text, add_special_tokens=False))

        anchor = encode("a")[-1:]
        if not anchor:
            raise EstimatorError("the tokenizer cannot write the letter a; is it complete?")
        special = set(tokenizer.all_special_ids) | _special_added(tokenizer)
        ids = [token for token in range(len(tokenizer)) if token not in special]
        before, *after = _decode_all(tokenizer, [anchor, *([*anchor, token] for token in ids)])
        texts: list[str | None] = [None] * len(tokenizer)
        for token, text in zip(ids, after):
            written = text[len(before) :] if text.startswith(before) else ""
            texts[token] = written if written and _BROKEN not in written else None
        return cls(texts, encode)

    def text(self, tokens: Iterable[int]) -> str:
        """What the tokens write, special ones left out."""
        return "".join(self.texts[token] or "" for token in tokens)

    def tree(self, keep: Callable[[str], bool]) -> TokenTree:
        """The tree of all tokens whose text is wanted."""
        root = TokenTree()
        for token, text in enumerate(self.texts):
            if text is not None and keep(text):
                root.add(text, token)
        return root

    def tokenise_after(self, before: str, text: str) -> list[int] | None:
        """Tokens of `text` as it is usually tokenised behind `before`.

        None if it cannot be told, because the tokenizer changes the text. If a token would span the border, `text` is
        tokenised on its own. A blank that the tokenizer puts in front is no obstacle.
        """
        tokens, blank = self._tokens_of(before + text)
        length = -blank
        for index, token in enumerate(tokens or []):
            if length == len(before) and (before or not blank):
                return (tokens or [])[index:]
            length += len(self.texts[token] or "")
        alone, blank = self._tokens_of(text) if before else (None, 0)
        return None if blank else alone

    def _tokens_of(self, text: str) -> tuple[list[int] | None, int]:
        """The usual tokens of a text, if they write it, and the number of blanks put in front."""
        tokens = self.encode(text)
        written = self.text(tokens)
        blank = int(written == " " + text)
        return (tokens if written[blank:] == text else None), blank


def _special_added(tokenizer: Any) -> set[int]:
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return {token for token, entry in added.items() if getattr(entry, "special", True)}


def _decode_all(tokenizer: Any, sequences: list[list[int]]) -> list[str]:
    """Decode many sequences, by the fast backend where there is one."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        return list(backend.decode_batch(sequences, skip_special_tokens=False))
    return [tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False) for ids in sequences]
