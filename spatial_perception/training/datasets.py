"""Training data: conversations about point clouds, in the published ShareGPT and Alpaca forms."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spatial_perception.errors import ConfigError, LayoutTextError
from spatial_perception.files import atomic_write
from spatial_perception.layout.entities import Layout
from spatial_perception.layout.text import format_layout, parse_layout, read_layout

CLOUD_PLACE = "<point_cloud>"
LAYOUT_START, LAYOUT_END = "<|layout_s|>", "<|layout_e|>"
INFO_FILE = "dataset_info.json"
_SPLITS = ("train", "val")


@dataclass(frozen=True)
class Conversation:
    """One question about one cloud, and its answer.

    `question` holds `<point_cloud>` once; `answer` is layout text in metres, in the frame of the cloud, between
    `<|layout_s|>` and `<|layout_e|>`.
    """

    question: str
    answer: str
    cloud: Path

    def layout(self) -> Layout:
        """The layout of the answer (m); raises LayoutTextError where there is none."""
        _, start, rest = self.answer.partition(LAYOUT_START)
        text, end, _ = rest.partition(LAYOUT_END)
        if not start or not end:
            raise LayoutTextError(f"the answer about {self.cloud} has no {LAYOUT_START} ... {LAYOUT_END}; add them")
        return parse_layout(text, source=f"answer about {self.cloud.name}")


def read_dataset(folder: str | Path, name: str) -> list[Conversation]:
    """All conversations of the part `name` of `dataset_info.json` in `folder`.

    Raises ConfigError for files that are missing, unreadable or not of this form.
    """
    root = Path(folder)
    info = _read_json(root / INFO_FILE)
    if not isinstance(info, dict) or name not in info:
        known = ", ".join(info) if isinstance(info, dict) else ""
        raise ConfigError(f"{root / INFO_FILE} has no dataset {name!r}; it has: {known or 'none'}")
    entry = info[name]
    records = _read_json(root / str(entry.get("file_name", "")))
    if not isinstance(records, list) or not records:
        raise ConfigError(f"dataset {name!r} in {root} is empty or not a list; write one object per conversation")
    columns, form = dict(entry.get("columns", {})), entry.get("formatting", "alpaca")
    if form not in ("sharegpt", "alpaca"):
        raise ConfigError(f"dataset {name!r} has the formatting {form!r}; sharegpt and alpaca are known")
    return [_conversation(record, columns, form, root, f"{name}[{i}]") for i, record in enumerate(records)]


def _conversation(record: Any, columns: Mapping[str, str], form: str, root: Path, where: str) -> Conversation:
    try:
        question, answer = (_sharegpt if form == "sharegpt" else _alpaca)(record, columns)
        clouds = record[columns.get("point_clouds", "point_clouds")]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ConfigError(f"{where} is not a {form} conversation ({error!r}); see {INFO_FILE}") from error
    if not isinstance(clouds, list) or len(clouds) != 1 or question.count(CLOUD_PLACE) != 1:
        raise ConfigError(f"{where} needs exactly one cloud and one {CLOUD_PLACE} in its question")
    return Conversation(question, answer, root / str(clouds[0]))


def _sharegpt(record: Any, columns: Mapping[str, str]) -> tuple[str, str]:
    turns = record[columns.get("messages", "conversations")]
    if [turn["from"] for turn in turns] != ["human", "gpt"]:
        raise ValueError("turns must be one of human, then one of gpt")
    return str(turns[0]["value"]), str(turns[1]["value"])


def _alpaca(record: Any, columns: Mapping[str, str]) -> tuple[str, str]:
    query = str(record.get(columns.get("query", "input"), "") or "")
    question = str(record[columns.get("prompt", "instruction")])
    return "\n".join(part for part in (question, query) if part), str(record[columns.get("response", "output")])


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error}); check the dataset folder") from error
    except ValueError as error:
        raise ConfigError(f"{path}: not valid JSON ({error}); correct it") from error


def create_dataset(
    folder: str | Path, split_csv: str | Path, name: str, template: str, sentence: str = "Detect boxes."
) -> dict[str, int]:
    """Write `name`_train.json and `name`_val.json from `pcd/*.ply` and `layout/*.txt` in `folder`; returns their sizes.

    `split_csv` has the columns id and split (train or val); scenes are those that have cloud, layout and a row.
    `template` is the text that declares the layout language. `dataset_info.json` keeps its other entries.
    Raises ConfigError where nothing is found or a split is unknown.
    """
    root = Path(folder)
    splits = _read_splits(Path(split_csv))
    found = {path.stem for path in (root / "pcd").glob("*.ply")} & {p.stem for p in (root / "layout").glob("*.txt")}
    scenes = [scene for scene in splits if scene in found]
    if not scenes:
        raise ConfigError(f"no scene of {split_csv} has both pcd/ID.ply and layout/ID.txt in {root}")
    question = f"{CLOUD_PLACE}{sentence} The reference code is as followed: {template}"
    parts = {split: [s for s in scenes if splits[s] == split] for split in _SPLITS}
    for split, ids in parts.items():
        _write_json(root / f"{name}_{split}.json", [_record(root, scene, question) for scene in ids])
    _merge_info(root, [f"{name}_{split}" for split in _SPLITS])
    return {split: len(ids) for split, ids in parts.items()}


def _read_splits(path: Path) -> dict[str, str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = {row["id"]: row["split"] for row in csv.DictReader(stream)}
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error}); check the path") from error
    except KeyError as error:
        raise ConfigError(f"{path} has no column {error}; it needs id and split") from error
    wrong = sorted({str(split) for split in rows.values()} - set(_SPLITS))
    if wrong:
        raise ConfigError(f"{path}: unknown split {wrong[0]!r}; use {' or '.join(_SPLITS)}")
    return rows


def _record(root: Path, scene: str, question: str) -> dict[str, Any]:
    text = format_layout(read_layout(root / "layout" / f"{scene}.txt"))
    turns: Sequence[tuple[str, str]] = (("human", question), ("gpt", f"{LAYOUT_START}{text}{LAYOUT_END}"))
    return {
        "conversations": [{"from": who, "value": value} for who, value in turns],
        "point_clouds": [f"pcd/{scene}.ply"],
    }


def _merge_info(root: Path, names: Iterable[str]) -> None:
    path = root / INFO_FILE
    info = _read_json(path) if path.is_file() else {}
    columns = {"messages": "conversations", "point_clouds": "point_clouds"}
    for name in names:
        info[name] = {"file_name": f"{name}.json", "formatting": "sharegpt", "columns": columns}
    _write_json(path, info)


def _write_json(path: Path, content: Any) -> None:
    atomic_write(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
