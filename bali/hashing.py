"""Random choices as a function of keys: (seed, sample, centre), (seed, epoch, item), ...

A counter-based generator: no state, so the order of the work, its batches and its workers change
nothing, and whole arrays are drawn at once. The mixing step is SplitMix64's finaliser (Steele,
Lea & Flood 2014, doi:10.1145/2660193.2660195); chaining it over keys is ours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)


def mix(*keys: ArrayLike) -> NDArray[np.uint64]:
    """64 random bits for each combination of keys.

    Args:
        *keys: integers or integer arrays, broadcast against each other. Their order matters.

    Returns:
        uint64, of the broadcast shape; the same keys give the same bits on every machine.
    """
    state = np.zeros((), np.uint64)
    with np.errstate(over="ignore"):  # wrapping round is the point
        for key in keys:
            state = state + _GAMMA + np.asarray(key).astype(np.uint64)
            state = (state ^ (state >> np.uint64(30))) * _M1
            state = (state ^ (state >> np.uint64(27))) * _M2
            state = state ^ (state >> np.uint64(31))
    return state


def uniform(*keys: ArrayLike) -> NDArray[np.float64]:
    """A number in [0, 1) for each combination of keys: the upper 53 bits of `mix`."""
    return (mix(*keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def below(bound: ArrayLike, *keys: ArrayLike) -> NDArray[np.int64]:
    """An integer in [0, bound) for each combination of keys.

    Args:
        bound: integers from 1 to 2**32, broadcast with the keys.
        *keys: as for `mix`.

    Returns:
        int64. Multiply-shift on the upper 32 bits: the bias is below bound / 2**32.
    """
    upper = mix(*keys) >> np.uint64(32)
    return ((upper * np.asarray(bound).astype(np.uint64)) >> np.uint64(32)).astype(np.int64)
