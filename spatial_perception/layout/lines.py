"""One line of the layout language, read in two ways: strictly, or with the reference's acceptance set.

    wall_{id}=Wall(ax,ay,az,bx,by,bz,height,thickness)
    door_{id}=Door(wall_{id},px,py,pz,width,height)
    window_{id}=Window(wall_{id},px,py,pz,width,height)
    bbox_{id}=Bbox({label},px,py,pz,angle_z,sx,sy,sz)

Numbers are metres and radians, or integer bins before de-quantisation. Nothing in a line is ever executed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from math import isfinite

from spatial_perception.layout.entities import Box, Door, Entity, Wall, Window

CONSTRUCTORS = {"wall": "Wall", "door": "Door", "window": "Window", "bbox": "Bbox"}
ARGUMENTS = {"wall": 8, "door": 6, "window": 6, "bbox": 8}
MAX_ID_DIGITS = 9

_LINE = re.compile(r"([^=(]*)=([^(]*)\(([^()]*)\)[ \t]*")
_NAME = re.compile(r"(\w+?)_([0-9]+)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BLANKS = " \t"


class LineError(ValueError):
    """A line that breaks the language; `kind` is one of the names in `FAULT_KINDS`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


FAULT_KINDS = {
    "unterminated": "the line ends before its closing parenthesis",
    "malformed": "the line is not of the form kind_id=Kind(...)",
    "unknown kind": "the entity is not a wall, door, window or bbox",
    "constructor": "the constructor does not fit the entity",
    "argument count": "there are too few or too many arguments",
    "number": "an argument is not a number",
    "not finite": "an argument is NaN or infinite",
    "label": "the label of a box is empty or has unprintable characters",
    "unknown wall": "an opening names a wall that no earlier line has defined",
    "line too long": "the line is longer than the limit",
}


def parse_line_strict(line: str, wall_ids: Collection[int]) -> Entity:
    """The entity of one line; blanks around names and numbers are allowed, everything else must fit exactly.

    `wall_ids` are the walls of earlier lines. The sizes of a box are lengths: their sign is dropped, as the
    language has it. Raises LineError.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        raise _explain_mismatch(line)
    name, constructor, inside = match[1].rstrip(_BLANKS), match[2].strip(_BLANKS), match[3]
    kind, entity_id = _strict_name(name)
    if constructor != CONSTRUCTORS[kind]:
        raise LineError("constructor", f"{name} needs {CONSTRUCTORS[kind]}(...), found {shorten(constructor)}(...)")
    arguments = [part.strip(_BLANKS) for part in inside.split(",")]
    if len(arguments) != ARGUMENTS[kind]:
        raise LineError(
            "argument count", f"{CONSTRUCTORS[kind]} takes {ARGUMENTS[kind]} arguments, found {len(arguments)}"
        )
    return _build(kind, entity_id, arguments, _strict_number, _strict_label, _strict_wall(wall_ids))


def parse_line_compat(line: str, wall_ids: Collection[int]) -> Entity:
    """The entity of one line exactly as the published reference reads it, its oddities included.

    The constructor's name is ignored, surplus arguments too; a missing `)` eats the last character of the line;
    Python's own float() decides what a number is (NaN and infinity pass). Raises LineError where the reference
    drops the line.
    """
    try:
        return _compat_entity(line, wall_ids)
    except (ValueError, IndexError) as error:
        kind = error.kind if isinstance(error, LineError) else "malformed"
        raise LineError(kind, f"not accepted: {shorten(str(error))}") from error


def shorten(text: str, limit: int = 60) -> str:
    """Text on one line for a message: escaped, and cut after `limit` characters."""
    escaped = text[: limit + 1].encode("unicode_escape").decode("ascii")
    return escaped if len(escaped) <= limit else escaped[:limit] + "..."


def _explain_mismatch(line: str) -> LineError:
    head, equals, rest = line.partition("=")
    if equals and _NAME.fullmatch(head.strip(_BLANKS)) and ")" not in rest:
        return LineError("unterminated", "the closing parenthesis is missing; the text was cut off")
    return LineError("malformed", "expected kind_id=Kind(...), for instance wall_0=Wall(0,0,0,4,0,0,2.6,0)")


def _strict_name(name: str) -> tuple[str, int]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise LineError("malformed", f"{shorten(name)!r} is not a name such as wall_0")
    kind, digits = match.groups()
    if kind not in CONSTRUCTORS:
        raise LineError("unknown kind", f"{shorten(kind)!r} is not one of {', '.join(CONSTRUCTORS)}")
    if len(digits) > MAX_ID_DIGITS:
        raise LineError("number", f"the id has {len(digits)} digits, at most {MAX_ID_DIGITS} are allowed")
    return kind, int(digits)


def _strict_number(text: str) -> float:
    if _NUMBER.fullmatch(text) is None:
        kind = "not finite" if text.strip("+-").lower() in ("nan", "inf", "infinity") else "number"
        raise LineError(kind, f"{shorten(text)!r} is not a finite number")
    value = float(text)
    if not isfinite(value):
        raise LineError("not finite", f"{shorten(text)} is too large for a number")
    return value


def _strict_label(text: str) -> str:
    if not is_writable_label(text):
        raise LineError("label", f"{shorten(text)!r} is not a label; give printable characters")
    return text


def is_writable_label(label: str) -> bool:
    """Whether a label survives the layout language: printable, not empty, no outer blanks, no comma or parenthesis."""
    return bool(label) and label.isprintable() and label == label.strip() and not any(c in label for c in ",()")


def _strict_wall(wall_ids: Collection[int]) -> Callable[[str], int]:
    def read(text: str) -> int:
        kind, wall_id = _strict_name(text)
        if kind != "wall":
            raise LineError("malformed", f"an opening stands in a wall, not in {shorten(text)}")
        return _known_wall(wall_id, wall_ids)

    return read


def _known_wall(wall_id: int, wall_ids: Collection[int]) -> int:
    if wall_id not in wall_ids:
        raise LineError("unknown wall", f"wall_{wall_id} is not defined on an earlier line")
    return wall_id


def _compat_entity(line: str, wall_ids: Collection[int]) -> Entity:
    parts = line.partition("=")[0].split("_")
    kind, entity_id = parts[0], int(parts[1])
    if kind not in CONSTRUCTORS:
        raise LineError("unknown kind", f"{shorten(kind)!r} is not an entity")
    # Both searches may give -1; the slices then behave as the reference's do.
    arguments = line[line.find("(") + 1 : line.find(")")].split(",")
    return _build(kind, entity_id, arguments, float, str, lambda text: _known_wall(int(text.split("_")[1]), wall_ids))


def _build(
    kind: str,
    entity_id: int,
    arguments: Sequence[str],
    number: Callable[[str], float],
    label: Callable[[str], str],
    wall: Callable[[str], int],
) -> Entity:
    """The entity of checked parts; IndexError where arguments are missing."""
    if kind == "wall":
        v = [number(arguments[i]) for i in range(8)]
        return Wall(entity_id, (v[0], v[1], v[2]), (v[3], v[4], v[5]), v[6], v[7])
    if kind == "bbox":
        name = label(arguments[0])
        v = [number(arguments[i]) for i in range(1, 8)]
        return Box(entity_id, name, (v[0], v[1], v[2]), v[3], (abs(v[4]), abs(v[5]), abs(v[6])))
    wall_id = wall(arguments[0])
    v = [number(arguments[i]) for i in range(1, 6)]
    opening = Door if kind == "door" else Window
    return opening(entity_id, wall_id, (v[0], v[1], v[2]), v[3], v[4])
