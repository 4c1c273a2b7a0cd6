"""The texts of sentences, cut out of documents in numpy: offsets are code points, Arrow's bytes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bali.pairs.keys import Integers
from bali.ranges import ranges


def document_texts(title: pa.Array, abstract: pa.Array) -> pa.LargeStringArray:
    """The texts of many documents: `bali.text.document_text` for whole columns."""
    columns = (column.cast(pa.large_string()) for column in (title, abstract))
    return pc.binary_join_element_wise(*columns, pa.scalar(" ", pa.large_string()))


def cut_out(texts: pa.LargeStringArray, row: Integers, start: Integers, end: Integers) -> list[str]:
    """Parts of texts.

    Args:
        texts: of the documents.
        row: (parts,) position of the text.
        start: (parts,) first code point.
        end: (parts,) code point after the last.

    Raises:
        IndexError: a part goes beyond its text.
    """
    if not len(row):
        return []
    content, at = _bytes(texts)
    # byte of each code point; a byte that goes on with one has 10 as its first bits
    begins = np.flatnonzero((content & 0xC0) != 0x80)
    first = np.searchsorted(begins, at)  # (texts + 1,) code points before each text
    if (start < 0).any() or (first[row] + end > first[row + 1]).any():
        raise IndexError("a part goes beyond its text")
    begins = np.append(begins, len(content))
    start, end = begins[first[row] + start], begins[first[row] + end]  # bytes from here on
    _, byte = ranges(start, end - start)
    offsets = np.concatenate([[0], np.cumsum(end - start)])
    cut = pa.LargeStringArray.from_buffers(
        len(row), pa.py_buffer(offsets), pa.py_buffer(content[byte])
    )
    parts: list[str] = cut.to_pylist()
    return parts


def _bytes(texts: pa.LargeStringArray) -> tuple[NDArray[np.uint8], Integers]:
    """The bytes of all texts, and where in them each begins: (texts + 1,)."""
    _, offsets, data = texts.buffers()
    at = np.frombuffer(offsets, np.int64, len(texts) + 1, 8 * texts.offset)
    return np.frombuffer(data, np.uint8)[at[0] : at[-1]], at - at[0]
