"""Typed configuration of a SpatialLM checkpoint, read from its `config.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from spatial_perception.errors import ConfigError
from spatial_perception.models.layers.serialization import CURVES

LANGUAGE_MODELS = {"spatiallm_qwen": "qwen2", "spatiallm_llama": "llama"}
WORLD_EXTENT = 32.0
_POINT_KEYS = (
    "point_backbone",
    "point_config",
    "projector",
    "point_start_token_id",
    "point_end_token_id",
    "point_token_id",
)
_NOT_LANGUAGE = (
    *_POINT_KEYS,
    "model_type",
    "architectures",
    "torch_dtype",
    "dtype",
    "transformers_version",
    "auto_map",
)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _known(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the fields that `cls` has; missing mandatory ones are an error."""
    names = {spec.name for spec in fields(cls)}
    return {key: _tuple(value) for key, value in values.items() if key in names}


@dataclass(frozen=True)
class SonataConfig:
    """Point Transformer V3 encoder of SpatialLM 1.1. One entry per stage, five stages as published; widths in channels."""

    in_channels: int = 6
    order: tuple[str, ...] = ("z", "z-trans")
    stride: tuple[int, ...] = (2, 2, 2, 2)
    enc_depths: tuple[int, ...] = (3, 3, 3, 12, 3)
    enc_channels: tuple[int, ...] = (48, 96, 192, 384, 512)
    enc_num_head: tuple[int, ...] = (3, 6, 12, 24, 32)
    enc_patch_size: tuple[int, ...] = (1024, 1024, 1024, 1024, 1024)
    mlp_ratio: float = 4
    num_bins: int = 1280

    def __post_init__(self) -> None:
        if isinstance(self.order, str):
            object.__setattr__(self, "order", (self.order,))
        self._check_orders()
        stages = len(self.enc_depths)
        lengths = {len(self.enc_channels), len(self.enc_num_head), len(self.enc_patch_size), len(self.stride) + 1}
        if lengths != {stages}:
            raise ConfigError(f"point_config describes {stages} stages in enc_depths but {sorted(lengths)} elsewhere")
        for channels, heads in zip(self.enc_channels, self.enc_num_head):
            if channels % heads:
                raise ConfigError(f"point_config: {channels} channels cannot be split into {heads} heads")

    def _check_orders(self) -> None:
        unknown = [name for name in self.order if name not in CURVES]
        if unknown or not self.order:
            raise ConfigError(f"point_config.order {list(self.order)} must name curves out of {', '.join(CURVES)}")

    @property
    def width(self) -> int:
        """Channels of a point token."""
        return self.enc_channels[-1]

    @property
    def reduction(self) -> int:
        """Voxels per token and axis."""
        return 2 ** (len(self.enc_depths) - 1)


@dataclass(frozen=True)
class SceneScriptConfig:
    """Sparse convolutional encoder of SpatialLM 1.0."""

    input_channels: int = 6
    embed_channels: int = 512
    conv_layers: tuple[int, ...] = (16, 32, 64, 128, 256)
    num_bins: int = 640

    @property
    def width(self) -> int:
        """Channels of a point token."""
        return self.embed_channels

    @property
    def reduction(self) -> int:
        """Voxels per token and axis."""
        return 2 ** (len(self.conv_layers) - 1)


@dataclass(frozen=True)
class PillarConfig:
    """Pillar encoder of the small model: `columns` x `columns` columns of `column` metres per pillar, `layers` of `layer`
    metres; pillars with points in at least `min_layers` layers become tokens of `width` channels. With `findings` the model
    also reads what the geometric estimator has found."""

    width: int = 192
    heads: int = 3
    inner: int = 576
    depth: int = 3
    mixes: int = 2
    column: float = 0.1
    columns: int = 4
    layer: float = 0.15
    layers: int = 24
    min_layers: int = 3
    findings: bool = False
    num_bins: int = 640

    def __post_init__(self) -> None:
        if min(self.width, self.heads, self.columns, self.layers) < 1 or min(self.column, self.layer) <= 0.0:
            raise ConfigError("point_config: widths, counts and edges of pillars must be positive")
        if self.width % self.heads:
            raise ConfigError(f"point_config: {self.width} channels cannot be split into {self.heads} heads")

    @property
    def edge(self) -> float:
        """Edge of a pillar in metres."""
        return self.columns * self.column

    @property
    def features(self) -> int:
        """Numbers that describe a pillar: a count per voxel, two mean offsets per column, a mean height per layer."""
        return self.columns**2 * (self.layers + 2) + self.layers

    @property
    def reduction(self) -> int:
        """Cells of the canvas per pillar and axis."""
        return max(1, round(self.edge * self.num_bins / WORLD_EXTENT))


EncoderConfig = SonataConfig | SceneScriptConfig | PillarConfig
_ENCODERS: dict[str, type[SonataConfig] | type[SceneScriptConfig] | type[PillarConfig]] = {
    "sonata": SonataConfig,
    "scenescript": SceneScriptConfig,
    "pillar": PillarConfig,
}


@dataclass(frozen=True)
class SpatialLMConfig:
    """Everything that a checkpoint says of itself.

    `language` holds the fields of the stock Qwen2 or Llama configuration, `language_type` its name in transformers.
    """

    language_type: str
    language: Mapping[str, Any]
    encoder: EncoderConfig
    point_start_token_id: int
    point_end_token_id: int
    point_token_id: int
    projector: str = "linear"
    dtype: str = "float32"
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def num_bins(self) -> int:
        """Cells per axis of the world cube."""
        return self.encoder.num_bins

    @property
    def voxel(self) -> float:
        """Edge of a cell in metres."""
        return WORLD_EXTENT / self.num_bins

    @property
    def is_llama(self) -> bool:
        """Whether the language model is a Llama (no system message) rather than a Qwen2."""
        return self.language_type == "llama"

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SpatialLMConfig:
        """From the content of `config.json`; raises ConfigError that names what is missing or unknown."""
        missing = [key for key in ("model_type", *_POINT_KEYS) if key not in values and key != "projector"]
        if missing:
            raise ConfigError(f"config.json lacks {', '.join(missing)}; is this a SpatialLM checkpoint?")
        return cls(
            language_type=_choice(values, "model_type", LANGUAGE_MODELS),
            language={key: value for key, value in values.items() if key not in _NOT_LANGUAGE},
            encoder=_encoder(values),
            point_start_token_id=int(values["point_start_token_id"]),
            point_end_token_id=int(values["point_end_token_id"]),
            point_token_id=int(values["point_token_id"]),
            projector=_choice({"projector": "linear", **values}, "projector", {"linear": "linear", "mlp": "mlp"}),
            dtype=str(values.get("torch_dtype") or values.get("dtype") or "float32"),
            raw=dict(values),
        )

    @classmethod
    def from_file(cls, path: Path) -> SpatialLMConfig:
        """Read `config.json`; raises ConfigError if it is unreadable or not of this family."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(f"cannot read {path}: {error}") from error
        if not isinstance(values, dict):
            raise ConfigError(f"{path} must hold a JSON object")
        return cls.from_dict(values)


def _choice(values: Mapping[str, Any], key: str, known: Mapping[str, Any]) -> Any:
    if values[key] not in known:
        raise ConfigError(f"{key} {values[key]!r} is unknown; known are {', '.join(known)}")
    return known[values[key]]


def _encoder(values: Mapping[str, Any]) -> EncoderConfig:
    cls = _choice(values, "point_backbone", _ENCODERS)
    point_config = values["point_config"]
    if not isinstance(point_config, Mapping) or "num_bins" not in point_config:
        raise ConfigError("point_config must be an object that holds num_bins")
    return cls(**_known(cls, point_config))


def reads_findings(config: SpatialLMConfig) -> bool:
    """Whether a model reads what the geometric estimator finds."""
    return isinstance(config.encoder, PillarConfig) and config.encoder.findings
