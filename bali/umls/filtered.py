"""Rows of an RRF table after its filters: staged once, counted, checked against what is stated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bali.errors import InputError
from bali.umls.rejects import check_share
from bali.umls.release import AGAIN, RrfTable
from bali.umls.rrf import MALFORMED, META
from bali.umls.spark import Workspace
from bali.umls.staging import Staged, stage


@dataclass(frozen=True)
class Filtered:
    """Rows of an RRF table after the filters.

    Attributes:
        tables: the RRF table, in each META folder that has it.
        labelled: all rows, with the column `reason`.
        passed: number of those that no filter drops.
        dropped: reason -> number, in the order of the filters.
    """

    tables: Sequence[RrfTable]
    labelled: Staged
    passed: int
    dropped: dict[str, int]

    @property
    def rows(self) -> DataFrame:
        """The rows that no filter drops."""
        return self.labelled.rows.where(F.col("reason").isNull()).drop("reason", META)

    @property
    def read(self) -> int:
        """Number of all rows."""
        return self.passed + sum(self.dropped.values())

    def values(self, *columns: str) -> set[str]:
        """What stands in any of some columns that take few values, whether dropped or not."""
        tallies = (self.labelled.tally(column) for column in columns)
        return {value for tally in tallies for (value,) in tally if value is not None}

    def kinds(self, *columns: str) -> list[tuple[str, ...]]:
        """The combinations of values of the rows that no filter drops."""
        return [
            tuple(kind)
            for *kind, reason in self.labelled.tally(*columns, "reason")
            if reason is None
        ]

    @property
    def malformed(self) -> int:
        """Number of rows that are set aside."""
        return self.dropped[MALFORMED]


def filter_rows(
    tables: Sequence[RrfTable],
    labelled: DataFrame,
    reasons: Sequence[str],
    share: float,
    work: Workspace,
) -> Filtered:
    """Stage labelled rows and count them.

    Args:
        tables: one RRF table, in each META folder that has it.
        labelled: its rows, with the columns `meta` and `reason`: null, "malformed" or one of
            `reasons`.
        reasons: in the order in which the filters are applied.
        share: of the rows that may be malformed.
        work: the session and its scratch folder.

    Raises:
        InputError: more rows are malformed, or MRFILES.RRF states another number of rows.
    """
    staged = stage(labelled, tables[0].name, work)
    counts = staged.tally(META, "reason")
    for place, table in enumerate(tables):
        rows = sum(number for (meta, _), number in counts.items() if meta == place)
        if table.stated and table.stated.rows != rows:
            raise InputError(
                f"{table.files[0]}: {rows} rows where MRFILES.RRF states {table.stated.rows}; "
                f"{AGAIN}, or remove MRFILES.RRF if you cut the tables yourself"
            )

    def total(reason: str | None) -> int:
        return sum(counts[place, reason] for place in range(len(tables)))

    dropped = {reason: total(reason) for reason in (MALFORMED, *reasons)}
    filtered = Filtered(tables, staged, total(None), dropped)
    check_share(tables, filtered.malformed, filtered.read, share)
    return filtered
