from dataclasses import replace

import numpy as np
import pytest

from spatial_perception.errors import EstimatorError
from spatial_perception.layout.entities import Box, Door, Layout, Wall
from spatial_perception.models.spatiallm.agreement import BOTH, FINDING, MODEL, Told
from spatial_perception.models.spatiallm.finish import Calibration, features, finish
from spatial_perception.models.spatiallm.refine import refine

THICK, HEIGHT, SIZE = 0.14, 2.6, (5.0, 4.0)
BOX = Box(0, "wardrobe", (1.0, 0.45, 1.0), 0.0, (1.2, 0.6, 2.0), score=0.9)
BOX_ELSEWHERE = Box(1, "bed", (1.0, 20.0, 0.3), 0.0, (2.0, 1.6, 0.6))


def corners(size=SIZE):
    return [(0.0, 0.0, 0.0), (size[0], 0.0, 0.0), (*size, 0.0), (0.0, size[1], 0.0)]


def room():
    """A room by the centre lines of its walls, and points on the inner faces, floor, ceiling and a wardrobe."""
    rng, at = np.random.default_rng(0), corners()
    walls = tuple(Wall(k, at[k], at[(k + 1) % 4], HEIGHT, THICK) for k in range(4))
    half, parts = THICK / 2, []
    for axis, face in ((0, half), (0, SIZE[0] - half), (1, half), (1, SIZE[1] - half)):
        points = rng.uniform((half, half, 0), (SIZE[0] - half, SIZE[1] - half, HEIGHT), (4000, 3))
        points[:, axis] = face
        parts.append(points)
    for z in (0.0, HEIGHT):
        points = rng.uniform((half, half, z), (SIZE[0] - half, SIZE[1] - half, z), (5000, 3))
        parts.append(points)
    for axis in range(3):
        for side in (-0.5, 0.5):
            points = rng.uniform(-0.5, 0.5, (1500, 3))
            points[:, axis] = side
            parts.append(points * BOX.size + BOX.center)
    xyz = np.concatenate(parts) + rng.normal(0, 0.003, (sum(map(len, parts)), 3))
    door = Door(0, 0, (2.0, 0.0, 1.0), 0.9, 2.0, score=0.8)
    return Layout(walls, (door,), (), (BOX,)), xyz


def shaken(layout, amount, seed=1):
    """The layout with every number off by up to `amount`, as bins leave it."""
    rng = np.random.default_rng(seed)

    def off(values):
        return tuple(np.asarray(values) + rng.uniform(-amount, amount, len(values)))

    walls = [
        replace(w, start=off(w.start), end=off(w.end), height=w.height + rng.uniform(-amount, amount))
        for w in layout.walls
    ]
    boxes = [replace(b, center=off(b.center), size=off(b.size)) for b in layout.boxes]
    doors = [replace(d, center=off(d.center)) for d in layout.doors]
    return replace(layout, walls=tuple(walls), doors=tuple(doors), boxes=tuple(boxes))


@pytest.mark.parametrize("seed", range(4))
def test_walls_and_boxes_return_onto_their_points(seed):
    truth, xyz = room()
    found = refine(shaken(truth, 0.04, seed), xyz)
    for wall, true in zip(found.walls, truth.walls):
        assert np.abs(np.subtract(wall.start, true.start)).max() < 0.015
        assert np.abs(np.subtract(wall.end, true.end)).max() < 0.015
        assert abs(wall.height - true.height) < 0.015
    box = found.boxes[0]
    assert np.abs(np.subtract(box.size, BOX.size)).max() < 0.03
    assert np.abs(np.subtract(box.center, BOX.center)).max() < 0.03
    assert abs(found.doors[0].center[1]) < 0.01


def test_an_exact_layout_stays():
    truth, xyz = room()
    found = refine(truth, xyz)
    for wall, true in zip(found.walls, truth.walls):
        assert np.abs(np.subtract(wall.start, true.start)).max() < 0.005


def test_without_points_nothing_moves():
    truth, _ = room()
    far = np.full((100, 3), 50.0)
    assert refine(truth, far) == truth
    assert refine(Layout(), far) == Layout()


def test_both_faces_give_middle_and_thickness():
    rng = np.random.default_rng(0)
    wall = Wall(0, (0.0, 0.03, 0.0), (4.0, -0.02, 0.0), 2.5, 0.2)
    faces = [
        np.column_stack([rng.uniform(0, 4, 3000), np.full(3000, y), rng.uniform(0, 2.5, 3000)]) for y in (-0.06, 0.06)
    ]
    found = refine(Layout((wall,)), np.concatenate(faces)).walls[0]
    assert found.thickness == pytest.approx(0.12, abs=0.01)
    assert max(abs(found.start[1]), abs(found.end[1])) < 0.006


@pytest.mark.parametrize("told", [0.1, -0.1])
def test_a_wall_is_behind_the_face_that_its_room_shows_wherever_it_was_told(told):
    rng = np.random.default_rng(1)
    face = np.column_stack([rng.uniform(0, 4, 4000), rng.normal(0, 0.004, 4000), rng.uniform(0, 2.5, 4000)])
    floor = np.column_stack([rng.uniform(0, 4, 4000), rng.uniform(-2, 0, 4000), np.zeros(4000)])
    wall = Wall(0, (0.0, told, 0.0), (4.0, told, 0.0), 2.5, 0.2)
    found = refine(Layout((wall,)), np.concatenate([face, floor])).walls[0]
    assert (found.start[1], found.end[1]) == pytest.approx((0.1, 0.1), abs=0.01)
    unclear = refine(Layout((wall,)), face).walls[0]
    assert unclear.start[1] == pytest.approx(told, abs=0.01)


@pytest.mark.parametrize("seen", [False, True])
def test_a_wall_ends_where_it_meets_another_unless_it_is_seen_beyond(seen):
    truth, xyz = room()
    long = replace(truth.walls[0], end=(SIZE[0] + 1.5, 0.0, 0.0))
    rng = np.random.default_rng(4)
    beyond = np.column_stack(
        [rng.uniform(SIZE[0], SIZE[0] + 1.5, 1500), np.full(1500, THICK / 2), rng.uniform(0, HEIGHT, 1500)]
    )
    points = np.concatenate([xyz, beyond]) if seen else xyz
    found = refine(replace(truth, walls=(long, *truth.walls[1:])), points).walls[0]
    assert found.end[0] == pytest.approx(SIZE[0] + 1.5 * seen, abs=0.03)
    assert found.start[0] == pytest.approx(0.0, abs=0.03)


def test_a_box_that_was_measured_keeps_its_measures():
    truth, xyz = room()
    hidden = Box(0, "wardrobe", np.add(BOX.center, (0.0, 0.03, 0.0)), BOX.yaw, np.add(BOX.size, (0.0, 0.06, 0.0)))
    told = Box(3, "bookcase", np.add(hidden.center, 0.02), BOX.yaw, np.subtract(hidden.size, 0.03), score=0.7)
    layout, measured = Layout(truth.walls, boxes=(told,)), Layout(boxes=(BOX_ELSEWHERE, hidden))
    (box,) = refine(layout, xyz, measured).boxes
    assert (box.center, box.size) == (hidden.center, hidden.size)
    assert (box.id, box.label, box.score) == (3, "bookcase", 0.7)
    (moved,) = refine(layout, xyz, Layout(boxes=(BOX_ELSEWHERE,))).boxes
    assert np.abs(np.subtract(moved.size, BOX.size)).max() < 0.03


def test_what_has_no_points_is_dropped_and_said():
    truth, xyz = room()
    ghost = Box(1, "sofa", (20.0, 20.0, 0.4), 0.0, (2.0, 1.0, 0.8), score=0.9)
    wall = Wall(9, (30.0, 0.0, 0.0), (33.0, 0.0, 0.0), 2.5, 0.1)
    haunted = Layout(
        (*truth.walls, wall), (*truth.doors, Door(1, 9, (31.0, 0.0, 1.0), 0.9, 2.0)), (), (*truth.boxes, ghost)
    )
    found = finish(haunted, xyz)
    assert [w.id for w in found.layout.walls] == [0, 1, 2, 3]
    assert [d.id for d in found.layout.doors] == [0]
    assert [b.label for b in found.layout.boxes] == ["wardrobe"]
    assert "3 entities" in found.notes[0]
    assert all(entity.support is not None for entity in found.layout)


def test_a_box_that_was_measured_a_quarter_turn_round_keeps_its_measures():
    truth, xyz = room()
    length, width, height = BOX.size
    measured = Box(0, "wardrobe", BOX.center, np.pi / 2, (width, length, height + 0.04))
    told = Box(0, "wardrobe", np.add(BOX.center, 0.02), 0.0, np.subtract(BOX.size, 0.03), score=0.7)
    (box,) = refine(Layout(truth.walls, boxes=(told,)), xyz, Layout(boxes=(measured,))).boxes
    assert box.size == pytest.approx((length, width, height + 0.04))
    assert box.yaw == pytest.approx(0.0)


@pytest.mark.parametrize("depth", [0.04, 0.08])
def test_a_thin_box_is_not_drawn_onto_one_of_its_sides(depth):
    rng = np.random.default_rng(2)
    picture = Box(0, "painting", (1.0, depth / 2, 1.5), 0.0, (0.8, depth, 0.6))
    front = np.column_stack([rng.uniform(0.6, 1.4, 3000), np.full(3000, depth), rng.uniform(1.2, 1.8, 3000)])
    wall = np.column_stack([rng.uniform(0.0, 2.0, 8000), np.zeros(8000), rng.uniform(0.0, 2.5, 8000)])
    (box,) = refine(Layout(boxes=(picture,)), np.concatenate([front, wall])).boxes
    assert box.size[1] == pytest.approx(depth, abs=0.012)


def test_noise_of_a_face_does_not_hide_on_which_side_of_a_wall_its_room_is():
    rng = np.random.default_rng(3)
    face = np.column_stack([rng.uniform(0, 2, 4000), rng.normal(0, 0.04, 4000), rng.uniform(0, 2.5, 4000)])
    floor = np.column_stack([rng.uniform(0, 2, 1500), rng.uniform(-2, 0, 1500), np.zeros(1500)])
    wall = Wall(0, (0.0, -0.02, 0.0), (2.0, -0.02, 0.0), 2.5, 0.2)
    assert refine(Layout((wall,)), np.concatenate([face, floor])).walls[0].start[1] == pytest.approx(0.1, abs=0.02)


def test_scores_follow_the_calibration():
    truth, xyz = room()
    plain = finish(truth, xyz).layout.boxes[0]
    calibration = Calibration({"box": {MODEL: (0.5, 1.0, 0.0, -0.2, 0.1, 0.0)}})
    scored = finish(truth, xyz, calibration).layout.boxes[0]
    told = Told(plain, plain.score)
    expected = 1 / (1 + np.exp(-(0.5 + np.dot((1.0, 0.0, -0.2, 0.1, 0.0), features(told)))))
    assert plain.score == 0.9
    assert scored.score == pytest.approx(expected, abs=1e-4)
    assert finish(truth, xyz, calibration).layout.doors[0].score == 0.8


def test_features_tell_scores_support_size_and_overlap():
    box = Box(0, "bed", (0.0, 0.0, 0.0), 0.0, (2.0, 1.0, 0.5), support=99)
    assert features(Told(box, 0.5, 0.9, 0.3)) == pytest.approx((0.0, np.log(9), np.log(100), np.log(2), 0.3))
    assert features(Told(box, None, 1.0))[:2] == pytest.approx((0.0, np.log(999)))
    assert features(Told(Wall(0, (0, 0, 0), (0, 3, 0), 2.5, 0.1), 0.5))[3] == pytest.approx(np.log(3))
    assert features(Told(Door(0, 0, (0, 0, 1), 0.8, 2.0), 0.5))[3] == pytest.approx(np.log(2))


def test_what_is_found_alone_counts_as_far_as_its_chance_goes():
    truth, xyz = room()
    findings = Layout(truth.walls, boxes=(replace(BOX, label="bookcase", score=0.7),))
    silent = replace(truth, boxes=())
    assert not finish(silent, xyz, None, findings).layout.boxes
    calibration = Calibration({"box": {FINDING: (2.0,), BOTH: (3.0,)}}, {"box": 0.5})
    (box,) = finish(silent, xyz, calibration, findings).layout.boxes
    assert (box.label, box.score) == ("bookcase", pytest.approx(0.8808))
    both = finish(truth, xyz, calibration, findings)
    assert [(box.label, box.score) for box in both.layout.boxes] == [("wardrobe", pytest.approx(0.9526))]
    assert "found in the geometry as well" in both.notes[0]
    assert [one.witness for one in both.told if one.kind == "box"] == [BOTH]
    doubted = finish(silent, xyz, Calibration({"box": {FINDING: (-2.0,)}}, {"box": 0.5}), findings)
    assert not doubted.layout.boxes


def test_what_is_likely_to_be_wrong_is_left_out_and_said():
    truth, xyz = room()
    calibration = Calibration({"wall": {MODEL: (0.0,)}}, {"wall": 0.4, "box": 0.95})
    found = finish(truth, xyz, calibration)
    assert found.layout.boxes == ()
    assert found.layout.doors == finish(truth, xyz).layout.doors
    assert "likely to be wrong" in found.notes[-1]
    assert not finish(truth, xyz, Calibration({}, {"door": 0.99})).layout.doors
    assert finish(truth, xyz, calibration.with_least(0.1)).layout.boxes
    assert calibration.with_least(None) == calibration


def test_a_calibration_is_read_from_its_file(tmp_path):
    assert Calibration.of(tmp_path) is None
    file = tmp_path / "calibration.json"
    file.write_text('{"box": {"weights": {"both": [1, 2, 3]}, "least": 0.3}}')
    assert Calibration.of(tmp_path) == Calibration({"box": {"both": (1.0, 2.0, 3.0)}}, {"box": 0.3})
    bad = (
        '{"box": [1, 2]}',
        "[]",
        "{",
        '{"box": {"weights": [1], "least": 0}}',
        '{"box": {"weights": {"both": ["x"]}}}',
    )
    for text in bad:
        file.write_text(text)
        with pytest.raises(EstimatorError, match=r"calibration\.json"):
            Calibration.of(tmp_path)
