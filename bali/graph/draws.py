"""Random entries of CSR rows: the neighbours that a node's message passing is given.

Two choices, each of two kinds:

- uniform: each entry of the row is equally likely. By relation: each draw takes one of the row's
  relations that still have an entry to give, each equally likely, and then one of its entries,
  each equally likely; so a relation of two entries is seen as often as one of two thousand.
- Without replacement, min(fan-out, degree) different entries are drawn. With replacement,
  fan-out entries of every row that has any: an entry drawn twice is returned twice, so that the
  mean over the draws is an unbiased estimate: of the mean over the row, or, by relation, of the
  mean over its relations of the means over their entries.

A row of 100,000 entries costs as much as a row of ten. Floyd's algorithm draws k of n with k random
numbers (Bentley & Floyd 1987, "A sample of brilliance", doi:10.1145/30401.315746), here for many
rows at once. By relation, an index made once leads to the entries of each relation of a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bali.graph.adjacency import Csr
from bali.hashing import below
from bali.ranges import Integers, ranges, sums_before

Bits = NDArray[np.uint64]

ENTRIES = 1 << 22  # of the CSR, put in order at once; bounds memory, changes no result
_RUN, _ENTRY = 1, 2  # streams of random numbers of one key


@dataclass(frozen=True)
class RelationIndex:
    """The entries of each CSR row in the order of their relations; a run has one row and relation.

    Attributes:
        first_run: (nodes + 1,) int64; row v has the runs first_run[v] up to first_run[v + 1].
        run_start: (runs + 1,) int64; run r stands in `entry` from run_start[r] to run_start[r + 1].
        entry: (edges,) int32; place of an entry in its row.
    """

    first_run: Integers
    run_start: Integers
    entry: NDArray[np.int32]

    def size(self, run: Integers) -> Integers:
        """Entries of runs, in the shape of `run`."""
        size: Integers = self.run_start[run + 1] - self.run_start[run]
        return size


@dataclass(frozen=True)
class Draws:
    """How entries are drawn: by relation if an index of the relations is given, else uniformly."""

    replacement: bool = False
    by_relation: RelationIndex | None = None

    def entries(
        self, indptr: Integers, rows: NDArray[np.integer[Any]], fan_out: int, keys: Bits
    ) -> tuple[Integers, Integers]:
        """Draw entries of CSR rows.

        Args:
            indptr: (nodes + 1,) row boundaries of the CSR.
            rows: (rows,) node ids; may repeat.
            fan_out: entries a row, at most; 1 or more.
            keys: (rows,) random bits: what a row draws is a function of its key and its entries.

        Returns:
            Two arrays (draws,), sorted: which of `rows` a draw belongs to (from 0), and its
            position in the arrays `neighbour` and `relation` of the CSR.
        """
        first = indptr[rows]
        degree = indptr[rows + 1] - first
        if self.replacement:
            size = np.where(degree > 0, fan_out, 0)
        else:
            size = np.minimum(degree, fan_out)
        owner, position = ranges(first, size)
        # where every entry is drawn once, the ranges are the draws
        some = np.flatnonzero(size if self.replacement else degree > fan_out)
        if len(some):
            if self.by_relation is not None:
                place = self._by_relation(self.by_relation, rows[some], fan_out, keys[some])
            elif self.replacement:
                steps = np.arange(fan_out)[:, None]
                place = below(degree[some], keys[some], steps)  # (fan_out, some)
            else:
                place = floyd(degree[some], fan_out, keys[some])
            place = np.sort(place.T, axis=1) + first[some, None]  # (some, fan_out)
            slot = sums_before(size)[some, None] + np.arange(fan_out)
            position[slot] = place
        return owner, position

    def _by_relation(
        self, index: RelationIndex, rows: NDArray[np.integer[Any]], fan_out: int, keys: Bits
    ) -> Integers:
        """Places in their rows of the entries drawn by relation: (fan_out, rows)."""
        first = index.first_run[rows]
        runs = index.first_run[rows + 1] - first
        if self.replacement:
            steps = np.arange(fan_out)[:, None]
            run = first + below(runs, keys, _RUN, steps)
            offset = below(index.size(run), keys, _ENTRY, steps)
        else:
            run = _draw_runs(index, first, runs, fan_out, keys)
            offset = _draw_within(run, index.size(run), keys)
        place: Integers = index.entry[index.run_start[run] + offset].astype(np.int64)
        return place


def floyd(degree: Integers, fan_out: int, keys: Bits) -> Integers:
    """Draw `fan_out` of `degree` places without replacement, each set equally likely.

    Args:
        degree: (rows,) `fan_out` or more.
        fan_out: places a row.
        keys: (rows,) random bits.

    Returns:
        (fan_out, rows) from 0, different in a column; in no order that means anything.
    """
    steps = np.arange(fan_out)[:, None]
    last = degree - fan_out + steps  # (fan_out, rows)
    chosen = below(last + 1, keys, steps)
    for step in range(1, fan_out):
        # drawn from 0..last; if that is taken, take `last`, which cannot be taken yet
        taken = (chosen[:step] == chosen[step]).any(axis=0)
        np.copyto(chosen[step], last[step], where=taken)
    return chosen


def _draw_runs(
    index: RelationIndex, first: Integers, runs: Integers, fan_out: int, keys: Bits
) -> Integers:
    """Draw runs of rows one after the other, each that has an entry left equally likely.

    A run that has given its last entry changes places with the last live one, as in Fisher and
    Yates's shuffle; only the moves are kept, so that the cost does not grow with the runs.

    Args:
        index: of the runs.
        first: (rows,) first run of each row.
        runs: (rows,) how many it has; together they hold `fan_out` entries or more.
        fan_out: draws a row.
        keys: (rows,) random bits.

    Returns:
        (fan_out, rows) runs; one occurs as often as entries are drawn from it.
    """
    live = runs.copy()
    chosen = np.empty((fan_out, len(first)), np.int64)
    slot_moved = np.full_like(chosen, -1)
    run_moved = np.empty_like(chosen)

    def run_in(slot: Integers, step: int) -> Integers:
        run = first + slot
        for earlier in range(step):  # the newest move into a slot wins
            np.copyto(run, run_moved[earlier], where=slot_moved[earlier] == slot)
        return run

    for step in range(fan_out):
        slot = below(live, keys, _RUN, step)
        chosen[step] = run_in(slot, step)
        given = (chosen[: step + 1] == chosen[step]).sum(axis=0)
        spent = given == index.size(chosen[step])
        live -= spent
        run_moved[step] = run_in(live, step)  # the last live one, where `spent` made room
        np.copyto(slot_moved[step], slot, where=spent)
    return chosen


def _draw_within(run: Integers, size: Integers, keys: Bits) -> Integers:
    """Floyd's draw in many runs of a row at once.

    Args:
        run: (draws, rows) the run of each draw; one that occurs t times gives t entries.
        size: (draws, rows) entries of that run, t or more.
        keys: (rows,) random bits.

    Returns:
        (draws, rows) place in the run of each draw; different for draws of one run.
    """
    draws = len(run)
    offset = np.empty_like(run)
    for step in range(draws):
        same = run == run[step]  # (draws, rows)
        last = size[step] - same[step:].sum(axis=0)  # as many are drawn now and later
        offset[step] = below(last + 1, keys, _ENTRY, step)
        taken = (same[:step] & (offset[:step] == offset[step])).any(axis=0)
        np.copyto(offset[step], last, where=taken)
    return offset


def index_relations(csr: Csr) -> RelationIndex:
    """Put the entries of each row in the order of (relation, neighbour); some rows at a time."""
    entry = np.empty(len(csr.neighbour), np.int32)
    relations = int(csr.relation.max(initial=0)) + 1
    runs = np.zeros(csr.nodes, np.int64)
    starts = [np.empty(0, np.int64)]
    for low, high in csr.blocks(ENTRIES):
        begin, end = int(csr.indptr[low]), int(csr.indptr[high])
        count = end - begin
        degree = np.diff(csr.indptr[low : high + 1])
        row = np.repeat(np.arange(high - low), degree)
        # one integer (row, relation, position): to sort it is to sort the entries
        keys = (row * relations + csr.relation[begin:end]) * count + np.arange(count)
        keys.sort()
        run, position = np.divmod(keys, count)
        entry[begin:end] = position - (csr.indptr[low:high] - begin)[row]
        new = np.flatnonzero(np.diff(run, prepend=-1))
        runs[low:high] = np.bincount(row[new], minlength=high - low)
        starts.append(new + begin)
    first_run = np.concatenate([[0], np.cumsum(runs)])
    return RelationIndex(first_run, np.concatenate([*starts, [len(entry)]]), entry)
