"""CUIs as integers inside the stage: what is staged, sorted and joined is then short.

A CUI is the letter C and seven digits: its number has the order of the text.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F

from bali.umls.release import CUI

CUIS = 10**7


def number(cui: Column) -> Column:
    """C0012345 -> 12345; null for what is no CUI."""
    sound = cui.rlike(rf"^{CUI}\z")  # $ would let a line end pass
    return F.when(sound, F.substring(cui, 2, 7).cast("int"))


def texts(numbers: npt.NDArray[np.integer[Any]]) -> pa.Array:
    """12345 -> C0012345, as Arrow strings, made of their digits."""
    digits = np.empty((len(numbers), 8), np.uint8)
    digits[:, 0] = ord("C")
    rest = numbers.astype(np.int32)
    for place in range(7, 0, -1):
        rest, digit = np.divmod(rest, 10)
        digits[:, place] = digit + ord("0")
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * 8
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(digits)]
    return pa.Array.from_buffers(pa.string(), len(numbers), buffers)


class CuiSet:
    """A set of CUIs, by number: ten megabytes, however many there are."""

    def __init__(self) -> None:
        """Start with none."""
        self._holds = np.zeros(CUIS + 1, bool)  # the last place is asked for by -1

    def add(self, cuis: npt.NDArray[np.integer[Any]]) -> None:
        """Put CUIs in, once or more often."""
        self._holds[cuis] = True

    def remove_all(self, other: CuiSet) -> None:
        """Take out what another set holds."""
        self._holds &= ~other._holds

    def holds(self, cuis: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.bool_]:
        """Which of some CUIs are in it; -1 never is."""
        return self._holds.take(cuis)

    def __len__(self) -> int:
        """Number of CUIs in it."""
        return int(np.count_nonzero(self._holds))
