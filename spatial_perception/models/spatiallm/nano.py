"""`NanoEstimator`: the small layout language model that is in the box."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spatial_perception.configuration import check_settings
from spatial_perception.models.spatiallm.finish import Calibration
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.pipeline import SpatialLMEstimator, load_tokenizer
from spatial_perception.models.spatiallm.settings import NanoSettings

WEIGHTS = Path(__file__).parent / "nano_weights"
"""The checkpoint of the small model: as any other, with its model card."""


class NanoEstimator(SpatialLMEstimator):
    """A SpatialLM of some million weights behind a pillar encoder, trained on simulated homes; see its model card.

    Settings are those of `NanoSettings`, as an object or as keywords. Licence: Apache-2.0, as this package.
    """

    name = "nano"

    def __init__(self, config: NanoSettings | None = None, **settings: Any) -> None:
        given = {key: str(value) if key in ("device", "dtype") else value for key, value in settings.items()}
        checked = config or check_settings(NanoSettings, {k: v for k, v in given.items() if v is not None})
        model = SpatialLM.from_pretrained(
            WEIGHTS, checked.device, checked.dtype.removeprefix("torch."), None, checked.sha256, bare=True
        )
        if checked.pack:
            model.pack_for_inference()
        super().__init__(model, load_tokenizer(WEIGHTS), checked)
        self.calibration = Calibration.of(WEIGHTS)
