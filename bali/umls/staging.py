"""The rows of an RRF table as Spark has parsed them: Parquet parts in the scratch folder.

Spark's work ends here. Filters, orders and counts are made of the parts by numpy and pyarrow,
batch by batch: shuffles and sorts in Spark, each planned, generated and compiled anew, were more
than half of the stage's processor time (docs/umls.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyspark.sql import DataFrame

from bali.errors import InputError
from bali.umls.release import AGAIN, RrfTable
from bali.umls.rrf import KIND
from bali.umls.spark import Workspace

Kind = tuple[str, ...]


class Kinds:
    """The combinations of values that a table's columns of few values take, numbered as met."""

    def __init__(self) -> None:
        """Start with none."""
        self.numbers: dict[str, int] = {}  # in the order of their numbers

    def encode(self, column: pa.DictionaryArray) -> NDArray[np.int32]:
        """Numbers of the combinations of some rows; (rows,) int32, -1 for malformed rows."""
        known = [
            self.numbers.setdefault(kind, len(self.numbers))
            for kind in column.dictionary.to_pylist()
        ]
        places: NDArray[np.int32] = column.indices.fill_null(len(known)).to_numpy()
        return np.array([*known, -1], np.int32)[places]

    def __iter__(self) -> Iterator[Kind]:
        """The combinations, by number."""
        for kind in self.numbers:
            yield tuple(kind.split("|"))

    def __len__(self) -> int:
        """How many there are."""
        return len(self.numbers)


@dataclass(frozen=True)
class Staged:
    """Parsed rows of one RRF table.

    Attributes:
        tables: where it stands, in each META folder that has it.
        folders: of the parts, one for each of them.
    """

    tables: Sequence[RrfTable]
    folders: Sequence[Path]

    def parts(self) -> Iterator[Path]:
        """All parts."""
        for folder in self.folders:
            yield from sorted(folder.glob("part-*.parquet"))

    def read(self, kinds: Kinds) -> Iterator[tuple[pa.Table, NDArray[np.int32]]]:
        """Rows, a row group at a time: the columns beside `kind`, and the numbers of the kinds."""
        for part in self.parts():
            with pq.ParquetFile(part, read_dictionary=[KIND]) as file:
                for group in range(file.num_row_groups):
                    rows = file.read_row_group(group)
                    kind = rows[KIND].unify_dictionaries().combine_chunks()
                    yield rows.drop_columns(KIND).combine_chunks(), kinds.encode(kind)


def stage(rows: Sequence[DataFrame], tables: Sequence[RrfTable], work: Workspace) -> Staged:
    """Parse the rows of a table.

    Args:
        rows: as `read_rrf` gives them, one for each META folder.
        tables: where they are from.
        work: the session and its scratch folder.

    Raises:
        InputError: MRFILES.RRF states another number of rows.
    """
    folders = []
    for place, (part, table) in enumerate(zip(rows, tables, strict=True)):
        folder = work.scratch / "staged" / f"{table.name}-{place}"
        writer = part.write
        for column in part.columns:
            if column != KIND:  # few of their values come again
                writer = writer.option(f"parquet.enable.dictionary#{column}", "false")
        writer.parquet(str(folder))
        folders.append(folder)
        found = sum(pq.read_metadata(path).num_rows for path in folder.glob("part-*.parquet"))
        if table.stated and table.stated.rows != found:
            raise InputError(
                f"{table.files[0]}: {found} rows where MRFILES.RRF states {table.stated.rows}; "
                f"{AGAIN}, or remove MRFILES.RRF if you cut the tables yourself"
            )
    return Staged(tables, folders)
