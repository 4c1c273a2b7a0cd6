"""Rows that are computed once: as Parquet parts in the scratch folder, for all that reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame

from bali.umls.spark import Workspace


@dataclass(frozen=True)
class Staged:
    """Rows in the scratch folder.

    What is counted of them is counted by pyarrow: a job of Spark for it, planned, generated and
    compiled anew, took longer than reading the few columns asked for.

    Attributes:
        rows: as Spark reads them.
        folder: of the parts.
    """

    rows: DataFrame
    folder: Path

    def read(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Columns, row group by row group; strings as dictionaries, one a column."""
        kinds = dict(self.rows.dtypes)
        strings = [column for column in columns if kinds[column] == "string"]
        for part in sorted(self.folder.glob("part-*.parquet")):
            with pq.ParquetFile(part, read_dictionary=strings) as file:
                for group in range(file.num_row_groups):
                    yield file.read_row_group(group, columns=list(columns)).unify_dictionaries()

    def tally(self, *columns: str) -> Counter[tuple[Any, ...]]:
        """How many rows hold each combination of values, in columns that take few."""
        counts: Counter[tuple[Any, ...]] = Counter()
        for rows in self.read(columns):
            found = rows.group_by(columns).aggregate([([], "count_all")]).to_pydict()
            numbers = found.pop("count_all")
            # by name: the order of the aggregate's columns has changed between versions
            values = zip(*(found[column] for column in columns), strict=True)
            counts.update(dict(zip(values, numbers, strict=True)))
        return counts

    def count(self) -> int:
        """Number of rows."""
        parts = self.folder.glob("part-*.parquet")
        return sum(pq.read_metadata(part).num_rows for part in parts)


def stage(rows: DataFrame, name: str, work: Workspace) -> Staged:
    """Compute rows, once.

    Args:
        rows: to compute.
        name: of a folder, used for nothing else.
        work: the session and its scratch folder.
    """
    folder = work.scratch / "staged" / name
    rows.write.parquet(str(folder))
    return Staged(work.spark.read.schema(rows.schema).parquet(str(folder)), folder)
