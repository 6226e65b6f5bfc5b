"""Epochs begin for a reason, once; the origin stays while the map grows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.errors import ConfigError
from spatial_perception.mapping.pose import Pose
from spatial_perception.mapping.scene_frame import (
    CorrectionJumps,
    JumpLimits,
    OriginPolicy,
    SceneFrame,
    SceneKeeper,
    TimeJumps,
    with_bounds,
)

corner = st.tuples(*[st.floats(-50, 50)] * 3)
size = st.tuples(*[st.floats(0.1, 30)] * 3)


@given(corner, size)
@settings(derandomize=True, deadline=None)
def test_origin_reaches_everything_that_fits(low, extent):
    policy = OriginPolicy()
    high = tuple(a + b for a, b in zip(low, extent))
    origin = policy.origin(low, high)
    assert policy.covers(origin, low, high)
    assert all(abs(o / policy.grid - round(o / policy.grid)) < 1e-9 for o in origin)


@given(corner, st.lists(st.floats(0, 1.5), min_size=1, max_size=20))
@settings(derandomize=True, deadline=None)
def test_origin_stays_while_the_map_grows_within_reach(low, growth):
    high = tuple(a + 8 for a in low)
    frame = first = with_bounds(SceneFrame("map"), low, high, OriginPolicy())
    for step in growth:
        frame = with_bounds(frame, tuple(a - step for a in low), tuple(b + step for b in high), OriginPolicy())
    assert frame == first


def test_origin_moves_when_something_lies_below_it():
    frame = with_bounds(SceneFrame("map"), (0, 0, 0), (5, 5, 3), OriginPolicy())
    moved = with_bounds(frame, (-10, 0, 0), (5, 5, 3), OriginPolicy())
    assert (frame.revision, moved.revision, moved.epoch) == (0, 1, 0)
    assert moved.origin[0] < -10


def test_a_map_larger_than_the_extent_does_not_move_the_origin_each_time():
    frame = with_bounds(SceneFrame("map"), (0, 0, 0), (40, 5, 3), OriginPolicy())
    assert with_bounds(frame, (0, 0, 0), (45, 5, 3), OriginPolicy()) is frame


def test_a_bag_that_starts_again_is_noticed_with_its_first_message():
    times = TimeJumps()
    assert [times.observe("/scan", t) for t in (10.0, 10.1, 20.0)] == [None] * 3
    assert times.observe("/scan", 10.0) == "time of /scan jumped back by 10.0 s"
    assert times.observe("/scan", 10.1) is None


def test_many_sources_report_one_jump_once_and_stragglers_are_known():
    times = TimeJumps()
    for t in (0.0, 30.0, 60.0):
        assert times.observe("/a", t) is None
        assert times.observe("/b", t) is None
    assert times.observe("/a", 1.0) is not None
    assert times.is_stale("/b", 60.1)
    assert times.observe("/b", 60.1) is None
    assert not times.is_stale("/b", 1.0)
    assert times.observe("/b", 1.0) is None
    assert times.observe("/a", 1.1) is None


def test_a_hundred_loops_are_a_hundred_epochs():
    keeper = SceneKeeper("map")
    reasons = [
        keeper.stamped(topic, float(t)) for _ in range(100) for t in range(30) for topic in ("/a", "/b", "/clock")
    ]
    assert sum(reason is not None for reason in reasons) == 99
    assert keeper.frame.epoch == 99


@given(st.lists(st.floats(0, 0.9), max_size=30))
@settings(derandomize=True, deadline=None)
def test_messages_that_overtake_each_other_are_no_jump(delays):
    times = TimeJumps(JumpLimits(backward=1.0))
    assert all(times.observe("/a", 100.0 + i - delay) is None for i, delay in enumerate(delays))


def test_a_far_forward_stamp_is_another_clock():
    times = TimeJumps()
    times.observe("/a", 12.0)
    assert "forward" in times.observe("/a", 1.7e9)


def test_small_corrections_drift_and_large_ones_jump():
    jumps = CorrectionJumps()
    assert [jumps.observe(Pose.planar(0.1 * i, 0, 0, 0.02 * i)) for i in range(20)] == [None] * 20
    assert "localisation jumped by 3.10 m" in jumps.observe(Pose.planar(5.0, 0, 0, 0.38))
    assert jumps.observe(Pose.planar(5.0, 0, 0, 0.38)) is None
    assert jumps.observe(Pose.planar(5.0, 0, 0, 0.9)) is not None


def test_keeper_counts_epochs_and_says_why():
    keeper = SceneKeeper("map")
    keeper.grown((0, 0, 0), (4, 4, 2.5))
    assert keeper.frame.origin == (-2.0, -2.0, -2.0)
    assert keeper.reset("asked for", 5.0) == "asked for"
    assert (keeper.frame.epoch, keeper.frame.reason, keeper.frame.origin) == (1, "asked for", None)
    keeper.corrected(Pose(), 6.0)
    assert keeper.corrected(Pose.planar(2, 0), 7.0) is not None
    assert (keeper.frame.epoch, keeper.frame.stamp) == (2, 7.0)


def test_settings_that_cannot_be():
    with pytest.raises(ConfigError):
        OriginPolicy(extent=1.0)
    with pytest.raises(ConfigError):
        JumpLimits(backward=0.0)
