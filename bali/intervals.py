"""95 % percentile bootstrap intervals: of a mean, a paired difference, a rank correlation.

What is drawn is the unit: a document with all its mentions, which are alike, or a concept of its
own. Another corpus would have given other documents, another knowledge graph other concepts. What
is not drawn is the training run: an interval says nothing about another training seed.

Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13 (percentile interval); of
whole documents: Davison & Hinkley 1997, Bootstrap Methods and their Application, section 3.8.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

LEVEL = 0.95
DRAWS_HELD = 2**22  # unit indices drawn at once, 32 MiB; bounds memory, changes no number


class Estimate(NamedTuple):
    """A mean and the ends of its interval, in the unit of the values."""

    value: float
    low: float
    high: float


def unit_totals(
    values: NDArray[np.float64], units: Sequence[str] | None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sum of the values of each unit, and how many they are.

    Args:
        values: (items,), float64.
        units: the unit of each item; None: each is its own.

    Raises:
        ValueError: another number of units than of values.
    """
    if units is None:
        return values, np.ones(len(values), np.int64)
    if len(units) != len(values):
        raise ValueError(f"{len(units)} units for {len(values)} values")
    number: dict[str, int] = {}
    unit = np.array([number.setdefault(u, len(number)) for u in units], np.int64)
    sums = np.zeros(len(number))
    np.add.at(sums, unit, values)
    return sums, np.bincount(unit, minlength=len(number)).astype(np.int64)


def mean_interval(
    values: NDArray[np.float64],
    resamples: int,
    seed: int,
    units: Sequence[str] | None = None,
) -> Estimate:
    """Mean of the values, with its interval.

    Args:
        values: (items,), float64.
        resamples: how often as many units are drawn, with replacement.
        seed: of the draws; the same seed and number of units give the same resamples.
        units: the unit of each item; None: each item is one.

    Raises:
        ValueError: there are no values.
    """
    if not values.size:
        raise ValueError("a mean over no item is none")
    sums, counts = unit_totals(values, units)
    generator = np.random.Generator(np.random.PCG64(seed))
    at_once = max(1, DRAWS_HELD // sums.size)
    means = []
    for done in range(0, resamples, at_once):
        size = (min(at_once, resamples - done), sums.size)
        drawn = generator.integers(sums.size, size=size)
        means.append(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return Estimate(float(values.mean()), float(low), float(high))


def paired_interval(
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    resamples: int,
    seed: int,
    units: Sequence[str] | None = None,
) -> Estimate:
    """Mean of left minus right, with its interval over the same resamples for both.

    A mean is linear: resampling the differences is resampling both sides alike.

    Args:
        left: (items,), float64.
        right: (items,), float64; the same items in the same order.
        resamples: as for `mean_interval`.
        seed: as for `mean_interval`.
        units: as for `mean_interval`.

    Raises:
        ValueError: the shapes differ, or there are no values.
    """
    if left.shape != right.shape:
        raise ValueError(f"a pair needs the same items: {left.shape} and {right.shape}")
    return mean_interval(left - right, resamples, seed, units)


def spearman(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spearman's rho along the last axis; 0 where one side is constant.

    Args:
        left: (..., items).
        right: (..., items).
    """
    ranks = [rankdata(side, axis=-1) for side in (left, right)]
    a, b = (rank - rank.mean(axis=-1, keepdims=True) for rank in ranks)
    length = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    rho: NDArray[np.float64] = (a * b).sum(axis=-1) / np.where(length, length, 1.0)
    return rho


def spearman_interval(
    left: NDArray[np.float64], right: NDArray[np.float64], resamples: int, seed: int
) -> Estimate:
    """Spearman's rho of two sides, with its interval over pairs.

    Args:
        left: (items,), float64.
        right: (items,), float64, in the same order.
        resamples: as for `mean_interval`.
        seed: as for `mean_interval`.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn = generator.integers(left.size, size=(resamples, left.size))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(spearman(left[drawn], right[drawn]), [tail, 1 - tail])
    return Estimate(float(spearman(left, right)), float(low), float(high))
