import json

import numpy as np
import pytest
import torch

from spatial_perception.errors import ConfigError, EstimatorError
from spatial_perception.layout.text import format_layout, parse_layout
from spatial_perception.models.spatiallm.compact import compact_tokenizer, make_compact_checkpoint, number_tokens
from spatial_perception.models.spatiallm.config import PillarConfig, SpatialLMConfig
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.pillar import PillarEncoder, make_pillars
from spatial_perception.models.spatiallm.pipeline import SpatialLMEstimator
from spatial_perception.simulation.sensors import simulate_scene

SIZES = {"hidden": 32, "layers": 1, "heads": 2, "inner": 48}
ENCODER = {"width": 32, "heads": 2, "inner": 48, "depth": 1, "mixes": 1}
TEXT = "wall_0=Wall(12,3,0,44,3,0,70,4)\ndoor_0=Door(wall_0,20,3,25,22,51)\nbbox_0=Bbox(dining_table,30,9,9,320,40,25,37)\n"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return make_compact_checkpoint(tmp_path_factory.mktemp("compact"), 3, ENCODER, **SIZES)


@pytest.fixture(scope="module")
def estimator(checkpoint):
    return SpatialLMEstimator.from_pretrained(checkpoint, max_new_tokens=80, cleanup=False, core=True)


@pytest.fixture(scope="module")
def cloud():
    return simulate_scene(4, rooms=1, max_points=20_000)[0]


def points(count=500, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).uniform(0, (3, 2, 2.6), (count, 3)).astype(np.float32))


def test_every_point_counts_once_in_its_voxel():
    config, xyz = PillarConfig(), points()
    found = make_pillars(xyz, config)
    counts = torch.expm1(found.vectors[:, : config.columns**2 * config.layers] / 0.4)
    assert round(float(counts.sum())) == len(xyz)
    pillar = torch.nonzero((found.cells == torch.floor(xyz[0, :2] / config.edge).long()).all(1)).item()
    column = torch.floor(xyz[0, :2] / config.column).long() % config.columns
    place = int(column[0] * config.columns + column[1]) * config.layers + int(xyz[0, 2] / config.layer)
    assert counts[pillar, place] > 0.9


def test_neighbours_are_the_cells_around():
    found = make_pillars(points(), PillarConfig())
    for row, around in enumerate(found.neighbours):
        for step, other in zip([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)], around.tolist()):
            wanted = found.cells[row] + torch.tensor(step)
            there = torch.nonzero((found.cells == wanted).all(1)).flatten().tolist()
            assert [other] == (there or [len(found.cells)])


def test_the_order_of_points_does_not_matter():
    config, xyz = PillarConfig(), points()
    one, other = make_pillars(xyz, config), make_pillars(xyz.flip(0), config)
    assert torch.equal(one.cells, other.cells)
    assert torch.allclose(one.vectors, other.vectors, atol=1e-5)


def test_bare_floor_gives_no_tokens():
    floor = points(400, 1) * torch.tensor([1.0, 1.0, 0.0]) + torch.tensor([0.0, 0.0, 0.01])
    pole = torch.tensor([[5.0, 5.0, z / 10] for z in range(20)])
    found = make_pillars(torch.cat([floor, pole]), PillarConfig())
    assert found.cells[found.kept].tolist() == [[12, 12]]
    assert len(make_pillars(floor, PillarConfig()).kept) > 1  # nothing stands anywhere: everything is kept


def test_clouds_side_by_side_are_encoded_as_one_by_one():
    torch.manual_seed(0)
    config = PillarConfig(width=32, heads=2, inner=48)
    encoder = PillarEncoder(config).eval()
    clouds = [make_pillars(points(count, count), config) for count in (60, 900)]
    with torch.inference_mode():
        together = encoder.encode(clouds)
        for cloud, tokens in zip(clouds, together):
            assert torch.allclose(encoder.encode([cloud])[0], tokens, atol=1e-5)


def test_entities_are_few_tokens_and_read_back():
    tokenizer = compact_tokenizer()
    encoded = tokenizer.encode(TEXT)
    assert [len(tokenizer.encode(line + "\n").ids) for line in TEXT.splitlines()] == [9, 7, 9]
    assert tokenizer.decode(encoded.ids) == TEXT
    strange = "bbox_900=Bbox(köşe dolabı,639,1,2,3,4,5,600)"
    assert tokenizer.decode(tokenizer.encode(strange).ids) == strange


def test_numbers_have_tokens_that_ascend(estimator):
    inner, last = number_tokens(estimator.tokenizer, 640)
    assert torch.equal(inner.diff(), torch.ones(639, dtype=torch.int64))
    assert torch.equal(last.diff(), torch.ones(len(last) - 1, dtype=torch.int64))
    assert [estimator.vocabulary.texts[t] for t in (inner[7], last[7])] == ["7,", "7)\n"]


def test_prompts_are_short(estimator):
    assert len(estimator.prompt_ids("all", ())) < 12
    assert len(estimator.prompt_ids("objects", ("sofa", "floor-standing_lamp"))) < 10


def test_same_arguments_give_the_same_bytes(checkpoint, tmp_path):
    again = make_compact_checkpoint(tmp_path, 3, ENCODER, **SIZES)
    for path in checkpoint.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_weights_must_fit_exactly(checkpoint, tmp_path):
    from safetensors.torch import load_file, save_file

    for path in checkpoint.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    state = load_file(checkpoint / "model.safetensors")
    state.pop("point_backbone.place.weight")
    save_file(state, tmp_path / "model.safetensors")
    with pytest.raises(EstimatorError, match=r"place\.weight"):
        SpatialLM.from_pretrained(tmp_path)


@pytest.mark.parametrize("change", [{"heads": 5}, {"columns": 0}, {"layer": -1.0}])
def test_impossible_encoders_are_refused(checkpoint, change):
    values = json.loads((checkpoint / "config.json").read_text())
    with pytest.raises(ConfigError, match="point_config"):
        SpatialLMConfig.from_dict({**values, "point_config": {**values["point_config"], **change}})


def test_the_text_is_well_formed_and_repeats(estimator, cloud):
    runs = [estimator.run(cloud) for _ in range(2)]
    first, second = (run.layout() for run in runs)
    assert first == second
    assert runs[0].text == runs[1].text
    complete = runs[0].text.rpartition("\n")[0]
    assert len(parse_layout(complete)) == len(complete.splitlines())


def test_drafts_and_forced_tokens_change_nothing(estimator, checkpoint, cloud):
    plain = SpatialLMEstimator.from_pretrained(
        checkpoint, max_new_tokens=80, cleanup=False, core=True, drafts=False, pack=False
    )
    expected = plain.run(cloud)
    layout = expected.layout()
    drafted = estimator.run(cloud, previous=layout)
    assert format_layout(drafted.layout()) == format_layout(layout)
    assert drafted.statistics[0].forwards < expected.statistics[0].forwards


def test_entities_stream_before_the_end(estimator, cloud):
    run = estimator.run(cloud)
    next(iter(run), None)
    assert not run.statistics[0].stop or len(run.statistics) == 1
