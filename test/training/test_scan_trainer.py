import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from spatial_perception.configuration import check_settings
from spatial_perception.errors import ConfigError
from spatial_perception.layout.entities import Box, Door, Layout, Wall
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.training.fast_decoder import hidden_states
from spatial_perception.training.recipe import Recipe
from spatial_perception.training.scan_samples import asked_for, draw_task, drawn, forgetful
from spatial_perception.training.scan_store import ensure_scans
from spatial_perception.training.scan_trainer import CURVES_FILE, LOG_FILE, ScanTrainer, draw_batches
from spatial_perception.training.scans import FIRST_SEED

UNTRAINED = {
    "hidden": 32, "layers": 1, "heads": 2, "inner": 48,
    "encoder": {"width": 32, "heads": 2, "inner": 48, "depth": 1, "mixes": 1, "findings": 1},
}  # fmt: skip


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    ensure_scans(folder, 6)
    return folder


def recipe_for(folder, output, steps=6, **changes):
    values = {
        "dataset": str(folder), "output": str(output), "untrained": UNTRAINED, "max_steps": steps, "batch_size": 2,
        "scans": {"count": 6, "test_scenes": 0, "easy_share": 0.0, **changes.pop("scans", {})},
        "gradient_checkpointing": False, "learning_rate": 3e-3, "save_every": 3, "cutoff": 120, "device": "cpu",
    }  # fmt: skip
    return check_settings(Recipe, {**values, **changes})


def weights_in(folder):
    return load_file(folder / "model.safetensors")


def test_the_loss_falls_and_the_result_loads(scans, tmp_path):
    losses = ScanTrainer(recipe_for(scans, tmp_path, 30, learning_rate=1e-2, warmup=0.1)).run()
    assert np.mean(losses[-3:]) < 0.75 * np.mean(losses[:3])
    model = SpatialLM.from_pretrained(tmp_path)
    assert model.config.raw["point_backbone"] == "pillar"
    log = [json.loads(line) for line in (tmp_path / LOG_FILE).read_text().splitlines()]
    assert [entry["step"] for entry in log] == list(range(1, 31))
    assert (tmp_path / CURVES_FILE).stat().st_size > 5000


def test_a_resumed_training_gives_the_same_weights(scans, tmp_path):
    ScanTrainer(recipe_for(scans, tmp_path / "whole")).run()
    broken = ScanTrainer(recipe_for(scans, tmp_path / "broken"))
    broken.model.train()
    monkey = broken.step

    def stop_at_five(step):
        if step == 5:
            raise KeyboardInterrupt
        return monkey(step)

    broken.step = stop_at_five
    with pytest.raises(KeyboardInterrupt):
        broken.run()
    losses = ScanTrainer(recipe_for(scans, tmp_path / "broken")).run()
    assert len(losses) == 3
    whole, resumed = weights_in(tmp_path / "whole"), weights_in(tmp_path / "broken")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_training_that_stops_early_goes_on_where_it_was(scans, tmp_path):
    assert len(ScanTrainer(recipe_for(scans, tmp_path, stop_at=3)).run()) == 3
    assert len(ScanTrainer(recipe_for(scans, tmp_path, half=True)).run()) == 3
    assert {tensor.dtype for tensor in weights_in(tmp_path).values()} == {torch.float16}
    assert SpatialLM.from_pretrained(tmp_path).dtype == torch.float32


def test_helpers_are_learnt_and_leave_no_trace(scans, tmp_path):
    trainer = ScanTrainer(recipe_for(scans, tmp_path, scans={"hint_weight": 0.3, "number_waves": True}))
    trainer.run()
    assert float(trainer.waves.mixture.detach().abs().max()) > 0
    table = trainer.waves(trainer.model.model.embed_tokens.weight.detach())
    written = weights_in(tmp_path)
    assert torch.equal(written["model.embed_tokens.weight"], table.detach())
    assert set(written) == set(SpatialLM.from_pretrained(tmp_path).state_dict()) - {"lm_head.weight"}


def test_two_processes_share_a_batch(scans, tmp_path):
    alone = ScanTrainer(recipe_for(scans, tmp_path / "alone", 2)).run()
    shared = ScanTrainer(recipe_for(scans, tmp_path / "shared", 2, scans={"processes": 2})).run()
    # the mean over processes weighs samples, not tokens, alike
    assert shared == pytest.approx(alone, rel=0.1)


def test_small_homes_come_first_and_all_homes_come(scans):
    sizes = np.array([5, 40, 12, 33, 8, 60])
    recipe = recipe_for(scans, "out", 60, scans={"easy_share": 0.5, "easy_entities": 20})
    batches = draw_batches(sizes, recipe)
    assert len(batches) == 60
    assert set(np.concatenate(batches[:30])) == {0, 2, 4}
    assert set(np.concatenate(batches[30:])) == set(range(6))
    assert all(np.array_equal(a, b) for a, b in zip(batches, draw_batches(sizes, recipe)))


def test_tasks_ask_for_what_the_answer_holds():
    layout = Layout(boxes=tuple(Box(k, name, (0, 0, 0), 0, (1, 1, 1)) for k, name in enumerate(("bed", "desk", "tv"))))
    asked = [draw_task(layout, np.random.default_rng(k)) for k in range(200)]
    assert {task for task, _ in asked} == {"all", "layout", "objects"}
    for task, categories in asked:
        found = asked_for(layout, task, categories)
        assert (
            all(box.label in categories for box in found.boxes) if categories else task == "layout" or len(found) == 3
        )


def test_findings_are_forgotten_now_and_then():
    walls = tuple(Wall(k, (0.0, k, 0.0), (4.0, k, 0.0), 2.5) for k in range(6))
    findings = Layout(walls, tuple(Door(k, k, (1.0, k, 1.0), 0.8, 2.0) for k in range(6)))
    found = [forgetful(findings, np.random.default_rng(seed)) for seed in range(200)]
    counts = [len(f) for f in found]
    assert 0 in counts
    assert sum(count == 12 for count in counts) > 60
    assert len(set(counts)) > 4
    assert all(door.wall_id in {wall.id for wall in f.walls} for f in found for door in f.doors)


def test_most_true_findings_are_told_and_few_false_ones():
    boxes = tuple(Box(k, "bed" if k % 2 else "unheard of", (k, 0, 0.4), 0.0, (1, 1, 0.8)) for k in range(400))
    findings = Layout(boxes=boxes)
    true = drawn([True] * 400, findings, np.random.default_rng(0))
    false = drawn([False] * 400, findings, np.random.default_rng(0))
    assert 360 < sum(true) < 400
    assert 15 < sum(false) < 50
    assert not any(told for told, box in zip(false, boxes) if box.label != "bed")


def test_a_model_without_findings_is_trained_as_before(scans, tmp_path):
    plain = {**UNTRAINED, "encoder": {**UNTRAINED["encoder"], "findings": 0}}
    ScanTrainer(recipe_for(scans, tmp_path, 2, untrained=plain, scans={"hint_weight": 0.3})).run()
    assert not SpatialLM.from_pretrained(tmp_path).config.encoder.findings


@pytest.mark.parametrize(
    ("changes", "message"), [({"untrained": None}, "model to start from"), ({"max_steps": None}, "max_steps")]
)
def test_recipes_that_cannot_work_are_refused(scans, tmp_path, changes, message):
    with pytest.raises(ConfigError, match=message):
        ScanTrainer(recipe_for(scans, tmp_path, **changes))


def test_training_seeds_stay_apart_from_those_of_tests_and_reports():
    with pytest.raises(ConfigError, match="first_seed"):
        check_settings(Recipe, {"dataset": "d", "output": "o", "scans": {"first_seed": 10_000}})
    assert FIRST_SEED >= 100_000


def test_the_written_out_decoder_equals_the_stock_one(scans, tmp_path):
    model = ScanTrainer(recipe_for(scans, tmp_path)).model
    embeds = torch.randn(2, 300, 32, generator=torch.Generator().manual_seed(0), requires_grad=True)
    stock = model.model(inputs_embeds=embeds).last_hidden_state
    fast = hidden_states(model.model, embeds)
    assert torch.allclose(stock, fast, atol=1e-5)
    gradients = [torch.autograd.grad(out.square().sum(), embeds)[0] for out in (stock, fast)]
    assert torch.allclose(*gradients, rtol=1e-3, atol=1e-3)
