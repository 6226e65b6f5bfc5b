"""The network: point encoder, projector and a stock Qwen2 or Llama decoder. Parameter names equal the published ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from spatial_perception.errors import CloudError, EstimatorError
from spatial_perception.generation.decoder import Budget, Constraint, Decoder
from spatial_perception.generation.decoder_layers import fuse_projections
from spatial_perception.generation.language_model import LanguageModel, Prompt, padded_causal_mask
from spatial_perception.generation.packing import pack_linears
from spatial_perception.generation.static_step import StaticLanguageModel
from spatial_perception.models import weights
from spatial_perception.models.layers.bare_stack import BareStack, StackConfig
from spatial_perception.models.spatiallm.config import PillarConfig, SonataConfig, SpatialLMConfig
from spatial_perception.models.spatiallm.findings import FindingRows
from spatial_perception.models.spatiallm.pillar import PillarEncoder, Words, make_pillars
from spatial_perception.models.spatiallm.places import ANSWER, AnswerPlaces, prompt_places
from spatial_perception.models.spatiallm.scenescript import SceneScriptEncoder
from spatial_perception.models.spatiallm.sonata import Permutations, SonataEncoder
from spatial_perception.models.spatiallm.splice import IGNORED_LABEL, PointTokenIds, Spliced, point_place, splice_points

TENSOR_COLUMNS = 9
LICENCE = "CC-BY-NC-4.0 (non-commercial use only), Llama variants also under the Llama licence"
_HEAD = "lm_head.weight"


@dataclass(frozen=True)
class LanguageOutput:
    """Logits (B, L', V) float32 over the spliced sequence, and the mean cross entropy of the labels, if there were any."""

    logits: Tensor
    loss: Tensor | None


@dataclass(frozen=True, eq=False)
class Reading:
    """A cloud and its findings as the decoder reads them: `embeds` (P + T, H), the findings that are told there, which of
    all they are, `kept` (Q,) bool, and how likely each of all is real, `chances` (Q,) float32."""

    embeds: Tensor
    told: FindingRows
    kept: Tensor
    chances: Tensor


def _stack(config: SpatialLMConfig, bare: bool) -> nn.Module:
    """The decoder without its output layer: that of transformers, or where that will do its weights alone."""
    sizes = StackConfig.of(config.language, config.is_llama) if bare else None
    if sizes is not None:
        return BareStack(sizes)
    from transformers import LlamaConfig, LlamaModel, Qwen2Config, Qwen2Model

    config_class, model_class = (LlamaConfig, LlamaModel) if config.is_llama else (Qwen2Config, Qwen2Model)
    language: Any = config_class(**config.language)
    language._attn_implementation = "sdpa"
    return model_class(language)


def _projector(config: SpatialLMConfig, hidden: int) -> nn.Module:
    width = config.encoder.width
    if config.projector == "linear":
        return nn.Linear(width, hidden)
    return nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, hidden))


def _encoder(config: SpatialLMConfig) -> SonataEncoder | SceneScriptEncoder | PillarEncoder:
    if isinstance(config.encoder, SonataConfig):
        return SonataEncoder(config.encoder)
    if isinstance(config.encoder, PillarConfig):
        hidden = config.language.get("hidden_size")
        if config.encoder.findings and hidden != config.encoder.width:
            raise EstimatorError(
                f"config.json: findings need point_config.width ({config.encoder.width}) to equal hidden_size ({hidden})"
            )
        return PillarEncoder(config.encoder)
    return SceneScriptEncoder(config.encoder)


class SpatialLM(nn.Module):
    """Cloud tensor and prompt to logits and token ids.

    The encoder always computes in float32, projector and language model in the dtype they were loaded with. A `bare` one
    cannot be trained, and loads without transformers where its decoder is a plain one.
    """

    model: Any

    def __init__(self, config: SpatialLMConfig, bare: bool = False) -> None:
        super().__init__()
        self.config = config
        self.model = _stack(config, bare)
        hidden = self.model.config.hidden_size
        self.lm_head = nn.Linear(hidden, self.model.config.vocab_size, bias=False)
        self.point_backbone = _encoder(config)
        self.point_proj = _projector(config, hidden)
        self._static: StaticLanguageModel | None = None
        self.eos_token_ids = _ids(config.raw.get("eos_token_id"))
        self.tie_weights()

    @property
    def is_tied(self) -> bool:
        """Whether the output layer shares the embedding matrix."""
        return bool(self.model.config.tie_word_embeddings)

    def tie_weights(self) -> None:
        """Share the embedding matrix with the output layer where the configuration says so."""
        if self.is_tied:
            self.lm_head.weight = self.model.embed_tokens.weight

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.embed_tokens.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """Number format of projector and language model."""
        return self.model.embed_tokens.weight.dtype

    @property
    def point_token_ids(self) -> PointTokenIds:
        """Ids of the tokens that mark the place of the cloud."""
        config = self.config
        return PointTokenIds(config.point_start_token_id, config.point_end_token_id, config.point_token_id)

    @property
    def language_model(self) -> LanguageModel:
        """Decoder and output layer as the decode loop sees them; on CUDA with steps that are replayed as graphs."""
        if self.device.type != "cuda":
            return LanguageModel(self.model, self.lm_head)
        if self._static is None:
            self._static = StaticLanguageModel(self.model, self.lm_head)
        return self._static

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path,
        device: str | torch.device | None = None,
        dtype: str | torch.dtype | None = None,
        revision: str | None = None,
        sha256: Mapping[str, str] | None = None,
        offline: bool = False,
        bare: bool = False,
    ) -> SpatialLM:
        """Load a checkpoint directory or hub id, safetensors only.

        `device` None picks the best one; `dtype` None means bfloat16 on CUDA, else float32. `revision` and `sha256`
        (file name to hex digest) pin the files. `bare` is for inference alone. Raises EstimatorError or ConfigError, whose
        message names the difference.
        """
        directory = weights.resolve_checkpoint(name, revision, offline)
        if sha256:
            weights.verify_sha256(directory, sha256)
        model = empty_model(SpatialLMConfig.from_file(directory / "config.json"), bare)
        place = weights.resolve_device(device)
        model.load(directory, place, weights.resolve_dtype(dtype, place))
        model.eos_token_ids = _eos_ids(directory, model.eos_token_ids)
        weights.announce_licence(str(name), directory, LICENCE)
        return model.eval()

    def pack_for_inference(self) -> int:
        """Make decoding several times faster on a CPU in float32; the model can no longer be trained or saved.

        Returns how many layers were packed: 0 on other devices and where torch cannot do it.
        """
        return fuse_projections(self.model) + pack_linears(self)

    def load(self, directory: Path, device: torch.device, dtype: torch.dtype) -> None:
        """Fill an empty model from the files of `directory`; names and shapes must agree exactly."""
        expected = {name: tuple(tensor.shape) for name, tensor in self.state_dict().items()}
        optional = [_HEAD] if self.is_tied else []
        with weights.Checkpoint(directory) as checkpoint:
            weights.check_keys(expected, checkpoint.shapes(), directory, optional)
            names = [name for name in expected if name not in optional]
            state = {name: checkpoint.tensor(name).to(device, _dtype_of(name, dtype)) for name in names}
        self.load_state_dict(state, strict=False, assign=True)
        self.tie_weights()
        self.model.rotary_emb = type(self.model.rotary_emb)(config=self.model.config).to(device)

    def encode(self, tensor: Tensor | NDArray[Any], permutations: Permutations | None = None) -> Tensor:
        """Cloud tensor (N, 9) = cell, metric position, colour in [-1, 1] to point tokens (P, E) float32.

        Rows that hold a NaN are padding and are dropped. `permutations` reorders the curves per stage (Sonata only).
        Raises CloudError if nothing is left.
        """
        rows = self._rows(tensor)
        grid, feat = rows[:, :3].to(torch.int32), rows[:, 3:].to(torch.float32)
        with torch.autocast(self.device.type, enabled=False):
            if isinstance(self.point_backbone, SonataEncoder):
                return self.point_backbone(grid, feat, permutations)
            return self.point_backbone(grid, feat)

    def _rows(self, tensor: Tensor | NDArray[Any]) -> Tensor:
        rows = torch.as_tensor(tensor).reshape(-1, TENSOR_COLUMNS)
        rows = rows[~rows.isnan().any(1)].to(self.device) if self.device.type != "mps" else _for_mps(rows, self.device)
        if not len(rows):
            raise CloudError("the cloud tensor has no valid row; give a cloud with points")
        return rows

    @torch.inference_mode()
    def weigh(self, tensor: Tensor | NDArray[Any], findings: FindingRows, least: float = 0.3) -> Reading:
        """Hold findings against a cloud tensor (N, 9); those whose chance to be real is at least `least` are to be read."""
        encoder = self.point_backbone
        if not isinstance(encoder, PillarEncoder) or encoder.findings is None:
            raise EstimatorError("findings can be read by models with a pillar encoder that was made for them")
        rows = findings.to(self.device)
        with torch.autocast(self.device.type, enabled=False):
            pillars = make_pillars(self._rows(tensor)[:, 3:6].to(torch.float32), encoder.config)
            (tokens,), (summaries,) = encoder.read([pillars], [rows])
            chances = encoder.findings.chances(summaries)
            kept = rows.standing(chances >= least)
            told, words = rows.keep(kept), Words(self.project, self.model.embed_tokens)
            embeds = encoder.told(tokens, summaries[kept], told, words)
        return Reading(embeds, told, kept, chances)

    def project(self, tokens: Tensor) -> Tensor:
        """Point tokens (P, E) to the width of the language model (P, H), in its dtype."""
        return self.point_proj(tokens.to(self.dtype))

    def splice(
        self,
        input_ids: Tensor,
        point_tokens: Sequence[Tensor],
        mask: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> Spliced:
        """Input embeddings of prompts (B, L) with projected point tokens, one (P, H) tensor per prompt, in their place."""
        ids = input_ids.to(self.device)
        return splice_points(ids, self.model.embed_tokens(ids), point_tokens, self.point_token_ids, mask, labels)

    def forward(
        self,
        input_ids: Tensor,
        tensors: Sequence[Tensor | NDArray[Any]],
        mask: Tensor | None = None,
        labels: Tensor | None = None,
        permutations: Permutations | None = None,
    ) -> LanguageOutput:
        """Logits and loss of prompts (B, L), one cloud tensor (N, 9) each; `mask` and `labels` are (B, L)."""
        mask, labels = _on(mask, self.device), _on(labels, self.device)
        points = [self.project(self.encode(tensor, permutations)) for tensor in tensors]
        spliced = self.splice(input_ids, points, mask, labels)
        valid = spliced.mask.bool()
        attention = None if bool(valid.all()) else padded_causal_mask(valid)
        positions = torch.arange(valid.shape[1], device=self.device).expand(valid.shape)
        hidden = self.language_model.hidden(spliced.embeds, positions, mask=attention)
        logits = self.lm_head(hidden).float()
        return LanguageOutput(logits, None if spliced.labels is None else _loss(logits, spliced.labels))

    @torch.inference_mode()
    def logits(
        self, input_ids: Tensor, tensor: Tensor | NDArray[Any], permutations: Permutations | None = None
    ) -> Tensor:
        """Logits (1, L', V) float32 over the spliced sequence of one prompt (1, L) or (L,) and one cloud tensor (N, 9)."""
        return self(torch.as_tensor(input_ids).reshape(1, -1), [tensor], permutations=permutations).logits

    @torch.inference_mode()
    def prompt(
        self,
        input_ids: Tensor,
        tensor: Tensor | NDArray[Any],
        permutations: Permutations | None = None,
        reading: Reading | None = None,
    ) -> Prompt:
        """What the decode loop reads: the spliced embeddings of one prompt and one cloud, or of what `weigh` returned."""
        ids = torch.as_tensor(input_ids).reshape(1, -1)
        if reading is None:
            return Prompt(self.splice(ids, [self.project(self.encode(tensor, permutations))]).embeds)
        embeds = self.splice(ids, [reading.embeds]).embeds
        start, end = point_place(ids[0], self.point_token_ids)
        findings = reading.told.places()
        places = prompt_places(start + 1, len(reading.embeds) - len(findings), findings, ids.shape[1] - end)
        heads = tuple(reading.told.heads[:4].tolist())
        return Prompt(embeds, places[None], ANSWER, AnswerPlaces(heads))

    def generate_ids(
        self,
        input_ids: Tensor,
        tensor: Tensor | NDArray[Any],
        max_new_tokens: int,
        grammar: Constraint | None = None,
        permutations: Permutations | None = None,
    ) -> Tensor:
        """Greedy continuation (n,) int64 of a prompt, at most `max_new_tokens` long; ends with the stop token, if it came."""
        prompt = self.prompt(input_ids, tensor, permutations)
        decoder = Decoder(self.language_model, self.eos_token_ids)
        run = decoder.start(prompt, budget=Budget(max_new_tokens), constraint=grammar)
        return torch.tensor([token.id for token in run], dtype=torch.int64)


def empty_model(config: SpatialLMConfig, bare: bool = False) -> SpatialLM:
    """The network without memory for its weights (torch's meta device)."""
    try:
        with torch.device("meta"), _NothingDrawn():
            return SpatialLM(config, bare)
    except (TypeError, ValueError, KeyError) as error:
        raise EstimatorError(f"config.json does not describe a {config.language_type} model: {error}") from error


class _NothingDrawn(TorchFunctionMode):
    """Leaves out what `torch.nn.init` does: without memory it has no effect, but drawing there loads torch's compiler."""

    def __torch_function__(self, function: Any, _: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        if getattr(function, "__module__", "") == "torch.nn.init":
            return given["tensor"] if "tensor" in given else args[0]
        return function(*args, **given)


def _for_mps(rows: Tensor, device: torch.device) -> Tensor:
    """MPS has no float64; single precision holds every cell index exactly."""
    return rows[~rows.isnan().any(1)].float().to(device)


def _on(tensor: Tensor | None, device: torch.device) -> Tensor | None:
    return None if tensor is None else tensor.to(device)


def _dtype_of(name: str, dtype: torch.dtype) -> torch.dtype:
    return torch.float32 if name.startswith("point_backbone.") else dtype


def _loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy of each token given those before it; labels of -100 do not count."""
    return nn.functional.cross_entropy(
        logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED_LABEL
    )


def _ids(value: Any) -> tuple[int, ...]:
    if value is None:
        return ()
    return tuple(int(item) for item in value) if isinstance(value, (list, tuple)) else (int(value),)


def _eos_ids(directory: Path, fallback: tuple[int, ...]) -> tuple[int, ...]:
    """Stop tokens of generation_config.json, else those of config.json."""
    import json

    path = directory / "generation_config.json"
    if not path.is_file():
        return fallback
    try:
        return _ids(json.loads(path.read_text(encoding="utf-8")).get("eos_token_id")) or fallback
    except (ValueError, TypeError, AttributeError) as error:
        raise EstimatorError(f"cannot read {path}: {error}") from error
