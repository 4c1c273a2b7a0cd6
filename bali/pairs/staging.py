"""What the step keeps on disk between its passes, in files that map into memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from bali.pairs.keys import SENTENCE, document_keys

MERGED = 65_536  # rows put in order at once; bounds memory, changes no result


def write_staged(rows: Iterable[pa.Table], path: Path) -> Path | None:
    """Write tables of one schema, one after the other; no file if there are none."""
    writer = None
    try:
        for table in rows:
            if writer is None:
                writer = pa.ipc.new_file(str(path), table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()
    return path if writer is not None else None


def map_staged(path: Path) -> pa.Table:
    """Map what `write_staged` wrote."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def merged(paths: Sequence[Path]) -> Iterator[pa.Table]:
    """The rows of staged files, each sorted by sentence, in one order over all of them.

    Yields:
        Tables of about MERGED rows; no document is in two of them. Memory: these, and a key of 16
        bytes a row.
    """
    tables = [map_staged(path) for path in paths]
    keys = [document_keys(table) for table in tables]
    every = np.sort(np.concatenate([np.empty(0, np.int64), *keys]))
    stops = np.unique(every[MERGED - 1 :: MERGED])
    stops = np.append(stops[: np.searchsorted(stops, every[-1])], every[-1]) if len(every) else []
    at = [0] * len(tables)
    for stop in stops:
        ends = [int(np.searchsorted(of_table, stop, "right")) for of_table in keys]
        parts = [
            table.slice(start, end - start)
            for table, start, end in zip(tables, at, ends, strict=True)
            if end > start
        ]
        at = ends
        whole = pa.concat_tables(parts)
        yield whole if len(parts) == 1 else whole.sort_by([(key, "ascending") for key in SENTENCE])
