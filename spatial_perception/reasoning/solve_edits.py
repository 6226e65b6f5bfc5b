"""Proposals: where a thing would stand if it were moved or placed. Nothing here moves anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import acos, cos, degrees, dist, hypot, sin

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.layout.entities import Vec3
from spatial_perception.reasoning.answers import Answer, Check, Proposal, Status
from spatial_perception.reasoning.grounding import one, robot_thing, select
from spatial_perception.reasoning.phrasing import listed, place_of, the
from spatial_perception.reasoning.physics import shifted, world_without
from spatial_perception.reasoning.placing import find_spot, which_fit
from spatial_perception.reasoning.questions import Description, Fits, Move, Place, Relation, Shift
from spatial_perception.reasoning.refusals import Refusal
from spatial_perception.reasoning.relations import OPPOSITES
from spatial_perception.reasoning.repair import Repair, repair
from spatial_perception.reasoning.scene import Scene, Thing, main_direction
from spatial_perception.reasoning.solve_things import evidence
from spatial_perception.reasoning.units import say
from spatial_perception.reasoning.words import HANGING, ON_TOPS, TYPICAL_SIZES, WALL_MOUNTED, spoken

MAX_ANGLE_ERROR = 20.0
_TO_TRY = ("chair", "stool", "side_table", "plants", "floor-standing_lamp", "nightstand", "bookcase", "desk", "sofa", "bed",
           "wardrobe")  # fmt: skip
Tick = Callable[[], None]


def answer_move(question: Move, scene: Scene, tick: Tick) -> Answer:
    """The box that a thing would have after a move, checked, and mended where a place nearby does."""
    _refuse_contradictions(question.relations)
    thing = one(question.what, scene)
    if thing.box.kind != "bbox" or thing.box.id < 0:
        raise Refusal(Status.INFEASIBLE, f"{the(thing).capitalize()} cannot be moved; only furniture can.", [thing.box])
    if question.shift is None:
        spot = find_spot(thing.box, question.relations, scene, tick, moved=thing.box)
        return _proposed(spot.repair, thing, spot.anchors, f"Move {the(thing)}")
    target, wanted = _shifted(thing, question.shift, scene)
    result = repair(target, world_without(scene, thing.box), _keeps_shift(thing.box, wanted), tick)
    return _proposed(result, thing, (), f"Move {the(thing)}")


def _shifted(thing: Thing, shift: Shift, scene: Scene) -> tuple[OrientedBox, Vec3]:
    """The box after a shift, and the shift as a vector."""
    step = shift.distance
    axes = {"+x": (1, 0, 0), "-x": (-1, 0, 0), "+y": (0, 1, 0), "-y": (0, -1, 0), "+z": (0, 0, 1), "-z": (0, 0, -1)}
    if shift.anchor is not None:
        way = _unit(thing.box, one(shift.anchor, scene).box)
        sign = 1 if shift.direction == "toward" else -1
        vector = (sign * step * way[0], sign * step * way[1], 0.0)
    elif shift.direction in axes:
        a, b, c = axes[shift.direction]
        vector = (step * a, step * b, step * c)
    else:
        yaw = robot_thing(scene).box.yaw
        ahead, left = {"forward": (1, 0), "back": (-1, 0), "left": (0, 1), "right": (0, -1)}[shift.direction]
        vector = (step * (ahead * cos(yaw) - left * sin(yaw)), step * (ahead * sin(yaw) + left * cos(yaw)), 0.0)
    return shifted(thing.box, *vector), vector


def _unit(a: OrientedBox, b: OrientedBox) -> tuple[float, float]:
    dx, dy = b.center[0] - a.center[0], b.center[1] - a.center[1]
    length = hypot(dx, dy)
    if length < 1e-6:
        raise Refusal(
            Status.CONTRADICTORY, "Both are at the same place, so that there is no direction between them.", [a, b]
        )
    return dx / length, dy / length


def _keeps_shift(old: OrientedBox, wanted: Vec3) -> Callable[[OrientedBox], Sequence[Check]]:
    """V7 for moves: the direction is kept to 20 degrees, the distance to 10 cm or 15 %."""

    def check(box: OrientedBox) -> Sequence[Check]:
        made = tuple(a - b for a, b in zip(box.center, old.center))
        length, asked = hypot(*made), hypot(*wanted)
        if asked < 1e-9:
            return (Check("relation", length < 0.1, length),)
        cosine = sum(a * b for a, b in zip(made, wanted)) / (length * asked) if length > 1e-9 else -1.0
        angle = degrees(acos(min(1.0, max(-1.0, cosine))))
        good = angle <= MAX_ANGLE_ERROR and abs(length - asked) <= max(0.10, 0.15 * asked)
        return (Check("relation", good, length, "" if good else f"moved {length:.2f} m, {angle:.0f} degrees off"),)

    return check


def _refuse_contradictions(relations: Sequence[Relation]) -> None:
    """Clauses that exclude one another, about the same anchor."""
    for a, b in combinations(relations, 2):
        same = [x.noun for x in a.anchors] == [x.noun for x in b.anchors] and a.anchors
        clash = any({a.name, b.name} == set(pair) for pair in OPPOSITES) or {a.name, b.name} == {
            "nearest_to",
            "farthest_from",
        }
        rooms = a.name == b.name == "in" and a.anchors[0].noun != b.anchors[0].noun
        if (same and clash) or rooms:
            clauses = " and ".join(f"'{_said(r)}'" for r in (a, b))
            raise Refusal(Status.CONTRADICTORY, f"{clauses} cannot both hold. Drop one of them.")


def _said(relation: Relation) -> str:
    anchors = " and ".join(f"the {anchor.noun.text}" for anchor in relation.anchors)
    return f"{relation.name.replace('_', ' ')} {anchors}".strip()


def _proposed(result: Repair, thing: Thing, anchors: Sequence[Thing], lead: str) -> Answer:
    proposal = Proposal(result.box, thing.box, any(abs(v) > 1e-9 for v in result.offset), result.offset)
    return _verdict(result, proposal, [thing, *anchors], lead, thing.label)


def _verdict(result: Repair, proposal: Proposal, things: Sequence[Thing], lead: str, label: str) -> Answer:
    failed = [check for check in result.checks if not check.passed]
    if not result.passed:
        reasons = listed([check.detail or check.name for check in failed if check.name != "seen"])
        text = f"{lead.replace('Move ', 'Moving ')} there is not possible: {reasons}. No place within half a metre is better."
        raise Refusal(Status.INFEASIBLE, text, [t.box for t in things if t.box.id >= 0], result.checks, proposal)
    moved = hypot(*proposal.offset)
    note = f", {say(moved)} off what was asked, so that it can stand" if proposal.repaired else ""
    unseen = f" {failed[0].detail.capitalize()}: look there first." if failed else ""
    text = f"{lead} to {place_of(result.box)}{note}. This is a proposal only.{unseen}"
    old = proposal.old
    value = dist(old.center, result.box.center) if old else None
    return Answer("", text, status=Status.UNVERIFIED if failed else Status.OK, value=value, unit="m" if old else "",
                  checks=result.checks, proposal=proposal, key=(spoken(label),), **evidence(things))  # fmt: skip


# ------------------------------------------------------------------------------------------ placing
def answer_place(question: Place, scene: Scene, tick: Tick) -> Answer:
    """The best spot for a new thing."""
    _refuse_contradictions(question.relations)
    label = _label(question.what)
    size = question.size or TYPICAL_SIZES.get(label)
    if size is None:
        noun = question.what.noun.text
        raise Refusal(
            Status.AMBIGUOUS, f"How large is the {noun}? Say for instance: place a {noun} of 0.5 x 0.4 x 0.6 m."
        )
    spot = find_spot(_new_thing(label, size, scene), question.relations, scene, tick)
    proposal = Proposal(spot.repair.box)
    assumed = "" if question.size else f" of a usual size ({size[0]:g} x {size[1]:g} x {size[2]:g} m)"
    lead = f"The {spoken(label)}{assumed} can go" if spot.repair.passed else f"Placing the {spoken(label)}"
    return _verdict(spot.repair, proposal, spot.anchors, lead, label)


def _label(what: Description) -> str:
    return what.noun.tiers[0][0] if what.noun.tiers and what.noun.text not in TYPICAL_SIZES else what.noun.text


def answer_fits(question: Fits, scene: Scene, tick: Tick) -> Answer:
    """Which usual things find a place there."""
    tops = question.relation.name in ("on", "above")
    anchors = [a for d in question.relation.anchors for a in select(d, scene)]
    if tops and len(anchors) > 1:
        one(question.relation.anchors[0], scene)
    labels = [label for label in (ON_TOPS if tops else _TO_TRY) if label not in HANGING | WALL_MOUNTED]
    fitting = which_fit([_new_thing(x, TYPICAL_SIZES[x], scene) for x in labels], (question.relation,), scene, tick)
    good = [label for label, fits in zip(labels, fitting) if fits]
    where = _said(question.relation)
    things = anchors[:4]
    if not good:
        raise Refusal(
            Status.INFEASIBLE,
            f"Nothing of usual size fits {where}: it is taken.",
            [t.box for t in things if t.box.id >= 0],
        )
    text = f"There is room {where} for one of these: {listed([f'a {spoken(label)}' for label in good], 'or')}."
    return Answer("", text, value=float(len(good)), key=tuple(good), **evidence(things))


def _new_thing(label: str, size: Vec3, scene: Scene) -> OrientedBox:
    """A thing on the floor that has no place yet, along the main walls."""
    return OrientedBox(-1, "bbox", label, (0.0, 0.0, scene.floor + size[2] / 2), main_direction(scene), size)
