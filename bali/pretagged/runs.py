"""Rows of many files sorted by PMID in bounded memory: sorted runs on disk, merged range by range.

The rows of a file are written in runs of `RUN` rows, each sorted; then ranges of PMIDs are read out
of all runs, each range small enough to be sorted in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

RUN = 131_072  # rows of a run, Python objects until it is written
STEP = 8_192  # rows of a run between the PMIDs at which ranges may end
Integers = NDArray[np.int64]


class RunWriter:
    """Collects rows and writes them in sorted runs.

    Usage: `add` rows, then `finish`; `paths` has the files.
    """

    def __init__(self, schema: pa.Schema, prefix: Path) -> None:
        """Prepare to write files named after `prefix`.

        Args:
            schema: of the rows; the first column is the PMID.
            prefix: path of the runs without their number.
        """
        self.paths: list[Path] = []
        self._schema = schema
        self._prefix = prefix
        self._columns: list[list[object]] = [[] for _ in schema]

    def add(self, row: Sequence[object]) -> None:
        """Append a row."""
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)
        if len(self._columns[0]) >= RUN:
            self.finish()

    def finish(self) -> None:
        """Write what is pending."""
        if not self._columns[0]:
            return
        pairs = zip(self._columns, self._schema, strict=True)
        arrays = [pa.array(values, field.type) for values, field in pairs]
        rows = pa.table(arrays, schema=self._schema)
        order = np.argsort(rows.column(0).to_numpy(), kind="stable")
        path = self._prefix.with_name(f"{self._prefix.name}-{len(self.paths):06d}.arrow")
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, self._schema) as writer:
            writer.write_table(rows.take(pa.array(order)))
        self.paths.append(path)
        self._columns = [[] for _ in self._schema]


def merge(paths: Sequence[Path], schema: pa.Schema) -> Iterator[pa.Table]:
    """Rows of all runs, a range of PMIDs at a time.

    Args:
        paths: the runs.
        schema: of their rows.

    Yields:
        All rows of a range, in the order of the runs; ranges ascend. A range has about
        `STEP` rows a run, or the rows of one PMID.
    """
    # mapped into memory: only the rows of a range are read
    runs = [pa.ipc.open_file(pa.memory_map(str(path))).read_all() for path in paths]
    keys: list[Integers] = [run.column(0).to_numpy() for run in runs]
    ends = np.unique(np.concatenate([np.empty(0, np.int64), *(key[::STEP] for key in keys)]))
    done = [0] * len(runs)
    for end in [*ends[1:].tolist(), None]:
        stop = [len(k) if end is None else int(np.searchsorted(k, end)) for k in keys]
        parts = [
            run.slice(first, last - first)
            for run, first, last in zip(runs, done, stop, strict=True)
            if last > first
        ]
        done = stop
        if parts:
            yield pa.concat_tables([schema.empty_table(), *parts])
