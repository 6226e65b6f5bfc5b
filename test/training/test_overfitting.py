"""A tiny random model learns simulated rooms by heart, and the ordinary estimator finds them again."""

from __future__ import annotations

import hashlib

import pytest

from spatial_perception.layout.text import parse_layout
from spatial_perception.models.spatiallm.pipeline import SpatialLMEstimator
from spatial_perception.pointcloud.io import read_cloud
from spatial_perception.training.overfitting import ROOMS, overfit_checkpoint, recall


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_eight_rooms_are_learned_by_heart(tmp_path):
    """All walls of all rooms, by the estimator with its defaults; text is that of plain decoding in every way to decode."""
    folder = overfit_checkpoint(tmp_path / "model")
    report = recall(folder)
    assert len(report.scenes) == 8
    for threshold in (0.25, 0.5):
        assert [scene.of("wall").at(threshold).f1 for scene in report.scenes] == [1.0] * 8
        assert report.summary("door", threshold).mean_f1 == 1.0
        assert report.summary("window", threshold).mean_f1 == 1.0
    boxes = report.summary("boxes, class ignored").total
    assert boxes.tp == boxes.num_pred > 0
    fast = SpatialLMEstimator.from_pretrained(folder, device="cpu")
    plain = SpatialLMEstimator.from_pretrained(folder, device="cpu", drafts=False, grammar=False, pack=False)
    costs = {"cold": [], "warm": []}
    for path in sorted((folder / ROOMS / "pcd").glob("*.ply")):
        cloud = read_cloud(path)
        cold, expected = fast.run(cloud), plain.run(cloud)
        layout = cold.layout()
        assert len(expected.layout()) == len(layout)
        warm = fast.run(cloud, previous=layout, canvas=cold.canvas)
        assert list(warm.layout()) == list(layout)
        assert cold.text == warm.text == expected.text
        for name, run in (("cold", cold), ("warm", warm)):
            costs[name].append(run.statistics[0].forwards_per_token)
    assert max(costs["cold"]) < 0.6
    assert max(costs["warm"]) < 0.06


def test_a_short_training_gives_a_loadable_checkpoint_with_its_rooms(tmp_path):
    folders = [overfit_checkpoint(tmp_path / name, rooms=1, seed=3, epochs=2) for name in ("one", "again")]
    weights = {hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest() for folder in folders}
    assert len(weights) == 1
    estimator = SpatialLMEstimator.from_pretrained(folders[0], device="cpu", max_new_tokens=20)
    assert estimator.model.config.num_bins == 640
    estimator.estimate(read_cloud(folders[0] / ROOMS / "pcd/room_3.ply"))
    assert parse_layout((folders[0] / ROOMS / "layout/room_3.txt").read_text()).walls
    assert "by heart" in (folders[0] / "README.md").read_text()
