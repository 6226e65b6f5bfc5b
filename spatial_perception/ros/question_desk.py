"""Questions that wait for their answer: bounded, with a time limit each, canceled at once; a slow one holds up no other kind.

Two lanes of threads work them off: one measures the scene, the other asks a language model what the first could not read.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial_perception.msg import Answer as Codes
from spatial_perception.reasoning.answers import Answer, Status
from spatial_perception.reasoning.relations import Viewer
from spatial_perception.reasoning.scene import Scene
from spatial_perception.reasoning.solver import NOTHING_KNOWN

WAITING, SOLVING, MODEL = "waiting", "solving", "model"


@dataclass(eq=False)
class Inquiry:
    """A question on its way: what is asked (`text`, `options`, `images`, `viewer`), for how long (s) an answer is waited, and how
    it went.

    `work(inquiry, scene)` finds the answer, or returns None to hand the question on to the model. The first answer that is
    settled counts. `status` is a constant of the message where the answer's own status does not say it all, `source` what
    the scene was made from.
    """

    text: str
    work: Callable[[Inquiry, Scene], Answer | None]
    max_time: float
    options: tuple[str, ...] = ()
    viewer: Viewer | None = None
    images: tuple[NDArray[np.uint8], ...] = ()
    began: float = field(default_factory=monotonic)
    stage: str = WAITING
    partial: str = ""
    answer: Answer | None = None
    status: int | None = None
    answerer: str = ""
    scene: Scene | None = None
    source: Any = None
    finished: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        """Whether it has its answer, so that work on it is in vain."""
        return self.finished.is_set()

    @property
    def left(self) -> float:
        """Seconds that are left, 0 or less when time is over."""
        return self.began + self.max_time - monotonic()


class Lane:
    """Threads that do one kind of work, in the order in which it came."""

    def __init__(self, name: str, work: Callable[[Inquiry], None], threads: int) -> None:
        self._work = work
        self._changed = threading.Condition()
        self._queue: deque[Inquiry] = deque()
        self._current: list[Inquiry] = []
        self._ending = False
        self._threads = [threading.Thread(target=self._run, name=f"{name} {k}", daemon=True) for k in range(threads)]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> list[Inquiry]:
        """Those that still want an answer and wait for a thread."""
        with self._changed:
            return [inquiry for inquiry in self._queue if not inquiry.is_over]

    @property
    def current(self) -> list[Inquiry]:
        """Those under way, given up or not."""
        with self._changed:
            return list(self._current)

    def put(self, inquiry: Inquiry) -> None:
        """Add one at the end."""
        with self._changed:
            self._queue.append(inquiry)
            self._changed.notify()

    def close(self) -> None:
        """Begin nothing more; what is under way ends by itself."""
        with self._changed:
            self._ending = True
            self._queue.clear()
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ending or bool(self._queue))
                if self._ending:
                    return
                inquiry = self._queue.popleft()
                self._current.append(inquiry)
            try:
                if not inquiry.is_over:
                    self._work(inquiry)
            finally:
                with self._changed:
                    self._current.remove(inquiry)


@dataclass
class DeskCounts:
    """Questions taken on, answered (in whatever way), refused, given up before there was an answer, and those that made an
    answerer fail."""

    taken: int = 0
    answered: int = 0
    refused: int = 0
    given_up: int = 0
    failed: int = 0


class QuestionDesk:
    """Takes questions on, works them off, and tells `on_settled(inquiry)` of each answer exactly once.

    `scene_of(inquiry)` gives the scene, None before there is one. `ask_model(inquiry, scene)` answers what nothing else could,
    where a model is loaded. At most `size` questions wait, at most `rate` are taken per second (0: any number), with bursts
    of twice as many.
    """

    def __init__(
        self,
        scene_of: Callable[[Inquiry], Scene | None],
        ask_model: Callable[[Inquiry, Scene], Answer] | None,
        on_settled: Callable[[Inquiry], None],
        *,
        size: int = 8,
        threads: int = 2,
        rate: float = 0.0,
    ) -> None:
        self._scene_of, self._ask_model, self._on_settled = scene_of, ask_model, on_settled
        self.size, self.counts, self.last_seconds = size, DeskCounts(), 0.0
        self._limit = RateLimit(rate)
        self._lock = threading.Lock()
        self._open: list[Inquiry] = []
        self.solving = Lane("solving", self._solve, threads)
        self.model = Lane("model", self._model, 1 if ask_model is not None else 0)

    def submit(self, inquiry: Inquiry) -> bool:
        """Take a question on; where that cannot be it is settled at once, with status REFUSED and the reason."""
        waiting = len(self.solving.waiting) + len(self.model.waiting)
        if waiting >= self.size:
            return self._refuse(inquiry, f"{waiting} questions wait already; ask again when some are answered.")
        if not self._limit.allows():
            return self._refuse(inquiry, f"more than {self._limit.rate:g} questions a second; ask more slowly.")
        with self._lock:
            self._open.append(inquiry)
            self.counts.taken += 1
        self.solving.put(inquiry)
        return True

    def ahead(self, inquiry: Inquiry) -> int:
        """How many questions come before one that waits."""
        for lane in (self.solving, self.model):
            waiting = lane.waiting
            if inquiry in waiting:
                return waiting.index(inquiry)
        return 0

    def cancel(self, inquiry: Inquiry) -> None:
        """Settle a question as canceled, at once."""
        answer = Answer(
            inquiry.text, "The question was canceled before there was an answer.", Status.TIMEOUT, confidence=0.0
        )
        self._settle(inquiry, answer, Codes.CANCELED)

    def expire(self) -> None:
        """Settle all whose time is over; to be called now and then."""
        for inquiry in self._opened():
            if inquiry.left <= 0:
                text = f"No answer within {inquiry.max_time:g} s; allow more time or ask for less."
                self._settle(inquiry, Answer(inquiry.text, text, Status.TIMEOUT, confidence=0.0))

    def clear(self, reason: str) -> None:
        """Settle all as NO_SCENE: what they were about is void."""
        for inquiry in self._opened():
            text = f"What was known is void ({reason}); look around, then ask again."
            self._settle(inquiry, Answer(inquiry.text, text, Status.NO_SCENE, confidence=0.0))

    def close(self) -> None:
        """Cancel everything and end the threads when they come to an end."""
        for inquiry in self._opened():
            self.cancel(inquiry)
        self.solving.close()
        self.model.close()

    # ------------------------------------------------------------------ inside
    def _opened(self) -> list[Inquiry]:
        with self._lock:
            return list(self._open)

    def _refuse(self, inquiry: Inquiry, reason: str) -> bool:
        self.counts.refused += 1
        text = f"The question was not taken on: {reason}"
        self._settle(inquiry, Answer(inquiry.text, text, Status.TIMEOUT, confidence=0.0), Codes.REFUSED)
        return False

    def _solve(self, inquiry: Inquiry) -> None:
        inquiry.stage = SOLVING
        scene = self._scene_of(inquiry)
        if scene is None:
            self._settle(inquiry, Answer(inquiry.text, NOTHING_KNOWN, Status.NO_SCENE, confidence=0.0))
            return
        inquiry.scene = scene
        answer = _guarded(inquiry.work, inquiry, scene)
        if answer is None:
            inquiry.stage = WAITING
            self.model.put(inquiry)
        else:
            self._settle(inquiry, answer)

    def _model(self, inquiry: Inquiry) -> None:
        inquiry.stage = MODEL
        assert self._ask_model is not None
        assert inquiry.scene is not None
        answer = _guarded(self._ask_model, inquiry, inquiry.scene)
        assert answer is not None
        self._settle(inquiry, answer)

    def _settle(self, inquiry: Inquiry, answer: Answer, status: int | None = None) -> None:
        with self._lock:
            if inquiry.is_over:
                return
            inquiry.answer = answer
            inquiry.status = inquiry.status if status is None else status
            inquiry.finished.set()
            if inquiry in self._open:
                self._open.remove(inquiry)
            self.last_seconds = monotonic() - inquiry.began
            self.counts.answered += 1
            self.counts.failed += inquiry.status == Codes.FAILED
            self.counts.given_up += inquiry.status == Codes.CANCELED or (inquiry.status is None and _is_late(answer))
        self._on_settled(inquiry)


def _is_late(answer: Answer) -> bool:
    return answer.status is Status.TIMEOUT


def _guarded(work: Callable[[Inquiry, Scene], Answer | None], inquiry: Inquiry, scene: Scene) -> Answer | None:
    """What the work answers; what it raises becomes an answer too, since one bad question must not end a lane."""
    try:
        return work(inquiry, scene)
    except Exception as error:
        inquiry.status = Codes.FAILED
        text = f"The answerer failed ({type(error).__name__}: {' '.join(str(error).split())[:200]}); ask differently."
        return Answer(inquiry.text, text, Status.TIMEOUT, confidence=0.0)


class RateLimit:
    """Lets at most `rate` pass per second on average (0: any number), and bursts of two seconds' worth."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._saved, self._last, self._lock = 2.0 * rate, monotonic(), threading.Lock()

    def allows(self) -> bool:
        """Whether one more may pass now."""
        if self.rate <= 0:
            return True
        with self._lock:
            now = monotonic()
            self._saved = min(2.0 * self.rate, self._saved + (now - self._last) * self.rate)
            self._last = now
            if self._saved < 1.0:
                return False
            self._saved -= 1.0
            return True
