"""Rows of the table `documents` on disk, until their order is known.

A shard's records come in the order of its files and leave in the order of their keys. Kept in
memory in between, they would make a step as large as its shard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa

from bali.corpus.article import Article
from bali.storage import from_columns
from bali.tables import TABLES

BATCH = 512  # articles held as Python objects, 10 KB each, before they become Arrow rows
_FIELDS = tuple(field.name for field in fields(Article))


class Spill:
    """Rows are added one by one, then taken by number, any number at a time.

    Usage: `with Spill(path) as spill: ...`; the file is removed at the end of the block.
    """

    def __init__(self, path: Path) -> None:
        """Prepare a temporary file at `path`; its folder is made."""
        self._path = path
        self._rows = 0
        self._columns = _empty()

    def __enter__(self) -> Self:
        """Open the file."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        schema = TABLES["documents"].schema
        self._sink = pa.OSFile(str(self._path), "wb")
        self._writer = pa.ipc.new_file(self._sink, schema, options=options)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the file."""
        self._sink.close()
        self._path.unlink()

    def add(self, article: Article, source: str) -> int:
        """Append an article; returns the number of its row.

        Args:
            article: the fields.
            source: name of the file that it was read from.
        """
        for name in _FIELDS:
            self._columns[name].append(getattr(article, name))
        self._columns["source"].append(source)
        self._rows += 1
        if self._rows % BATCH == 0:
            self._flush()
        return self._rows - 1

    def finish(self) -> None:
        """Write what is pending; from now on rows are taken."""
        self._flush()
        self._writer.close()
        self._sink.close()

    def take(self, rows: Sequence[int]) -> pa.Table:
        """The rows of these numbers, in their order, each column in one chunk.

        Column by column: memory holds the result and one of its columns twice.
        """
        wanted = np.asarray(rows, np.int64)
        by_row = np.argsort(wanted)
        batch, local = np.divmod(wanted[by_row], BATCH)
        numbers, starts = np.unique(batch, return_index=True)
        where = list(zip(numbers.tolist(), np.split(local, starts[1:]), strict=True))
        back = pa.array(np.argsort(by_row))
        is_sorted = bool((np.diff(wanted) > 0).all())  # as in the baseline, nearly everywhere
        schema = TABLES["documents"].schema
        columns, pool = [], pa.default_memory_pool()
        with pa.OSFile(str(self._path)) as file:
            for field in range(len(schema)):
                options = pa.ipc.IpcReadOptions(included_fields=[field])
                reader = pa.ipc.open_file(file, options=options, memory_pool=pool)
                column = pa.concat_arrays(
                    [reader.get_batch(n).column(0).take(pa.array(at)) for n, at in where]
                )
                columns.append(column if is_sorted else column.take(back))
        pool.release_unused()  # the parts of the columns: 25 MB of 30,000 articles
        return pa.table(columns, schema=schema)

    def _flush(self) -> None:
        if self._columns["source"]:
            for batch in from_columns("documents", self._columns).to_batches():
                self._writer.write_batch(batch)
        self._columns = _empty()


def _empty() -> dict[str, list[object]]:
    return {name: [] for name in (*_FIELDS, "source")}
