"""Identifiers as integers inside the stage: what is shuffled, sorted and joined is then short.

A CUI is the letter C and seven digits: its number has the order of the text. Combinations of
columns that take few values, as (SAB, TTY), are numbered in their sorted order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from bali.umls.release import CUI

CUIS = 10**7
CUI_COLUMNS = ("cui", "cui1", "cui2", "successor")
ENDS = ("head", "tail")


def number(cui: Column) -> Column:
    """C0012345 -> 12345; null for what is no CUI."""
    sound = cui.rlike(rf"^{CUI}\z")  # $ would let a line end pass
    return F.when(sound, F.substring(cui, 2, 7).cast("int"))


def text(cui: Column) -> Column:
    """12345 -> C0012345."""
    return F.concat(F.lit("C"), F.lpad(cui.cast("string"), 7, "0"))


def stand_in(column: str) -> str:
    """The column that stands for one of a table inside the stage: `ends` for head and tail."""
    return "ends" if column in ENDS else column


def value(column: str, rows: pa.Table) -> pa.ChunkedArray | pa.Array:
    """A column of a table, made of what stands for it in `rows`.

    That is a number for a CUI, and `ends`, the head's number followed by the tail's, for both.
    """
    found = rows[stand_in(column)]
    if column in ENDS:
        return texts(np.divmod(found.to_numpy(), CUIS)[ENDS.index(column)])
    is_number = column in CUI_COLUMNS and pa.types.is_integer(found.type)
    return texts(found.to_numpy()) if is_number else found


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


def numbered(
    kinds: Iterable[tuple[str, ...]], columns: Sequence[str], key: str, spark: SparkSession
) -> DataFrame:
    """Combinations of values, numbered in their order.

    Args:
        kinds: the combinations; repeated ones count once. Compared by code points.
        columns: names for their values.
        key: name of the column for the number.
        spark: the session.

    Returns:
        The columns and `key`, int; small enough to be sent to all workers.
    """
    distinct = sorted(set(kinds))
    table = {column: [kind[n] for kind in distinct] for n, column in enumerate(columns)}
    schema = pa.schema([*((column, pa.string()) for column in columns), (key, pa.int32())])
    return small_table(pa.table({**table, key: range(len(distinct))}, schema), spark)


def small_table(table: pa.Table, spark: SparkSession) -> DataFrame:
    """A table of ours in Spark, to be sent to all workers when it is joined.

    By Arrow: from Python lists Spark would start a Python beside each of its workers.
    """
    return F.broadcast(spark.createDataFrame(table))
