"""`layout`: every input and every format, faults of every kind, batches."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from spatial_perception.layout.text import parse_layout

FORMATS = ["txt", "json", "geojson", "png", "svg", "pdf", "3d"]


def lines(text):
    return [line for line in text.splitlines() if line.strip()]


def files(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


@pytest.mark.parametrize("suffix", [".ply", ".pcd", ".npz", ".xyz"])
def test_one_file_prints_its_layout(run, stub, cloud_file, suffix):
    done = run("layout", cloud_file(f"room{suffix}"))
    assert done.code == 0
    assert len(parse_layout(done.out)) == 7


def test_printed_text_can_be_json(run, stub, cloud_file):
    assert json.loads(run("layout", cloud_file(), "-f", "json").out)["walls"]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_written_twice_the_same(run, stub, cloud_file, tmp_path, form):
    path = cloud_file()
    for folder in ("a", "b"):
        assert run("layout", path, "-o", folder, "-f", form).code == 0
    name = "room_3d.png" if form == "3d" else f"room.{form}"
    assert list(files(tmp_path / "a")) == [name]
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_recordings_are_written(run, stub, cloud_file, tmp_path):
    pytest.importorskip("rerun")
    assert run("layout", cloud_file(), "-o", "out", "-f", "rrd,txt").code == 0
    assert sorted(files(tmp_path / "out")) == ["room.rrd", "room.txt"]


def test_the_summary_lists_all_clouds(run, stub, cloud_file, tmp_path):
    for name in ("in/b.ply", "in/a.pcd"):
        cloud_file(name)
    done = run("layout", "in", "-o", "out")
    assert done.code == 0
    assert done.out == ""
    assert done.err.index(" a ") < done.err.index(" b ")
    assert "2 files in out" in done.err
    assert max(map(len, done.err.splitlines())) <= 80


def test_a_test_set_is_a_folder_of_clouds(run, stub, cloud_file, tmp_path):
    cloud_file("set/pcd/x.ply")
    assert run("layout", "set", "-o", "out").code == 0
    assert list(files(tmp_path / "out")) == ["x.txt"]


def test_one_bad_file_does_not_stop_the_others(run, stub, cloud_file, tmp_path):
    good = [cloud_file(f"{c}.ply") for c in "ab"]
    (tmp_path / "bad.ply").write_bytes(b"ply\nformat ascii 1.0\n")
    done = run("layout", good[0], "bad.ply", "gone.ply", good[1], "-o", "out")
    assert done.code == 2
    assert sorted(files(tmp_path / "out")) == ["a.txt", "b.txt"]
    last = lines(done.err)[-3:]
    assert last[0].startswith("error: bad.ply")
    assert last[1] == "error: gone.ply: no such file; check the path"
    assert last[2] == "2 of 4 clouds failed"


def test_an_unforeseen_exception_is_one_line_too(run, stub, cloud_file, tmp_path):
    odd, good = cloud_file("odd.ply", count=13), cloud_file("good.ply")
    done = run("layout", odd, good, "-o", "out")
    assert done.code == 2
    assert list(files(tmp_path / "out")) == ["good.txt"]
    assert "odd.ply: unexpected ZeroDivisionError: thirteen points; run again with --debug" in done.err
    with pytest.raises(ZeroDivisionError):
        run("layout", odd, "-o", "out", "--debug")


def test_clashing_names_are_resolved_and_said(run, stub, cloud_file, tmp_path):
    paths = [cloud_file(n) for n in ("x/scan.ply", "y/scan.ply", "y/scan.pcd", "y/other.ply")]
    done = run("layout", *paths, "-o", "out")
    assert sorted(files(tmp_path / "out")) == ["other.txt", "scan_pcd.txt", "x_scan_ply.txt", "y_scan_ply.txt"]
    assert done.err.count("the name is taken") == 3


def test_existing_results_are_replaced_whole(run, stub, cloud_file, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "room.txt").write_text("old " * 100_000)
    assert run("layout", cloud_file(), "-o", "out").code == 0
    assert (tmp_path / "out" / "room.txt").read_text().startswith("wall_0=Wall(")
    assert list(files(tmp_path / "out")) == ["room.txt"]


def test_several_files_without_a_folder_say_that_nothing_is_kept(run, stub, cloud_file):
    done = run("layout", cloud_file("a.ply"), cloud_file("b.ply"))
    assert done.code == 0
    assert done.out == ""
    assert "add -o DIR" in done.err


def test_categories_and_task_reach_the_estimator(run, stub, cloud_file):
    assert "bbox" not in run("layout", cloud_file(), "--categories", "bed").out
    assert "sofa" in run("layout", cloud_file(), "--categories", "bed,sofa").out


def test_what_was_corrected_is_said(run, stub, cloud_file, tmp_path):
    done = run("layout", cloud_file(), "--up", "y", "--scale", "mm")
    assert done.code == 0
    assert "warning: room.ply: results are in frame" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--task", "walls"], "unknown task 'walls'; choose from all, layout, objects"),
        (["--categories", "sofaa"], "unknown category 'sofaa'; did you mean 'sofa'?"),
        (["--format", "docx"], "unknown format 'docx'; choose from txt"),
        (["--up", "north"], "unknown up axis 'north'; choose from auto"),
        (["--scale", "0"], "scale '0' is unknown; give auto"),
        (["--scale", "big"], "scale 'big' is unknown; give auto"),
        (["--estimator", "nope"], "cannot load estimator 'nope'"),
        (["--estimator", "geometric", "--set", "voxl=0.1"], "unknown setting 'voxl'; did you mean 'voxel'?"),
        (["--estimator", "geometric", "--set", "voxel=99"], "setting 'voxel' = 99"),
        (["--set", "voxel=0.1"], "'voxel' is a setting of 'geometric': add --estimator geometric"),
        (["--config", "gone.yaml"], "gone.yaml: cannot be read"),
    ],
)
def test_every_wrong_option_is_one_line_and_writes_nothing(run, cloud_file, tmp_path, arguments, message):
    done = run("layout", cloud_file(), "-o", "out", *arguments)
    assert done.code == 2
    assert len(lines(done.err)) == 1
    assert done.err.startswith("error: ")
    assert message in done.err
    assert not (tmp_path / "out").exists()


BAD_FILES = {
    "empty.ply": b"",
    "junk.pcd": b"\x00\xff junk",
    "cut.ply": b"ply\nformat binary_little_endian 1.0\nelement vertex 99\nproperty float x\nproperty float y\n"
    b"property float z\nend_header\n\x00\x00",
    "what.docx": b"hello",
    "nan.xyz": b"nan nan nan\nnan nan nan\n",
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_every_bad_cloud_is_one_line_that_names_it(run, stub, tmp_path, name):
    (tmp_path / name).write_bytes(BAD_FILES[name])
    done = run("layout", name, "-o", "out")
    assert done.code == 2
    assert len(lines(done.err)) == 1
    assert done.err.startswith(f"error: {name}")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_without_clouds_is_an_error(run, tmp_path):
    (tmp_path / "in").mkdir()
    done = run("layout", "in")
    assert (done.code, done.err.startswith("error: in: no clouds")) == (2, True)


def test_an_output_that_is_a_file_is_an_error_before_any_work(run, stub, cloud_file, tmp_path):
    (tmp_path / "out").write_text("x")
    done = run("layout", cloud_file(), "-o", "out")
    assert (done.code, "out: is a file, not a folder" in done.err) == (2, True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder_is_an_error_before_any_work(run, stub, cloud_file, tmp_path):
    (tmp_path / "out").mkdir(mode=0o500)
    done = run("layout", cloud_file(), "-o", "out")
    assert (done.code, "out: not writable" in done.err) == (2, True)


def test_file_names_cannot_forge_output(run, stub, tmp_path):
    done = run("layout", "a\x1b[31m\nerror: b.ply")
    assert done.code == 2
    assert len(lines(done.err)) == 1
    assert "\x1b" not in done.err


def test_several_processes_give_the_same_bytes(run, cloud_file, tmp_path):
    for i in range(3):
        cloud_file(f"in/c{i}.ply", seed=i)
    (tmp_path / "in" / "bad.ply").write_bytes(b"")
    measured = ("--estimator", "geometric")
    for jobs in ("1", "2"):
        done = run(
            "layout", "in", "-o", f"out{jobs}", "-j", jobs, "-f", "txt,json,png", *measured, "--set", "voxel=0.05"
        )
        assert done.code == 2
        assert lines(done.err)[-1] == "1 of 4 clouds failed"
    assert len(files(tmp_path / "out1")) == 9
    assert files(tmp_path / "out1") == files(tmp_path / "out2")


def test_settings_come_from_a_file(run, cloud_file, tmp_path):
    (tmp_path / "c.yaml").write_text("voxel: 0.05\nvoxl: 1\n")
    done = run("layout", cloud_file(), "--config", "c.yaml", "--estimator", "geometric")
    assert (done.code, "c.yaml:2: unknown setting 'voxl'" in done.err) == (2, True)


def test_one_point_and_a_plane_end_in_an_error_or_a_layout(run, tmp_path):
    np.savetxt(tmp_path / "one.xyz", [[1.0, 2.0, 3.0]])
    np.savetxt(tmp_path / "plane.xyz", np.random.default_rng(0).random((500, 3)) * (1, 1, 0))
    for name in ("one.xyz", "plane.xyz"):
        done = run("layout", name, "-o", "out")
        assert done.code in (0, 2)
        assert "unexpected" not in done.err
