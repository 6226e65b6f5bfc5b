"""Five questions about a home, chosen from the truth before anything is known of the estimate, and how answers compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spatial_perception.layout.tracking import TrackedLayout
    from spatial_perception.reasoning.answers import Answer
    from spatial_perception.reasoning.relations import Viewer
    from spatial_perception.reasoning.scene import Scene, Thing

_LANDMARKS = (
    "bed", "sofa", "refrigerator", "combination_sofa", "wardrobe", "dining_table", "tv_cabinet", "tub", "desk", "toilet",
    "cupboard", "coffee_table", "bookcase", "sideboard", "dressing_table", "stove", "sink", "washing_machine",
)  # fmt: skip
"""Things that people ask for, the most usual first."""
_LINEAR = {"m": "m", "m2": "m²", "cm": "cm"}
_CLOSE = 0.1
"""Measures that are off by less than this share count as right."""


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and in what way: `3 % off`."""

    right: bool
    text: str


def choose_questions(truth: Scene) -> list[str]:
    """Five questions that have an answer in the true scene: a number, an area, a distance, a way, a place."""
    things = _landmarks(truth)
    names = [thing.label.replace("_", " ") for thing in things]
    kinds = (
        ["How many doors are there?"],
        ["How large is the largest room?"],
        [f"How far is the {a} from the {b}?" for a, b in combinations(names, 2)],
        [f"How do I get to the {name}?" for name in _elsewhere(truth, things)],
        [f"In which room is the {name}?" for name in (*names[2:], *names[:2])],
    )
    spare = (
        "How many doors are there?",
        "How many windows are there?",
        "How many rooms are there?",
        "Which room are you in?",
        "How large is the home?",
    )
    chosen = [next((q for q in kind if ask(q, truth).answered), "") for kind in kinds]
    return list(dict.fromkeys([*filter(None, chosen), *spare]))[:5]


def _landmarks(scene: Scene) -> list[Thing]:
    """What can be named without ambiguity, in the order of `_LANDMARKS`."""
    counts = Counter(thing.label for thing in scene.objects)
    single = {thing.label: thing for thing in scene.objects if counts[thing.label] == 1 and thing.room is not None}
    return [single[label] for label in _LANDMARKS if label in single]


def _elsewhere(scene: Scene, things: list[Thing]) -> Iterator[str]:
    """The names of things in other rooms than the robot."""
    here = scene.robot_room
    return (t.label.replace("_", " ") for t in things if here is None or t.room != here.id)


def ask(question: str, scene: Scene) -> Answer:
    """The answer from a scene, without any language model."""
    from spatial_perception.reasoning.solver import SpatialSolver

    return SpatialSolver().ask(question, scene)


def scene_of(layout: TrackedLayout, pose: tuple[float, float, float] | None) -> Scene:
    """A layout with the robot (x, y m, yaw rad) in it."""
    from spatial_perception.reasoning.scene import make_scene

    seen = {track.entity.id: track.first_seen for track in layout.tracks if track.kind == "bbox"}
    return make_scene(layout.layout, robot=viewer(pose), first_seen=seen)


def viewer(pose: tuple[float, float, float] | None) -> Viewer | None:
    """A pose (x, y m, yaw rad) as one to ask from."""
    from spatial_perception.reasoning.relations import Viewer

    return None if pose is None else Viewer(*pose)


def compare(true: Answer, given: Answer) -> Verdict:
    """Whether an answer says the same as the true one."""
    if not given.answered:
        return Verdict(False, "no answer")
    if true.kind == "Route":
        same = [name.rstrip(" 0123456789") for name in true.key] == [name.rstrip(" 0123456789") for name in given.key]
        return Verdict(same, "the same rooms" if same else "another way")
    if true.unit in _LINEAR and true.value and given.value is not None:
        error = abs(given.value - true.value) / abs(true.value)
        return Verdict(error < _CLOSE, f"{100 * error:.0f} % off")
    if true.value is not None and given.value is not None:
        off = abs(given.value - true.value)
        return Verdict(off == 0, "exact" if off == 0 else f"off by {off:g}")
    same = true.key == given.key
    return Verdict(same, "the same" if same else "different")
