"""Numbers in text: the bodies of ascii PLY and PCD files, and plain tables (.xyz, .txt, .asc, .csv, .pts)."""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import CloudFileError
from spatial_perception.pointcloud.table import Table

HEAD_BYTES = 1 << 16
COMMENT = re.compile(r"\s*(#|//|%)")
_NAME_LISTS = {3: "x y z", 4: "x y z intensity", 5: "x y z 4 5"}


@dataclass(frozen=True)
class TextHead:
    """What the first lines of a plain table say.

    `skip` lines precede the data, `delimiter` is None for blanks, `names` are column names where the file gives them,
    `columns` counts the numbers in a row, and `declared` is the number of points where the first line states it.
    """

    skip: int
    delimiter: str | None
    names: tuple[str, ...]
    columns: int
    declared: int | None


def _open_text(path: str, start: int) -> io.TextIOWrapper:
    file = io.FileIO(path)
    file.seek(start)
    return io.TextIOWrapper(io.BufferedReader(file), encoding="latin-1")


def count_lines(path: str, start: int = 0) -> int:
    """The lines of a file that are not empty at its very end, from byte `start`; reads in pieces of 1 MiB."""
    lines, last = 0, b"\n"
    with open(path, "rb") as file:
        file.seek(start)
        while piece := file.read(1 << 20):
            lines, last = lines + piece.count(b"\n"), piece[-1:]
    return lines + (last != b"\n")


def _too_short(path: str, expected: int, found: int) -> CloudFileError:
    return CloudFileError(
        f"{path}: truncated: the header promises {expected} points, the file holds {found}; copy or export it again"
    )


def read_number_rows(path: str, start: int, skip: int, count: int, columns: int) -> NDArray[np.float64]:
    """`count` rows of `columns` numbers each, as (count, columns), from byte `start` after `skip` lines.

    Raises CloudFileError for missing rows, other numbers of columns, or words that are no numbers.
    """
    _check_room(path, start, skip, count, columns)
    if not count or not columns:
        return np.empty((count if columns else 0, columns))
    rows = _load_rows(path, start, skip, count, None, None)
    if len(rows) < count:
        raise _too_short(path, count, len(rows))
    if rows.shape[1] != columns:
        raise CloudFileError(f"{path}: rows have {rows.shape[1]} numbers, the header names {columns}; export it again")
    return rows


def _check_room(path: str, start: int, skip: int, count: int, columns: int) -> None:
    """Every number takes at least two bytes; a header that promises more is not believed, and nothing is allocated."""
    room = os.path.getsize(path) - start
    if 2 * count * max(columns, 1) - 1 > room or skip > room:
        raise _too_short(path, count, max(0, count_lines(path, start) - skip))


def _load_rows(
    path: str, start: int, skip: int, count: int | None, delimiter: str | None, comments: Sequence[str] | None
) -> NDArray[np.float64]:
    try:
        with warnings.catch_warnings(), _open_text(path, start) as file:
            warnings.simplefilter("ignore", UserWarning)
            return np.loadtxt(
                file, ndmin=2, skiprows=skip, max_rows=count, delimiter=delimiter, comments=comments, encoding=None
            )
    except (ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())[:160]
        raise CloudFileError(f"{path}: bad data after line {skip + 1}: {reason}; export the file again") from error


def read_ragged_rows(path: str, start: int, skip: int, count: int, is_list: Sequence[bool]) -> NDArray[np.float64]:
    """Rows with lists in them (a length, then as many numbers), as (count, scalars); the lists are skipped."""
    _check_room(path, start, skip, count, len(is_list))
    out = np.empty((count, len(is_list) - sum(is_list)))
    with _open_text(path, start) as file:
        rows = islice(file, skip, skip + count)
        found = -1
        for found, line in enumerate(rows):
            out[found] = _scalars_of(path, line, is_list)
    if found + 1 < count:
        raise _too_short(path, count, found + 1)
    return out


def _scalars_of(path: str, line: str, is_list: Sequence[bool]) -> list[float]:
    words, at, scalars = line.split(), 0, []
    try:
        for skipped in is_list:
            if skipped:
                at += 1 + max(0, int(words[at]))
            else:
                scalars.append(float(words[at]))
                at += 1
    except (ValueError, IndexError) as error:
        raise CloudFileError(f"{path}: cannot read the row '{line.strip()[:60]}'; export the file again") from error
    return scalars


def read_text_head(path: str) -> TextHead:
    """Delimiter, column names and number of columns of a plain table; raises CloudFileError where it holds none."""
    with open(path, "rb") as file:
        raw = file.read(HEAD_BYTES)
    if b"\0" in raw:
        raise CloudFileError(f"{path}: is binary, not a table of numbers; check the suffix")
    lines = raw.removeprefix(b"\xef\xbb\xbf").decode("latin-1").splitlines()
    names: tuple[str, ...] = ()
    declared = None
    for skip, line in enumerate(lines):
        words = _words(COMMENT.sub("", line, count=1))
        if not COMMENT.match(line) and words and _all_numbers(words):
            if len(words) > 1 or declared is not None:
                return TextHead(skip, _delimiter(line), names, len(words), declared)
            declared = int(float(words[0])) if words[0].isdigit() else None
        elif words and not _all_numbers(words):
            names = _column_names(words)
    raise CloudFileError(f"{path}: no row of numbers found; expected lines such as 'x y z' or 'x y z r g b'")


def _words(line: str) -> list[str]:
    return [word for word in re.split(r"[\s,;]+", line) if word]


def _all_numbers(words: Sequence[str]) -> bool:
    try:
        for word in words:
            float(word)
    except ValueError:
        return False
    return True


def _delimiter(line: str) -> str | None:
    return next((mark for mark in ",;" if mark in line), None)


def _column_names(words: Sequence[str]) -> tuple[str, ...]:
    lowered = [word.strip("\"'[]()").lower() for word in words]
    return tuple(lowered) if {"x", "y", "z"} <= set(lowered) else ()


def read_text(path: str) -> Table:
    """A plain table: `x y z`, with intensity, colour or normals behind it; blanks, commas or semicolons between.

    Column names are taken from a heading or a comment line where there is one, and are inferred from the number of
    columns and their range where there is none. Raises CloudFileError where the rows are no numbers.
    """
    head = read_text_head(path)
    if head.columns < 3:
        raise CloudFileError(f"{path}: rows have {head.columns} numbers, need x y z; export with coordinates")
    rows = _load_rows(path, _bom_length(path), head.skip, None, head.delimiter, ("#", "//", "%"))
    if head.declared is not None and len(rows) < head.declared:
        raise _too_short(path, head.declared, len(rows))
    named = len(head.names) == rows.shape[1]
    names, notes = (head.names, ()) if named else _infer_names(rows, path)
    return Table({name: rows[:, i] for i, name in enumerate(names)}, "text", typed=False, notes=notes)


def _bom_length(path: str) -> int:
    with open(path, "rb") as file:
        return 3 if file.read(3) == b"\xef\xbb\xbf" else 0


def _infer_names(rows: NDArray[np.float64], path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the columns of a table without a heading, and a note on what was assumed."""
    count = rows.shape[1]
    if count in _NAME_LISTS:
        return tuple(_NAME_LISTS[count].split()), ()
    at = next((i for i in _colour_places(count, path) if _like_colour(rows[:, i : i + 3])), None)
    names = ["x", "y", "z", *(f"column {i}" for i in range(4, count + 1))]
    if at is None:
        return tuple(names), (f"columns 4 to {count} do not look like colours: ignored",)
    names[at : at + 3] = ["red", "green", "blue"]
    return tuple(names), (f"columns {at + 1} to {at + 3} taken as colours",)


def _colour_places(count: int, path: str) -> Iterator[int]:
    if path.lower().endswith(".xyzn"):
        return
    if count == 7:
        yield 4
    yield 3


def _like_colour(block: NDArray[np.float64]) -> bool:
    """True where a (N, 3) block holds 8 or 16-bit integers, or fractions in [0, 1]: never negative."""
    low, high = float(np.nanmin(block, initial=0.0)), float(np.nanmax(block, initial=0.0))
    if low < 0.0 or high > 65535.0:
        return False
    return high <= 1.0 or bool((np.nan_to_num(block) % 1.0 == 0.0).all())
