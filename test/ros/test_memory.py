from pathlib import Path

import numpy as np
import pytest

from spatial_perception.ros import memory


def resident():
    """Resident memory of this process (MB)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def test_freed_memory_goes_back():
    if not memory.give_back():
        pytest.skip("this C library has no malloc_trim")
    before = resident()
    # below the size from which arrays have mappings of their own; every second stays until the end and pins the heap
    pieces = [np.ones(12_000) for _ in range(2000)]
    last = np.ones(12_000)
    assert resident() - before > 150
    pieces.clear()
    memory.give_back()
    assert resident() - before < 20
    assert last.all()


@pytest.mark.parametrize("fault", [OSError, AttributeError, TypeError])
def test_other_c_libraries_are_left_alone(monkeypatch, fault):
    def refuse(name):
        raise fault

    monkeypatch.setattr(memory.ctypes, "CDLL", refuse)
    memory._trim.cache_clear()
    assert not memory.give_back()
    memory._trim.cache_clear()
