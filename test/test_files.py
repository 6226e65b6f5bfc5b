from __future__ import annotations

import os

import pytest

from spatial_perception.errors import OutputError
from spatial_perception.files import atomic_path, atomic_write


def test_text_and_bytes_are_written_as_given(tmp_path):
    assert atomic_write(tmp_path / "a" / "b.txt", "é\r\n").read_bytes() == b"\xc3\xa9\r\n"
    assert atomic_write(tmp_path / "c.bin", b"\x00\xff").read_bytes() == b"\x00\xff"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a", "b.txt", "c.bin"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = atomic_write(tmp_path / "room.png", "old")

    def fail() -> None:
        with atomic_path(path) as temporary:
            assert temporary.suffix == ".png"
            temporary.write_text("half")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_keeps_pointing_to_the_file_that_is_replaced(tmp_path):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    atomic_write(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_permissions_are_those_of_a_new_file(tmp_path):
    (tmp_path / "plain.txt").write_text("x")
    written = atomic_write(tmp_path / "atomic.txt", "x")
    assert written.stat().st_mode == (tmp_path / "plain.txt").stat().st_mode


def test_unusable_targets_are_named(tmp_path):
    with pytest.raises(OutputError, match="is a folder or a device"):
        atomic_write(tmp_path, "x")
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match=r"cannot be written .*; check the folder"):
        atomic_write(tmp_path / "file" / "below.txt", "x")
    with pytest.raises(OutputError, match="UTF-8"):
        atomic_write(tmp_path / "x.txt", "\ud800")
    with pytest.raises(OutputError, match="is a folder or a device"):
        atomic_write(os.devnull, "x")
