"""Exact matching of two small sets by cost, where nothing needs a partner."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pair = tuple[int, int]


def best_pairs(cost: NDArray[np.float64], gate: float = 1.0) -> tuple[Pair, ...]:
    """Pairs (row, column) below the gate with the largest total of `gate - cost`; each row and column at most once.

    cost: (N, M), NaN and inf forbid a pair. Groups that share no candidate are solved on their own, each by shortest
    augmenting paths (Kuhn 1955, Jonker and Volgenant 1987), so large layouts cost little. Ascending by row.
    """
    allowed = cost < gate
    pairs: list[Pair] = []
    for rows, columns in _groups(allowed):
        gain = np.where(allowed[np.ix_(rows, columns)], cost[np.ix_(rows, columns)] - gate, np.inf)
        pairs.extend((rows[i], columns[j]) for i, j in _solve(gain))
    return tuple(sorted(pairs))


def _groups(allowed: NDArray[np.bool_]) -> list[tuple[list[int], list[int]]]:
    """Connected components of the graph of allowed pairs, those without a pair left out."""
    groups, seen = [], np.zeros(len(allowed), dtype=bool)
    for first in np.flatnonzero(allowed.any(axis=1)):
        if seen[first]:
            continue
        rows: NDArray[np.bool_] = np.zeros(len(allowed), dtype=bool)
        rows[first] = True
        while True:
            columns = allowed[rows].any(axis=0)
            grown = np.asarray(allowed[:, columns].any(axis=1))
            if (grown == rows).all():
                break
            rows = grown
        seen |= rows
        groups.append((np.flatnonzero(rows).tolist(), np.flatnonzero(columns).tolist()))
    return groups


def _solve(gain: NDArray[np.float64]) -> list[Pair]:
    """Minimal total of a matrix (n, m) whose allowed entries are negative; rows may stay alone at no cost."""
    rows, columns = gain.shape
    # One column per row stands for staying alone.
    alone = np.where(np.eye(rows, dtype=bool), 0.0, np.inf)
    table = np.concatenate([gain, alone], axis=1)
    row_of = np.full(columns + rows, -1)
    row_price, column_price = np.zeros(rows), np.zeros(columns + rows)
    for row in range(rows):
        _augment(table, row, row_of, row_price, column_price)
    return [(int(row_of[j]), j) for j in range(columns) if row_of[j] >= 0]


def _augment(
    table: NDArray[np.float64],
    start: int,
    row_of: NDArray[np.int_],
    row_price: NDArray[np.float64],
    column_price: NDArray[np.float64],
) -> None:
    """Give `start` a column along the shortest path of exchanges; prices keep all reduced costs at least 0."""
    distance = np.full(table.shape[1], np.inf)
    before = np.full(table.shape[1], -1)
    done = np.zeros(table.shape[1], dtype=bool)
    row, column, length = start, -1, 0.0
    while row >= 0:
        reach = length + table[row] - row_price[row] - column_price
        shorter = ~done & (reach < distance)
        distance[shorter], before[shorter] = reach[shorter], column
        column = int(np.where(done, np.inf, distance).argmin())
        length = distance[column]
        done[column] = True
        row = int(row_of[column])
    visited = np.flatnonzero(done)
    row_price[start] += length
    for j in visited:
        if row_of[j] >= 0:
            row_price[row_of[j]] += length - distance[j]
    column_price[visited] -= length - distance[visited]
    _exchange(row_of, before, column, start)


def _exchange(row_of: NDArray[np.int_], before: NDArray[np.int_], column: int, start: int) -> None:
    while before[column] >= 0:
        row_of[column] = row_of[before[column]]
        column = int(before[column])
    row_of[column] = start
