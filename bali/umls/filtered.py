"""Filters of a parsed RRF table: each row gets the first reason that drops it, and is counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bali.umls.rejects import check_share
from bali.umls.release import RrfTable
from bali.umls.staging import Kind, Kinds, Staged

MALFORMED = "malformed"
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Filtered:
    """What the filters of an RRF table let pass.

    Attributes:
        tables: the RRF table, in each META folder that has it.
        kinds: the combinations of its columns of few values, of all sound rows.
        passing: which of them a row has that no filter drops; (kinds,) bool.
        passed: number of those rows.
        dropped: reason -> number, in the order of the filters.
    """

    tables: Sequence[RrfTable]
    kinds: Kinds
    passing: Mask
    passed: int
    dropped: dict[str, int]

    @property
    def read(self) -> int:
        """Number of all rows."""
        return self.passed + sum(self.dropped.values())

    @property
    def malformed(self) -> int:
        """Number of rows that are set aside."""
        return self.dropped[MALFORMED]

    def values(self, *places: int) -> set[str]:
        """What stands in columns of few values, whether dropped or not.

        Args:
            places: of the columns in `rrf.KINDS`.
        """
        return {kind[place] for kind in self.kinds for place in places}


def filter_rows(
    staged: Staged,
    why: Callable[[Kind], str | None],
    tests: Mapping[str, Callable[[pa.Table], Mask]],
    reasons: Sequence[str],
    share: float,
    keep: Callable[[pa.Table, NDArray[np.int32]], None],
) -> Filtered:
    """Filter the rows of a table, batch by batch.

    Args:
        staged: the rows.
        why: the reason that drops a row for its columns of few values, if any does.
        tests: reason -> which of some sound rows it drops; asked after `why`, in their order.
        reasons: all that may be given, in the order in which they are asked.
        share: of the rows that may be malformed.
        keep: gets the rows that pass, and the numbers of their kinds.

    Raises:
        InputError: more rows are malformed.
    """
    every = [None, MALFORMED, *reasons]
    kinds, counts = Kinds(), np.zeros(len(every), np.int64)
    passing = np.zeros(0, bool)
    codes = np.zeros(0, np.int8)  # kind -> reason
    for rows, kind in staged.read(kinds):
        new = [every.index(why(value)) for value in list(kinds)[len(codes) :]]
        codes = np.concatenate([codes, np.array(new, np.int8)])
        passing = np.concatenate([passing, np.zeros(len(new), bool)])
        sound = kind >= 0
        counts[1] += len(kind) - np.count_nonzero(sound)
        if not sound.all():
            rows, kind = rows.filter(pa.array(sound)), kind[sound]
        code = codes[kind]
        for reason, drops in tests.items():
            code[(code == 0) & drops(rows)] = every.index(reason)
        counts += np.bincount(code, minlength=len(every))
        kept = code == 0
        kind = kind[kept]
        passing[kind] = True
        keep(rows.filter(pa.array(kept)).combine_chunks(), kind)
    passed, *dropped = counts.tolist()
    found = dict(zip([MALFORMED, *reasons], dropped, strict=True))
    filtered = Filtered(staged.tables, kinds, passing, passed, found)
    check_share(staged.tables, filtered.malformed, filtered.read, share)
    return filtered
