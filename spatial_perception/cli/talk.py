"""The conversation of `spatial-perception ask`: a prompt with history, help, and answers that can be interrupted."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from spatial_perception.cli.console import note, out

if TYPE_CHECKING:
    from spatial_perception.reasoning.conversation import Conversation

_MOST_LINES = 1000
_ENDS = frozenset({"quit", "exit", "q", ":q", "bye"})
_HELP_WORDS = frozenset({"help", "?", "h", "examples"})
HELP = """Ask in plain English, for instance:
  how many chairs are in the kitchen?     is there a desk?            what is on the table?
  how far is the sofa from the door?      how wide is the bed in cm?  how big is the bedroom?
  where is the fridge?                    which room is the bed in?   what is nearest to the tv?
  standing by the bed and facing the window, where is the desk?
  how do I get from the bed to the kitchen?
  what can I put on the desk?   move the chair 50 cm to the left   put a lamp next to the sofa
When I ask back which one you mean, answer with its number or say 'the one in the kitchen'.
'things' lists what I know; Ctrl-C drops a line or an answer, Ctrl-D or 'quit' ends."""


def converse(talk: Conversation, answer: Callable[[str], object]) -> None:
    """Ask for questions until the end of input; `answer` prints the answer to one."""
    note("Ask in plain English; 'help' shows examples, Ctrl-D ends.")
    with _History():
        while True:
            try:
                line = input("which one? > " if talk.pending else "> ").strip()
            except EOFError:
                out().print()
                return
            except KeyboardInterrupt:
                out().print()
                continue
            if line.lower() in _ENDS:
                return
            if line:
                _turn(talk, line, answer)


def _turn(talk: Conversation, line: str, answer: Callable[[str], object]) -> None:
    if line.lower() in _HELP_WORDS:
        out().print(HELP, markup=False, highlight=False)
    elif line.lower() == "things":
        _list_things(talk)
    else:
        try:
            answer(line)
        except KeyboardInterrupt:
            note("dropped")


def _list_things(talk: Conversation) -> None:
    from spatial_perception.reasoning.phrasing import tally

    scene = talk.scene
    for room in scene.rooms:
        inside = [thing for thing in scene.objects if thing.room == room.id]
        out().print(f"{room.name}: {tally(inside)}", markup=False, soft_wrap=True)
    outside = [thing for thing in scene.objects if thing.room is None]
    if outside or not scene.rooms:
        out().print(f"outside of known rooms: {tally(outside)}", markup=False, soft_wrap=True)


def history_file() -> Path:
    """Where questions are remembered: below XDG_STATE_HOME, or ~/.local/state."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "spatial_perception" / "questions"


class _History:
    """Line editing with the questions of earlier conversations, where the readline module is there."""

    def __enter__(self) -> None:
        with suppress(ImportError, OSError):
            import readline

            readline.set_history_length(_MOST_LINES)
            readline.read_history_file(history_file())

    def __exit__(self, *_: object) -> None:
        with suppress(ImportError, OSError):
            import readline

            history_file().parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(history_file())
