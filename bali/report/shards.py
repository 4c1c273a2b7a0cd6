"""The tables of one shard, without the records that a later shard replaced or deleted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from bali.storage import read_table

RECORD = ["pmid", "version"]


class Shard(NamedTuple):
    """The tables of one shard, and the keys of its records that go on."""

    mentions: Path
    sentences: Path
    documents: Path
    kept: pa.Table  # pmid, version

    def read(self, table: str, columns: Sequence[str]) -> pa.Table:
        """Read columns of one of the tables; rows of records that go on, in any order.

        Args:
            table: "mentions", "sentences" or "documents".
            columns: beside pmid and version, which come first.

        Raises:
            InputError: the file is missing or of another schema.
        """
        rows = read_table(table, getattr(self, table), [*RECORD, *columns])
        return rows.join(self.kept, RECORD, join_type="left semi")


def kept_in(kept: pa.Table, shard: str) -> pa.Table:
    """Keys of the records that go on from a shard, from the table kept."""
    return kept.filter(pc.equal(kept["shard"], shard)).select(RECORD)
