"""The layout language in bins, character by character: which text may follow which.

    wall_{id}=Wall(ax,ay,az,bx,by,bz,height,thickness)
    door_{id}=Door(wall_{id},px,py,pz,width,height)
    window_{id}=Window(wall_{id},px,py,pz,width,height)
    bbox_{id}=Bbox({label},px,py,pz,angle_z,sx,sy,sz)

One entity per line, walls first, then doors, windows and boxes, each numbered from 0; numbers are bins without leading
zeros; openings refer to walls that exist. So models are trained to write, and so every text is well formed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from spatial_perception.errors import EstimatorError

KINDS = ("wall", "door", "window", "bbox")
CONSTRUCTORS = ("Wall", "Door", "Window", "Bbox")
NUMBER, WALL, LABEL = "number", "wall", "label"
_OPENING = (WALL, *(NUMBER,) * 5)
FIELDS = ((NUMBER,) * 8, _OPENING, _OPENING, (LABEL, *(NUMBER,) * 7))
_TASKS = {"all": (0, 1, 2, 3), "layout": (0, 1, 2), "objects": (3,)}
_DIGITS = "0123456789"
_BOX_IDS = 1000
MAX_LABEL = 64
RESERVED = frozenset(",()=\n\r")


class LayoutState(NamedTuple):
    """A place in the text: lines begun per kind, kind of the line (-1 in its head), field, what of it is written.

    In a label out of an open vocabulary `partial` only counts characters.
    """

    counts: tuple[int, int, int, int] = (0, 0, 0, 0)
    kind: int = -1
    field: int = 0
    partial: str = ""


def is_label_char(char: str) -> bool:
    """Whether a label may hold this character."""
    return char.isprintable() and char not in RESERVED


class LayoutLanguage:
    """The language for one task. `categories` restrict the labels of boxes (empty: any label)."""

    def __init__(
        self, num_bins: int, task: str = "all", categories: Sequence[str] = (), max_entities: int = 1000
    ) -> None:
        if task not in _TASKS:
            raise EstimatorError(f"unknown task {task!r}; choose one of {', '.join(_TASKS)}")
        self.num_bins = num_bins
        self.kinds = _TASKS[task]
        self.categories = tuple(categories)
        self.max_entities = max_entities

    def is_full(self, state: LayoutState) -> bool:
        """Whether no further line may begin."""
        return sum(state.counts) >= self.max_entities

    def is_line_end(self, state: LayoutState) -> bool:
        """Whether the line is complete, its line break not yet written."""
        return state.kind >= 0 and state.field == len(FIELDS[state.kind])

    def can_end(self, state: LayoutState) -> bool:
        """Whether the text may stop here: after a complete line, its line break included."""
        return self.is_line_end(state) or (state.kind < 0 and not state.partial)

    def is_open_label(self, state: LayoutState) -> bool:
        """Whether a label out of an open vocabulary is being written."""
        return not self.categories and self.field_type(state) == LABEL

    def field_type(self, state: LayoutState) -> str:
        """`number`, `wall`, `label`, or the empty string outside of fields."""
        inside = state.kind >= 0 and state.field < len(FIELDS[state.kind])
        return FIELDS[state.kind][state.field] if inside else ""

    def closing(self, state: LayoutState) -> str:
        """The character that ends the field."""
        return ")" if state.field == len(FIELDS[state.kind]) - 1 else ","

    def heads(self, state: LayoutState) -> dict[int, str]:
        """Kind to text of the line heads that may be written next."""
        last = max((kind for kind in range(4) if state.counts[kind]), default=0)
        usable = [kind for kind in self.kinds if kind >= last and (kind in (0, 3) or state.counts[0])]
        return {kind: self.head(kind, state.counts[kind]) for kind in usable}

    def head(self, kind: int, count: int) -> str:
        """The head of the `count`-th line of a kind, its opening parenthesis included."""
        number = count % _BOX_IDS if kind == 3 else count
        return f"{KINDS[kind]}_{number}={CONSTRUCTORS[kind]}("

    def next_chars(self, state: LayoutState) -> frozenset[str] | None:
        """Characters that may follow; None within an open label, where most may."""
        if state.kind < 0:
            size = len(state.partial)
            return frozenset(head[size] for head in self.heads(state).values() if head.startswith(state.partial))
        if self.is_line_end(state):
            return frozenset() if self.is_full(state) else frozenset("\n")
        kind = self.field_type(state)
        if kind == NUMBER:
            return self._number_chars(state)
        return self._wall_chars(state) if kind == WALL else self._label_chars(state)

    def _number_chars(self, state: LayoutState) -> frozenset[str]:
        written = state.partial
        if written == "0":
            return frozenset(self.closing(state))
        digits = {digit for digit in _DIGITS if int(written + digit) < self.num_bins}
        return frozenset(digits | {self.closing(state)} if written else digits)

    def _wall_chars(self, state: LayoutState) -> frozenset[str]:
        prefix, written = "wall_", state.partial
        if len(written) < len(prefix):
            return frozenset(prefix[len(written)])
        number = written[len(prefix) :]
        digits = {d for d in _DIGITS if number != "0" and int(number + d) < state.counts[0]}
        return frozenset(digits | {","} if number else digits)

    def _label_chars(self, state: LayoutState) -> frozenset[str] | None:
        written = state.partial
        if not self.categories:
            return frozenset(",") if len(written) >= MAX_LABEL else None
        size = len(written)
        following = {name[size] for name in self.categories if name.startswith(written) and len(name) > size}
        return frozenset(following | {","} if written in self.categories else following)

    def step(self, state: LayoutState, char: str) -> LayoutState | None:
        """The place after one more character, or None if it may not stand here."""
        chars = self.next_chars(state)
        if self.is_open_label(state) and is_label_char(char) and (state.partial or char != " "):
            return state._replace(partial=(state.partial + "x")[:MAX_LABEL])
        if chars is None:
            chars = frozenset(",") if state.partial else frozenset()
        if char not in chars:
            return None
        if state.kind < 0:
            return self._step_head(state, state.partial + char)
        if char == "\n":
            return LayoutState(state.counts)
        if char in ",)":
            return state._replace(field=state.field + 1, partial="")
        return state._replace(partial=state.partial + char)

    def _step_head(self, state: LayoutState, written: str) -> LayoutState:
        for kind, head in self.heads(state).items():
            if head == written:
                counts = [count + (index == kind) for index, count in enumerate(state.counts)]
                return LayoutState((counts[0], counts[1], counts[2], counts[3]), kind)
        return state._replace(partial=written)

    def walk(self, state: LayoutState, text: str) -> LayoutState | None:
        """The place after `text`, or None if it may not stand here."""
        current: LayoutState | None = state
        for char in text:
            current = self.step(current, char) if current is not None else None
        return current

    def certain_text(self, state: LayoutState) -> tuple[str, LayoutState]:
        """The longest text that must follow, and the place after it."""
        text = ""
        while not self.can_end(state):
            chars = self.next_chars(state)
            if chars is None or len(chars) != 1:
                break
            (char,) = chars
            following = self.step(state, char)
            if following is None:
                break
            text, state = text + char, following
        return text, state

    def last_char(self, state: LayoutState) -> str:
        """The character before this place; a letter stands for any character of an open label; empty at the start."""
        if state.partial:
            return state.partial[-1]
        if state.kind < 0:
            return "\n" if any(state.counts) else ""
        return "(" if state.field == 0 else ")" if self.is_line_end(state) else ","
