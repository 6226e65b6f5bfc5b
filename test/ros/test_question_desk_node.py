"""The desk of questions and the upkeep of servers, without processes."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from spatial_perception.layout.entities import Box, Layout
from spatial_perception.msg import Answer as Codes
from spatial_perception.reasoning.answers import Answer, Status
from spatial_perception.reasoning.scene import make_scene
from spatial_perception.ros.question_desk import Inquiry, QuestionDesk, RateLimit
from spatial_perception.ros.service_sync import ServiceSync

SCENE = make_scene(Layout(boxes=(Box(1, "chair", (0.0, 0.0, 0.4), 0.0, (0.5, 0.5, 0.8)),)))


class Desk:
    """A desk whose work is held until it is let go."""

    def __init__(self, scene=SCENE, model=None, **bounds):
        self.settled, self.gate = [], threading.Event()
        self.desk = QuestionDesk(lambda inquiry: scene, model, self.settled.append, **bounds)

    def held(self, inquiry, scene):
        self.gate.wait(10)
        return Answer(inquiry.text, f"answer to {inquiry.text}")

    def ask(self, text="q", work=None, max_time=10.0):
        inquiry = Inquiry(text, work or self.held, max_time)
        self.desk.submit(inquiry)
        return inquiry


@pytest.fixture
def made():
    desks = []

    def make(**options):
        desks.append(Desk(**options))
        return desks[-1]

    yield make
    for desk in desks:
        desk.gate.set()
        desk.desk.close()


def test_answers_come_once_and_in_order(made):
    desk = made(threads=1)
    asked = [desk.ask(f"q{k}") for k in range(4)]
    desk.gate.set()
    assert all(inquiry.finished.wait(5) for inquiry in asked)
    assert [inquiry.text for inquiry in desk.settled] == ["q0", "q1", "q2", "q3"]
    assert desk.desk.counts.answered == 4


def test_the_queue_is_bounded_and_says_so(made):
    desk = made(threads=1, size=2)
    running = desk.ask()
    deadline = time.monotonic() + 5
    while running not in desk.desk.solving.current and time.monotonic() < deadline:
        time.sleep(0.005)
    waiting = [desk.ask() for _ in range(2)]
    assert [desk.desk.ahead(inquiry) for inquiry in waiting] == [0, 1]
    refused = desk.ask()
    assert (refused.status, refused.is_over) == (Codes.REFUSED, True)
    assert "2 questions wait already" in refused.answer.text
    desk.desk.cancel(waiting[0])
    assert not desk.ask().is_over, "one that was canceled makes room"


def test_canceling_settles_at_once_and_the_late_answer_counts_for_nothing(made):
    desk = made(threads=1)
    inquiry = desk.ask()
    began = time.monotonic()
    desk.desk.cancel(inquiry)
    assert time.monotonic() - began < 0.1
    assert (inquiry.status, inquiry.answer.status) == (Codes.CANCELED, Status.TIMEOUT)
    desk.gate.set()
    time.sleep(0.1)
    assert len(desk.settled) == 1
    assert "canceled" in inquiry.answer.text


def test_time_runs_out(made):
    desk = made(threads=1)
    inquiry = desk.ask(max_time=0.05)
    desk.desk.expire()
    assert not inquiry.is_over
    time.sleep(0.06)
    desk.desk.expire()
    assert inquiry.answer.status is Status.TIMEOUT
    assert desk.desk.counts.given_up == 1


def test_a_question_goes_to_the_model_when_nothing_else_answers(made):
    desk = made(model=lambda inquiry, scene: Answer(inquiry.text, "from the model"))
    inquiry = desk.ask(work=lambda *_: None)
    assert inquiry.finished.wait(5)
    assert inquiry.answer.text == "from the model"


def test_measuring_goes_on_while_the_model_is_busy(made):
    gate = threading.Event()

    def slow(inquiry, scene):
        gate.wait(10)
        return Answer(inquiry.text, "late")

    desk = made(model=slow)
    talk = [desk.ask(work=lambda *_: None) for _ in range(3)]
    quick = desk.ask(work=lambda inquiry, scene: Answer(inquiry.text, "quick"))
    assert quick.finished.wait(5)
    assert not any(inquiry.is_over for inquiry in talk)
    gate.set()
    assert all(inquiry.finished.wait(5) for inquiry in talk)


def test_no_scene_and_a_failing_answerer_are_answers(made):
    def burst(inquiry, scene):
        raise ValueError("bad\nthing")

    nothing = made(scene=None).ask()
    assert nothing.finished.wait(5)
    assert nothing.answer.status is Status.NO_SCENE
    desk = made(threads=1)
    failed = desk.ask(work=burst)
    assert failed.finished.wait(5)
    assert failed.status == Codes.FAILED
    assert "ValueError: bad thing" in failed.answer.text
    desk.gate.set()
    assert desk.ask().finished.wait(5), "the thread goes on"


def test_a_new_epoch_and_the_end_settle_all(made):
    desk = made(threads=1)
    asked = [desk.ask() for _ in range(3)]
    desk.desk.clear("the map began")
    assert {inquiry.answer.status for inquiry in asked} == {Status.NO_SCENE}
    last = desk.ask()
    desk.desk.close()
    assert last.status == Codes.CANCELED


def test_bursts_pass_and_floods_do_not():
    limit = RateLimit(5.0)
    assert [limit.allows() for _ in range(12)].count(True) == 10
    time.sleep(0.25)
    assert limit.allows()
    assert all(RateLimit(0.0).allows() for _ in range(1000))


# ------------------------------------------------------------------ servers
class Client:
    """A client of a server that may be absent, slow, or refuse."""

    def __init__(self):
        self.srv_name, self.ready, self.success, self.sent, self.pending = "/server/add", True, True, [], []

    def service_is_ready(self):
        return self.ready

    def call_async(self, request):
        self.sent.append(request)
        future = SimpleNamespace(cancelled=lambda: False, exception=lambda: None)
        future.result = lambda: SimpleNamespace(success=self.success, message="no room")
        future.add_done_callback = lambda callback: self.pending.append(lambda: callback(future))
        return future

    def answer(self):
        while self.pending:
            self.pending.pop(0)()


class Logger:
    def __init__(self):
        self.lines = []

    def info(self, text):
        self.lines.append(text)

    warning = info


@pytest.fixture
def server():
    client, logger = Client(), Logger()
    node = SimpleNamespace(get_logger=lambda: logger, destroy_client=lambda client: None)

    def plan(removed, added):
        calls = [(client, ("remove", [key for key, _ in removed]))] if removed else []
        return [*calls, (client, ("add", added))] if added else calls

    sync = ServiceSync(node, "things", (client,), plan, lambda old, new: old[0] == new[0])
    return SimpleNamespace(client=client, sync=sync, log=logger.lines)


def test_only_changes_are_sent(server):
    server.sync.want({"a": "x1", "b": "x2"})
    server.client.answer()
    server.sync.want({"a": "x1", "b": "x3", "c": "x4"})
    server.client.answer()
    server.sync.want({"a": "x1", "b": "y3"})
    server.client.answer()
    server.sync.want({"a": "x1", "b": "y3"})
    assert server.client.sent == [
        ("add", ["x1", "x2"]), ("add", ["x3", "x4"]), ("remove", ["b", "c"]), ("add", ["y3"]),
    ]  # fmt: skip
    assert server.sync.problem == ""


def test_what_changes_during_a_call_is_sent_after_it(server):
    for text in ("x1", "x2", "x3"):
        server.sync.want({"a": text})
    assert len(server.client.sent) == 1
    server.client.answer()
    assert server.client.sent == [("add", ["x1"]), ("add", ["x3"])]


def test_an_absent_server_is_mentioned_once_and_gets_all_when_it_comes(server):
    server.client.ready = False
    for number in range(5):
        server.sync.want({"a": f"x{number}"})
        server.sync.tick()
    assert server.log == ["/server/add is not there: things are sent when it comes"]
    assert not server.client.sent
    server.client.ready = True
    server.sync.tick()
    assert server.client.sent == [("add", ["x4"])]


def test_a_refusal_is_said_and_not_repeated(server):
    server.client.success = False
    server.sync.want({"a": "x1"})
    server.client.answer()
    for _ in range(5):
        server.sync.tick()
        server.sync.want({"a": "x1"})
    assert len(server.client.sent) == 1
    assert server.log == ["/server/add refused things: no room"]
    server.client.success = True
    server.sync.want({"a": "x2"})
    server.client.answer()
    assert server.sync.problem == ""


def test_a_server_that_comes_again_gets_everything_again(server):
    server.sync.want({"a": "x1", "b": "x2"})
    server.client.answer()
    server.client.ready = False
    server.sync.tick()
    server.client.ready = True
    server.sync.tick()
    assert server.client.sent[-1] == ("add", ["x1", "x2"])


def test_a_server_that_dies_during_a_call_holds_up_nothing(server):
    server.sync.want({"a": "x1"})
    server.client.ready = False
    server.sync.tick()
    server.client.pending.clear()
    server.client.ready = True
    server.sync.tick()
    server.client.answer()
    assert server.sync.problem == ""
    assert len(server.client.sent) == 2
