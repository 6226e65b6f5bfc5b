"""Folders of predicted and true layouts, as the benchmark's test set has them.

    testset/test.csv                    columns id, pcd, layout (only id is needed)
    testset/layout/{id}.txt             the truth
    testset/benchmark_categories.tsv    optional: which category counts as which class
    predictions/{id}.txt or {id}.json   what is scored

A plain folder of {id}.txt files serves as truth too.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from spatial_perception.errors import EvaluationError, LayoutTextError
from spatial_perception.evaluation.layout_metrics import Mode, SceneScores, evaluate_scene
from spatial_perception.evaluation.mapping import CategoryMapping, read_mapping, read_table
from spatial_perception.evaluation.report import Report, summarise
from spatial_perception.layout.entities import Entity, Layout
from spatial_perception.layout.json import load_layout
from spatial_perception.layout.text import LayoutParser, collect, read_text

METADATA_FILE = "test.csv"
MAPPING_FILE = "benchmark_categories.tsv"


def evaluate_folder(
    predictions: str | os.PathLike[str],
    truth: str | os.PathLike[str],
    *,
    metadata: str | os.PathLike[str] | None = None,
    mapping: CategoryMapping | str | os.PathLike[str] | None = None,
    mode: Mode = "corrected",
    classes: Collection[str] | None = None,
) -> Report:
    """The report over every scene of a test set (see the module).

    `metadata` names the table of scenes (default: `truth`/test.csv; without one, every layout of the folder counts) and
    `mapping` the categories (default: `truth`/benchmark_categories.tsv; without one, labels are classes). A missing
    prediction counts as an empty layout with a warning, or raises in compat mode; lines that cannot be read are skipped
    with a warning, in compat mode with the reference's own rules of reading.
    Raises EvaluationError where the folders or tables cannot be used.
    """
    folders = _Folders.find(Path(predictions), Path(truth))
    table = mapping if isinstance(mapping, CategoryMapping) else _find_mapping(mapping, Path(truth))
    reader = _Reader(compat=mode == "compat")
    scenes = []
    for name in _scene_names(metadata, Path(truth), folders):
        pair = reader.prediction(folders.predictions, name), reader.truth(folders.truth, name)
        scenes.append(_scene(*pair, name, mode, table, classes))
    return summarise(scenes, warnings=reader.warnings)


def _scene(
    prediction: Layout,
    truth: Layout,
    name: str,
    mode: Mode,
    mapping: CategoryMapping | None,
    classes: Collection[str] | None,
) -> SceneScores:
    try:
        return evaluate_scene(prediction, truth, mode=mode, mapping=mapping, classes=classes, name=name)
    except EvaluationError as error:
        raise EvaluationError(f"scene {name}: {error}") from error


@dataclass(frozen=True, slots=True)
class _Folders:
    predictions: Path
    truth: Path

    @staticmethod
    def find(predictions: Path, truth: Path) -> _Folders:
        for folder in (predictions, truth):
            if not folder.is_dir():
                raise EvaluationError(f"{folder}: is not a folder; give the folder of layouts")
        inner = truth / "layout"
        return _Folders(predictions, inner if inner.is_dir() else truth)


def _find_mapping(path: str | os.PathLike[str] | None, truth: Path) -> CategoryMapping | None:
    if path is not None:
        return read_mapping(path)
    standard = truth / MAPPING_FILE
    return read_mapping(standard) if standard.is_file() else None


def _scene_names(metadata: str | os.PathLike[str] | None, truth: Path, folders: _Folders) -> list[str]:
    table = Path(metadata) if metadata is not None else truth / METADATA_FILE
    if metadata is not None or table.is_file():
        names = [row["id"] for row in read_table(table, delimiter=",", columns=("id",)) if row["id"]]
    else:
        names = sorted({path.stem for path in folders.truth.iterdir() if path.suffix in (".txt", ".json")})
    if not names:
        raise EvaluationError(f"{truth}: no scenes found; expected {METADATA_FILE} or layout files (.txt, .json)")
    repeated = [name for name, number in Counter(names).items() if number > 1]
    if repeated:
        raise EvaluationError(f"{table}: scene {repeated[0]!r} is listed more than once; remove the repeated rows")
    return names


@dataclass
class _Reader:
    """Reads layouts of scenes and remembers what people should know."""

    compat: bool
    warnings: list[str] = field(default_factory=list)

    def prediction(self, folder: Path, name: str) -> Layout:
        path = _layout_file(folder, name)
        if path is not None:
            return self._read(path)
        if self.compat:
            raise EvaluationError(f"{folder / name}.txt: prediction is missing; the reference stops here, add the file")
        self.warnings.append(f"scene {name}: no prediction in {folder}, counted as empty")
        return Layout()

    def truth(self, folder: Path, name: str) -> Layout:
        path = _layout_file(folder, name)
        if path is None:
            raise EvaluationError(f"{folder / name}.txt: truth is missing; add the file or take the scene off the list")
        return self._read(path)

    def _read(self, path: Path) -> Layout:
        try:
            return load_layout(path) if path.suffix == ".json" else self._read_text(path)
        except LayoutTextError as error:
            raise EvaluationError(str(error)) from error

    def _read_text(self, path: Path) -> Layout:
        parser = LayoutParser(compat=self.compat, on_fault="skip", source=str(path))
        entities: list[Entity] = [*parser.feed(read_text(path)), *parser.finish()]
        for kind, number in sorted(parser.fault_counts.items()):
            self.warnings.append(f"{path}: {number} lines skipped ({kind})")
        return collect(entities)


def _layout_file(folder: Path, name: str) -> Path | None:
    candidates = (folder / f"{name}{suffix}" for suffix in (".txt", ".json"))
    return next((path for path in candidates if path.is_file()), None)
