import numpy as np
import pytest

from spatial_perception.errors import ConfigError
from spatial_perception.layout.transforms import points_in_box
from spatial_perception.training.scans import (
    FIRST_SEED,
    MAX_POINTS,
    count_entities,
    ensure_scans,
    make_scan,
    read_scan,
    scan_path,
    write_scan,
)


@pytest.fixture(scope="module")
def scan():
    return make_scan(FIRST_SEED)


def test_a_seed_is_a_scan(scan):
    again = make_scan(FIRST_SEED)
    assert again.layout == scan.layout
    for name in ("xyz", "view", "entity"):
        assert np.array_equal(getattr(again, name), getattr(scan, name))
    assert len(scan.xyz) <= MAX_POINTS


def test_points_lie_on_their_entities(scan):
    first = len(scan.layout) - len(scan.layout.boxes)
    for number, box in enumerate(scan.layout.boxes):
        own = scan.xyz[scan.entity == first + number]
        assert points_in_box(box, own.astype(float), margin=0.1).mean() > 0.9 if len(own) else True
    wall = scan.layout.walls[0]
    along = np.subtract(wall.end, wall.start)[:2] / np.hypot(*np.subtract(wall.end, wall.start)[:2])
    offset = scan.xyz[scan.entity == 0][:, :2] - np.asarray(wall.start[:2])
    assert np.median(np.abs(offset @ [-along[1], along[0]])) < 0.2


def test_scans_are_kept_to_the_millimetre(scan, tmp_path):
    path = scan_path(tmp_path, FIRST_SEED)
    write_scan(scan, path)
    read = read_scan(path)
    assert read.layout.walls == scan.layout.walls
    assert np.abs(read.xyz - scan.xyz).max() < 6e-4
    assert np.array_equal(read.entity, scan.entity)
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_only_missing_scans_are_made(tmp_path):
    first = ensure_scans(tmp_path, 1)[0]
    before = first.stat().st_mtime_ns
    paths = ensure_scans(tmp_path, 2)
    assert first.stat().st_mtime_ns == before
    sizes = count_entities(paths, tmp_path)
    assert sizes.tolist() == [len(read_scan(path).layout) for path in paths]
    assert np.array_equal(count_entities(paths, tmp_path), sizes)
    assert len(count_entities(paths[:1], tmp_path)) == 1


def test_a_broken_scan_is_named(tmp_path):
    path = tmp_path / "7.npz"
    path.write_bytes(b"PK nothing")
    with pytest.raises(ConfigError, match=r"7\.npz.*remove it"):
        read_scan(path)
