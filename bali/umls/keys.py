"""Identifiers as integers inside the stage: what is shuffled, sorted and joined is then short.

A CUI is the letter C and seven digits: its number has the order of the text. Combinations of
columns that take few values, as (SAB, TTY), are numbered in their sorted order.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from bali.umls.release import CUI

CUIS = 10**7
CUI_COLUMNS = ("cui", "cui1", "cui2", "successor")


def number(cui: Column) -> Column:
    """C0012345 -> 12345; null for what is no CUI."""
    sound = cui.rlike(rf"^{CUI}\z")  # $ would let a line end pass
    return F.when(sound, F.substring(cui, 2, 7).cast("int"))


def text(cui: Column) -> Column:
    """12345 -> C0012345."""
    return F.concat(F.lit("C"), F.lpad(cui.cast("string"), 7, "0"))


def value(column: str, rows: DataFrame) -> Column:
    """A column of a table, made of what stands for it in `rows`.

    That is a number for a CUI, and `ends`, the head's number followed by the tail's, for both.
    """
    ends = {"head": f"ends div {CUIS}", "tail": f"ends % {CUIS}"}
    if column in ends:
        return text(F.expr(ends[column])).alias(column)
    is_number = (column, "int") in rows.dtypes and column in CUI_COLUMNS
    return text(F.col(column)).alias(column) if is_number else F.col(column)


def numbered(rows: DataFrame, columns: Sequence[str], key: str) -> DataFrame:
    """The distinct values of columns that take few, numbered in their order.

    Args:
        rows: that hold them.
        columns: of strings; in the order in which they are compared, by code points.
        key: name of the column for the number.

    Returns:
        The columns and `key`, int; small enough to be sent to all workers.
    """
    distinct = sorted(tuple(row) for row in rows.select(*columns).distinct().collect())
    table = {column: [row[n] for row in distinct] for n, column in enumerate(columns)}
    schema = pa.schema([*((column, pa.string()) for column in columns), (key, pa.int32())])
    return small_table(pa.table({**table, key: range(len(distinct))}, schema), rows.sparkSession)


def small_table(table: pa.Table, spark: SparkSession) -> DataFrame:
    """A table of ours in Spark, to be sent to all workers when it is joined.

    By Arrow: from Python lists Spark would start a Python beside each of its workers.
    """
    return F.broadcast(spark.createDataFrame(table))
