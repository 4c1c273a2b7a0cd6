"""Concept identifiers to node ids and back: a node id is a position among the sorted CUIs.

A CUI is the letter C and seven digits, so its number indexes an array directly: one look-up a
row, no hash table, and streams of any length in 40 MB.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bali.errors import InputError
from bali.storage import read_table

CUI_NUMBERS = 10**7  # C0000000 to C9999999


class NodeIds:
    """Looks up the node ids of CUIs."""

    def __init__(self, cuis: pa.Array | pa.ChunkedArray, path: Path) -> None:
        """Number `cuis`, distinct and in ascending order; `path` is where they come from.

        Raises:
            InputError: one of them is no CUI.
        """
        self.count = len(cuis)
        self._node = np.full(CUI_NUMBERS, -1, np.int32)
        self._node[cui_numbers(cuis, path)] = np.arange(self.count, dtype=np.int32)

    @classmethod
    def read(cls, path: Path) -> NodeIds:
        """The ids in a table `nodes`."""
        return cls(read_table("nodes", path, ["cui"])["cui"], path)

    def of(self, cuis: pa.Array | pa.ChunkedArray, path: Path) -> NDArray[np.int32]:
        """Node ids of CUIs read from `path`; -1 where a concept is no node.

        Raises:
            InputError: one of them is no CUI.
        """
        return self._node[cui_numbers(cuis, path)]


def cui_numbers(cuis: pa.Array | pa.ChunkedArray, path: Path) -> NDArray[np.int32]:
    """The numbers in CUIs: C0020538 -> 20538.

    Raises:
        InputError: a value is not C and seven digits; the message names `path` and the value.
    """
    wrong = pc.filter(cuis, pc.invert(pc.match_substring_regex(cuis, "^C[0-9]{7}$")))
    if len(wrong):
        raise InputError(
            f"{path}: {wrong[0].as_py()!r} is no CUI (C and seven digits); mend the META folder "
            "that it comes from and run the umls stage again"
        )
    numbers: NDArray[np.int32] = pc.cast(pc.utf8_slice_codeunits(cuis, 1), pa.int32()).to_numpy()
    return numbers
