import pytest
import torch

from spatial_perception.models.layers.threads import torch_threads
from spatial_perception.models.registry import load_estimator
from spatial_perception.models.spatiallm import estimation
from spatial_perception.simulation.sensors import simulate_scene


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_threads_are_bounded_for_a_while(three_threads):
    with torch_threads(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3
    with torch_threads(0):
        assert torch.get_num_threads() == 3


def test_threads_are_as_before_after_an_error(three_threads):
    with pytest.raises(ValueError, match="broken"), torch_threads(2):
        raise ValueError("broken")
    assert torch.get_num_threads() == 3


def test_contexts_that_overlap_leave_nothing_behind(three_threads):
    first, second = torch_threads(1), torch_threads(2)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert torch.get_num_threads() == 2
    second.__exit__(None, None, None)
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize(("settings", "expected"), [({}, 1), ({"threads": 2}, 2), ({"threads": 0}, 3)])
def test_the_small_model_computes_on_one_thread_unless_told(three_threads, monkeypatch, settings, expected):
    seen = []
    finish = estimation.finish
    monkeypatch.setattr(estimation, "finish", lambda *a: seen.append(torch.get_num_threads()) or finish(*a))
    cloud, _ = simulate_scene(9001, rooms=1, max_points=20_000)
    load_estimator("nano", **settings).estimate(cloud)
    assert seen == [expected]
    assert torch.get_num_threads() == 3
