"""Actions: goals accepted and rejected, feedback, results, cancelling, aborting."""

from __future__ import annotations

import threading
import time

import pytest
from action_msgs.msg import GoalStatus
from example_interfaces.action import Fibonacci
from rclpy.action import ActionClient, ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup


def fibonacci(goal_handle):
    """Publish the sequence as it grows, heed cancelling, succeed."""
    sequence = [0, 1]
    for _ in range(1, goal_handle.request.order):
        if goal_handle.is_cancel_requested:
            goal_handle.canceled()
            return Fibonacci.Result(sequence=sequence)
        sequence.append(sequence[-1] + sequence[-2])
        goal_handle.publish_feedback(Fibonacci.Feedback(sequence=sequence))
        time.sleep(0.02)
    goal_handle.succeed()
    return Fibonacci.Result(sequence=sequence)


@pytest.fixture
def action(make_node, spin, eventually):
    """A function that starts a server and returns it with a connected client."""
    made = []

    def start(execute=fibonacci, **kwargs):
        server_node, client_node = make_node("server"), make_node("client")
        kwargs.setdefault("callback_group", ReentrantCallbackGroup())
        server = ActionServer(server_node, Fibonacci, "fibonacci", execute, **kwargs)
        client = ActionClient(client_node, Fibonacci, "fibonacci")
        spin.background(server_node, threads=3)
        spin.background(client_node)
        made.extend([client, server])
        assert client.wait_for_server(timeout_sec=60.0)
        return server, client

    yield start
    spin.stop()
    for entity in made:
        entity.destroy()


def result_of(future, eventually):
    assert eventually(future.done)
    return future.result()


def test_goals_succeed_with_feedback(action, eventually):
    _, client = action()
    feedback = []
    goal = result_of(
        client.send_goal_async(Fibonacci.Goal(order=5), feedback_callback=lambda m: feedback.append(m.feedback)),
        eventually,
    )
    assert goal.accepted
    response = result_of(goal.get_result_async(), eventually)
    assert response.status == GoalStatus.STATUS_SUCCEEDED
    assert list(response.result.sequence) == [0, 1, 1, 2, 3, 5]
    assert eventually(lambda: feedback and list(feedback[-1].sequence) == [0, 1, 1, 2, 3, 5])
    assert goal.status == GoalStatus.STATUS_SUCCEEDED


def test_goals_may_be_rejected(action, eventually):
    seen = []

    def judge(request):
        seen.append(request.order)
        return GoalResponse.REJECT

    _, client = action(goal_callback=judge)
    goal = result_of(client.send_goal_async(Fibonacci.Goal(order=3)), eventually)
    assert not goal.accepted
    assert seen == [3]


def test_cancelling(action, eventually):
    _, client = action(cancel_callback=lambda handle: CancelResponse.ACCEPT)
    goal = result_of(client.send_goal_async(Fibonacci.Goal(order=500)), eventually)
    result = goal.get_result_async()
    response = result_of(goal.cancel_goal_async(), eventually)
    assert [bytes(info.goal_id.uuid) for info in response.goals_canceling] == [bytes(goal.goal_id.uuid)]
    final = result_of(result, eventually)
    assert final.status == GoalStatus.STATUS_CANCELED
    assert len(final.result.sequence) < 500


def test_cancelling_is_refused_by_default(action, eventually):
    _, client = action()
    goal = result_of(client.send_goal_async(Fibonacci.Goal(order=10)), eventually)
    assert result_of(goal.cancel_goal_async(), eventually).goals_canceling == []
    assert result_of(goal.get_result_async(), eventually).status == GoalStatus.STATUS_SUCCEEDED


def test_aborting(action, eventually):
    def execute(handle):
        handle.abort()
        return Fibonacci.Result(sequence=[7])

    _, client = action(execute)
    goal = result_of(client.send_goal_async(Fibonacci.Goal(order=1)), eventually)
    response = result_of(goal.get_result_async(), eventually)
    assert (response.status, list(response.result.sequence)) == (GoalStatus.STATUS_ABORTED, [7])


def test_goals_without_a_final_state_are_aborted(action, eventually):
    _, client = action(lambda handle: Fibonacci.Result())
    goal = result_of(client.send_goal_async(Fibonacci.Goal(order=1)), eventually)
    assert result_of(goal.get_result_async(), eventually).status == GoalStatus.STATUS_ABORTED


def test_an_exception_while_executing_aborts(action, eventually):
    def execute(handle):
        raise RuntimeError("while executing")

    _, client = action(execute)
    goal = result_of(client.send_goal_async(Fibonacci.Goal(order=1)), eventually)
    assert result_of(goal.get_result_async(), eventually).status == GoalStatus.STATUS_ABORTED


def test_execution_may_be_a_coroutine_and_deferred(action, eventually):
    handles = []

    async def execute(handle):
        handle.succeed()
        return Fibonacci.Result(sequence=[handle.request.order])

    _, client = action(execute, handle_accepted_callback=handles.append)
    goal = result_of(client.send_goal_async(Fibonacci.Goal(order=9)), eventually)
    result = goal.get_result_async()
    time.sleep(0.1)
    assert not result.done()
    assert handles[0].is_active
    handles[0].execute()
    response = result_of(result, eventually)
    assert (response.status, list(response.result.sequence)) == (GoalStatus.STATUS_SUCCEEDED, [9])


def test_goals_run_side_by_side(action, eventually):
    both = threading.Barrier(2)

    def execute(handle):
        both.wait(60)  # raises when the other goal does not run meanwhile
        handle.succeed()
        return Fibonacci.Result()

    _, client = action(execute)
    goals = [result_of(client.send_goal_async(Fibonacci.Goal(order=1)), eventually) for _ in range(2)]
    for goal in goals:
        assert result_of(goal.get_result_async(), eventually).status == GoalStatus.STATUS_SUCCEEDED


def test_results_stay_available_for_a_while(action, eventually):
    _, client = action()
    goal = result_of(client.send_goal_async(Fibonacci.Goal(order=2)), eventually)
    first = result_of(goal.get_result_async(), eventually)
    second = result_of(goal.get_result_async(), eventually)
    assert list(first.result.sequence) == list(second.result.sequence)


def test_waiting_for_a_server_that_never_comes(make_node, stopwatch):
    client = ActionClient(make_node(), Fibonacci, "nowhere")
    assert not client.server_is_ready()
    watch = stopwatch()
    assert not client.wait_for_server(timeout_sec=0.3)
    assert watch.seconds() < 2.0
    client.destroy()


def test_wrong_types(action):
    _, client = action()
    with pytest.raises(TypeError):
        client.send_goal_async(Fibonacci.Result())
