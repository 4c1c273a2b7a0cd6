"""Orders and runs of equal rows, on arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Numbers = npt.NDArray[np.integer[Any]]


def ranks(keys: Sequence[Any]) -> NDArray[np.int32]:
    """Place of each key among the distinct ones, in their order.

    For keys of strings that is the order of code points, as of their UTF-8 bytes in pyarrow.
    """
    place = {key: n for n, key in enumerate(sorted(set(keys)))}
    return np.array([place[key] for key in keys], np.int32)


def strings_of(values: Iterable[str], places: Numbers) -> pa.Array:
    """Strings that take few values, by their places among these."""
    return pa.array(list(values), pa.string()).take(pa.array(places))


def sort_rows(rows: pa.Table, *columns: str) -> pa.Table:
    """The rows in the order of some columns, strings by their UTF-8 bytes."""
    # of a batch, unlike of a table, pyarrow sorts each column within the one before
    (batch,) = rows.combine_chunks().to_batches() or [None]
    if batch is None:
        return rows
    order = pc.sort_indices(batch, sort_keys=[(column, "ascending") for column in columns])
    return rows.take(order)


def is_first(rows: pa.Table, *columns: str) -> NDArray[np.bool_]:
    """Which rows differ in one of some columns from the row before them; (rows,) bool."""
    if not rows.num_rows:
        return np.zeros(0, bool)
    keys = rows.select(list(columns)).combine_chunks()
    differ = [pc.not_equal(key.slice(1), key.slice(0, rows.num_rows - 1)) for key in keys.columns]
    return np.concatenate([[True], reduce(pc.or_, differ).to_numpy()])


def distinct(rows: pa.Table, *columns: str) -> pa.Table:
    """The first of rows that stand together and are equal in some columns."""
    return rows.filter(pa.array(is_first(rows, *columns)))


def drop_repeated(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Distinct values of a sorted array."""
    new = np.concatenate([[True], numbers[1:] != numbers[:-1]])
    return np.compress(new[: len(numbers)], numbers)
