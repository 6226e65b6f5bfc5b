from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from writer_model import estimator_writing, room_cloud, without_scores

from spatial_perception.errors import CloudError, ConfigError, EstimatorError
from spatial_perception.generation.sampling import Sampling
from spatial_perception.layout.entities import Box, Layout, Wall
from spatial_perception.layout.transforms import rotate_points
from spatial_perception.models.base import LayoutEstimator
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.pipeline import SpatialLMEstimator, load_estimator, load_tokenizer
from spatial_perception.models.spatiallm.processing import (
    clean_points,
    cloud_tensor,
    prepare,
    prepare_cloud,
    thin,
    without_strays,
)
from spatial_perception.pointcloud.cloud import PointCloud

GOLDEN = np.load(Path(__file__).parents[2] / "golden/spatiallm/preprocess.npz")
TEXT = (
    "wall_0=Wall(0,0,0,160,0,0,130,0)\nwall_1=Wall(0,0,0,0,120,0,130,0)\ndoor_0=Door(wall_0,40,0,40,45,100)\n"
    "bbox_0=Bbox(sofa,80,60,16,640,100,50,48)"
)


def test_reference_preprocessing():
    """Cleaning and sampling against the reference: the same points kept, the same voxels, the same origin."""
    xyz, rgb = clean_points(GOLDEN["E_points"], GOLDEN["E_colors"], 0.025)
    order, expected = np.lexsort(xyz.T), np.lexsort(GOLDEN["E_clean_points"].T)
    assert np.allclose(xyz[order], GOLDEN["E_clean_points"][expected], atol=1e-12)
    colours = GOLDEN["E_clean_colors"][expected].astype(float) * 255.0
    assert (np.abs(rgb[order] - colours) <= 1.001).all()
    tensor, origin = cloud_tensor(xyz, rgb, 1280)
    rows = {tuple(row[:3]): row for row in tensor}
    assert set(rows) == {*map(tuple, GOLDEN["E_tensor"][:, :3])}
    # of several points in a voxel the reference takes one that depends on the machine
    same = [
        (rows[tuple(row[:3])], row) for row in GOLDEN["E_tensor"] if np.allclose(rows[tuple(row[:3])][3:6], row[3:6])
    ]
    assert len(same) > 0.9 * len(tensor)
    assert np.array_equal([one for one, _ in same], [other for _, other in same])
    assert np.allclose(origin, xyz.min(axis=0))
    same, _ = cloud_tensor(xyz, rgb, 1280, origin)
    assert np.array_equal(same, tensor)


def test_is_a_layout_estimator(estimator, tiny):
    assert isinstance(estimator, LayoutEstimator)
    assert isinstance(load_estimator(str(tiny), device="cpu", seed=4), SpatialLMEstimator)


def test_text_becomes_entities_in_the_frame_of_the_cloud(tiny, monkeypatch):
    estimator = estimator_writing(TEXT, tiny, monkeypatch, cleanup=False)
    shift = np.array([10.0, -5.0, 1.0])
    cloud = room_cloud(shift=shift)
    layout = estimator.estimate(cloud)
    low = cloud.xyz.astype(np.float64).min(axis=0)
    wall, door, box = layout.walls[0], layout.doors[0], layout.boxes[0]
    assert (layout.frame_id, layout.stamp) == ("map", 12.5)
    assert np.allclose(wall.start, low + 0.0125, atol=1e-6)
    assert np.allclose(wall.end, low + np.array([4.0125, 0.0125, 0.0125]), atol=1e-6)
    assert np.allclose([wall.height, wall.thickness], [2.61, 0.0])
    assert (door.wall_id, box.label) == (0, "sofa")
    assert np.allclose(door.center, low + np.array([1.0125, 0.0125, 1.0125]), atol=1e-6)
    assert abs(box.yaw) < 1e-9
    assert all(0.9 < entity.score <= 1.0 for entity in layout)


def test_lower_edges_on_request(tiny, monkeypatch):
    estimator = estimator_writing(TEXT, tiny, monkeypatch, cleanup=False, centred=False)
    cloud = room_cloud()
    low = cloud.xyz.astype(np.float64).min(axis=0)
    assert np.allclose(estimator.estimate(cloud).walls[0].end, low + np.array([4.0, 0.0, 0.0]), atol=1e-6)


def test_turned_rooms_are_aligned_and_turned_back(tiny, monkeypatch):
    estimator = estimator_writing(TEXT, tiny, monkeypatch)
    angle = 0.4
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    cloud = room_cloud()
    layout = estimator.estimate(cloud.with_xyz(cloud.xyz @ turn.T))
    wall = layout.walls[0]
    heading = np.arctan2(wall.end[1] - wall.start[1], wall.end[0] - wall.start[0])
    assert abs((heading - angle + np.pi / 4) % (np.pi / 2) - np.pi / 4) < 0.02


def test_stream_gives_entities_as_they_are_written(tiny, monkeypatch):
    estimator = estimator_writing(TEXT, tiny, monkeypatch, drafts=False)
    run = estimator.run(room_cloud())
    entities = iter(run)
    assert isinstance(next(entities), Wall)
    written = run.statistics[0].tokens
    assert [type(entity).__name__ for entity in entities] == ["Wall", "Door", "Box"]
    assert written < run.statistics[0].tokens / 2
    assert list(estimator.stream(room_cloud())) == list(estimator.estimate(room_cloud()))
    assert set(run.seconds) == {"prepare", "encode", "decode"}
    assert run.text == TEXT


def test_previous_layout_saves_passes_and_changes_nothing(tiny, monkeypatch):
    estimator = estimator_writing(TEXT, tiny, monkeypatch)
    cloud = room_cloud(shift=(3.0, 1.0, -0.5))
    first = estimator.run(cloud)
    layout = first.layout()
    again = estimator.run(cloud, previous=layout)
    assert list(again.layout()) == list(layout)
    assert again.statistics[0].forwards_per_token < 0.06
    assert again.statistics[0].accepted > 0.9 * again.statistics[0].proposed
    assert first.statistics[0].forwards_per_token < 0.8


@pytest.mark.parametrize("yaw", [0.0, 0.3, -0.7])
def test_a_layout_read_back_into_bins_is_the_text_it_came_from(tiny, monkeypatch, yaw):
    """The draft of an unchanged scene holds no difference: not in fields, not in yaws at the ends of their range."""
    boxes = [f"bbox_{i}=Bbox(sofa,{80 + i},60,16,{bin},100,50,48)" for i, bin in enumerate((320, 640, 480, 959, 801))]
    text = "\n".join([*TEXT.split("\n")[:3], *boxes])
    estimator = estimator_writing(text, tiny, monkeypatch)
    run = estimator.run(turned(room_cloud(shift=(3.0, 1.0, -0.5)), yaw))
    layout = run.layout()
    assert run.canvas.to_text(layout).rstrip("\n") == text
    again = estimator.run(turned(room_cloud(shift=(3.0, 1.0, -0.5)), yaw), previous=layout, canvas=run.canvas)
    assert list(again.layout()) == list(layout)
    assert again.statistics[0].accepted == again.statistics[0].proposed


def test_previous_layouts_that_cannot_be_written_do_no_harm(estimator):
    cloud = room_cloud()
    plain = without_scores(estimator.estimate(cloud))
    for box in (Box(0, "a,b", (1, 1, 1), 0, (1, 1, 1)), Box(0, "sofa", (np.nan, 1, 1), 0, (1, 1, 1))):
        layout = estimator.estimate(cloud, previous=Layout(boxes=(box,)))
        assert without_scores(layout) == plain
        assert any("was no help" in note for note in layout.provenance.notes)


def turned(cloud, angle):
    """The cloud turned about z, with its colours."""
    return cloud.with_xyz(rotate_points(cloud.xyz, angle))


def test_canvas_keeps_bins_while_the_map_grows(estimator):
    """Points that were there before keep bins and features bit for bit, whatever comes beside them."""
    cloud = turned(room_cloud(), 0.3)
    run = estimator.run(cloud)
    run.layout()
    corner = cloud.xyz[:80].mean(axis=0) + np.random.default_rng(0).normal(0, 0.02, (80, 3)) + [3.0, 0.5, 0.4]
    grown = PointCloud(np.concatenate([cloud.xyz, corner]), np.concatenate([cloud.rgb, cloud.rgb[:80]]), "map")
    second = estimator.run(grown, canvas=run.canvas)
    second.layout()
    assert second.canvas is run.canvas
    assert list(second.layout())
    before, after = (prepare(*prepare_cloud(c, estimator.settings, run.canvas)[:2], 1280, estimator.settings, run.canvas)
                     for c in (cloud, grown))  # fmt: skip
    rows = set(map(tuple, after.tensor))
    assert np.mean([tuple(row) in rows for row in before.tensor]) > 0.99
    layout = Layout(walls=(Wall(0, (0.5, 0.5, 0.0), (3.5, 0.5, 0.0), 2.5),))
    assert run.canvas.to_text(layout) == second.canvas.to_text(layout)


@pytest.mark.parametrize("yaw", [0.0, 0.3])
def test_a_grown_map_of_an_unchanged_room_costs_next_to_nothing(tiny, monkeypatch, yaw):
    """The map grows at one end: the last layout, in the bins of the last run, is accepted word for word."""
    estimator = estimator_writing(TEXT, tiny, monkeypatch, by_room=False)
    cloud = turned(room_cloud(shift=(2.0, -3.0, 0.4)), yaw)
    first = estimator.run(cloud)
    layout = first.layout()
    more = turned(room_cloud(shift=(6.1, -2.0, 0.4), points=900, seed=1), yaw)
    grown = PointCloud(np.concatenate([cloud.xyz, more.xyz]), np.concatenate([cloud.rgb, more.rgb]), "map", 12.5)
    second = estimator.run(grown, previous=layout, canvas=first.canvas)
    assert second.layout().walls == layout.walls
    assert second.text == first.text
    assert second.statistics[0].accepted == second.statistics[0].proposed
    assert second.statistics[0].forwards_per_token < 0.06
    moved = estimator.run(grown.with_xyz(grown.xyz - np.array([5.0, 0.0, 0.0], np.float32)), canvas=first.canvas)
    moved.layout()
    assert moved.canvas is not first.canvas


@pytest.mark.parametrize(
    "change",
    [
        lambda cloud: turned(cloud, 0.1),
        lambda cloud: cloud.with_xyz(cloud.xyz - np.array([0.0, 1.0, 0.0], np.float32)),
        lambda cloud: cloud.with_xyz(cloud.xyz + np.array([30.0, 0.0, 0.0], np.float32)),
        lambda cloud: PointCloud(cloud.xyz, cloud.rgb, "elsewhere"),
    ],
    ids=["turned", "below", "beyond", "another frame"],
)
def test_a_canvas_that_does_not_fit_is_left_aside(estimator, change):
    cloud = turned(room_cloud(), 0.3)
    canvas = estimator.run(cloud)
    canvas.layout()
    fresh, kept = estimator.run(change(cloud)), estimator.run(change(cloud), canvas=canvas.canvas)
    assert list(fresh.layout()) == list(kept.layout())
    assert kept.canvas is not canvas.canvas


def test_tasks_and_categories(estimator):
    cloud = room_cloud()
    arch = estimator.estimate(cloud, "layout", ["sofa"])
    assert not arch.boxes
    objects = estimator.estimate(cloud, "objects", ["sofa", "bed"], sampling=Sampling(1.5), seed=3)
    assert not objects.walls
    assert {box.label for box in objects.boxes} <= {"sofa", "bed"}
    with pytest.raises(EstimatorError, match="did you mean 'sofa'"):
        estimator.estimate(cloud, "objects", ["sofaa"])
    with pytest.raises(EstimatorError, match="unknown task"):
        estimator.estimate(cloud, "rooms")


def test_repetition_is_stopped(tiny, monkeypatch):
    lines = [f"wall_{i}=Wall(0,0,0,160,0,0,130,0)" for i in range(60)]
    estimator = estimator_writing("\n".join(lines), tiny, monkeypatch, drafts=False)
    run = estimator.run(room_cloud())
    layout = run.layout()
    assert len(layout) == 1
    assert "the model repeated itself" in " ".join(layout.provenance.notes)
    assert run.statistics[0].tokens < 40 * 5


def test_broken_text_without_a_grammar_is_counted(tiny, monkeypatch):
    text = TEXT.replace("door_0=Door(", "door_0=Window(") + "\nnonsense\nbbox_1=Bbox(bed,1,2"
    estimator = estimator_writing(text, tiny, monkeypatch, grammar=False)
    layout = estimator.estimate(room_cloud())
    assert [type(entity).__name__ for entity in layout] == ["Wall", "Wall", "Box"]
    assert "3 lines were not in the layout language" in " ".join(layout.provenance.notes)


def test_budgets_are_told(tiny, monkeypatch):
    estimator = estimator_writing(TEXT, tiny, monkeypatch, max_new_tokens=30)
    layout = estimator.estimate(room_cloud())
    assert len(layout) == 1
    assert "decoding was stopped: the longest text was reached" in layout.provenance.notes
    run = estimator.run(room_cloud(), cancelled=lambda: True)
    assert len(run.layout()) == 0
    assert run.statistics[0].stop == "cancelled"


def test_beams_and_votes_run(tiny, monkeypatch):
    cloud = room_cloud()
    expected = without_scores(estimator_writing(TEXT, tiny, monkeypatch).estimate(cloud))
    for settings in ({"beams": 2}, {"consensus": 3}):
        estimator = estimator_writing(TEXT, tiny, monkeypatch, **settings)
        found = without_scores(estimator.estimate(cloud))
        for one, other in zip(found, expected):
            assert one == other or np.allclose(getattr(one, "center", 0), getattr(other, "center", 0))
        assert len(found) == len(expected)


def test_compat_draws_curves_and_tokens_as_the_reference(tiny):
    """One generator draws a permutation of the curves per stage, then the tokens; all else follows the reference."""
    estimator = SpatialLMEstimator.from_pretrained(tiny, device="cpu", compat=True, max_new_tokens=12)
    assert estimator.settings.sampling() == Sampling(0.6, 10, 0.95)
    assert not estimator.settings.grammar
    assert not estimator.settings.align_yaw
    cloud, model = room_cloud(), estimator.model
    seen = []
    generator = torch.Generator().manual_seed(11)
    permutations = [torch.randperm(4, generator=generator).tolist() for _ in range(5)]
    xyz, rgb = clean_points(cloud.xyz.astype(np.float64), cloud.rgb, 0.025)
    ids = estimator.prompt_ids("all", ())
    tensor, _ = cloud_tensor(xyz, rgb, 1280)
    for _ in range(12):
        logits = (
            model.logits(torch.cat([ids, torch.tensor(seen, dtype=torch.int64)]), tensor, permutations)[0, -1] / 0.6
        )
        logits[logits < logits.topk(10).values[-1]] = -torch.inf
        ascending, order = logits.sort()
        removed = ascending.softmax(0).cumsum(0) <= 0.05
        removed[-1] = False
        logits[order[removed]] = -torch.inf
        seen.append(int(torch.multinomial(logits.softmax(0), 1, generator=generator)))
    run = estimator.run(cloud, seed=11)
    run.layout()
    assert run.text == estimator.vocabulary.text(seen).lstrip("\n")


def test_large_clouds_are_tiled_and_stitched(tiny, monkeypatch):
    estimator = estimator_writing(TEXT, tiny, monkeypatch, cleanup=False, max_extent=8.0)
    rooms = [room_cloud(shift=(6.0 * i, 0.0, 0.0), seed=i) for i in range(4)]
    cloud = PointCloud(np.concatenate([room.xyz for room in rooms]), None, "map")
    layout = estimator.estimate(cloud)
    assert any("tiles" in note for note in layout.provenance.notes)
    assert len(layout.boxes) >= 3
    assert [wall.id for wall in layout.walls] == list(range(len(layout.walls)))
    assert {door.wall_id for door in layout.doors} <= {wall.id for wall in layout.walls}
    tall = PointCloud(np.concatenate([rooms[0].xyz, rooms[0].xyz + np.array([0, 0, 20])]), None, "map")
    with pytest.raises(CloudError, match="crop it to a storey"):
        estimator.estimate(tall)


def test_stray_points_do_not_make_a_room_large(estimator):
    """What a scanner sees through a window, 40 m away, neither cuts the room into tiles nor moves its bins."""
    cloud = room_cloud()
    strays = np.array([[40.0, 1.0, 1.0], [41.0, 2.0, 1.5], [1.0, -38.0, 0.5]])
    seen = PointCloud(np.concatenate([cloud.xyz, strays]), np.concatenate([cloud.rgb, cloud.rgb[:3]]), "map", 12.5)
    layout = estimator.estimate(seen)
    assert layout.provenance.notes == ("3 stray points far from all others were left out",)
    assert list(layout) == list(estimator.estimate(cloud))
    large = PointCloud(np.concatenate([cloud.xyz + np.array([12.0 * i, 0, 0], np.float32) for i in range(4)]))
    assert without_strays(large, 32.0)[1] == 0


def test_memory_that_runs_out_is_handled(estimator, monkeypatch):
    original, sizes = SpatialLM.prompt, []

    def scarce(self, ids, tensor, permutations=None, limit=1500):
        sizes.append(len(tensor))
        if len(tensor) > limit:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(self, ids, tensor, permutations)

    monkeypatch.setattr(SpatialLM, "prompt", scarce)
    cloud = room_cloud(size=(0.9, 0.9, 0.9))
    layout = estimator.estimate(cloud)
    assert sizes[0] > 1500 >= sizes[1]
    assert any("thinned" in note for note in layout.provenance.notes)
    monkeypatch.setattr(SpatialLM, "prompt", lambda *args: scarce(*args, limit=0))
    with pytest.raises(EstimatorError, match="out of memory with"):
        estimator.estimate(cloud)


def test_thinning_keeps_one_voxel_per_block():
    tensor = np.zeros((8, 9))
    tensor[:, :3] = [[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    assert len(thin(tensor, 2)) == 1


def test_unusable_clouds(estimator):
    with pytest.raises(CloudError, match="at least 64"):
        estimator.estimate(PointCloud(np.zeros((63, 3))))
    with pytest.raises(CloudError, match="at least 64"):
        estimator.estimate(PointCloud(np.full((500, 3), np.nan)))
    cloud = room_cloud()
    xyz = np.concatenate([cloud.xyz, np.full((5, 3), np.inf)])
    assert "5 points were not finite" in estimator.estimate(PointCloud(xyz)).provenance.notes[0]


def test_points_that_are_not_finite_are_counted_and_left_out(estimator):
    cloud = room_cloud()
    xyz = np.concatenate([cloud.xyz, np.full((7, 3), np.nan), np.full((2, 3), np.inf)])
    rgb = np.concatenate([cloud.rgb, np.zeros((9, 3), np.uint8)])
    layout = estimator.estimate(PointCloud(xyz, rgb, cloud.frame_id, cloud.stamp))
    assert any("9 points were not finite" in note for note in layout.provenance.notes)
    assert list(layout) == list(estimator.estimate(cloud))


def test_wrong_settings_and_tokenizers(tiny, tmp_path, estimator):
    with pytest.raises(ConfigError, match="temperature"):
        SpatialLMEstimator.from_pretrained(tiny, device="cpu", temperature=-1)
    with pytest.raises(ConfigError, match="temprature"):
        SpatialLMEstimator.from_pretrained(tiny, device="cpu", temprature=1)
    with pytest.raises(EstimatorError, match=r"no tokenizer\.json"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(EstimatorError, match="cannot read the tokenizer"):
        load_tokenizer(tmp_path)
    other = load_tokenizer(tiny)
    model = SpatialLM(replace(estimator.model.config, point_start_token_id=3))
    with pytest.raises(EstimatorError, match="do not belong together"):
        SpatialLMEstimator(model, other)


def test_entities_are_plain_values(estimator):
    for entity in estimator.estimate(room_cloud(), sampling=Sampling(1.0), seed=2):
        assert isinstance(entity.score, float)
        assert not isinstance(entity, Box) or isinstance(entity.label, str)
