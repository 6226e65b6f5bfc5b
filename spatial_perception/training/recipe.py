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


class UntrainedRecipe(StrictModel):
    """Sizes of a small model that begins from nothing: a pillar encoder and a Qwen2 decoder."""

    hidden: int = Field(192, ge=8, le=4096, description="Channels of the decoder.")
    layers: int = Field(4, ge=1, le=64, description="Layers of the decoder.")
    heads: int = Field(3, ge=1, le=64, description="Attention heads of the decoder.")
    inner: int = Field(512, ge=8, le=16384, description="Inner channels of the decoder.")
    encoder: dict[str, float] = Field({}, description="Settings of the encoder that differ from those of PillarConfig.")


class ScansRecipe(StrictModel):
    """Simulated scans to train on; they are made once, in the dataset folder."""

    count: int = Field(5000, ge=1, description="Number of scans.")
    first_seed: int = Field(1_000_000, ge=1_000_000, description="Seed of the first home.")
    surveys: int = Field(0, ge=0, description="Number of careful surveys beside them; see FIRST_SURVEY.")
    workers: int = Field(1, ge=1, le=256, description="Processes that make scans.")
    easy_share: float = Field(0.3, ge=0.0, lt=1.0, description="Share of the steps, at first, on small homes only.")
    easy_entities: int = Field(20, ge=4, description="Entities of a small home at most.")
    soft_bins: float = Field(1.0, ge=0.0, le=8.0, description="Spread of the target over neighbouring bins, one sigma.")
    processes: int = Field(1, ge=1, le=64, description="Processes that share each batch, one thread each.")
    hint_weight: float = Field(0.0, ge=0.0, description="Weight of the loss by which pillars tell what stands there.")
    number_waves: bool = Field(False, description="Learn number embeddings as a table plus waves over the value.")
    largest: int = Field(1000, ge=4, description="Homes with more entities than this are left out.")
    test_scenes: int = Field(16, ge=0, description="Unseen homes on which F1 is measured during the training.")


class Recipe(StrictModel):
    """A fine-tuning: data, what is trained, and how. The defaults are those of the published fine-tuning."""

    model: str = Field("", description="Checkpoint directory or hub id to start from; empty for an untrained model.")
    untrained: UntrainedRecipe | None = Field(None, description="Sizes of the model where none is given to start from.")
    dataset: str = Field(description="Folder with dataset_info.json, or for simulated scans.")
    dataset_name: str = Field("", description="Name of the training part in dataset_info.json.")
    scans: ScansRecipe | None = Field(None, description="Train on simulated scans rather than on conversations.")
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
    second_beta: float = Field(0.999, gt=0.0, lt=1.0, description="Decay of the second moments of AdamW.")
    max_norm: float = Field(1.0, gt=0.0, description="Gradients are cut to this norm.")
    epochs: int = Field(10, ge=1, description="Rounds over the data.")
    max_steps: int | None = Field(None, ge=1, description="Stop after this many steps; null for all epochs.")
    stop_at: int | None = Field(
        None, ge=1, description="Stop early, the rates being those of max_steps; to go on later."
    )
    warmup: float = Field(0.03, ge=0.0, lt=1.0, description="Share of the steps in which the rate rises.")
    last_rate: float = Field(0.0, ge=0.0, lt=1.0, description="Share of the highest rate that a cosine ends with.")
    schedule: Literal["cosine", "constant"] = Field("cosine", description="How the rate falls after that.")
    bf16: bool = Field(False, description="Compute the language model in bfloat16, with float32 weights.")
    tf32: bool = Field(True, description="TensorFloat-32 products on CUDA.")
    gradient_checkpointing: bool = Field(True, description="Compute activations twice rather than keep them.")
    half: bool = Field(False, description="Write the weights in float16: half the size, the same results in float32.")
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
