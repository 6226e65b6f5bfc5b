"""The text that the model is asked with, byte for byte as it was trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from spatial_perception.errors import EstimatorError
from spatial_perception.layout.categories import did_you_mean

Template: TypeAlias = Literal["tokenizer", "training"]

POINT_START, POINT_PAD, POINT_END = "<|point_start|>", "<|point_pad|>", "<|point_end|>"
REFERENCE = " The reference code"
"""How the part of a message begins that tells the layout language."""
QWEN_SYSTEM = "You are a helpful assistant."

_SENTENCES = {
    "all": "Detect walls, doors, windows, boxes.",
    "layout": "Detect walls, doors, windows.",
    "objects": "Detect boxes.",
}
_REFERENCE_TASKS = {"arch": "layout", "object": "objects"}
_OPENING_FIELDS = ("wall_id: str", "position_x: int", "position_y: int", "position_z: int", "width: int", "height: int")
_FIELDS = {
    "Wall": tuple(f"{name}: int" for name in ("ax", "ay", "az", "bx", "by", "bz", "height", "thickness")),
    "Door": _OPENING_FIELDS,
    "Window": _OPENING_FIELDS,
    "Bbox": (
        "class: str",
        *(f"position_{axis}: int" for axis in "xyz"),
        "angle_z: int",
        *(f"scale_{axis}: int" for axis in "xyz"),
    ),
}


def code_template() -> str:
    """The declaration of the layout language that ends every user message (562 bytes, no newline at the end)."""
    blocks = ("\n    ".join((f"@dataclass\nclass {name}:", *lines)) for name, lines in _FIELDS.items())
    return "\n\n".join(blocks)


def check_categories(categories: Sequence[str], known: Sequence[str] | None) -> None:
    """Raise EstimatorError for a category that the model does not know, with the nearest names; None knows all."""
    for category in categories:
        if not category or any(char in category for char in ",()=\n\r"):
            raise EstimatorError(f"category {category!r} is empty or has a character that the layout language reserves")
        if known is not None and category not in known:
            raise EstimatorError(f"unknown category {category!r}; {did_you_mean(category, known)}")


def task_name(task: str) -> str:
    """The task as this package calls it: all, layout or objects; the reference's names arch and object are known too."""
    name = _REFERENCE_TASKS.get(task, task)
    if name not in _SENTENCES:
        raise EstimatorError(f"unknown task {task!r}; choose one of {', '.join((*_SENTENCES, *_REFERENCE_TASKS))}")
    return name


def task_sentence(task: str = "all", categories: Sequence[str] = ()) -> str:
    """What is to be detected; `categories` replace the word `boxes` (they do not apply to the layout alone)."""
    name = task_name(task)
    if categories and name != "layout":
        return _SENTENCES[name].replace("boxes", ", ".join(categories))
    return _SENTENCES[name]


def user_message(task: str = "all", categories: Sequence[str] = ()) -> str:
    """The place of the cloud, the task and the language in which to answer."""
    place = POINT_START + POINT_PAD + POINT_END
    return f"{place}{task_sentence(task, categories)}{REFERENCE} is as followed: {code_template()}"


def training_chat(message: str, is_llama: bool) -> str:
    """The chat text of one user message as the model saw it in training, up to where its answer begins."""
    if is_llama:
        head = "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n"
        return f"{head}{message}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
    system = f"<|im_start|>system\n{QWEN_SYSTEM}<|im_end|>\n"
    return f"{system}<|im_start|>user\n{message}<|im_end|>\n<|im_start|>assistant\n"


def chat_text(message: str, tokenizer: Any, is_llama: bool, template: Template = "tokenizer") -> str:
    """The chat text of one user message: by the chat template that comes with the tokenizer, or as in training."""
    if template == "training" or not getattr(tokenizer, "chat_template", None):
        return training_chat(message, is_llama)
    chat = [{"role": "user", "content": message}]
    if not is_llama:
        chat.insert(0, {"role": "system", "content": QWEN_SYSTEM})
    return str(tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True))
