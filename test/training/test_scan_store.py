import numpy as np
import pytest

from spatial_perception.errors import ConfigError
from spatial_perception.models.spatiallm.core import core_mask
from spatial_perception.models.spatiallm.findings import find
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.training.scan_store import (
    count_entities,
    ensure_scans,
    make_worn_scan,
    read_scan,
    scan_path,
    write_scan,
)
from spatial_perception.training.scans import FIRST_SEED


@pytest.fixture(scope="module")
def worn():
    return make_worn_scan(FIRST_SEED)


def test_scans_are_kept_to_the_millimetre(worn, tmp_path):
    path = scan_path(tmp_path, FIRST_SEED)
    write_scan(worn, path)
    read = read_scan(path)
    core = core_mask(np.round(worn.scan.xyz / 1e-3).astype(np.int16).astype(np.float32) * np.float32(1e-3))
    assert read.scan.layout.walls == worn.scan.layout.walls
    assert read.findings == worn.findings
    assert np.abs(read.scan.xyz - worn.scan.xyz[core]).max() < 6e-4
    assert np.array_equal(read.scan.entity, worn.scan.entity[core])
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_findings_are_those_of_the_worn_scan(worn):
    assert worn.findings == find(PointCloud(worn.scan.xyz))
    assert len(worn.findings)
    assert not len(find(PointCloud(worn.scan.xyz[:10])))


def test_only_missing_scans_are_made(tmp_path):
    first = ensure_scans(tmp_path, 1)[0]
    before = first.stat().st_mtime_ns
    paths = ensure_scans(tmp_path, 2)
    assert first.stat().st_mtime_ns == before
    sizes = count_entities(paths, tmp_path)
    assert sizes.tolist() == [len(read_scan(path).scan.layout) for path in paths]
    assert np.array_equal(count_entities(paths, tmp_path), sizes)
    assert len(count_entities(paths[:1], tmp_path)) == 1


def test_a_broken_scan_is_named(tmp_path):
    path = tmp_path / "7.npz"
    path.write_bytes(b"PK nothing")
    with pytest.raises(ConfigError, match=r"7\.npz.*remove it"):
        read_scan(path)
