"""Guesses of layout text that the decode loop checks many tokens at a time.

Two sources: the layout that was found before (a room hardly changes), and the regularities of the language (floors are
level, walls meet in corners at right angles, doors are alike). A wrong guess costs time, never correctness.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from spatial_perception.generation.grammar import LayoutGrammar
from spatial_perception.generation.layout_language import FIELDS, KINDS, NUMBER, LayoutState
from spatial_perception.generation.regularities import guess_field

_CHARS_PER_TOKEN = 4


@dataclass(frozen=True)
class Line:
    """A line of layout text: kind (0 wall ... 3 bbox), its number, and the texts of its fields."""

    kind: int
    number: int
    values: tuple[str, ...]

    @property
    def wall(self) -> int:
        """The number of the wall that an opening refers to."""
        return int(self.values[0].partition("_")[2])


def parse_line(text: str) -> Line | None:
    """A complete line of integer layout text, or None."""
    name, _, rest = text.partition("=")
    kind, _, number = name.partition("_")
    values = tuple(rest.partition("(")[2].removesuffix(")").split(","))
    usable = kind in KINDS and number.isdecimal() and rest.endswith(")")
    if not usable or len(values) != len(FIELDS[KINDS.index(kind)]):
        return None
    line = Line(KINDS.index(kind), int(number), values)
    is_opening = line.kind in (1, 2)
    numbers = (values[0].removeprefix("wall_"), *values[1:]) if is_opening else values[line.kind == 3 :]
    return line if all(text.isdecimal() for text in numbers) else None


_OPENING = ("", "x", "y", "", "", "")
_PLACES = (("x", "y", "z", "x", "y", "z", "height", "thickness"), _OPENING, _OPENING)
"""What the fields of walls, doors and windows have in common."""


@dataclass
class _Written:
    """What has been written so far, and which lines of the previous layout it corresponds to."""

    lines: list[Line] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    walls: dict[int, int] = field(default_factory=dict)
    mended: dict[tuple[str, str], str] = field(default_factory=dict)
    last: int = -1


def _mended(previous: Line, values: Sequence[str]) -> dict[tuple[str, str], str]:
    """What was written for the fields of a previous wall, as far as they are written: walls meet, and share coordinates."""
    return dict(zip(zip(_PLACES[0], previous.values), values))


class LayoutDraft:
    """Guesses the continuation of layout text under `grammar`.

    `previous` is the text of an earlier layout of the same place, in the same bins; None if there is none.
    """

    def __init__(self, grammar: LayoutGrammar, previous: str | None = None) -> None:
        self.grammar = grammar
        self.language = grammar.language
        candidates = (parse_line(text) for text in (previous or "").split("\n"))
        self.previous = [line for line in candidates if line is not None and line.kind in self.language.kinds]
        self._written = _Written()
        self._tokens = 0
        self._open = ""

    def propose(self, ids: Sequence[int], state: LayoutState, limit: int) -> list[int]:
        """At most `limit` tokens that may follow `ids`, of which the grammar is in `state`."""
        self._read(ids)
        guess, ends = "", False
        for piece in self._continuation(state):
            guess += piece or ""
            ends = piece is None
            if len(guess) > _CHARS_PER_TOKEN * limit:
                break
        tokens = self.grammar.vocabulary.tokenise_after(self._open, guess) if guess else []
        return [*(tokens or []), *(self.grammar.stop_ids[:1] if ends else ())][:limit]

    def _read(self, ids: Sequence[int]) -> None:
        """Take note of the lines that were completed since the last call."""
        if len(ids) < self._tokens:
            self._written, self._tokens, self._open = _Written(), 0, ""
        self._open += self.grammar.vocabulary.text(ids[self._tokens :])
        self._tokens = len(ids)
        *complete, self._open = self._open.split("\n")
        for line in filter(None, map(parse_line, complete)):
            self._note(line)

    def _note(self, line: Line) -> None:
        written = self._written
        match = self._match(line.kind, line.values, written)
        if match is not None:
            written.used.add(match)
            written.last = match
            if line.kind == 0:
                written.walls[self.previous[match].number] = line.number
                written.mended.update(_mended(self.previous[match], line.values))
        written.lines.append(line)

    def _match(self, kind: int, values: Sequence[str], written: _Written) -> int | None:
        """The unused line of the previous layout that agrees best with the fields written so far.

        Among equals the one that follows the line used last comes first.
        """
        best, best_rank = None, (-1, False, 0)
        for index, line in enumerate(self.previous):
            if line.kind != kind or index in written.used:
                continue
            equal = sum(a == b for a, b in zip(self._values(line), values))
            rank = (equal, index > written.last, -index)
            if best is None or rank > best_rank:
                best, best_rank = index, rank
        return best

    def _values(self, line: Line, done: Sequence[str] = ()) -> tuple[str, ...]:
        """The fields of a previous line of which those `done` are written already: with its wall as it is numbered now, and
        with coordinates as they were mended in walls before."""
        if line.kind == 3:
            return line.values
        mended = {**self._written.mended, **_mended(line, done)} if line.kind == 0 else self._written.mended
        values = tuple(mended.get(pair, pair[1]) for pair in zip(_PLACES[line.kind], line.values))
        return values if line.kind == 0 else (f"wall_{self._written.walls.get(line.wall, line.wall)}", *values[1:])

    def _continuation(self, state: LayoutState) -> Iterator[str | None]:
        """Pieces of text from here on: the rest of the line that is open, then whole lines; None where the text ends."""
        seen = replace(self._written, lines=list(self._written.lines), used=set(self._written.used))
        if self.language.is_line_end(state):
            self._finish(parse_line(self._open), seen)
        elif state.kind >= 0:
            *done, partial = self._open.partition("(")[2].split(",")
            values = yield from self._rest_of_line(state, done, partial, seen)
            if values is None:
                return
            self._finish(Line(state.kind, state.counts[state.kind] - 1, tuple(values)), seen)
        yield from self._following_lines(state, seen)

    def _finish(self, line: Line | None, seen: _Written) -> None:
        if line is None:
            return
        match = self._match(line.kind, line.values, seen)
        seen.lines.append(line)
        if match is not None:
            seen.used.add(match)
            seen.last = match

    def _rest_of_line(
        self, state: LayoutState, done: list[str], partial: str, seen: _Written
    ) -> Generator[str, None, list[str] | None]:
        """Yield the rest of a line field by field; return all its fields, or None if one cannot be guessed."""
        match = self._match(state.kind, done, seen)
        model = self._values(self.previous[match], done) if match is not None else None
        types = FIELDS[state.kind]
        for index in range(len(done), len(types)):
            value = self._field(state.kind, done, partial, model, seen.lines)
            if value is None:
                return None
            yield value[len(partial) :] + ("," if index + 1 < len(types) else ")")
            done, partial = [*done, value], ""
        return done

    def _field(
        self, kind: int, done: list[str], partial: str, model: Sequence[str] | None, lines: Iterable[Line]
    ) -> str | None:
        """The likely text of the next field, which begins with `partial`; a number that fits nothing is taken as complete."""
        index = len(done)
        guesses = [model[index]] if model is not None else []
        regular = guess_field(kind, done, lines, self.language.num_bins)
        if regular is not None:
            guesses.append(regular)
        fitting = next((guess for guess in guesses if guess.startswith(partial)), None)
        if fitting is None and partial and FIELDS[kind][index] == NUMBER:
            return partial
        return fitting

    def _following_lines(self, state: LayoutState, seen: _Written) -> Iterator[str | None]:
        """Whole lines of the previous layout that are still to come; the first may have its head begun already."""
        counts, begun = list(state.counts), self._open if state.kind < 0 else ""
        lead = "\n" if state.kind >= 0 else ""
        while True:
            index = self._next_previous(seen, counts, begun)
            if index is None:
                break
            line = self.previous[index]
            head = self.language.head(line.kind, counts[line.kind])
            yield lead + head[len(begun) :] + ",".join(self._values(line)) + ")"
            counts[line.kind] += 1
            seen.used.add(index)
            seen.last, lead, begun = index, "\n", ""
        if begun:
            yield next(head for head in self.language.heads(state).values() if head.startswith(begun))[len(begun) :]
        elif self.previous:
            yield None

    def _next_previous(self, seen: _Written, counts: Sequence[int], begun: str) -> int | None:
        """The next unused line behind the one used last, of a kind whose head fits what is begun.

        A kind that was left behind does not come back.
        """
        current = max((kind for kind in range(4) if counts[kind]), default=0)
        for index, line in enumerate(self.previous):
            fits = line.kind >= current and self.language.head(line.kind, counts[line.kind]).startswith(begun)
            if index > seen.last and index not in seen.used and fits:
                return index
        return None
