"""The slope that benchmarks print of memory, and how sure it is."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

from trends import Trend

HOURS = np.linspace(0.0, 0.5, 200)


def test_a_line_has_its_slope_and_no_error():
    trend = Trend.of(HOURS, 100.0 + 3.0 * HOURS)
    assert trend.slope == pytest.approx(3.0)
    assert trend.error < 1e-6
    assert trend.text("MB/h") == "3.00 ± 0.00 MB/h"


def test_the_error_is_that_of_text_books_where_samples_are_independent():
    rng = np.random.default_rng(0)
    slopes = [Trend.of(HOURS, rng.normal(size=200)).slope for _ in range(400)]
    assert Trend.of(HOURS, rng.normal(size=200)).error == pytest.approx(np.std(slopes), rel=0.3)


def test_steps_make_the_error_larger():
    rng, inside = np.random.default_rng(1), 0
    for _ in range(200):
        noise = np.zeros(200)
        for k in range(1, 200):
            noise[k] = 0.9 * noise[k - 1] + rng.normal()
        trend = Trend.of(HOURS, noise)
        inside += abs(trend.slope) < 3 * trend.error
    assert inside > 190


@pytest.mark.parametrize("times", [[0.0, 1.0, 2.0], [1.0, 1.0, 1.0, 1.0]])
def test_too_little_says_nothing(times):
    with pytest.raises(ValueError, match="at least four"):
        Trend.of(times, np.zeros(len(times)))
