"""The tokenizer of a compact checkpoint, read without transformers, whose import takes longer than all else does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spatial_perception.models.spatiallm.prompts import REFERENCE

CHAT = (
    "{{ messages[-1]['content'].split(' The reference code')[0] }}{% if add_generation_prompt %}<|im_start|>{% endif %}"
)
"""The chat template of compact checkpoints: the user's message as far as the task, nothing else."""


class CompactTokenizer:
    """What this package asks of a tokenizer, by the names of transformers; no more than `CHAT` for a chat template."""

    chat_template = CHAT

    def __init__(self, backend: Any, settings: Mapping[str, Any]) -> None:
        self.backend_tokenizer = backend
        self.added_tokens_decoder: dict[int, Any] = backend.get_added_tokens_decoder()
        self.eos_token_id, self.pad_token_id = (self._named(settings, key) for key in ("eos_token", "pad_token"))

    @classmethod
    def of(cls, directory: Path) -> CompactTokenizer | None:
        """The tokenizer of a checkpoint; None where its chat is not that of compact ones. Raises OSError, ValueError."""
        path = directory / "tokenizer_config.json"
        settings = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        if not isinstance(settings, dict) or settings.get("chat_template") != CHAT:
            return None
        from tokenizers import Tokenizer

        text = (directory / "tokenizer.json").read_text(encoding="utf-8")
        try:
            return cls(Tokenizer.from_str(text), settings)
        except Exception as error:  # the library raises nothing narrower
            raise ValueError(str(error)) from error

    def __len__(self) -> int:
        return int(self.backend_tokenizer.get_vocab_size(with_added_tokens=True))

    @property
    def all_special_ids(self) -> list[int]:
        """The tokens that no text is written with."""
        return [token for token, entry in self.added_tokens_decoder.items() if entry.special]

    def encode(self, text: str, add_special_tokens: bool = False) -> list[int]:
        """Token ids of a text."""
        return list(self.backend_tokenizer.encode(text, add_special_tokens=add_special_tokens).ids)

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        """The text of token ids."""
        return str(self.backend_tokenizer.decode(list(ids), skip_special_tokens=skip_special_tokens))

    def convert_tokens_to_ids(self, tokens: str | Sequence[str]) -> Any:
        """The id of a token, None where there is none; a list for several."""
        if isinstance(tokens, str):
            return self.backend_tokenizer.token_to_id(tokens)
        return [self.backend_tokenizer.token_to_id(token) for token in tokens]

    def apply_chat_template(
        self, chat: Sequence[Mapping[str, str]], tokenize: bool = False, add_generation_prompt: bool = False
    ) -> Any:
        """The text that asks what the last message of a chat says, or its token ids."""
        asked = chat[-1]["content"].split(REFERENCE)[0] + ("<|im_start|>" if add_generation_prompt else "")
        return self.encode(asked) if tokenize else asked

    def _named(self, settings: Mapping[str, Any], key: str) -> int | None:
        token = settings.get(key)
        return self.backend_tokenizer.token_to_id(token) if isinstance(token, str) else None
