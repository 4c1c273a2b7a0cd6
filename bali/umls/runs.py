"""Sorting more rows than memory holds: sorted runs on disk, read back range by range.

Spark could do so by a shuffle, which costs it a sort of rows, their bytes on disk twice and a
second round of generated code. The runs are sorted by one integer column alone; who reads a range
settles the rest of the order.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

RANGE = 2_000_000  # rows that are in memory at a time, about
STEP = 1024  # every so many rows of a run, one is looked at to find the ranges


class Runs:
    """Rows in a scratch folder, sorted by an integer column.

    Usage: `add` batches of any rows and size, then iterate. All rows of one key come together.
    """

    def __init__(self, folder: Path, key: str) -> None:
        """Start with no rows.

        Args:
            folder: to be made.
            key: column of integers, never null.
        """
        folder.mkdir(parents=True)
        self._folder, self._key = folder, key
        self._paths: list[Path] = []

    def add(self, rows: pa.Table) -> None:
        """Write one run."""
        order = np.argsort(rows[self._key].to_numpy(), kind="stable")
        path = self._folder / f"{len(self._paths)}.arrow"
        _write(rows.take(order), path)
        self._paths.append(path)

    def __iter__(self) -> Iterator[pa.Table]:
        """The rows, range by range in the order of the key; inside of one in no order."""
        runs = [_map(path) for path in self._paths]
        keys = [run[self._key].to_numpy() for run in runs]
        if not keys:
            return
        seen = np.sort(np.concatenate([key[::STEP] for key in keys]))
        step = max(1, RANGE // STEP)
        bounds = np.unique(seen[step::step])
        cuts = [np.concatenate([[0], np.searchsorted(k, bounds), [len(k)]]) for k in keys]
        for number in range(len(bounds) + 1):
            pieces = [
                run.slice(cut[number], cut[number + 1] - cut[number])
                for run, cut in zip(runs, cuts, strict=True)
            ]
            rows = pa.concat_tables(pieces).combine_chunks()
            if rows.num_rows:
                yield rows


class Spool:
    """Tables in a scratch folder, to be read back in the order in which they came."""

    def __init__(self, folder: Path) -> None:
        """Start with none; the folder is made."""
        folder.mkdir(parents=True)
        self._folder = folder
        self._number = 0

    def add(self, rows: pa.Table) -> None:
        """Write a table."""
        _write(rows, self._folder / f"{self._number}.arrow")
        self._number += 1

    def __iter__(self) -> Iterator[pa.Table]:
        """The tables, mapped into memory."""
        for number in range(self._number):
            yield _map(self._folder / f"{number}.arrow")


def _write(rows: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows.combine_chunks())


def _map(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
