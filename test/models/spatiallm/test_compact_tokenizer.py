from __future__ import annotations

import json
import subprocess
import sys

import pytest
from transformers import PreTrainedTokenizerFast

from spatial_perception.errors import EstimatorError
from spatial_perception.generation.vocabulary import TokenVocabulary
from spatial_perception.models.spatiallm.compact import line_tokens, number_tokens
from spatial_perception.models.spatiallm.compact_tokenizer import CompactTokenizer
from spatial_perception.models.spatiallm.nano import WEIGHTS
from spatial_perception.models.spatiallm.pipeline import load_tokenizer
from spatial_perception.models.spatiallm.prompts import chat_text, user_message

TEXTS = (
    "wall_0=Wall(1,2,639,4,5,6,80,0)\n",
    "bbox_3=Bbox(dining_table,10,20,30,40,5,6,7)\n",
    "Grüße <|im_start|>a",
    "",
)


@pytest.fixture(scope="module")
def pair():
    """Ours, and that of transformers."""
    ours = load_tokenizer(WEIGHTS)
    assert isinstance(ours, CompactTokenizer)
    return ours, PreTrainedTokenizerFast.from_pretrained(str(WEIGHTS), local_files_only=True)


def test_ids_and_texts_are_those_of_transformers(pair):
    ours, stock = pair
    for text in TEXTS:
        ids = stock.encode(text, add_special_tokens=False)
        assert ours.encode(text) == ids
        assert ours.decode(ids) == stock.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    assert len(ours) == len(stock)
    assert set(stock.all_special_ids) <= set(ours.all_special_ids) == set(stock.added_tokens_decoder)
    assert (ours.eos_token_id, ours.pad_token_id) == (stock.eos_token_id, stock.pad_token_id)
    for tokens in ("<|point_pad|>", ["7,", "wall_0=Wall("]):
        assert ours.convert_tokens_to_ids(tokens) == stock.convert_tokens_to_ids(tokens)


@pytest.mark.parametrize("is_llama", [True, False])
@pytest.mark.parametrize("task", ["all", "layout", "objects"])
def test_chats_are_those_of_the_template(pair, task, is_llama):
    ours, stock = (chat_text(user_message(task), tokenizer, is_llama) for tokenizer in pair)
    assert ours == stock
    assert pair[0].apply_chat_template([{"role": "user", "content": "a"}], tokenize=True) == pair[0].encode("a")


def test_vocabularies_are_equal(pair):
    ours, stock = (TokenVocabulary.of(tokenizer) for tokenizer in pair)
    assert ours.texts == stock.texts
    for of in (lambda tokenizer: number_tokens(tokenizer, 640), line_tokens):
        assert all(a.equal(b) for a, b in zip(of(pair[0]), of(pair[1])))


def test_other_chats_are_left_to_transformers(tmp_path):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((WEIGHTS / name).read_bytes())
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text())
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({**settings, "chat_template": "{{ messages[-1] }}"}))
    assert isinstance(load_tokenizer(tmp_path), PreTrainedTokenizerFast)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(EstimatorError, match="cannot read the tokenizer"):
        load_tokenizer(tmp_path)


def test_nano_loads_without_transformers_and_the_compiler_of_torch():
    code = (
        "import sys; from spatial_perception.models.registry import load_estimator; load_estimator('nano');"
        "print(sorted({'transformers', 'torch._dynamo', 'sympy', 'huggingface_hub'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
