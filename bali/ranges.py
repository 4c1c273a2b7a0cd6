"""Many ranges of integers written out at once: ragged rows without a loop over them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def ranges(first: Integers, length: Integers) -> tuple[Integers, Integers]:
    """Write out ranges of integers one after the other.

    Args:
        first: (ranges,) first integer of each.
        length: (ranges,) number of integers of each.

    Returns:
        Two arrays of sum(length): the range (from 0) that an integer belongs to, and the integer.
    """
    owner = np.repeat(np.arange(len(length)), length)
    return owner, np.arange(len(owner)) + (first - sums_before(length))[owner]


def sums_before(length: Integers) -> Integers:
    """(ranges,) sum of the lengths before each: where it starts if they stand one after another."""
    before: Integers = np.cumsum(length) - length
    return before
