"""The settings of a fine-tuning, one typed model for YAML files and the command line."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spatial_perception.configuration import StrictModel


class LoraRecipe(StrictModel):
    """Low-rank adaptation."""

    rank: int = Field(16, ge=1, le=1024, description="Width of the low-rank matrices.")
    alpha: float = Field(32.0, gt=0.0, description="Weight of the adaptation: alpha / rank.")
    dropout: float = Field(0.0, ge=0.0, lt=1.0, description="Part of the inputs that is dropped.")
    targets: tuple[str, ...] = Field(
        ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
        description="Names of the layers of the language model that are adapted.",
    )


class Recipe(StrictModel):
    """A fine-tuning: data, what is trained, and how. The defaults are those of the published fine-tuning."""

    model: str = Field(description="Checkpoint directory or hub id to start from.")
    dataset: str = Field(description="Folder with dataset_info.json.")
    dataset_name: str = Field(description="Name of the training part in dataset_info.json.")
    output: str = Field(description="Folder for checkpoints and the trained model.")
    method: Literal["full", "projector", "lora"] = Field(
        "full", description="Train everything, the projector alone, or projector and low-rank adaptations."
    )
    freeze: Literal["none", "encoder", "language"] = Field(
        "none", description="Leave the point encoder or the language model as it is (full only)."
    )
    lora: LoraRecipe = Field(LoraRecipe.model_validate({}), description="Low-rank adaptation.")
    num_bins: int | None = Field(None, ge=16, le=8192, description="Bins per 32 m; null for those of the checkpoint.")
    augment: bool = Field(False, description="Change colours, jitter and bend the clouds.")
    random_rotation: bool = Field(True, description="Turn by any angle rather than by quarter turns.")
    align_yaw: bool = Field(False, description="Turn the main walls along x and y first, as the estimator does.")
    cleanup: bool = Field(False, description="Average points per voxel and remove outliers, as the estimator does.")
    random_points: bool = Field(True, description="Take any point of a voxel rather than the one the estimator takes.")
    shuffle_curves: bool = Field(True, description="Take the curves of the encoder in a new order at each step.")
    drop_path: float = Field(0.3, ge=0.0, lt=1.0, description="Part of the encoder's deepest block that is dropped.")
    geometry: bool = Field(True, description="Turn and scale clouds at all.")
    min_scale: float = Field(0.75, gt=0.0, le=1.0, description="Smallest factor of scaling.")
    max_scale: float = Field(1.25, ge=1.0, le=4.0, description="Largest factor of scaling.")
    compat: bool = Field(False, description="Look for empty boxes and clean clouds as the published code does.")
    cutoff: int = Field(8192, ge=64, description="Longest text in tokens; the cloud does not count.")
    batch_size: int = Field(1, ge=1, description="Conversations per forward pass.")
    accumulation: int = Field(1, ge=1, description="Forward passes per step of the optimiser.")
    learning_rate: float = Field(1e-5, gt=0.0, description="Highest rate; 5e-5 to 1e-4 for new kinds of data.")
    weight_decay: float = Field(0.0, ge=0.0, description="Of AdamW.")
    max_norm: float = Field(1.0, gt=0.0, description="Gradients are cut to this norm.")
    epochs: int = Field(10, ge=1, description="Rounds over the data.")
    max_steps: int | None = Field(None, ge=1, description="Stop after this many steps; null for all epochs.")
    warmup: float = Field(0.03, ge=0.0, lt=1.0, description="Share of the steps in which the rate rises.")
    schedule: Literal["cosine", "constant"] = Field("cosine", description="How the rate falls after that.")
    bf16: bool = Field(False, description="Compute the language model in bfloat16, with float32 weights.")
    tf32: bool = Field(True, description="TensorFloat-32 products on CUDA.")
    gradient_checkpointing: bool = Field(True, description="Compute activations twice rather than keep them.")
    validation_name: str | None = Field(None, description="Name of the part to measure the loss on; null for none.")
    evaluate_every: int = Field(500, ge=1, description="Steps between measurements.")
    save_every: int = Field(500, ge=1, description="Steps between checkpoints.")
    keep: int = Field(5, ge=1, description="Newest checkpoints that are kept.")
    log_every: int = Field(10, ge=1, description="Steps between log lines.")
    device: str = Field("auto", description="auto, cpu, cuda, mps.")
    seed: int = Field(0, ge=0, description="Seed of everything random.")

    @property
    def is_random(self) -> bool:
        """Whether a conversation gives another sample each time."""
        return self.augment or self.geometry or self.random_points
