"""Which category of a model counts as which class of the benchmark."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from spatial_perception.errors import EvaluationError
from spatial_perception.layout.categories import did_you_mean

LABEL_FROM, LABEL_TO = "spatiallm59", "spatiallm20"


@dataclass(frozen=True)
class CategoryMapping:
    """A table from category names to class names; names without an entry are not evaluated."""

    table: Mapping[str, str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", MappingProxyType(dict(self.table)))

    def __call__(self, label: str) -> str | None:
        """The class of a label, or None. `_` is looked up as a blank, as the benchmark's table is written."""
        return self.table.get(label.replace("_", " "))

    @property
    def classes(self) -> tuple[str, ...]:
        """All classes that the table leads to, in order of first appearance."""
        return tuple(dict.fromkeys(self.table.values()))


def read_mapping(
    path: str | os.PathLike[str], *, label_from: str = LABEL_FROM, label_to: str = LABEL_TO
) -> CategoryMapping:
    """The mapping of a tab-separated file with a header; rows with an empty cell in either column are left out.

    Raises EvaluationError where the file cannot be read or lacks a column.
    """
    rows = read_table(path, delimiter="\t", columns=(label_from, label_to))
    return CategoryMapping({row[label_from]: row[label_to] for row in rows if row[label_from] and row[label_to]})


def read_table(path: str | os.PathLike[str], *, delimiter: str, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of a table with a header that has at least these columns; missing cells are empty.

    Raises EvaluationError that names the file, and the column that is missing.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter, restval="")
            header = list(reader.fieldnames or ())
            rows = [{name: (row[name] or "").strip() for name in header} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EvaluationError(f"{path}: cannot be read as a table ({error}); give a UTF-8 text file") from error
    for column in columns:
        if column not in header:
            raise EvaluationError(f"{path}: has no column {column!r}; {did_you_mean(column, header or ['a header'])}")
    return rows
