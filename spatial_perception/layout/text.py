"""The layout language as text: format, incremental parser, files.

Two ways of reading, never mixed: strict (the default) rejects what the language does not allow and says where;
`compat=True` accepts exactly what the published SpatialLM reference accepts and drops the rest, counted.
"""

from __future__ import annotations

import codecs
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Literal, TypeAlias

from spatial_perception.errors import LayoutTextError
from spatial_perception.files import atomic_write
from spatial_perception.layout.entities import Box, Door, Entity, Layout, Wall, Window
from spatial_perception.layout.lines import (
    LineError,
    is_writable_label,
    parse_line_compat,
    parse_line_strict,
    shorten,
)

OnFault: TypeAlias = Literal["raise", "skip"]
_KEPT_FAULTS = 100
_MAX_FILE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What hostile or runaway text may cost: characters per line, entities per layout, bytes per file."""

    line_length: int = 4096
    entities: int = 100_000
    file_bytes: int = _MAX_FILE_BYTES


@dataclass(frozen=True, slots=True)
class LineFault:
    """A line that was dropped: its number (from 1), the kind of fault (see `lines.FAULT_KINDS`) and what is wrong."""

    line: int
    kind: str
    message: str


class LayoutParser:
    """Reads layout text chunk by chunk and yields each entity as soon as its line is complete.

        parser = LayoutParser()
        for chunk in chunks:
            for entity in parser.feed(chunk): ...
        for entity in parser.finish(): ...

    `on_fault="raise"` stops at the first bad line with LayoutTextError; `"skip"` drops the line and counts it in
    `faults`. With `compat=True` bad lines are always dropped, as the reference does. Limits raise in every mode.
    """

    def __init__(
        self,
        *,
        compat: bool = False,
        on_fault: OnFault = "raise",
        source: str = "layout text",
        limits: Limits | None = None,
    ) -> None:
        self._parse_line = parse_line_compat if compat else parse_line_strict
        self._raises = on_fault == "raise" and not compat
        self._source = source
        self._limits = limits or Limits()
        self._pending = ""
        self._overlong = False
        self._line = 0
        self._entities = 0
        self._wall_ids: set[int] = set()
        self._faults: list[LineFault] = []
        self._fault_counts: Counter[str] = Counter()

    @property
    def faults(self) -> tuple[LineFault, ...]:
        """The first dropped lines, at most 100; `fault_counts` counts all."""
        return tuple(self._faults)

    @property
    def fault_counts(self) -> dict[str, int]:
        """How many lines were dropped, by kind of fault."""
        return dict(self._fault_counts)

    def feed(self, chunk: str) -> list[Entity]:
        """The entities of the lines that `chunk` completes."""
        *complete, rest = chunk.split("\n")
        entities = []
        for piece in complete:
            self._hold(piece)
            entities += self._end_line()
        self._hold(rest)
        return entities

    def finish(self) -> list[Entity]:
        """The entity of a last line that has no newline; empty where the text ended with one."""
        return self._end_line()

    def _hold(self, piece: str) -> None:
        room = self._limits.line_length - len(self._pending)
        self._overlong = self._overlong or len(piece) > room
        self._pending += piece[: max(room, 0)]

    def _end_line(self) -> list[Entity]:
        line, overlong = self._pending.removesuffix("\r"), self._overlong
        self._pending, self._overlong = "", False
        self._line += 1
        entity = self._entity(line, overlong)
        return [] if entity is None else [entity]

    def _entity(self, line: str, overlong: bool) -> Entity | None:
        if not line.strip():
            return None
        try:
            if overlong:
                raise LineError("line too long", f"more than {self._limits.line_length} characters")
            entity = self._parse_line(line, self._wall_ids)
        except LineError as error:
            self._report(LineFault(self._line, error.kind, str(error)), line)
            return None
        self._count(entity)
        return entity

    def _report(self, fault: LineFault, line: str) -> None:
        if self._raises:
            raise LayoutTextError(
                f"{self._source}, line {fault.line}: {fault.kind}: {fault.message} (in {shorten(line)!r}); "
                "correct the line, or skip bad lines"
            )
        self._fault_counts[fault.kind] += 1
        if len(self._faults) < _KEPT_FAULTS:
            self._faults.append(fault)

    def _count(self, entity: Entity) -> None:
        self._entities += 1
        if self._entities > self._limits.entities:
            raise LayoutTextError(
                f"{self._source}, line {self._line}: more than {self._limits.entities} entities; "
                "this is no layout of a building, or raise the limit"
            )
        if isinstance(entity, Wall):
            self._wall_ids.add(entity.id)


def parse_layout(
    text: str | Iterable[str],
    *,
    compat: bool = False,
    on_fault: OnFault = "raise",
    source: str = "layout text",
    limits: Limits | None = None,
) -> Layout:
    """The layout of a whole text, or of text in chunks. Dropped lines are named in `provenance.notes`.

    Raises LayoutTextError for a bad line (strict with `on_fault="raise"`) and beyond the limits.
    """
    parser = LayoutParser(compat=compat, on_fault=on_fault, source=source, limits=limits)
    entities: list[Entity] = []
    for chunk in [text] if isinstance(text, str) else text:
        entities.extend(parser.feed(chunk))
    entities.extend(parser.finish())
    return _with_fault_note(collect(entities), parser.fault_counts)


def collect(entities: Iterable[Entity]) -> Layout:
    """A layout of entities in any order; each kind keeps its order."""
    groups: dict[type, list[Entity]] = {Wall: [], Door: [], Window: [], Box: []}
    for entity in entities:
        groups[type(entity)].append(entity)
    return Layout(*(tuple(group) for group in groups.values()))  # type: ignore[arg-type]


def _with_fault_note(layout: Layout, counts: dict[str, int]) -> Layout:
    if not counts:
        return layout
    kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()))
    note = f"{sum(counts.values())} lines of layout text were skipped: {kinds}"
    return replace(layout, provenance=replace(layout.provenance, notes=(*layout.provenance.notes, note)))


def read_layout(
    path: str | os.PathLike[str], *, compat: bool = False, on_fault: OnFault = "raise", limits: Limits | None = None
) -> Layout:
    """The layout of a UTF-8 text file. Raises LayoutTextError that names the file, the line and the remedy."""
    limits = limits or Limits()
    text = read_text(path, limits.file_bytes)
    return parse_layout(text, compat=compat, on_fault=on_fault, source=os.fspath(path), limits=limits)


def read_text(path: str | os.PathLike[str], max_bytes: int = _MAX_FILE_BYTES) -> str:
    """The text of a UTF-8 file (a byte order mark is dropped); raises LayoutTextError where it cannot be read."""
    try:
        with open(path, "rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise LayoutTextError(f"{path}: cannot be read ({error.strerror or error}); check the path") from error
    if len(content) > max_bytes:
        raise LayoutTextError(f"{path}: larger than {max_bytes} bytes; this is no layout file")
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise LayoutTextError(
            f"{path}: not UTF-8 text (byte {content[error.start]:#04x} at offset {error.start}); save the file as UTF-8"
        ) from error


def write_layout(layout: Layout, path: str | os.PathLike[str], *, compat: bool = False) -> Path:
    """Write the layout language to `path` in one step (see `format_layout`), with a newline at the end of each line.

    Raises LayoutTextError for values that the language cannot carry, OutputError where the file cannot be written.
    """
    text = format_layout(layout, compat=compat)
    return atomic_write(path, text + "\n" if text else "")


def format_layout(layout: Layout, *, integers: bool = False, compat: bool = False) -> str:
    """The layout language: walls, doors, windows, boxes, one line each, without a newline at the end.

    Numbers are the shortest that read back exactly, or integers for a layout in bins (`integers=True`). Scores,
    support and provenance are not part of the language (JSON keeps them). `compat` prints the ids of doors, windows
    and boxes modulo 1000, as the reference does, and writes NaN and any label. Otherwise LayoutTextError where text
    could not be read back.
    """
    return "\n".join(format_entity(entity, integers=integers, compat=compat) for entity in layout)


def format_entity(entity: Entity, *, integers: bool = False, compat: bool = False) -> str:
    """One line of the layout language; see `format_layout`."""
    name, reference, numbers = _parts(entity, compat)
    if not compat:
        _check_writable(name, entity, numbers)
    arguments = [*reference, *(_integer(name, v) if integers else repr(v) for v in numbers)]
    kind = name.partition("_")[0].capitalize()
    return f"{name}={kind}({','.join(arguments)})"


def _parts(entity: Entity, compat: bool) -> tuple[str, list[str], list[float]]:
    if isinstance(entity, Wall):
        return f"wall_{entity.id}", [], [*entity.start, *entity.end, entity.height, entity.thickness]
    number = entity.id % 1000 if compat else entity.id
    if isinstance(entity, Box):
        return f"bbox_{number}", [entity.label], [*entity.center, entity.yaw, *entity.size]
    kind = "door" if isinstance(entity, Door) else "window"
    return f"{kind}_{number}", [f"wall_{entity.wall_id}"], [*entity.center, entity.width, entity.height]


def _check_writable(name: str, entity: Entity, numbers: list[float]) -> None:
    if not all(isfinite(value) for value in numbers):
        raise LayoutTextError(f"{name}: holds NaN or an infinite number; remove the entity before writing")
    if isinstance(entity, Box) and not is_writable_label(entity.label):
        raise LayoutTextError(
            f"{name}: label {shorten(entity.label)!r} cannot be written; use printable text without , ( )"
        )
    if entity.id < 0 or getattr(entity, "wall_id", 0) < 0:
        raise LayoutTextError(f"{name}: ids in layout text are 0 or more; renumber the entities")


def _integer(name: str, value: float) -> str:
    if not (isfinite(value) and value == int(value)):
        raise LayoutTextError(f"{name}: {value} is not an integer bin; quantise the layout first")
    return str(int(value))


def entity_name(entity: Entity) -> str:
    """The name that an entity bears in text and messages, for instance `door_3` or `bbox_0`."""
    kind = {Wall: "wall", Door: "door", Window: "window", Box: "bbox"}[type(entity)]
    return f"{kind}_{entity.id}"
