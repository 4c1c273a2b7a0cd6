"""List columns of mapped tables: some rows are fetched without reading the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Lists:
    """Lists of integers, one after another."""

    values: Ints  # (sum of lengths,)
    lengths: Ints  # (lists,)

    @cached_property
    def starts(self) -> Ints:
        """Where each list begins in `values`: (lists,)."""
        return starts(self.lengths)

    @cached_property
    def owner(self) -> Ints:
        """The number of the list that each value belongs to: (sum of lengths,)."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @cached_property
    def position(self) -> Ints:
        """The place of each value in its own list, from 0: (sum of lengths,)."""
        return np.arange(len(self.values)) - self.starts[self.owner]

    def slice(self, start: int, end: int) -> Lists:
        """Neighbouring lists, from `start` to before `end`."""
        lengths = self.lengths[start:end]
        first = int(self.lengths[:start].sum())
        return Lists(self.values[first : first + int(lengths.sum())], lengths)

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> Lists:
        """From lists of Python."""
        values = np.fromiter(chain.from_iterable(lists), np.int64)
        return cls(values, np.fromiter(map(len, lists), np.int64, len(lists)))

    def take(self, rows: Ints) -> Lists:
        """Some lists, in the order asked for; one may be asked for twice."""
        lengths = self.lengths[rows]
        taken = Lists(np.empty(int(lengths.sum()), np.int64), lengths)
        place = self.starts[rows][taken.owner] + taken.position
        return Lists(self.values[place], lengths)

    def tolist(self) -> list[list[int]]:
        """As lists of Python."""
        parts = np.split(self.values, self.starts[1:]) if len(self.lengths) else []
        return [part.tolist() for part in parts]


class Ragged:
    """A list column of int32, mapped or in memory."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        """Take the buffers of the column's chunks; nothing is copied."""
        self._parts: list[tuple[NDArray[np.int32], NDArray[np.int32]]] = [
            (part.offsets.to_numpy(), part.values.to_numpy(zero_copy_only=True))
            for part in column.chunks
        ]
        self._first = np.cumsum([0, *(len(part) for part in column.chunks)])

    def rows(self, rows: Ints) -> Lists:
        """The lists of some rows, in the order asked for."""
        parts = np.searchsorted(self._first, rows, side="right") - 1
        local = rows - self._first[parts]
        lists = [self._row(part, row) for part, row in zip(parts, local, strict=True)]
        values = np.concatenate([np.empty(0, np.int32), *lists])
        return Lists(values.astype(np.int64), np.array([len(row) for row in lists], np.int64))

    def all(self) -> Lists:
        """All lists, in order."""
        none = np.empty(0, np.int32)
        values = [part[offsets[0] : offsets[-1]] for offsets, part in self._parts]
        return Lists(np.concatenate([none, *values]).astype(np.int64), self.lengths())

    def lengths(self) -> Ints:
        """How long each list of the column is: (lists,)."""
        none = np.empty(0, np.int64)
        return np.concatenate([none, *(np.diff(offsets) for offsets, _ in self._parts)])

    def highest(self) -> int:
        """The largest value of the whole column; -1 if there is none."""
        return max((int(values.max(initial=-1)) for _, values in self._parts), default=-1)

    def _row(self, part: int, row: int) -> NDArray[np.int32]:
        offsets, values = self._parts[part]
        return values[offsets[row] : offsets[row + 1]]


def starts(lengths: Ints) -> Ints:
    """Where each part begins when parts of these lengths stand one after another."""
    return np.cumsum(lengths, dtype=np.int64) - lengths
