"""The tree of frames by itself: interpolation, walking, errors, memory."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tf2_py import ConnectivityException, ExtrapolationException, InvalidArgumentException, LookupException
from tf2_py.rigid import IDENTITY, compose, invert, rotate, rotation_matrix, slerp
from tf2_py.tree import FrameTree

S = 1_000_000_000
angles = st.floats(-3.1, 3.1)
metres = st.floats(-50, 50)


def yawed(x: float, y: float, z: float, yaw: float):
    return (x, y, z, 0.0, 0.0, math.sin(yaw / 2), math.cos(yaw / 2))


def shifted(x: float, y: float = 0.0, z: float = 0.0):
    return (x, y, z, 0.0, 0.0, 0.0, 1.0)


@pytest.fixture
def tree():
    return FrameTree(10 * S)


def quaternions():
    return (
        st.tuples(*[st.floats(-1, 1)] * 4)
        .filter(lambda q: np.linalg.norm(q) > 0.1)
        .map(lambda q: tuple(float(v) for v in np.array(q) / np.linalg.norm(q)))
    )


@settings(max_examples=60, derandomize=True, deadline=None)
@given(quaternions(), st.tuples(metres, metres, metres))
def test_rotation_of_a_vector_equals_its_matrix(quaternion, vector):
    assert np.allclose(rotate(quaternion, vector), rotation_matrix(quaternion) @ vector, atol=1e-9)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(quaternions(), quaternions(), st.tuples(metres, metres, metres), st.tuples(metres, metres, metres))
def test_composition_applies_the_inner_first_and_inverts(qa, qb, ta, tb):
    a, b = (*ta, *qa), (*tb, *qb)
    point = (0.3, -1.0, 2.0)
    inner = np.add(rotate(b[3:], point), b[:3])
    both = compose(a, b)
    assert np.allclose(np.add(rotate(both[3:], point), both[:3]), np.add(rotate(a[3:], inner), a[:3]), atol=1e-9)
    assert np.allclose(compose(invert(a), a)[:3], 0.0, atol=1e-9)


def test_slerp_is_uniform_and_takes_the_short_way():
    start, end = yawed(0, 0, 0, 0.2)[3:], yawed(0, 0, 0, 1.4)[3:]
    assert slerp(start, end, 0.25) == pytest.approx(yawed(0, 0, 0, 0.5)[3:])
    opposite = tuple(-value for value in end)
    assert slerp(start, opposite, 0.25) == pytest.approx(yawed(0, 0, 0, 0.5)[3:])
    assert slerp(start, start, 0.7) == pytest.approx(start)


def test_interpolates_between_two_stamps(tree):
    tree.insert("base", "odom", 1 * S, yawed(0, 0, 0, 0.0), "t")
    tree.insert("base", "odom", 2 * S, yawed(2, 4, 0, 1.0), "t")
    stamp, transform = tree.lookup("odom", "base", int(1.25 * S))
    assert stamp == int(1.25 * S)
    assert transform == pytest.approx(yawed(0.5, 1.0, 0, 0.25))


def test_chain_up_down_and_across(tree):
    tree.insert("odom", "map", 5 * S, yawed(1, 0, 0, math.pi / 2), "t")
    tree.insert("base", "odom", 5 * S, shifted(2), "t")
    tree.insert("laser", "base", 0, shifted(0, 0, 0.5), "t", static=True)
    tree.insert("camera", "base", 0, shifted(0.3), "t", static=True)
    assert tree.lookup("map", "laser", 0)[1][:3] == pytest.approx((1, 2, 0.5))
    assert tree.lookup("laser", "map", 0)[1][:3] == pytest.approx((-2, 1, -0.5))
    assert tree.lookup("laser", "camera", 0)[1][:3] == pytest.approx((0.3, 0, -0.5))
    assert tree.lookup("base", "base", 0) == (5 * S, IDENTITY)
    assert tree.chain("map", 0, "camera", 0, "base") == ["camera", "base", "odom", "map"]


def test_latest_common_time_is_that_of_the_slowest_link(tree):
    tree.insert("odom", "map", 4 * S, IDENTITY, "t")
    tree.insert("base", "odom", 3 * S, shifted(1), "t")
    tree.insert("base", "odom", 7 * S, shifted(5), "t")
    tree.insert("laser", "base", 0, IDENTITY, "t", static=True)
    stamp, transform = tree.lookup("map", "laser", 0)
    assert stamp == 4 * S
    assert transform[0] == pytest.approx(2.0)
    assert tree.latest_common_time("laser", "base") == 0


def test_static_chain_holds_at_any_time(tree):
    tree.insert("a", "root", 0, shifted(1), "t", static=True)
    tree.insert("b", "a", 0, shifted(1), "t", static=True)
    assert tree.lookup("root", "b", 99 * S) == (99 * S, shifted(2))


def test_siblings_do_not_need_data_above_their_parent(tree):
    tree.insert("base", "odom", 1 * S, IDENTITY, "t")
    tree.insert("laser", "base", 0, shifted(1), "t", static=True)
    tree.insert("camera", "base", 0, shifted(2), "t", static=True)
    assert tree.lookup("laser", "camera", 500 * S)[1][0] == pytest.approx(1.0)


def test_errors_name_frames_and_times(tree):
    tree.insert("base", "odom", 1 * S, IDENTITY, "t")
    tree.insert("base", "odom", 2 * S, IDENTITY, "t")
    tree.insert("thing", "elsewhere", 1 * S, IDENTITY, "t")
    with pytest.raises(ExtrapolationException, match=r"into the future.*3\.500000.*latest data is at time 2\.000000"):
        tree.lookup("odom", "base", int(3.5 * S))
    with pytest.raises(ExtrapolationException, match=r"into the past.*earliest data is at time 1\.000000.*\[base\]"):
        tree.lookup("odom", "base", S // 2)
    with pytest.raises(ExtrapolationException, match=r"only time 1\.000000 is in the buffer"):
        tree.lookup("thing", "elsewhere", 2 * S)
    with pytest.raises(ConnectivityException, match="'odom' and 'thing'"):
        tree.lookup("odom", "thing", 0)
    with pytest.raises(
        LookupException, match=r'"nowhere" passed to lookupTransform argument source_frame does not exist'
    ):
        tree.lookup("odom", "nowhere", 0)
    with pytest.raises(InvalidArgumentException, match="empty"):
        tree.lookup("", "base", 0)
    with pytest.raises(InvalidArgumentException, match="start with"):
        tree.lookup("/odom", "base", 0)


def test_a_loop_is_reported(tree):
    tree.insert("a", "b", S, IDENTITY, "t")
    tree.insert("b", "a", S, IDENTITY, "t")
    tree.insert("c", "d", S, IDENTITY, "t")
    with pytest.raises(LookupException, match="loop"):
        tree.lookup("a", "c", S)


def test_memory_is_bounded_and_late_data_are_sorted_in(tree):
    for second in (20, 1, 12, 30):
        tree.insert("base", "odom", second * S, shifted(second), "t")
    assert not tree.insert("base", "odom", 5 * S, IDENTITY, "t")
    assert tree.insert("base", "odom", 25 * S, shifted(25), "t")
    assert tree.lookup("odom", "base", int(27.5 * S))[1][0] == pytest.approx(27.5)
    with pytest.raises(ExtrapolationException):
        tree.lookup("odom", "base", 12 * S)


def test_a_repeated_stamp_is_replaced(tree):
    tree.insert("base", "odom", S, shifted(1), "t")
    tree.insert("base", "odom", S, shifted(2), "t")
    assert tree.lookup("odom", "base", S)[1][0] == 2
    assert tree.records()[0][2].span() == (1, S, S)


def test_no_interpolation_across_a_change_of_parent(tree):
    tree.insert("box", "shelf", 1 * S, shifted(1), "t")
    tree.insert("box", "gripper", 2 * S, shifted(9), "t")
    assert tree.lookup("shelf", "box", int(1.9 * S))[1][0] == 1
    assert tree.lookup("gripper", "box", 2 * S)[1][0] == 9


def test_clear_keeps_static_frames_and_names(tree):
    tree.insert("base", "odom", S, IDENTITY, "t")
    tree.insert("laser", "base", 0, shifted(1), "t", static=True)
    tree.clear()
    assert tree.lookup("base", "laser", 0)[1][0] == 1
    assert tree.has("odom")
    with pytest.raises(ConnectivityException):
        tree.lookup("odom", "base", 0)


def test_lookup_between_two_times_over_a_fixed_frame(tree):
    tree.insert("base", "odom", 1 * S, shifted(1), "t")
    tree.insert("base", "odom", 3 * S, shifted(5), "t")
    stamp, transform = tree.lookup_full("base", 3 * S, "base", 1 * S, "odom")
    assert stamp == 3 * S
    assert transform[0] == pytest.approx(-4.0)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.lists(st.tuples(metres, metres, angles), min_size=2, max_size=6), st.data())
def test_any_two_frames_of_a_random_tree_are_inverse_of_each_other(poses, data):
    tree = FrameTree(10 * S)
    for index, (x, y, yaw) in enumerate(poses, start=1):
        parent = data.draw(st.integers(0, index - 1))
        tree.insert(str(index), str(parent), S, yawed(x, y, 0, yaw), "t")
    a, b = (str(data.draw(st.integers(0, len(poses)))) for _ in range(2))
    forth, back = tree.lookup(a, b, 0)[1], tree.lookup(b, a, 0)[1]
    assert np.allclose(compose(forth, back)[:3], 0.0, atol=1e-6)
