"""MRSTY -> semantic_types, MRDEF -> definitions; of the concepts that are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bali.umls.filtered import Filtered, Mask, filter_rows
from bali.umls.keys import CuiSet, texts
from bali.umls.order import distinct, ranks, sort_rows, strings_of
from bali.umls.runs import Runs
from bali.umls.settings import Choice, Settings
from bali.umls.staging import Kind, Kinds, Staged

UNKNOWN = "unknown concept"
TYPE_REASONS = (UNKNOWN,)
DEFINITION_REASONS = ("suppressed", "source", UNKNOWN)


def concepts_of_types(sty: Staged, types: Choice) -> CuiSet:
    """The concepts of which a semantic type is kept and none is dropped."""
    kinds, chosen, dropped = Kinds(), CuiSet(), CuiSet()
    for rows, kind in sty.read(kinds):
        tuis = [tui for tui, _ in kinds]
        sound = kind >= 0
        cuis, kind = rows["cui"].filter(pa.array(sound)).to_numpy(), kind[sound]
        chosen.add(cuis[np.array([not types.keep or t in types.keep for t in tuis], bool)[kind]])
        dropped.add(cuis[np.array([t in types.drop for t in tuis], bool)[kind]])
    chosen.remove_all(dropped)
    return chosen


class Attributes:
    """Rows of MRSTY or MRDEF that pass the filters: the tables semantic_types and definitions.

    Attributes:
        filtered: what was dropped, and why.
    """

    def __init__(
        self,
        staged: Staged,
        settings: Settings,
        concepts: CuiSet,
        runs: Runs,
        why: Callable[[Kind], str | None],
        reasons: tuple[str, ...],
    ) -> None:
        """Filter the rows.

        Args:
            staged: cui, and perhaps a text.
            settings: of the stage.
            concepts: those that are kept.
            runs: to fill, sorted by cui.
            why: the reason for which the columns of few values drop a row.
            reasons: all.

        Raises:
            InputError: as `filter_rows`.
        """
        self._runs = runs

        def unknown(rows: pa.Table) -> Mask:
            return ~concepts.holds(rows["cui"].to_numpy())

        def keep(rows: pa.Table, kind: NDArray[np.int32]) -> None:
            runs.add(rows.append_column("kind", pa.array(kind)))

        share, tests = settings.malformed_share, {UNKNOWN: unknown}
        self.filtered: Filtered = filter_rows(staged, why, tests, reasons, share, keep)

    def types(self) -> Iterator[pa.Table]:
        """The table semantic_types."""
        kinds = list(self.filtered.kinds)
        rank, kinds = ranks(kinds), sorted(kinds)
        for rows in self._ranked(rank):
            found = distinct(sort_rows(rows, "cui", "rank"), "cui", "rank")
            tui, sty = (strings_of((k[n] for k in kinds), found["rank"].to_numpy()) for n in (0, 1))
            yield pa.table({"cui": texts(found["cui"].to_numpy()), "tui": tui, "sty": sty})

    def definitions(self) -> Iterator[pa.Table]:
        """The table definitions."""
        sabs = [kind[0] for kind in self.filtered.kinds]
        rank, names = ranks(sabs), sorted(set(sabs))
        for rows in self._ranked(rank):
            found = distinct(sort_rows(rows, "cui", "rank", "def"), "cui", "rank", "def")
            sab = strings_of(names, found["rank"].to_numpy())
            cui = texts(found["cui"].to_numpy())
            yield pa.table({"cui": cui, "sab": sab, "definition": found["def"]})

    def _ranked(self, rank: NDArray[np.int32]) -> Iterator[pa.Table]:
        for rows in self._runs:
            yield rows.append_column("rank", pa.array(rank[rows["kind"].to_numpy()]))


def no_reason(kind: Kind) -> str | None:
    """MRSTY has no column that could drop a row."""
    return None


def why_no_definition(settings: Settings) -> Callable[[Kind], str | None]:
    """The reason for which values of SAB and SUPPRESS drop a row of MRDEF."""

    def why(kind: Kind) -> str | None:
        sab, suppress = kind
        if suppress in settings.suppressed:
            return "suppressed"
        return "source" if settings.sources.drops(sab) else None

    return why
