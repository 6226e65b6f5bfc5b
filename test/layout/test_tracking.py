"""Ids stay, evidence deletes, geometry is calm."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.errors import ConfigError
from spatial_perception.layout.entities import Box, Door, Layout, Provenance, Wall, Window
from spatial_perception.layout.smoothing import SmoothingSettings, geometry
from spatial_perception.layout.tracking import LayoutTracker, TrackerSettings

HOME = Layout(
    (
        Wall(0, (0, 0, 0), (6, 0, 0), 2.6, 0.1),
        Wall(1, (6, 0, 0), (6, 4, 0), 2.6, 0.1),
        Wall(2, (6, 4, 0), (0, 4, 0), 2.6, 0.1),
        Wall(3, (0, 4, 0), (0, 0, 0), 2.6, 0.1),
        Wall(4, (3, 0, 0), (3, 4, 0), 2.6, 0.1),
    ),
    (Door(0, 0, (1.0, 0, 1.0), 0.9, 2.0), Door(1, 4, (3, 2.0, 1.0), 0.8, 2.0)),
    (Window(0, 2, (1.5, 4, 1.5), 1.2, 1.2), Window(1, 2, (4.5, 4, 1.5), 1.2, 1.2)),
    (
        Box(0, "sofa", (1.5, 3.0, 0.4), 0.0, (2.0, 0.9, 0.8)),
        Box(1, "chair", (4.0, 1.0, 0.45), 0.3, (0.5, 0.5, 0.9)),
        Box(2, "chair", (4.9, 1.0, 0.45), 0.1, (0.5, 0.5, 0.9)),
        Box(3, "table", (4.5, 2.0, 0.4), 0.0, (1.4, 0.8, 0.75)),
    ),
    "map",
    0.0,
    Provenance("geometric"),
)


def shaken(layout, rng, noise=0.05, stamp=0.0):
    """The layout with noisy geometry, entities in another order, with other ids, walls from either end."""

    def moved(entity):
        numbers = geometry(entity) + rng.normal(0, noise, len(geometry(entity)))
        if isinstance(entity, Wall):
            start, end = (numbers[:3], numbers[3:6])[:: rng.choice([1, -1])]
            return replace(entity, start=start, end=end, height=numbers[6], thickness=abs(numbers[7]))
        if isinstance(entity, Box):
            x, y, z = np.abs(numbers[3:6])
            if rng.random() < 0.5:
                return replace(entity, center=numbers[:3], size=(y, x, z), yaw=numbers[6] + pi / 2)
            return replace(entity, center=numbers[:3], size=(x, y, z), yaw=numbers[6])
        return replace(entity, center=numbers[:3], width=abs(numbers[3]), height=abs(numbers[4]))

    return permuted(replace(layout, **{k: tuple(map(moved, getattr(layout, k))) for k in KINDS}, stamp=stamp), rng)


KINDS = ("walls", "doors", "windows", "boxes")


def permuted(layout, rng):
    numbers = {wall.id: int(n) for wall, n in zip(layout.walls, rng.permutation(100)[: len(layout.walls)])}
    parts = {}
    for kind in KINDS:
        group = getattr(layout, kind)
        new = []
        for i in rng.permutation(len(group)):
            entity = replace(group[i], id=numbers[group[i].id] if kind == "walls" else int(i) + 50)
            new.append(replace(entity, wall_id=numbers[entity.wall_id]) if hasattr(entity, "wall_id") else entity)
        parts[kind] = tuple(new)
    return replace(layout, **parts)


def nearest_ids(tracked):
    """Per entity of the home the id of the nearest tracked one of its kind."""
    found = tracked.layout

    def middle(entity):
        return np.add(entity.start, entity.end) / 2 if isinstance(entity, Wall) else np.asarray(entity.center)

    return [
        min(getattr(found, kind), key=lambda e, t=truth: np.linalg.norm(middle(e) - middle(t))).id
        for kind in KINDS
        for truth in getattr(HOME, kind)
    ]


@given(st.integers(0, 2**32))
@settings(derandomize=True, deadline=None, max_examples=10)
def test_jitter_order_and_ids_of_the_estimator_do_not_switch_ids(seed):
    rng = np.random.default_rng(seed)
    tracker = LayoutTracker()
    first = nearest_ids(tracker.update(HOME))
    for step in range(1, 12):
        tracked = tracker.update(shaken(HOME, rng, stamp=float(step)))
        assert nearest_ids(tracked) == first
        assert len(tracked.tracks) == len(HOME)
        assert tracked.vanished == ()
    assert tracker.counts.born == len(HOME)
    assert tracker.counts.revived == tracker.counts.deleted == 0


@given(st.integers(0, 2**32))
@settings(derandomize=True, deadline=None, max_examples=10)
def test_order_of_entities_makes_no_difference(seed):
    rng = np.random.default_rng(seed)
    layouts = [shaken(HOME, np.random.default_rng(k), 0.1, float(k)) for k in range(4)]
    a, b = LayoutTracker(), LayoutTracker()
    for layout in layouts:
        assert a.update(layout) == b.update(permuted(layout, rng))


def test_drop_outs_do_not_switch_ids():
    """Each wall is missing in a tenth of the layouts, with its openings, everything else in a quarter."""
    rng = np.random.default_rng(3)
    tracker = LayoutTracker(TrackerSettings(misses=8))
    first = nearest_ids(tracker.update(HOME))
    for step in range(1, 40):
        layout = shaken(HOME, rng, 0.03, float(step))
        share = {"walls": 0.1, "doors": 0.25, "windows": 0.25, "boxes": 0.25}
        keep = {kind: tuple(e for e in getattr(layout, kind) if rng.random() > share[kind]) for kind in KINDS}
        tracker.update(replace(layout, **keep))
    assert nearest_ids(tracker.update(HOME)) == first
    assert tracker.counts.revived == 0
    assert tracker.counts.orphans > 0


def without_sofa(stamp):
    return replace(HOME, boxes=HOME.boxes[1:], stamp=stamp)


def test_one_miss_is_no_evidence_and_three_are():
    tracker = LayoutTracker()
    tracker.update(HOME)
    sofa = next(b.id for b in tracker.update(HOME).layout.boxes if b.label == "sofa")
    for stamp in (1.0, 2.0):
        tracked = tracker.update(without_sofa(stamp))
        assert sofa in {b.id for b in tracked.layout.boxes}
        assert tracked.vanished == ()
    gone = tracker.update(without_sofa(3.0))
    assert gone.vanished == (("bbox", sofa),)
    assert sofa not in {b.id for b in gone.layout.boxes}
    assert tracker.update(without_sofa(4.0)).vanished == ()


def test_a_hit_between_misses_forgives_them():
    tracker = LayoutTracker()
    for stamp, layout in enumerate(
        [HOME, without_sofa(1.0), without_sofa(2.0), HOME, without_sofa(4.0), without_sofa(5.0)]
    ):
        tracked = tracker.update(replace(layout, stamp=float(stamp)))
    assert len(tracked.layout.boxes) == 4


def test_what_could_not_be_seen_is_not_missed():
    tracker = LayoutTracker()
    tracker.update(HOME)
    for stamp in range(1, 20):
        tracked = tracker.update(without_sofa(float(stamp)), lambda entity: getattr(entity, "label", "") != "sofa")
    assert len(tracked.layout.boxes) == 4
    assert tracker.counts.deleted == 0


def test_what_comes_back_to_its_place_gets_its_id_back_and_nothing_else_does():
    tracker = LayoutTracker()
    first = tracker.update(HOME)
    used = {t.entity.id for t in first.tracks if t.kind == "bbox"}
    sofa = next(t for t in first.tracks if getattr(t.entity, "label", "") == "sofa")
    for stamp in range(1, 5):
        gone = tracker.update(without_sofa(float(stamp)))
    assert sofa.entity.id not in {b.id for b in gone.layout.boxes}
    after = tracker.update(replace(HOME, stamp=9.0))
    back = next(t for t in after.tracks if getattr(t.entity, "label", "") == "sofa")
    assert (back.entity.id, back.first_seen) == (sofa.entity.id, sofa.first_seen)
    assert (tracker.counts.deleted, tracker.counts.revived) == (1, 1)
    tracker.reset()
    again = {t.entity.id for t in tracker.update(HOME).tracks if t.kind == "bbox"}
    assert not again & used


def test_reset_names_what_was_shown():
    tracker = LayoutTracker()
    shown = [(t.kind, t.entity.id) for t in tracker.update(HOME).tracks]
    assert list(tracker.reset()) == shown
    assert tracker.update(replace(HOME, walls=(), doors=(), windows=())).vanished == ()


def test_first_and_last_seen():
    tracker = LayoutTracker()
    tracker.update(replace(HOME, stamp=5.0))
    tracked = tracker.update(without_sofa(7.0))
    times = {t.entity.label: (t.first_seen, t.last_seen, t.hits, t.misses) for t in tracked.tracks if t.kind == "bbox"}
    assert times["sofa"] == (5.0, 5.0, 1, 1)
    assert times["table"] == (5.0, 7.0, 2, 0)


def test_a_wall_that_grows_keeps_its_id_and_catches_up():
    tracker = LayoutTracker()
    for step in range(8):
        tracked = tracker.update(Layout((Wall(0, (0, 0, 0), (2.0 + step, 0, 0), 2.5),), stamp=float(step)))
    (wall,) = tracked.layout.walls
    assert wall.id == 1
    assert wall.end[0] > 7.0


def test_the_larger_half_of_a_split_wall_continues_it():
    tracker = LayoutTracker()
    tracker.update(Layout((Wall(0, (0, 0, 0), (6, 0, 0), 2.5),)))
    halves = (Wall(0, (0, 0, 0), (2, 0, 0), 2.5), Wall(1, (2, 0, 0), (6, 0, 0), 2.5))
    tracked = tracker.update(Layout(halves, stamp=1.0))
    tracked = tracker.update(Layout(halves, stamp=2.0))
    assert {w.id: w.start[0] for w in tracked.layout.walls} == {1: pytest.approx(2.0), 2: pytest.approx(0.0)}


def test_merged_walls_leave_no_ghost_and_come_back_under_their_id():
    halves = (Wall(0, (0, 0, 0), (2, 0, 0), 2.5), Wall(1, (2, 0, 0), (6, 0, 0), 2.5))
    whole = (Wall(0, (0, 0, 0), (6, 0, 0), 2.5),)
    tracker = LayoutTracker()
    before = {w.id for w in tracker.update(Layout(halves)).layout.walls}
    assert len(tracker.update(Layout(whole, stamp=0.5)).layout.walls) == 2
    merged = tracker.update(Layout(whole, stamp=1.0))
    assert len(merged.layout.walls) == 1
    assert len(merged.vanished) == 1
    assert {w.id for w in tracker.update(Layout(halves, stamp=2.0)).layout.walls} == before


def test_the_two_faces_of_a_thin_wall_stay_apart():
    faces = (Wall(0, (0, 0, 0), (4, 0, 0), 2.5), Wall(1, (0, 0.14, 0), (4, 0.14, 0), 2.5))
    tracker, rng = LayoutTracker(), np.random.default_rng(0)
    tracker.update(Layout(faces))
    for step in range(20):
        tracked = tracker.update(shaken(Layout(faces), rng, 0.02, float(step)))
    assert {w.id: round(w.start[1], 1) for w in tracked.layout.walls} == {1: 0.0, 2: 0.1}


def test_openings_follow_their_wall():
    tracker = LayoutTracker()
    first = tracker.update(HOME).layout
    moved = replace(
        HOME,
        walls=(replace(HOME.walls[0], start=(0, 0.25, 0), end=(6, 0.25, 0)), *HOME.walls[1:]),
        doors=HOME.doors[1:],
    )
    for stamp in (1.0, 2.0):
        tracked = tracker.update(replace(moved, stamp=stamp)).layout
    door = next(d for d in tracked.doors if abs(d.center[0] - 1.0) < 0.3)
    wall = tracked.wall(door.wall_id)
    assert door.id in {d.id for d in first.doors}
    assert wall.start[1] > 0.05
    assert door.center[1] == pytest.approx(wall.start[1])


def test_openings_go_with_their_wall():
    tracker = LayoutTracker()
    tracker.update(HOME)
    less = replace(HOME, walls=HOME.walls[:4], doors=HOME.doors[:1])
    for stamp in range(1, 4):
        tracked = tracker.update(replace(less, stamp=float(stamp)))
    assert {kind for kind, _ in tracked.vanished} == {"wall", "door"}
    present = {w.id for w in tracked.layout.walls}
    assert all(o.wall_id in present for o in tracked.layout.doors + tracked.layout.windows)


def test_a_door_that_becomes_a_window_is_not_both():
    tracker = LayoutTracker()
    tracker.update(HOME)
    changed = replace(
        HOME, doors=HOME.doors[1:], windows=(*HOME.windows, Window(9, 0, (1.0, 0, 1.4), 0.9, 1.2)), stamp=1.0
    )
    tracked = tracker.update(changed).layout
    assert (len(tracked.doors), len(tracked.windows)) == (1, 3)


def test_orphans_are_counted_and_left_out():
    tracker = LayoutTracker()
    tracked = tracker.update(replace(HOME, doors=(replace(HOME.doors[0], wall_id=77),)))
    assert tracked.layout.doors == ()
    assert tracker.counts.orphans == 1


def test_small_noise_does_not_move_what_is_shown_and_a_real_move_does():
    tracker, rng = LayoutTracker(), np.random.default_rng(1)
    for step in range(30):
        tracker.update(shaken(HOME, rng, 0.003, float(step)))
    calm = tracker.update(shaken(HOME, rng, 0.003, 30.0)).layout
    assert tracker.update(shaken(HOME, rng, 0.003, 31.0)).layout.walls == calm.walls
    away = replace(HOME, boxes=(replace(HOME.boxes[0], center=(1.5, 2.6, 0.4)), *HOME.boxes[1:]))
    once = tracker.update(replace(away, stamp=32.0)).layout
    twice = tracker.update(replace(away, stamp=33.0)).layout
    places = [next(b for b in lay.boxes if b.label == "sofa").center[1] for lay in (calm, once, twice)]
    assert places[0] == places[1] == pytest.approx(3.0, abs=0.02)
    assert places[2] == pytest.approx(2.6, abs=0.02)


def test_a_single_outlier_is_not_shown():
    tracker = LayoutTracker()
    for stamp in range(5):
        tracker.update(replace(HOME, stamp=float(stamp)))
    wild = replace(HOME, walls=(replace(HOME.walls[0], end=(9, 0, 0)), *HOME.walls[1:]), stamp=6.0)
    assert tracker.update(wild).layout.walls[:1] == tracker.update(replace(HOME, stamp=7.0)).layout.walls[:1]


def test_a_label_changes_only_when_another_is_clearly_more_frequent():
    tracker = LayoutTracker()
    labels = ["chair", "chair", "stool", "chair", "stool", "stool", "stool", "stool"]
    shown = []
    for stamp, label in enumerate(labels):
        box = Box(0, label, (1, 1, 0.4), 0.0, (0.5, 0.5, 0.8))
        (found,) = tracker.update(Layout(boxes=(box,), stamp=float(stamp))).layout.boxes
        shown.append((found.id, found.label))
    assert {number for number, _ in shown} == {1}
    assert [label for _, label in shown] == ["chair"] * 5 + ["stool"] * 3


def test_entities_are_shown_after_confirmation():
    tracker = LayoutTracker(TrackerSettings(confirm=2))
    assert tracker.update(HOME).tracks == ()
    assert len(tracker.update(replace(HOME, stamp=1.0)).tracks) == len(HOME)


def test_storeys_are_kept_apart():
    up = Wall(1, (0, 0, 2.8), (4, 0, 2.8), 2.5)
    tracker = LayoutTracker()
    tracker.update(Layout((Wall(0, (0, 0, 0), (4, 0, 0), 2.5),)))
    assert {w.id for w in tracker.update(Layout((up,), stamp=1.0)).layout.walls} == {1, 2}


@given(st.integers(0, 2**32), st.integers(0, 8))
@settings(derandomize=True, deadline=None, max_examples=20)
def test_hostile_layouts_keep_the_promises(seed, count):
    """Whatever comes: unique ids, openings in shown walls, and the difference to the layout before is told."""
    rng = np.random.default_rng(seed)
    tracker, before = LayoutTracker(), set()
    for step in range(6):
        walls = tuple(Wall(i % 3, rng.normal(0, 3, 3), rng.normal(0, 3, 3), 2.5) for i in range(count))
        doors = tuple(Door(i, int(rng.integers(0, 4)), rng.normal(0, 3, 3), 0.9, 2.0) for i in range(count))
        boxes = tuple(Box(0, "x", rng.normal(0, 2, 3), 0.0, np.abs(rng.normal(0, 1, 3))) for i in range(count))
        tracked = tracker.update(Layout(walls, doors, (), boxes, stamp=float(step)))
        keys = [(t.kind, t.entity.id) for t in tracked.tracks]
        assert len(set(keys)) == len(keys)
        assert set(tracked.vanished) == before - set(keys)
        present = {w.id for w in tracked.layout.walls}
        assert all(d.wall_id in present for d in tracked.layout.doors)
        before = set(keys)
    assert tracker.counts.born - tracker.counts.deleted + tracker.counts.revived >= len(before)


def test_settings_that_cannot_be():
    with pytest.raises(ConfigError, match="one miss is no evidence"):
        TrackerSettings(misses=1)
    with pytest.raises(ConfigError):
        SmoothingSettings(share=0.0)
