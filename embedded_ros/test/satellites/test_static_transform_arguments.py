"""The command line of static_transform_publisher."""

from __future__ import annotations

import math

import pytest

from embedded_ros.executables.static_transform_publisher import parse, quaternion_of


def values(message):
    t, q = message.transform.translation, message.transform.rotation
    return (t.x, t.y, t.z, q.x, q.y, q.z, q.w)


def test_new_and_old_style_agree():
    half = math.sqrt(0.5)
    new = parse(["--x", "1", "--z", "-2", "--yaw", "1.5707963267948966", "--frame-id", "a", "--child-frame-id", "b"])
    assert values(new) == pytest.approx((1, 0, -2, 0, 0, half, half))
    assert (new.header.frame_id, new.child_frame_id) == ("a", "b")
    assert parse(["1", "0", "-2", str(math.pi / 2), "0", "0", "a", "b"]) == new
    assert values(parse(f"1 0 -2 0 0 {half} {half} a b".split())) == pytest.approx(values(new))


def test_angles_are_applied_about_fixed_axes_in_the_order_roll_pitch_yaw():
    from tf2_py.rigid import rotate

    # roll takes y to z, pitch takes z to x, yaw takes x to y: the y axis comes back to itself
    assert rotate(quaternion_of(math.pi / 2, math.pi / 2, math.pi / 2), (0, 1, 0)) == pytest.approx((0, 1, 0))
    assert rotate(quaternion_of(math.pi / 2, 0, 0), (0, 1, 0)) == pytest.approx((0, 0, 1))
    assert rotate(quaternion_of(0, math.pi / 2, 0), (0, 0, 1)) == pytest.approx((1, 0, 0))


@pytest.mark.parametrize(
    "words",
    [
        "--x 1 --frame-id a",
        "--x one --frame-id a --child-frame-id b",
        "--yaw 1 --qw 1 --frame-id a --child-frame-id b",
        "--qw 2 --frame-id a --child-frame-id b",
        "--qx 0 --frame-id a --child-frame-id b",
        "--frame-id a --child-frame-id a",
        "1 2 3",
    ],
)
def test_wrong_arguments(words, capsys):
    with pytest.raises(SystemExit):
        parse(words.split())
    assert "usage" in capsys.readouterr().err
