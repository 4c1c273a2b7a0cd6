"""95 % percentile bootstrap intervals of a mean over concepts, and of a paired difference.

The concept is the unit that is drawn: another knowledge graph would have given other concepts.
What is not drawn is the training run: an interval says nothing about another training seed.

Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13 (percentile interval).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
DRAWS_HELD = 2**22  # concept indices drawn at once, 32 MiB; bounds memory, changes no number


class Estimate(NamedTuple):
    """A mean and the ends of its interval, in the unit of the values."""

    value: float
    low: float
    high: float


def mean_interval(values: NDArray[np.float64], resamples: int, seed: int) -> Estimate:
    """Mean of one value a concept, with its interval.

    Args:
        values: (concepts,), float64.
        resamples: how often as many concepts are drawn, with replacement.
        seed: of the draws; the same seed and number of concepts give the same resamples.

    Raises:
        ValueError: there are no values.
    """
    if not values.size:
        raise ValueError("a mean over no concept is none")
    generator = np.random.Generator(np.random.PCG64(seed))
    at_once = max(1, DRAWS_HELD // values.size)
    means = [
        values[
            generator.integers(values.size, size=(min(at_once, resamples - done), values.size))
        ].mean(axis=1)
        for done in range(0, resamples, at_once)
    ]
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return Estimate(float(values.mean()), float(low), float(high))


def paired_interval(
    left: NDArray[np.float64], right: NDArray[np.float64], resamples: int, seed: int
) -> Estimate:
    """Mean of left minus right, with its interval over the same resamples for both.

    A mean is linear: resampling the differences is resampling both sides alike.

    Args:
        left: (concepts,), float64.
        right: (concepts,), float64; the same concepts in the same order.
        resamples: as for `mean_interval`.
        seed: as for `mean_interval`.

    Raises:
        ValueError: the shapes differ, or there are no values.
    """
    if left.shape != right.shape:
        raise ValueError(f"a pair needs the same concepts: {left.shape} and {right.shape}")
    return mean_interval(left - right, resamples, seed)
