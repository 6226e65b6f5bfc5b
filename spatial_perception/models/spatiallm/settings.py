"""Settings of the SpatialLM estimator."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import Field, model_validator

from spatial_perception.configuration import StrictModel
from spatial_perception.generation.sampling import REFERENCE_SAMPLING, Sampling
from spatial_perception.layout.categories import CATEGORIES


class SpatialLMSettings(StrictModel):
    """How a checkpoint is used: preparation of the cloud, prompt, decoding, what becomes of the text."""

    up: str = Field("z", description="Up axis of the cloud: z (protocol of all estimators), auto, x, -x, y, -y, -z.")
    scale: str = Field(
        "keep", description="Unit of the cloud: keep (metres) or auto (correct one that is beyond doubt)."
    )
    align_yaw: bool = Field(True, description="Turn the main walls along x and y before, and back afterwards.")
    cleanup: bool = Field(True, description="Average points per voxel and remove outliers, as the reference does.")
    core: bool = Field(
        False,
        description="Leave out stray points and what is seen through windows and doors; as the small model learnt.",
    )
    template: Literal["tokenizer", "training"] = Field(
        "tokenizer", description="Chat text: the template that comes with the tokenizer, or the text of the training."
    )
    known_categories: tuple[str, ...] | None = Field(
        CATEGORIES, description="Categories that may be asked for; null for fine-tuned models with others."
    )
    temperature: float = Field(0.0, ge=0.0, le=10.0, description="Randomness; 0 always takes the most probable token.")
    top_k: int = Field(0, ge=0, description="Sample among this many most probable tokens only; 0 for all.")
    top_p: float = Field(1.0, gt=0.0, le=1.0, description="Sample among the most probable tokens of this total only.")
    beams: int = Field(1, ge=1, le=32, description="Beam search over this many texts; 1 switches it off.")
    consensus: int = Field(1, ge=1, le=32, description="Sampled runs that vote on each entity; 1 switches it off.")
    seed: int = Field(0, ge=0, description="Seed of everything random.")
    max_new_tokens: int = Field(4096, ge=1, description="Longest text in tokens.")
    max_seconds: float | None = Field(None, gt=0.0, description="Longest decoding in seconds; null for no limit.")
    max_repeats: int = Field(3, ge=1, description="Stop when this many entities in a row repeat earlier ones.")
    grammar: bool = Field(True, description="Allow well-formed layout text only; certain tokens then cost nothing.")
    drafts: bool = Field(True, description="Guess ahead and check many tokens at a time; changes no result.")
    centred: bool = Field(
        True, description="Middles of bins rather than lower edges, which make rooms half a bin small."
    )
    refine: bool = Field(
        False, description="Move walls and boxes onto their points and drop what has none; entities come at the end."
    )
    least_score: float | None = Field(
        None,
        ge=0.0,
        le=1.0,
        description="With refine: chance of being right below which an entity is left out; null: as measured.",
    )
    max_extent: float = Field(32.0, ge=4.0, le=32.0, description="Larger clouds are cut into tiles of this edge (m).")
    by_room: bool | None = Field(
        None, description="Decode each room by itself; null: where the model was trained on single rooms."
    )
    threads: int = Field(
        0, ge=0, le=256, description="Threads that torch computes with on a CPU; 0: as many as it is set to."
    )
    pack: bool = Field(True, description="Store weights for fast inference on CPUs (float32 only).")
    compat: bool = Field(False, description="Do exactly what the published reference does, its defects included.")

    @model_validator(mode="after")
    def _compatible(self) -> SpatialLMSettings:
        """The compatible preset decides everything that the reference decides."""
        if self.compat and "temperature" not in self.model_fields_set:
            chance = REFERENCE_SAMPLING
            values = {"temperature": chance.temperature, "top_k": chance.top_k, "top_p": chance.top_p}
            for name, value in {**values, **_REFERENCE}.items():
                object.__setattr__(self, name, value)
        elif self.compat:
            for name, value in _REFERENCE.items():
                object.__setattr__(self, name, value)
        return self

    def digest(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    def sampling(self) -> Sampling:
        """The rules of chance."""
        return Sampling(self.temperature, self.top_k, self.top_p)


class CheckpointSettings(SpatialLMSettings):
    """Settings of the estimator and of the loading of its weights."""

    device: str = Field("auto", description="Where to compute: auto, cpu, cuda, cuda:1, mps.")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="Numbers of the language model; auto: bfloat16 on CUDA, else float32."
    )
    revision: str | None = Field(None, description="Branch, tag or commit of a hub checkpoint; null for the newest.")
    sha256: dict[str, str] | None = Field(None, description="Files of the checkpoint and their SHA-256 digests.")
    offline: bool = Field(False, description="Never ask the network for a hub checkpoint.")


class NanoSettings(CheckpointSettings):
    """Settings of the small model in the box: those that it was trained for."""

    cleanup: bool = Field(False, description="Average points per voxel and remove outliers; the model knows outliers.")
    core: bool = Field(True, description="Leave out stray points and what is seen through windows and doors.")
    threads: int = Field(
        1,
        ge=0,
        le=256,
        description="Threads that torch computes with on a CPU; more gain little, and lose much on busy machines. 0: as set.",
    )
    refine: bool = Field(
        True, description="Move walls and boxes onto their points and drop what has none; entities come at the end."
    )


_REFERENCE = {
    "align_yaw": False, "core": False, "refine": False, "grammar": False, "drafts": False, "centred": False,
    "beams": 1, "consensus": 1,
}  # fmt: skip
