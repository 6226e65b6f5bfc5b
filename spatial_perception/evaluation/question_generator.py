"""Questions with true answers from any layout: VSI-Bench's eight types.

The truth comes from `true_geometry`, never from the code that answers questions. Cases near a decision (almost equally
near, almost straight ahead) are left out, as the benchmark does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator

from spatial_perception.evaluation import true_geometry as truth
from spatial_perception.layout.entities import Box, Layout

_LETTERS = "ABCDEFGH"
_MARGIN_DISTANCE, _MARGIN_ANGLE = 0.15, 12.0
_TRIES = 60


@dataclass(frozen=True, slots=True)
class QuestionItem:
    """One question: `options` carry their letters, `ground_truth` is a letter or a number as text."""

    question_type: str
    question: str
    ground_truth: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Source:
    """A layout with what the types draw from: boxes by label, labels that occur once, times."""

    layout: Layout
    rng: Generator
    first_seen: Mapping[int, float]
    by_label: dict[str, list[Box]]
    single: list[str]

    def pick(self, labels: Sequence[str], count: int) -> list[str] | None:
        """Different labels at random; None where there are too few."""
        return [str(x) for x in self.rng.choice(labels, count, replace=False)] if len(labels) >= count else None

    def one(self, label: str) -> Box:
        """The only box of a label."""
        return self.by_label[label][0]


def words(label: str) -> str:
    """A label as it is written in questions."""
    return label.replace("_", " ")


def random_first_seen(layout: Layout, rng: Generator) -> dict[int, float]:
    """Times (s) at which boxes might have been seen first, a second or more apart, by id."""
    order = rng.permutation(len(layout.boxes))
    return {layout.boxes[k].id: float(n) + float(rng.random() * 0.5) for n, k in enumerate(order)}


def generate_questions(
    layout: Layout, rng: Generator, first_seen: Mapping[int, float] | None = None, per_type: int = 2
) -> tuple[QuestionItem, ...]:
    """Up to `per_type` questions of each type that the layout allows, none twice; the same seed gives the same questions.

    `first_seen` are times (s) by id of box; without them there are no questions on the order of appearance.
    """
    counts = Counter(box.label for box in layout.boxes)
    by_label = {label: [b for b in layout.boxes if b.label == label] for label in sorted(counts)}
    single = [label for label in sorted(counts) if counts[label] == 1]
    source = _Source(layout, rng, first_seen or {}, by_label, single)
    items: dict[str, QuestionItem] = {}
    for make in _MAKERS:
        made, tries = 0, 0
        while made < (1 if make is _room else per_type) and tries < _TRIES:
            tries += 1
            item = make(source)
            if item is not None and item.question in items:
                tries += _TRIES // 5
            elif item is not None:
                items[item.question], made = item, made + 1
    return tuple(items.values())


def _with_options(source: _Source, kind: str, question: str, right: str, wrong: Sequence[str]) -> QuestionItem:
    texts = [right, *wrong]
    order = source.rng.permutation(len(texts))
    options = tuple(f"{_LETTERS[n]}. {texts[k]}" for n, k in enumerate(order))
    return QuestionItem(kind, question, _LETTERS[list(order).index(0)], options)


# ------------------------------------------------------------------------------------------ numbers
def _counting(source: _Source) -> QuestionItem | None:
    labels = [label for label, boxes in source.by_label.items() if len(boxes) > 1]
    if not labels:
        return None
    label = str(source.rng.choice(labels))
    question = f"How many {words(label)}(s) are in this room?"
    return QuestionItem("object_counting", question, str(len(source.by_label[label])))


def _distance(source: _Source) -> QuestionItem | None:
    pair = source.pick(source.single, 2)
    if pair is None:
        return None
    value = truth.nearest_distance(source.one(pair[0]), source.one(pair[1]))
    question = (
        "Measuring from the closest point of each object, what is the distance between the "
        f"{words(pair[0])} and the {words(pair[1])} (in meters)?"
    )
    return QuestionItem("object_abs_distance", question, f"{value:.2f}") if value > 0.3 else None


def _size(source: _Source) -> QuestionItem | None:
    if not source.single:
        return None
    label = str(source.rng.choice(source.single))
    longest = int(np.floor(100 * max(source.one(label).size) + 0.5))
    question = (
        f"What is the length of the longest dimension (length, width, or height) of the {words(label)}, "
        "measured in centimeters?"
    )
    return QuestionItem("object_size_estimation", question, str(longest))


def _room(source: _Source) -> QuestionItem | None:
    area = truth.enclosed_area(source.layout)
    question = (
        "What is the size of this room (in square meters)? "
        "If multiple rooms are shown, estimate the size of the combined space."
    )
    return QuestionItem("room_size_estimation", question, f"{area:.1f}") if area > 1 else None


# ------------------------------------------------------------------------------------------ choices
def _nearest(source: _Source) -> QuestionItem | None:
    anchor = source.pick(source.single, 1)
    others = source.pick([label for label in source.by_label if anchor and label != anchor[0]], 4)
    if anchor is None or others is None:
        return None
    target = source.one(anchor[0])
    distances = [min(truth.nearest_distance(b, target) for b in source.by_label[label]) for label in others]
    order = np.argsort(distances)
    if distances[order[1]] - distances[order[0]] < _MARGIN_DISTANCE:
        return None
    question = (
        f"Measuring from the closest point of each object, which of these objects ({', '.join(map(words, others))}) "
        f"is the closest to the {words(anchor[0])}? If there are multiple instances of an object category, "
        "measure to the closest."
    )
    wrong = [words(others[k]) for k in order[1:]]
    return _with_options(source, "object_rel_distance", question, words(others[order[0]]), wrong)


def _direction(detail: str) -> Callable[[_Source], QuestionItem | None]:
    def make(source: _Source) -> QuestionItem | None:
        labels = source.pick(source.single, 3)
        if labels is None:
            return None
        boxes = [source.one(label) for label in labels]
        if min(np.hypot(*np.subtract(a.center, b.center)[:2]) for a, b in (boxes[:2], boxes[::2], boxes[1:])) < 0.6:
            return None
        angle = truth.turn(*boxes)
        right, choices = _sides(angle, detail)
        if right is None:
            return None
        question = _direction_question([words(label) for label in labels], detail)
        wrong = [c for c in choices if c != right]
        return _with_options(source, f"object_rel_direction_{detail}", question, right, wrong)

    return make


def _sides(angle: float, detail: str) -> tuple[str | None, tuple[str, ...]]:
    """The right word for an angle, None near a boundary, and all words."""
    near = min(
        abs(abs(angle) - edge) for edge in {"easy": (0, 180), "medium": (0, 135, 180), "hard": (0, 90, 180)}[detail]
    )
    side = "left" if angle > 0 else "right"
    if detail == "easy":
        choices: tuple[str, ...] = ("left", "right")
        right = side
    elif detail == "medium":
        choices = ("left", "right", "back")
        right = "back" if abs(angle) > 135 else side
    else:
        choices = ("front-left", "front-right", "back-left", "back-right")
        right = f"{'front' if abs(angle) < 90 else 'back'}-{side}"
    unclear = near < _MARGIN_ANGLE and not (detail == "medium" and abs(angle) > 180 - _MARGIN_ANGLE)
    return (None if unclear else right), choices


def _direction_question(names: Sequence[str], detail: str) -> str:
    a, b, c = names
    start = f"If I am standing by the {a} and facing the {b}, is the {c} to "
    return {
        "easy": f"{start}the left or the right of the {b}?",
        "medium": f"{start}my left, right, or back? An object is to my back if I would have to turn at least 135 degrees "
        "in order to face it.",
        "hard": f"{start}my front-left, front-right, back-left, or back-right? The directions refer to the quadrants of a "
        "Cartesian plane (if I am standing at the origin and facing along the positive y-axis).",
    }[detail]


def _order(source: _Source) -> QuestionItem | None:
    labels = source.pick(
        [label for label, boxes in source.by_label.items() if any(b.id in source.first_seen for b in boxes)], 4
    )
    if labels is None:
        return None
    times = {label: min(source.first_seen.get(b.id, np.inf) for b in source.by_label[label]) for label in labels}
    right = sorted(labels, key=lambda label: times[label])
    if min(times[b] - times[a] for a, b in pairwise(right)) < 0.2:
        return None
    wrong: list[str] = []
    while len(wrong) < 3:
        text = ", ".join(words(label) for label in source.rng.permutation(labels))
        if text not in wrong and text != ", ".join(map(words, right)):
            wrong.append(text)
    question = (
        "What will be the first-time appearance order of the following categories in the video: "
        f"{', '.join(map(words, labels))}?"
    )
    return _with_options(source, "obj_appearance_order", question, ", ".join(map(words, right)), wrong)


def _route(source: _Source) -> QuestionItem | None:
    blanks = int(source.rng.integers(1, 3))
    labels = source.pick(source.single, blanks + 2)
    if labels is None:
        return None
    stops = [source.one(label) for label in labels]
    legs = [float(np.hypot(*np.subtract(a.center, b.center)[:2])) for a, b in pairwise(stops)]
    if min(legs) < 0.8 or any(truth.crosses_wall(a, b, source.layout) for a, b in pairwise(stops)):
        return None
    turns = [_turn_word(stops[k], stops[k + 1], stops[k + 2]) for k in range(blanks)]
    if None in turns:
        return None
    right = ", ".join(t for t in turns if t)
    every = ["Turn Left", "Turn Right", "Turn Back"]
    wrong = [", ".join(c) for c in ([(x,) for x in every] if blanks == 1 else [(x, y) for x in every for y in every])]
    wrong = [str(x) for x in source.rng.permutation([w for w in wrong if w != right])][:3]
    return _with_options(source, "route_planning", _route_question([words(label) for label in labels]), right, wrong)


def _turn_word(start: Box, corner: Box, goal: Box) -> str | None:
    """The turn at a corner between the way there and the way on; None where it is unclear (also straight on)."""
    way, on = (
        complex(b.center[0] - a.center[0], b.center[1] - a.center[1]) for a, b in ((start, corner), (corner, goal))
    )
    angle = float(np.degrees(np.angle(on / way)))
    if abs(angle) < 30 or abs(abs(angle) - 135) < _MARGIN_ANGLE:
        return None
    return "Turn Back" if abs(angle) > 135 else ("Turn Left" if angle > 0 else "Turn Right")


def _route_question(names: Sequence[str]) -> str:
    steps = [f"Go forward until the {names[1]}"]
    for name in names[2:]:
        steps += ["[please fill in]", f"Go forward until the {name}"]
    numbered = " ".join(f"{k}. {step}" for k, step in enumerate(steps, start=1))
    return (
        f"You are a robot beginning at the {names[0]} facing the {names[1]}. You want to navigate to the {names[-1]}. "
        "You will perform the following actions (Note: for each [please fill in], choose either 'turn back,' 'turn left,' "
        f"or 'turn right.'): {numbered}. You have reached the final destination."
    )


_MAKERS: tuple[Callable[[_Source], QuestionItem | None], ...] = (
    _counting, _distance, _size, _room, _nearest, _direction("easy"), _direction("medium"), _direction("hard"), _order, _route,
)  # fmt: skip
