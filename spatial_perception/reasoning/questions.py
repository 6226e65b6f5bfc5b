"""What can be asked: one type per kind of question, filled in by the parser and answered by the solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from spatial_perception.layout.entities import Vec3

NounKind = Literal["thing", "room", "robot", "anything", "home", "unknown"]
DistanceKind = Literal["center", "gap", "horizontal"]


@dataclass(frozen=True, slots=True)
class Noun:
    """A word for something: `tiers` are the labels it may mean, in order of preference; `room` is a use of rooms."""

    text: str
    kind: NounKind = "thing"
    tiers: tuple[tuple[str, ...], ...] = ()
    room: str = ""
    plural: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """`name` of a relation to one anchor, or two for `between`; `nearest_to` and `farthest_from` pick among candidates."""

    name: str
    anchors: tuple[Description, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """A noun phrase: `the largest chair next to the window in the bedroom`.

    `adjectives` are those that geometry can decide (largest, tallest, nearest, ...), `unseen` those that it cannot (red,
    wooden). `number` tells `bedroom 2`. `text` is how it was said.
    """

    noun: Noun
    text: str = ""
    adjectives: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()
    number: int | None = None
    definite: bool = True
    every: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """How many? `also` are further things that are counted with them."""

    what: Description
    also: tuple[Description, ...] = ()


@dataclass(frozen=True, slots=True)
class Exists:
    """Is there one, or are there at least so many?"""

    what: Description
    least: int = 1


@dataclass(frozen=True, slots=True)
class Size:
    """How large is a thing: `dimension` is longest, height, width, length, depth, volume, footprint or all."""

    what: Description
    dimension: str
    unit: str = "m"


@dataclass(frozen=True, slots=True)
class RoomSize:
    """What area has a room; all rooms together where `room` is None."""

    room: Description | None
    unit: str = "m"


@dataclass(frozen=True, slots=True)
class Distance:
    """How far are two things apart; `closest` takes the nearest pair where a description fits several."""

    a: Description
    b: Description
    kind: DistanceKind = "center"
    unit: str = "m"
    closest: bool = False


@dataclass(frozen=True, slots=True)
class Nearest:
    """Which of some things is nearest to (or farthest from) an anchor; with `yes_no`: whether the first one is."""

    candidates: tuple[Description, ...]
    anchor: Description
    farthest: bool = False
    yes_no: bool = False


@dataclass(frozen=True, slots=True)
class Direction:
    """Standing by one thing and facing another, where is a third? `detail` is easy, medium, hard or free."""

    standing: Description
    facing: Description
    target: Description
    detail: str = "free"


@dataclass(frozen=True, slots=True)
class RoomOf:
    """In which room is something?"""

    what: Description


@dataclass(frozen=True, slots=True)
class Where:
    """Where is something?"""

    what: Description


@dataclass(frozen=True, slots=True)
class Find:
    """Which thing is meant by a description?"""

    what: Description


@dataclass(frozen=True, slots=True)
class Contents:
    """What things of a description are there: in a room, on the table, left of the robot."""

    what: Description


@dataclass(frozen=True, slots=True)
class Holds:
    """Does a relation hold of two things? (Is the lamp on the table?)"""

    subject: Description
    relation: Relation


@dataclass(frozen=True, slots=True)
class Compare:
    """Which of some things has the most (or least) of a dimension, or: has the first one?"""

    items: tuple[Description, ...]
    dimension: str
    least: bool = False
    yes_no: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """How does one get from a place to another; from the robot where `start` is None."""

    start: Description | None
    goal: Description


@dataclass(frozen=True, slots=True)
class TurnRoute:
    """A route with gaps: from `start`, facing `facing`, each step goes forward to a thing or is a turn to be filled in (None)."""

    start: Description
    facing: Description
    steps: tuple[Description | None, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """In what order were things first seen?"""

    items: tuple[Description, ...]


@dataclass(frozen=True, slots=True)
class Fits:
    """What can be put at a place?"""

    relation: Relation


@dataclass(frozen=True, slots=True)
class Shift:
    """A displacement of `distance` (m): along an axis of the scene, as a viewer sees it, or towards and away from an anchor.

    `direction` is +x, -x, +y, -y, +z, -z, left, right, forward, back, toward or away.
    """

    distance: float
    direction: str
    anchor: Description | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Move a thing by a shift, or until relations hold."""

    what: Description
    shift: Shift | None = None
    relations: tuple[Relation, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Place a new thing of a category, of a `size` (m) if it was said, so that relations hold."""

    what: Description
    relations: tuple[Relation, ...] = ()
    size: Vec3 | None = None


Question: TypeAlias = (
    Count | Exists | Size | RoomSize | Distance | Nearest | Direction | RoomOf | Where | Find | Contents | Holds | Compare
    | Route | TurnRoute | Order | Fits | Move | Place
)  # fmt: skip
