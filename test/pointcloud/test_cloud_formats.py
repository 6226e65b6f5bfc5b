"""Every format, field order and colour encoding that the readers promise."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from spatial_perception.errors import OutputError
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.io import (
    READ_SUFFIXES,
    WRITE_SUFFIXES,
    cloud_files,
    probe_cloud,
    read_cloud,
    read_cloud_report,
    write_cloud,
)
from spatial_perception.pointcloud.lzf import lzf_decompress

XYZ = np.array([[1.5, -2.25, 0.5], [3.0, 4.0, 5.0], [-6.5, 7.0, 8.125]], np.float32)
RGB = np.array([[255, 0, 1], [10, 20, 30], [128, 127, 254]], np.uint8)


def _write(folder, name, *parts):
    path = folder / name
    path.write_bytes(b"".join(part.encode() if isinstance(part, str) else part for part in parts))
    return path


def _ply(encoding, body, *lines, count=3):
    properties = "".join(f"property {line}\n" for line in lines)
    return f"ply\nformat {encoding} 1.0\ncomment caf\xe9\nelement vertex {count}\n{properties}end_header\n", body


def _check(path, rgb=RGB, xyz=XYZ):
    cloud = read_cloud(path, frame_id="map", stamp=2.0)
    np.testing.assert_array_equal(cloud.xyz, xyz)
    if rgb is None:
        assert cloud.rgb is None
    else:
        np.testing.assert_array_equal(cloud.rgb, rgb)
    assert (cloud.frame_id, cloud.stamp) == ("map", 2.0)
    summary = probe_cloud(path)
    assert summary.points == len(xyz)
    assert summary.has_colour == (rgb is not None)


@pytest.mark.parametrize("order", ["<", ">"])
def test_ply_binary_of_any_order_type_and_property_order(tmp_path, order):
    records = np.zeros(3, [("b", "u1"), ("z", order + "f8"), ("q", order + "i2"), ("x", order + "f4"), ("g", "u1"),
                           ("y", order + "f8"), ("r", "u1")])  # fmt: skip
    for i, name in enumerate("xyz"):
        records[name] = XYZ[:, i]
    for i, name in enumerate("rgb"):
        records[name] = RGB[:, i]
    encoding = "binary_little_endian" if order == "<" else "binary_big_endian"
    head, body = _ply(encoding, records.tobytes(), "uchar b", "double z", "short q", "float32 x", "uint8 g",
                      "float64 y", "uchar r")  # fmt: skip
    _check(_write(tmp_path, "a.ply", head, body))


def test_ply_ascii_with_windows_line_ends_and_eight_bit_black_and_one(tmp_path):
    body = "".join(f"{x} {y} {z} 1 0 1\r\n" for x, y, z in XYZ)
    head, _ = _ply("ascii", "", "float x", "float y", "float z", "uchar red", "uchar green", "uchar blue")
    path = _write(tmp_path, "a.ply", head.replace("\n", "\r\n"), body)
    # The declared type decides: one of 255, though the largest value is below 1.1.
    _check(path, np.tile(np.uint8([1, 0, 1]), (3, 1)))


@pytest.mark.parametrize("lengths", [(3, 3), (3, 5)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_ply_skips_faces_before_the_points(tmp_path, lengths, order):
    faces = b"".join(struct.pack(f"{order}B{n}iB", n, *range(n), 7) for n in lengths)
    encoding = "binary_little_endian" if order == "<" else "binary_big_endian"
    head = (
        f"ply\nformat {encoding} 1.0\nelement face 2\nproperty list uchar int vertex_indices\nproperty uchar flag\n"
        "element vertex 3\nproperty float x\nproperty float y\nproperty float z\nend_header\n"
    )
    _check(_write(tmp_path, "a.ply", head, faces, XYZ.astype(order + "f4").tobytes()), None)


@pytest.mark.parametrize("lengths", [(2, 2, 2), (0, 2, 1)])
@pytest.mark.parametrize("ascii", [True, False])
def test_ply_skips_lists_within_the_points(tmp_path, lengths, ascii):
    head, _ = _ply("ascii" if ascii else "binary_little_endian", b"", "float x", "list uchar ushort seen", "float y",
                   "float z")  # fmt: skip
    rows = [(x, n, range(n), y, z) for (x, y, z), n in zip(XYZ, lengths)]
    if ascii:
        body = "".join(f"{x} {n} {' '.join(map(str, seen))} {y} {z}\n" for x, n, seen, y, z in rows).encode()
    else:
        body = b"".join(struct.pack(f"<fB{n}Hff", x, n, *seen, y, z) for x, n, seen, y, z in rows)
    _check(_write(tmp_path, "a.ply", head, body), None)


def test_ply_ascii_skips_elements_before_the_points(tmp_path):
    head = (
        "ply\nformat ascii 1.0\nelement face 2\nproperty list uchar int i\n"
        "element vertex 3\nproperty float x\nproperty float y\nproperty float z\nend_header\n3 0 1 2\n4 0 1 2 3\n"
    )
    _check(_write(tmp_path, "a.ply", head, "".join(f"{x} {y} {z}\n" for x, y, z in XYZ)), None)


@pytest.mark.parametrize(
    ("kind", "factor"), [("float", 1 / 255), ("float", 1.0), ("ushort", 257), ("ushort", 1), ("int", 1)]
)
def test_colours_of_other_types(tmp_path, kind, factor):
    body = "".join(
        f"{x} {y} {z} {' '.join(f'{c * factor:.9g}' for c in rgb)}\n" for (x, y, z), rgb in zip(XYZ, RGB.tolist())
    )
    head, _ = _ply("ascii", "", "float x", "float y", "float z", f"{kind} red", f"{kind} green", f"{kind} blue")
    _check(_write(tmp_path, "a.ply", head, body))


def _pcd(data, fields="x y z", size="4 4 4", types="F F F", counts="1 1 1", width=3, height=1, version="0.7"):
    return (
        f"# .PCD v{version} - Point Cloud Data file format\nVERSION {version}\nFIELDS {fields}\nSIZE {size}\nTYPE {types}\n"
        f"COUNT {counts}\nWIDTH {width}\nHEIGHT {height}\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {width * height}\nDATA {data}\n"
    )


def _packed():
    wide = RGB.astype(np.uint32)
    return (wide[:, 0] << 16) | (wide[:, 1] << 8) | wide[:, 2]


@pytest.mark.parametrize("kind", ["F", "U", "I"])
def test_pcd_binary_with_padding_histograms_and_packed_colour(tmp_path, kind):
    records = np.zeros(3, [("z", "<f8"), ("p", "u1", 5), ("x", "<f4"), ("h", "<f4", 4), ("y", "<f4"), ("p2", "u1", 3),
                           ("rgb", "<u4"), ("i", "<u2")])  # fmt: skip
    records["x"], records["y"], records["z"], records["rgb"] = *XYZ.T, _packed() | np.uint32(0xFF000000)
    head = _pcd("binary", "z _ x fpfh y _ rgb intensity", "8 1 4 4 4 1 4 2", f"F U F F F U {kind} U", "1 5 1 4 1 3 1 1")
    _check(_write(tmp_path, "a.pcd", head, records.tobytes()))


def test_pcd_ascii_with_packed_float_and_old_header(tmp_path):
    floats = _packed().view(np.float32)
    rows = "".join(f"{x} {y} {z} {c:.9g}\n" for (x, y, z), c in zip(XYZ, floats))
    head = "# .PCD v.5\nVERSION .5\nFIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F F\nWIDTH 3\nHEIGHT 1\nDATA ascii\n"
    _check(_write(tmp_path, "a.pcd", head, rows))


def test_pcd_ascii_packed_integers(tmp_path):
    rows = "".join(f"{x} {y} {z} {c}\n" for (x, y, z), c in zip(XYZ, _packed()))
    _check(_write(tmp_path, "a.pcd", _pcd("ascii", "x y z rgb", "4 4 4 4", "F F F U", "1 1 1 1"), rows))


def lzf_compress(data):
    """A plain compressor with references, written for these tests."""
    out, literals, at, seen = bytearray(), bytearray(), 0, {}

    def flush():
        for start in range(0, len(literals), 32):
            piece = literals[start : start + 32]
            out.append(len(piece) - 1)
            out.extend(piece)
        literals.clear()

    while at < len(data):
        key, before = data[at : at + 3], seen.get(data[at : at + 3], -1)
        seen[key] = at
        length = 0
        if before >= 0 and at - before <= 8192 and len(key) == 3:
            while at + length < len(data) and length < 264 and data[before + length] == data[at + length]:
                length += 1
        if length < 3:
            literals.append(data[at])
            at += 1
            continue
        flush()
        distance = at - before - 1
        head = min(length - 2, 7) << 5 | distance >> 8
        out.extend([head, length - 9, distance & 255] if length - 2 >= 7 else [head, distance & 255])
        at += length
    flush()
    return bytes(out)


def test_pcd_compressed_organised_with_nan(tmp_path):
    xyz = np.random.default_rng(0).random((8, 5, 3)).round(1).astype("<f4")
    xyz[2, 3] = np.nan
    raw = b"".join(xyz.reshape(-1, 3)[:, i].tobytes() for i in range(3))
    packed = lzf_compress(raw)
    assert len(packed) < len(raw)
    path = _write(
        tmp_path,
        "a.pcd",
        _pcd("binary_compressed", width=5, height=8),
        struct.pack("<II", len(packed), len(raw)),
        packed,
    )
    cloud, report = read_cloud_report(path)
    np.testing.assert_array_equal(cloud.xyz, np.delete(xyz.reshape(-1, 3), 13, axis=0))
    assert (report.declared, report.kept, report.non_finite) == (40, 39, 1)
    assert any("organised" in note for note in report.notes)
    assert any("1 of 40 points dropped" in note for note in report.notes)


@pytest.mark.parametrize("data", [b"", b"a", b"abc" * 400, bytes(1000), bytes(range(256)) * 3])
def test_lzf_round_trip(data):
    assert lzf_decompress(lzf_compress(data), len(data)) == data


def test_npy_and_npz_of_many_shapes(tmp_path):
    six = np.concatenate([XYZ, RGB], axis=1)
    fortran, with_intensity = np.asfortranarray(six), np.c_[XYZ, RGB[:, :1]]
    arrays = [(XYZ, None), (XYZ.astype(">f8"), None), (six, RGB), (fortran, RGB), (six.reshape(1, 3, 6), RGB)]
    for name, (array, rgb) in enumerate([*arrays, (with_intensity, None)]):
        np.save(tmp_path / f"{name}.npy", array)
        _check(tmp_path / f"{name}.npy", rgb)
        np.savez_compressed(tmp_path / f"{name}.npz", points=array)
        _check(tmp_path / f"{name}.npz", rgb)
    np.savez(tmp_path / "k.npz", coords=XYZ, colors=RGB / 255.0)
    _check(tmp_path / "k.npz")
    np.savez(tmp_path / "l.npz", X=XYZ[:, 0], Y=XYZ[:, 1], Z=XYZ[:, 2])
    _check(tmp_path / "l.npz", None)
    structured = np.zeros(3, [("rgb", "u1", 3), ("xyz", "f4", 3), ("t", "f8")])
    structured["xyz"], structured["rgb"] = XYZ, RGB
    np.save(tmp_path / "m.npy", structured)
    _check(tmp_path / "m.npy")


def test_raw_floats_of_kitti_and_nuscenes(tmp_path):
    for name, width in (("a.bin", 4), ("a.pcd.bin", 5)):
        records = np.zeros((3, width), "<f4")
        records[:, :3] = XYZ
        _check(_write(tmp_path, name, records.tobytes()), None)


@pytest.mark.parametrize(
    ("name", "head", "row", "rgb"),
    [
        ("a.xyz", "", "{x} {y} {z}", None),
        ("a.txt", "# made by hand\n\n", "{x}\t{y}\t{z}\t0.5", None),
        ("a.csv", "x,y,z,r,g,b\n", "{x},{y},{z},{r},{g},{b}", RGB),
        ("a.csv", '"B";"Z";"Y";"X";"R";"G"\n', "{b};{z};{y};{x};{r};{g}", RGB),
        ("a.asc", "//X Y Z R G B Intensity\n3\n", "{x} {y} {z} {r} {g} {b} -7.5", RGB),
        ("a.pts", "3\n", "{x} {y} {z} -12 {r} {g} {b}", RGB),
        ("a.xyzn", "", "{x} {y} {z} 0 0 1", None),
        ("a.txt", "", "{x} {y} {z} 0 -1 0", None),
        ("a.XYZ", "\ufeff", "{x}, {y}, {z}", None),
    ],
)
def test_plain_tables(tmp_path, name, head, row, rgb):
    rows = "".join(
        row.format(x=x, y=y, z=z, r=c[0], g=c[1], b=c[2]) + "\n" for (x, y, z), c in zip(XYZ.tolist(), RGB.tolist())
    )
    path = _write(tmp_path, name, head, rows)
    cloud = read_cloud(path)
    np.testing.assert_array_equal(cloud.xyz, XYZ)
    assert (cloud.rgb is None) == (rgb is None)
    if rgb is not None:
        np.testing.assert_array_equal(cloud.rgb, rgb)
    assert probe_cloud(path).fields


def test_fractions_in_a_table_are_colours(tmp_path):
    rows = "".join(
        f"{x} {y} {z} {r / 255:.6f} {g / 255:.6f} {b / 255:.6f}\n" for (x, y, z), (r, g, b) in zip(XYZ, RGB.tolist())
    )
    np.testing.assert_array_equal(read_cloud(_write(tmp_path, "a.xyzrgb", rows)).rgb, RGB)


@pytest.mark.parametrize("suffix", WRITE_SUFFIXES)
@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("coloured", [False, True])
def test_what_is_written_is_read_back(tmp_path, suffix, ascii, coloured):
    cloud = PointCloud(
        np.float32([[0.1, 2 / 3, -1e-7], *XYZ.tolist()]),
        np.vstack([RGB, [[9, 8, 7]]]).astype(np.uint8) if coloured else None,
    )
    path = tmp_path / f"a{suffix}"
    write_cloud(path, cloud, ascii=ascii)
    back = read_cloud(path)
    np.testing.assert_array_equal(back.xyz, cloud.xyz)
    if coloured and suffix != ".bin":
        np.testing.assert_array_equal(back.rgb, cloud.rgb)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".ply", ".pcd", ".npz", ".npy", ".xyz"])
def test_coordinates_far_from_zero_keep_their_millimetres(tmp_path, suffix):
    true = np.array([4.2e5, 5.6e6, 212.0]) + np.random.default_rng(1).random((200, 3)) * 10
    columns = np.zeros(200, [(name, "f8") for name in "xyz"])
    for i, name in enumerate("xyz"):
        columns[name] = true[:, i]
    np.save(tmp_path / "in.npy", columns)
    cloud, report = read_cloud_report(tmp_path / "in.npy")
    assert cloud.origin == (420000.0, 5600000.0, 0.0)
    assert any("far from zero" in note for note in report.notes)
    write_cloud(tmp_path / f"out{suffix}", cloud)
    back = read_cloud(tmp_path / f"out{suffix}")
    np.testing.assert_allclose(back.xyz + np.array(back.origin), true, atol=1e-3, rtol=0)


def test_black_colour_fields_count_as_none_with_a_note(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, xyz=XYZ, rgb=np.zeros((3, 3), np.uint8))
    cloud, report = read_cloud_report(path)
    assert cloud.rgb is None
    assert any("black everywhere" in note for note in report.notes)


def test_writers_refuse_what_they_cannot_hold(tmp_path):
    with pytest.raises(OutputError, match=r"cannot write clouds as '\.las'"):
        write_cloud(tmp_path / "a.las", PointCloud(XYZ))
    with pytest.raises(OutputError, match="no room for coordinates far from zero"):
        write_cloud(tmp_path / "a.bin", PointCloud(XYZ, origin=(1e6, 0.0, 0.0)))
    assert not list(tmp_path.iterdir())


def test_folders_list_their_clouds_in_order(tmp_path):
    for name in ("b.ply", "a.PCD", "notes.txt", "layout.csv", "c.npz"):
        (tmp_path / name).write_bytes(b"x")
    assert [path.name for path in cloud_files(tmp_path)] == ["a.PCD", "b.ply", "c.npz"]
    assert ".ply" in READ_SUFFIXES
