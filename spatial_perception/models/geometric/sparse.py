"""What holds for samples at a usual distance, for those of sparse clouds."""

from __future__ import annotations

_USUAL = 0.07  # m; samples that lie closer, as those of large homes do, count as they are
_FEWEST = 5


def fewest(count: int, spacing: float) -> int:
    """How many samples that lie `spacing` metres apart cover about as much surface as `count` usual ones, five at least."""
    return max(_FEWEST, round(count / usual_samples(spacing)))


def usual_samples(spacing: float) -> float:
    """How many usual samples one stands for that lies `spacing` metres from its neighbours, one at least."""
    return max(1.0, (spacing / _USUAL) ** 2)


def overhang(spacing: float) -> float:
    """How far (m) a thing reaches beyond the outermost of its samples, more than with usual ones."""
    return max(0.0, spacing - _USUAL) / 2


def is_wide(spacing: float) -> bool:
    """Whether samples lie farther apart (m) than usual ones."""
    return spacing > _USUAL


def widened(cell: float, spacing: float) -> float:
    """Edge (m) of the cells of a raster: `cell`, or so wide that hardly any is left empty on a surface of sparse samples."""
    return max(cell, 1.3 * spacing) if is_wide(spacing) else cell
