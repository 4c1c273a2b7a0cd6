"""The way from Spark's rows to our tables.

Spark leaves folders of parts: they are staging, in a scratch folder under TMPDIR that is removed
at the end. pyarrow streams them, in order, into the one file of fixed row groups that is the
table; so memory does not grow with the rows, and the bytes do not depend on the partitions.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import DataFrame

from bali.storage import ROW_GROUP, TableWriter
from bali.tables import TABLES
from bali.umls.keys import stand_in, value
from bali.umls.spark import Workspace

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Written:
    """Number of rows that came, and of those that were written."""

    read: int
    kept: int


def write_sorted(
    rows: DataFrame, table: str, path: Path, work: Workspace, distinct: Sequence[str] = ()
) -> Written:
    """Sort rows and write them as `table`.

    Ties of the table's sort columns are settled by the other columns, so that the order is one.
    Spark compares strings by their UTF-8 bytes, which is the order of code points.

    Args:
        rows: with the table's columns, or what stands for them (`keys.stand_in`).
        table: name of the table.
        path: of its file.
        work: the session and its scratch folder.
        distinct: of rows that are equal in these columns of the table the first is written. They
            must stand together in the order.
    """
    columns = list(TABLES[table].columns)
    order = [stand_in(column) for column in dict.fromkeys([*TABLES[table].sort, *columns])]
    order = list(dict.fromkeys(order))
    same = list(dict.fromkeys(map(stand_in, distinct)))
    parts = work.scratch / "parts" / table
    ranges = rows.select(order).repartitionByRange(order[0]).sortWithinPartitions(*order)
    ranges.write.parquet(str(parts))
    read = 0
    with TableWriter(table, path) as out:
        last: pa.Table | None = None
        for part in sorted(parts.glob("part-*.parquet")):  # numbered by their ranges
            with pq.ParquetFile(part) as file:
                for batch in file.iter_batches(batch_size=ROW_GROUP):
                    found = pa.Table.from_batches([batch])
                    read += len(found)
                    kept = first_of_runs(found, same, last) if same else found
                    out.write(pa.table({column: value(column, kept) for column in columns}))
                    last = found.slice(found.num_rows - 1)
    shutil.rmtree(parts)
    logger.info("%s: %d rows", table, out.rows)
    return Written(read, out.rows)


def first_of_runs(rows: pa.Table, columns: Sequence[str], last: pa.Table | None) -> pa.Table:
    """The rows that differ in one of `columns` from the row before them.

    Cheaper than an aggregate in Spark, which would sort or hash what is sorted already.

    Args:
        rows: sorted; one or more.
        columns: to compare.
        last: the row before the first; None at the start.
    """
    keys = pa.concat_tables([last or rows.slice(0, 1), rows]).select(columns).combine_chunks()
    new = reduce(
        pc.or_, (pc.not_equal(key.slice(1), key.slice(0, len(rows))) for key in keys.columns)
    )
    if last is None:
        new = pa.chunked_array([[True], new.combine_chunks().slice(1)])
    return rows.filter(new)
