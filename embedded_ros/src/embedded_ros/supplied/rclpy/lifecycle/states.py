"""States and transitions of the life cycle, numbered as in lifecycle_msgs."""

from __future__ import annotations

import dataclasses
import enum


class TransitionCallbackReturn(enum.Enum):
    """Outcome of a transition callback; the values are those of lifecycle_msgs/Transition."""

    SUCCESS = 97
    FAILURE = 98
    ERROR = 99

    def to_label(self) -> str:
        """Return the name of the inner transition that follows."""
        return f"transition_{self.name.lower()}"


@dataclasses.dataclass(frozen=True)
class Transition:
    """A transition that others may request."""

    id: int
    label: str
    start: int
    goal: int


STATES = {
    0: "unknown",
    1: "unconfigured",
    2: "inactive",
    3: "active",
    4: "finalized",
    10: "configuring",
    11: "cleaningup",
    12: "shuttingdown",
    13: "activating",
    14: "deactivating",
    15: "errorprocessing",
}
UNCONFIGURED, INACTIVE, ACTIVE, FINALIZED, ERROR_PROCESSING = 1, 2, 3, 4, 15

CONFIGURE = Transition(1, "configure", UNCONFIGURED, 10)
CLEANUP = Transition(2, "cleanup", INACTIVE, 11)
ACTIVATE = Transition(3, "activate", INACTIVE, 13)
DEACTIVATE = Transition(4, "deactivate", ACTIVE, 14)
SHUTDOWNS = (
    Transition(5, "shutdown", UNCONFIGURED, 12),
    Transition(6, "shutdown", INACTIVE, 12),
    Transition(7, "shutdown", ACTIVE, 12),
)
REQUESTABLE = (CONFIGURE, CLEANUP, ACTIVATE, DEACTIVATE, *SHUTDOWNS)

# transition state -> (state after success, state after failure); errors lead to errorprocessing
OUTCOMES = {10: (2, 1), 11: (1, 2), 12: (4, 4), 13: (3, 2), 14: (2, 3), 15: (1, 4)}
# Ids of the inner transitions, by transition state and outcome (lifecycle_msgs/Transition)
INNER_IDS = {
    10: (10, 11, 12),
    11: (20, 21, 22),
    13: (30, 31, 32),
    14: (40, 41, 42),
    12: (50, 51, 52),
    15: (60, 61, 62),
}


def graph() -> list[Transition]:
    """Return all transitions, inner ones included, as ``get_transition_graph`` reports them."""
    found = list(REQUESTABLE)
    labels = ("transition_success", "transition_failure", "transition_error")
    for state, ids in INNER_IDS.items():
        success, failure = OUTCOMES[state]
        error = FINALIZED if state == ERROR_PROCESSING else ERROR_PROCESSING
        found += [
            Transition(number, label, state, goal)
            for number, label, goal in zip(ids, labels, (success, failure, error))
        ]
    return found


def available(state: int) -> list[Transition]:
    """Return the transitions that may be requested in a state."""
    return [transition for transition in REQUESTABLE if transition.start == state]
