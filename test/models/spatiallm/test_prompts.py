from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from spatial_perception.errors import EstimatorError
from spatial_perception.models.spatiallm.prompts import (
    chat_text,
    check_categories,
    code_template,
    task_sentence,
    training_chat,
    user_message,
)

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/spatiallm/prompts.json").read_text())


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_code_template():
    assert len(code_template()) == GOLDEN["code_template"]["n_bytes"]
    assert digest(code_template()) == GOLDEN["code_template"]["sha256"]


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: f"{case['detect_type']}-{len(case['categories'])}")
def test_messages_equal_the_reference(case):
    message = user_message(case["detect_type"], case["categories"])
    assert task_sentence(case["detect_type"], case["categories"]) == case["task_prompt"]
    assert (len(message), digest(message)) == (case["user_len"], case["user_sha256"])
    qwen, llama = training_chat(message, False), training_chat(message, True)
    assert (len(qwen), digest(qwen)) == (case["qwen_chat_len"], case["qwen_chat_sha256"])
    expected = (case["llama_training_template_len"], case["llama_training_template_sha256"])
    assert (len(llama), digest(llama)) == expected


def test_tasks_have_our_names_too():
    assert task_sentence("layout") == task_sentence("arch")
    assert task_sentence("objects") == task_sentence("object")
    with pytest.raises(EstimatorError, match="unknown task 'rooms'"):
        task_sentence("rooms")


def test_unknown_category_offers_the_nearest():
    check_categories(["sofa"], ("sofa", "bed"))
    check_categories(["throne"], None)
    with pytest.raises(EstimatorError, match=r"unknown category 'soffa'; did you mean 'sofa'"):
        check_categories(["soffa"], ("sofa", "bed"))
    for name in ("", "a,b", "a)b", "a\nb"):
        with pytest.raises(EstimatorError, match="reserves"):
            check_categories([name], None)


class Recorder:
    """A tokenizer that only knows how it is asked for a chat."""

    chat_template = "some template"

    def apply_chat_template(self, chat, tokenize, add_generation_prompt):
        assert not tokenize
        assert add_generation_prompt
        return "|".join(f"{message['role']}:{message['content']}" for message in chat)


def test_the_tokenizers_own_template_is_used():
    assert chat_text("hello", Recorder(), is_llama=False) == "system:You are a helpful assistant.|user:hello"
    assert chat_text("hello", Recorder(), is_llama=True) == "user:hello"
    assert chat_text("hello", Recorder(), is_llama=True, template="training") == training_chat("hello", True)


def test_without_a_template_the_training_text_is_used():
    assert chat_text("hello", object(), is_llama=False) == training_chat("hello", False)
