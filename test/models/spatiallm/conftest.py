"""The tiny reference checkpoints as directories, and the arrays that the reference made with them."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.pipeline import SpatialLMEstimator
from spatial_perception.models.spatiallm.tiny import make_tiny_checkpoint

sys.path.insert(0, str(Path(__file__).parent))

GOLDEN = Path(__file__).parents[2] / "golden/spatiallm"
NAMES = ("slm11_tiny_qwen", "slm11_tiny_llama", "slm10_tiny_qwen")


@dataclass(frozen=True)
class Reference:
    name: str
    directory: Path
    model: SpatialLM
    arrays: dict
    tensor: np.ndarray


def copy_checkpoint(name, directory):
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copy(GOLDEN / f"{name}.safetensors", directory / "model.safetensors")
    shutil.copy(GOLDEN / f"{name}_config.json", directory / "config.json")
    return directory


@pytest.fixture(scope="session", params=NAMES)
def reference(request, tmp_path_factory):
    directory = copy_checkpoint(request.param, tmp_path_factory.mktemp("checkpoints") / request.param)
    arrays = dict(np.load(GOLDEN / f"{request.param}_outputs.npz"))
    tensor = arrays.get("tensor", np.load(GOLDEN / "slm11_cloud.npz")["tensor"])
    return Reference(request.param, directory, SpatialLM.from_pretrained(directory, device="cpu"), arrays, tensor)


@pytest.fixture
def tiny_directory(tmp_path):
    return copy_checkpoint("slm10_tiny_qwen", tmp_path / "tiny")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A checkpoint that knows nothing, as a directory."""
    return make_tiny_checkpoint(tmp_path_factory.mktemp("tiny") / "checkpoint", seed=3)


@pytest.fixture(scope="session")
def estimator(tiny):
    return SpatialLMEstimator.from_pretrained(tiny, device="cpu", max_new_tokens=150)
