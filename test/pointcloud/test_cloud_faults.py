"""Broken files: each gets one line that names file, cause and remedy, and nothing is allocated on a header's word."""

from __future__ import annotations

import contextlib
import io
import struct
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spatial_perception.errors import CloudFileError, MissingExtraError
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.io import READ_SUFFIXES, probe_cloud, read_cloud, read_cloud_report, write_cloud

PLY = "ply\nformat {} 1.0\nelement vertex {}\nproperty float x\nproperty float y\nproperty float z\nend_header\n"
PCD = "VERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH {0}\nHEIGHT 1\nPOINTS {0}\nDATA {1}\n"
HUGE = 10**14


def _npy(shape, dtype="<f4", body=b""):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"shape": shape, "fortran_order": False, "descr": dtype})
    return buffer.getvalue() + body


def _npz(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def _numpy_file(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


TWELVE = struct.pack("<3f", 1, 2, 3)
FAULTS = [
    ("a.ply", b"", "is empty"),
    ("a.ply", b"PK\x03\x04 not a ply", "does not begin with 'ply'"),
    ("a.ply", b"ply\nformat ascii 1.0\nelement vertex 3\n", "no 'end_header'"),
    ("a.ply", b"ply\nelement vertex 3\nproperty float x\nend_header\n", "no 'format' line"),
    ("a.ply", b"ply\nformat ascii 1.0\nelement vertex -3\nend_header\n", "cannot read PLY header line"),
    ("a.ply", b"ply\nformat ascii 1.0\n\xff\xfe 3\nend_header\n", "not ASCII"),
    ("a.ply", b"ply\nformat ascii 1.0\nelement vertex 1\nproperty quad x\nend_header\n1\n", "unknown PLY property"),
    ("a.ply", b"ply\nformat ascii 1.0\nelement face 1\nproperty float x\nend_header\n1\n", "no 'vertex' element"),
    ("a.ply", b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float a\nend_header\n1\n", "no x, y and z columns"),
    ("a.ply", PLY.format("binary_little_endian", 3).encode() + TWELVE, "promises 3 points, the file holds 1"),
    ("a.ply", PLY.format("binary_little_endian", HUGE).encode() + TWELVE, f"promises {HUGE} points"),
    ("a.ply", PLY.format("ascii", 3).encode() + b"1 2 3\n4 5 6\n", "promises 3 points, the file holds 2"),
    ("a.ply", PLY.format("ascii", HUGE).encode() + b"1 2 3\n", f"promises {HUGE} points"),
    ("a.ply", PLY.format("ascii", 1).encode() + b"1 2 x\n", "could not convert"),
    ("a.ply", PLY.format("ascii", 1).encode() + b"1 2 3 4\n", "rows have 4 numbers"),
    ("a.ply", PLY.format("ascii", 0).encode(), "holds no points"),
    ("a.ply", PLY.format("ascii", 2).encode() + b"nan 1 2\n1 inf 2\n", "all 2 points are NaN or infinite"),
    ("a.pcd", b"hello\n", "unknown PCD header line"),
    ("a.pcd", b"# only\n", "no 'DATA' line"),
    ("a.pcd", b"FIELDS x \xc3\xa9\nDATA ascii\n", "not ASCII"),
    ("a.pcd", PCD.format(1, "zipped").encode(), "unknown PCD encoding"),
    ("a.pcd", PCD.format("many", "ascii").encode(), "is not a count"),
    ("a.pcd", PCD.format(2, "binary").replace("SIZE 4 4", "SIZE 4").encode(), "differ in length"),
    ("a.pcd", PCD.format(2, "binary").replace("SIZE 4", "SIZE 3").encode(), "impossible SIZE"),
    ("a.pcd", PCD.format(2, "binary").replace("HEIGHT 1", "HEIGHT 9").encode(), "contradicts itself"),
    ("a.pcd", PCD.format(2, "binary").encode() + TWELVE, "promises 2 points, the file holds 1"),
    ("a.pcd", PCD.format(HUGE, "binary").encode() + TWELVE, f"promises {HUGE} points"),
    ("a.pcd", PCD.format(2, "ascii").encode() + b"1 2 3\n", "promises 2 points, the file holds 1"),
    ("a.pcd", PCD.format(1, "binary_compressed").encode() + b"\0\0\0", "truncated"),
    ("a.pcd", PCD.format(1, "binary_compressed").encode() + struct.pack("<II", 99, 12), "99 compressed bytes"),
    ("a.pcd", PCD.format(1, "binary_compressed").encode() + struct.pack("<II", 2, 36) + b"ab", "block is for 3 points"),
    ("a.pcd", PCD.format(1, "binary_compressed").encode() + struct.pack("<II", 2, 12) + b"\xff\xff", "corrupt LZF"),
    ("a.pcd", PCD.format(3 * 10**8, "binary_compressed").encode() + struct.pack("<II", 2, 3600000000) + b"ab", "corrupt LZF"),
    ("a.npy", b"no numpy", "not a readable NumPy file"),
    ("a.npy", _npy((HUGE, 3), body=TWELVE), "truncated"),
    ("a.npy", _npy((0, 3)), "holds no points"),
    ("a.npy", _npy((1, 2), body=TWELVE), "expected points"),
    ("a.npy", _npy((3,), "|O", TWELVE * 9), "pickled Python objects"),
    ("a.npz", b"PK no zip", "not a readable NumPy file"),
    ("a.npz", _npz(faces=_numpy_file(np.zeros(3))), "no point array found"),
    ("a.npz", _npz(xyz=_npy((HUGE, 3), body=TWELVE)), "truncated"),
    ("a.npz", _npz(xyz=_npy((4, 3), "|O", TWELVE * 9)), "pickled Python objects"),
    ("a.npz", _npz(xyz=_numpy_file(np.ones((2, 3))), rgb=_numpy_file(np.ones((3, 3)))), "differ in number"),
    ("a.npz", _npz(xyz=_numpy_file(np.ones((2, 3))), rgb=_numpy_file(np.ones((2, 2)))), "colours must be"),
    ("a.npz", _npz(xyz=_numpy_file(np.ones((2, 3))), origin=_numpy_file(np.ones(2))), "'origin' must be three"),
    ("a.bin", TWELVE, "not a whole number of records"),
    ("a.xyz", b"one two three\n", "no row of numbers"),
    ("a.xyz", b"1 2\n3 4\n", "need x y z"),
    ("a.xyz", b"1 2 3\n4 5\n", "columns changed"),
    ("a.xyz", b"1 2 3\n\0\0", "binary, not a table"),
    ("a.pts", b"3\n1 2 3\n", "promises 3 points, the file holds 1"),
    ("a.las", b"LASF", "unknown kind of file '.las'"),
    ("noext", b"1 2 3", "unknown kind of file ''"),
]  # fmt: skip


# Names of their own: the bytes of archives hold the time, and tests must be called alike in all processes.
@pytest.mark.parametrize(("name", "content", "cause"), FAULTS, ids=[f"{k}-{f[0]}" for k, f in enumerate(FAULTS)])
def test_each_fault_is_one_line_with_file_and_cause(tmp_path, name, content, cause):
    path = tmp_path / name
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(CloudFileError) as caught:
        read_cloud(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    message = str(caught.value)
    assert message.startswith(str(path))
    assert cause in message
    assert ";" in message
    assert "\n" not in message
    assert peak < 8e6


def test_missing_files_and_folders(tmp_path):
    for read in (read_cloud, probe_cloud):
        with pytest.raises(CloudFileError, match="no such file"):
            read(tmp_path / "none.ply")
        with pytest.raises(CloudFileError, match="is a folder"):
            read(tmp_path)


def test_meshes_need_open3d_and_say_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "open3d", None)
    (tmp_path / "a.obj").write_text("v 0 0 0\n")
    with pytest.raises(MissingExtraError, match=r"spatial_perception\[open3d\]"):
        read_cloud(tmp_path / "a.obj")


def test_dropped_points_are_counted(tmp_path):
    xyz = np.ones((6, 3), np.float32)
    xyz[1, 2], xyz[4, 0] = np.nan, np.inf
    np.savez(tmp_path / "a.npz", xyz=xyz, rgb=np.arange(18, dtype=np.uint8).reshape(6, 3))
    cloud, report = read_cloud_report(tmp_path / "a.npz")
    assert (report.declared, report.kept, report.non_finite) == (6, 4, 2)
    np.testing.assert_array_equal(cloud.rgb[:, 0], [0, 6, 9, 15])


FUZZ = settings(
    derandomize=True, max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _survives(path):
    """Reading either works or fails on purpose; any other exception escapes."""
    for read in (read_cloud, probe_cloud):
        with contextlib.suppress(CloudFileError):
            assert read(path) is not None


@FUZZ
@given(content=st.binary(min_size=1, max_size=300), suffix=st.sampled_from(READ_SUFFIXES))
def test_random_bytes_only_fail_on_purpose(tmp_path, content, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    _survives(path)


def _valid_files(folder):
    generator = np.random.default_rng(5)
    cloud = PointCloud(generator.normal(size=(9, 3)), generator.integers(0, 255, (9, 3), np.uint8))
    for suffix in (".ply", ".pcd"):
        for ascii in (False, True):
            write_cloud(folder / f"{ascii}{suffix}", cloud, ascii=ascii)
    for suffix in (".npz", ".npy", ".bin", ".xyz"):
        write_cloud(folder / f"a{suffix}", cloud)
    packed = PCD.format(2, "binary_compressed").encode() + struct.pack("<II", 26, 24) + b"\x17" + TWELVE * 2 + b"\0"
    (folder / "c.pcd").write_bytes(packed)
    face = b"\x03" + struct.pack("<3i", 0, 1, 2)
    head = PLY.format("binary_little_endian", 1).replace(
        "element vertex", "element face 2\nproperty list char int i\nelement vertex"
    )
    (folder / "d.ply").write_bytes(head.encode() + face + b"\x01\0\0\0\0" + TWELVE)
    return sorted(folder.iterdir())


@pytest.mark.parametrize("which", range(10))
def test_mutated_files_only_fail_on_purpose(tmp_path, which):
    (tmp_path / "valid").mkdir()
    source = _valid_files(tmp_path / "valid")[which]
    content, path = source.read_bytes(), tmp_path / source.name

    @FUZZ
    @given(data=st.data())
    def mutate(data):
        changed = bytearray(content)
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(changed) - 1))
            kind = data.draw(st.sampled_from(["set", "cut", "insert", "number"]))
            if kind == "set":
                changed[at] = data.draw(st.integers(0, 255))
            elif kind == "cut":
                del changed[at : at + data.draw(st.integers(1, 40))]
            elif kind == "insert":
                changed[at:at] = data.draw(st.binary(min_size=1, max_size=8))
            else:
                changed[at:at] = str(data.draw(st.integers(0, 10**12))).encode()
            if not changed:
                break
        path.write_bytes(bytes(changed))
        _survives(path)

    mutate()
