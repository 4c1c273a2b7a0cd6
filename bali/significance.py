"""Paired permutation tests between two models on the same questions, and Holm's correction.

Under the null hypothesis the two models are exchangeable on each unit: a document with all its
mentions, a concept. Swapping them changes the sign of that unit's difference. The p-value is the
share of sign patterns whose statistic is at least as far from 0 as the one observed, the observed
one counted (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585); all patterns are gone through where
they are no more than the resamples.

Sources: Good 2005, Permutation, Parametric and Bootstrap Tests of Hypotheses; Holm 1979, A Simple
Sequentially Rejective Multiple Test Procedure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from bali.intervals import spearman, unit_totals

SIGNS_HELD = 2**24  # signs drawn at once; bounds memory, changes no number
_ROUNDING = 1e-9  # sums in another order differ by less; what ties with the observed one counts

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def permutation_test(
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    resamples: int,
    seed: int,
    units: Sequence[str] | None = None,
) -> float:
    """Two-sided p-value of the difference of two means.

    Args:
        left: (items,), float64; where a run has several seeds, their mean.
        right: (items,), float64; the same items.
        resamples: sign patterns that are drawn.
        seed: of the draws.
        units: what is swapped as a whole; None: each item.
    """
    sums, _ = unit_totals(left - right, units)
    return _p_value(lambda signs: signs @ sums, sums.size, resamples, seed)


def rank_permutation_test(
    truth: NDArray[np.float64],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    resamples: int,
    seed: int,
) -> float:
    """Two-sided p-value of the difference of two Spearman correlations with the same truth.

    The models' scores may be on different scales: what is swapped is their ranks.

    Args:
        truth: (items,), float64.
        left: (items,), float64; scores of one model.
        right: (items,), float64; of the other.
        resamples: as for `permutation_test`.
        seed: as for `permutation_test`.
    """
    a: NDArray[np.float64] = rankdata(left)
    b: NDArray[np.float64] = rankdata(right)

    def difference(signs: NDArray[np.float64]) -> NDArray[np.float64]:
        one: NDArray[np.float64] = np.where(signs > 0, a, b)
        other: NDArray[np.float64] = np.where(signs > 0, b, a)
        wanted = np.broadcast_to(truth, one.shape)
        return spearman(one, wanted) - spearman(other, wanted)

    return _p_value(difference, truth.size, resamples, seed)


def _p_value(statistic: Statistic, units: int, resamples: int, seed: int) -> float:
    """Share of sign patterns (patterns, units) at least as extreme as all plus."""
    observed = abs(float(statistic(np.ones((1, units)))[0]))
    bound = observed - _ROUNDING * max(1.0, observed)
    if 2**units <= resamples:
        patterns = (np.arange(2**units)[:, None] >> np.arange(units)) & 1
        return float((abs(statistic(1.0 - 2.0 * patterns)) >= bound).mean())
    generator = np.random.Generator(np.random.PCG64(seed))
    at_once = max(1, SIGNS_HELD // units)
    extreme = 0
    for done in range(0, resamples, at_once):
        drawn = generator.integers(2, size=(min(at_once, resamples - done), units))
        extreme += int((abs(statistic(1.0 - 2.0 * drawn)) >= bound).sum())
    return (1 + extreme) / (1 + resamples)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values: the i-th smallest of n times n - i, never below a smaller one's.

    Args:
        p_values: of all hypotheses that were tested, in any order.

    Returns:
        In the same order, at most 1.
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted
