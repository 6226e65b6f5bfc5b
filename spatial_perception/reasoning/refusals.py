"""Why a question cannot be answered: raised deep inside, turned into an answer by the solver."""

from __future__ import annotations

from collections.abc import Sequence

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.reasoning.answers import Check, Proposal, Status


class Refusal(Exception):
    """A status other than OK, a sentence that helps, and the boxes that it speaks of."""

    def __init__(
        self,
        status: Status,
        text: str,
        boxes: Sequence[OrientedBox] = (),
        checks: Sequence[Check] = (),
        proposal: Proposal | None = None,
    ) -> None:
        super().__init__(text)
        self.status, self.text, self.boxes, self.checks, self.proposal = (
            status,
            text,
            tuple(boxes),
            tuple(checks),
            proposal,
        )
