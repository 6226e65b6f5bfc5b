from __future__ import annotations

import numpy as np
import pytest

from spatial_perception.pointcloud.principal import in_threads, least_axes, moments


def matrices(count, ratio):
    """Symmetric matrices (N, 3, 3) whose variances are 1, `ratio` and something below, turned at random."""
    rng = np.random.default_rng(0)
    values = np.stack([ratio * rng.uniform(0, 1, count) ** 3, np.full(count, ratio), np.ones(count)], axis=1)
    turns = np.linalg.qr(rng.normal(size=(count, 3, 3)))[0]
    return np.einsum("nij,nj,nkj->nik", turns, values, turns) * rng.uniform(1e-6, 1e3, count)[:, None, None]


def parts(full):
    return tuple(np.ascontiguousarray(full[:, i, j]) for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)))


@pytest.mark.parametrize("ratio", [1.0, 0.5, 1e-3, 1e-5])
def test_axes_are_those_of_lapack(ratio):
    full = matrices(2000, ratio)
    expected, axes = np.linalg.eigh(full)
    vectors, values = least_axes(parts(full))
    assert np.abs(values - expected).max(axis=1) / expected[:, 2] == pytest.approx(0, abs=1e-7)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-12)
    clear = expected[:, 1] - expected[:, 0] > 1e-4 * expected[:, 2]
    assert np.abs((vectors * axes[:, :, 0]).sum(axis=1))[clear] == pytest.approx(1, abs=1e-9)
    assert np.einsum("ni,nij,nj->n", vectors, full, vectors) / expected[:, 2] == pytest.approx(
        expected[:, 0] / expected[:, 2], abs=1e-9
    )


def test_points_in_a_line_or_in_one_place_have_axes_too():
    line, place = np.outer([1.0, 2, 2], [1.0, 2, 2]), np.zeros((3, 3))
    vectors, values = least_axes(parts(np.array([line, place, np.eye(3)])))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    assert vectors[0] @ [1, 2, 2] == pytest.approx(0, abs=1e-9)
    assert values == pytest.approx(np.array([[0, 0, 9], [0, 0, 0], [1, 1, 1]]), abs=1e-12)


def test_moments_are_covariances():
    rng = np.random.default_rng(1)
    xyz, index, weight = rng.normal(size=(50, 3)), rng.integers(0, 50, (12, 7)), rng.uniform(0.1, 1, (12, 7))
    for share in (None, weight / weight.sum(axis=0)):
        found = moments(np.ascontiguousarray(xyz.T), index, share)
        for column in range(7):
            kept = None if share is None else share[:, column]
            expected = np.cov(xyz[index[:, column]].T, aweights=kept, bias=True)
            assert [part[column] for part in found] == pytest.approx(list(expected[np.triu_indices(3)]))


def test_every_row_is_worked_on_and_errors_come_through():
    done = np.zeros(10_000, dtype=int)

    def work(part):
        done[part] += 1

    in_threads(work, len(done))
    assert (done == 1).all()
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda part: 1 // 0, 10_000)
