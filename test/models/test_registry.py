from __future__ import annotations

import subprocess
import sys

import pytest

import spatial_perception
from spatial_perception.errors import AnswererError, ConfigError, EstimatorError, MissingExtraError, MissingModelError
from spatial_perception.models import registry
from spatial_perception.models.base import LayoutEstimator, QuestionAnswerer
from spatial_perception.models.registry import load_answerer, load_estimator, settings_model


def test_the_geometric_estimator_needs_nothing():
    estimator = load_estimator("geometric")
    assert isinstance(estimator, LayoutEstimator)
    assert estimator.name == "geometric"


@pytest.mark.parametrize("name", ["./weights", "model.safetensors", "a/b/c"])
def test_a_path_that_does_not_exist_is_refused(name):
    pytest.importorskip("torch")
    with pytest.raises(EstimatorError, match="neither a directory nor a hub id"):
        load_estimator(name)


def test_a_directory_without_weights_is_refused(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    (tmp_path / "weights").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"config\.json"):
        load_estimator("weights")


def test_a_checkpoint_says_what_is_not_installed(monkeypatch):
    find = registry.find_spec
    monkeypatch.setattr(registry, "find_spec", lambda name: None if name == "torch" else find(name))
    with pytest.raises(MissingExtraError, match=r'needs torch, .*pip install "spatial_perception\[models\]"'):
        load_estimator("someone/SpatialLM1.1-Qwen-0.5B")
    with pytest.raises(EstimatorError, match="no such estimator"):
        load_estimator("geometrc")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    pytest.importorskip("torch")
    from spatial_perception.models.spatiallm.tiny import make_tiny_checkpoint

    return make_tiny_checkpoint(tmp_path_factory.mktemp("checkpoint") / "tiny", seed=1)


def test_a_checkpoint_directory_gives_an_estimator(tiny):
    estimator = load_estimator(str(tiny), device="cpu", dtype="float32", seed=3, max_new_tokens=20)
    assert isinstance(estimator, LayoutEstimator)
    assert estimator.settings.seed == 3
    assert estimator.model.device.type == "cpu"


def test_torch_types_and_none_are_settings_too(tiny):
    import torch

    estimator = load_estimator(tiny, device=torch.device("cpu"), dtype=torch.bfloat16, revision=None)
    assert estimator.model.dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"devise": "cpu"}, "did you mean 'device'"), ({"dtype": "int8"}, "'dtype'"), ({"beams": 0}, "'beams'")],
)
def test_wrong_settings_of_checkpoints(tiny, settings, message):
    with pytest.raises(ConfigError, match=message):
        load_estimator(str(tiny), **settings)


def test_settings_models():
    pytest.importorskip("torch")
    assert "least_score" in settings_model("auto").model_fields
    fields = settings_model("someone/weights").model_fields
    assert {"device", "seed", "temperature"} <= set(fields)
    assert all(field.description for field in fields.values())


def test_auto_is_nano_and_without_its_packages_geometric(monkeypatch):
    pytest.importorskip("torch")
    assert load_estimator("auto").name == "nano"
    find = registry.find_spec
    monkeypatch.setattr(registry, "find_spec", lambda name: None if name == "torch" else find(name))
    assert load_estimator("auto").name == "geometric"
    assert settings_model("auto") is settings_model("geometric")


def test_an_unknown_name_is_refused():
    with pytest.raises(EstimatorError, match="geometrc"):
        load_estimator("geometrc")


def test_settings_reach_the_estimator():
    assert load_estimator("geometric", voxel=0.05).config.voxel == 0.05


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'voxel'"):
        load_estimator("geometric", voxl=0.05)


@pytest.mark.parametrize("value", [0.0, -1, 5, "wide"])
def test_a_setting_out_of_range_is_refused(value):
    with pytest.raises(ConfigError, match="'voxel'"):
        load_estimator("geometric", voxel=value)


def test_the_geometric_estimator_loads_no_torch():
    code = "import sys, spatial_perception as s; s.load_estimator('geometric'); print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False"


@pytest.mark.parametrize("name", ["geometric", "auto"])
def test_known_names_give_an_answerer(name):
    answerer = spatial_perception.load_answerer(name)
    assert isinstance(answerer, QuestionAnswerer)
    assert answerer.name == "geometric"


@pytest.mark.parametrize("name", ["./weights", "Diankun/Spatial-MLLM-v1.1-Instruct-135K"])
def test_a_language_model_that_cannot_run_is_refused_with_what_can(name):
    with pytest.raises(MissingModelError, match='use "geometric", which needs none'):
        load_answerer(name)


def test_an_unknown_answerer_is_refused_with_the_known_ones():
    with pytest.raises(AnswererError, match="choose one of: auto, geometric"):
        load_answerer("solver")


def test_asking_needs_neither_torch_nor_the_estimators():
    code = (
        "import sys, spatial_perception as sp; sp.load_answerer('auto').ask('how many beds', sp.make_scene(sp.Layout()));"
        "assert not {'torch', 'spatial_perception.models.geometric'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
