from __future__ import annotations

import subprocess
import sys

import pytest

from spatial_perception.errors import ConfigError, EstimatorError
from spatial_perception.models.base import LayoutEstimator
from spatial_perception.models.registry import load_estimator


@pytest.mark.parametrize("name", ["geometric", "auto"])
def test_known_names_give_an_estimator(name):
    estimator = load_estimator(name)
    assert isinstance(estimator, LayoutEstimator)
    assert estimator.name == "geometric"


@pytest.mark.parametrize("name", ["someone/SpatialLM1.1-Qwen-0.5B", "./weights", "model.safetensors"])
def test_a_checkpoint_that_is_none_says_which_estimators_exist(name):
    with pytest.raises(EstimatorError, match="geometric"):
        load_estimator(name)


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
    code = "import sys, spatial_perception as s; s.load_estimator(); print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False"
