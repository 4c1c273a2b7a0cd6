"""MRCONSO -> names, concepts and codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bali.umls.filtered import Mask, filter_rows
from bali.umls.heldout import single_forms
from bali.umls.keys import CuiSet, texts
from bali.umls.order import distinct, is_first, ranks, sort_rows, strings_of
from bali.umls.runs import Runs, Spool
from bali.umls.settings import Settings
from bali.umls.staging import Kind, Staged

REASONS = ("language", "suppressed", "source", "term type", "semantic type", "empty name")
NO_CODE = "no code"
LAT, TS, STT, ISPREF, SAB, TTY, SUPPRESS = range(7)  # of a kind


def why_dropped(settings: Settings) -> Callable[[Kind], str | None]:
    """The reason for which values of LAT, SUPPRESS, SAB and TTY drop a row."""

    def why(kind: Kind) -> str | None:
        if kind[LAT] not in settings.languages:
            return "language"
        if kind[SUPPRESS] in settings.suppressed:
            return "suppressed"
        if settings.sources.drops(kind[SAB]):
            return "source"
        return "term type" if settings.term_types.drops(kind[TTY]) else None

    return why


class Atoms:
    """The rows of MRCONSO that pass the filters, sorted by concept.

    Attributes:
        filtered: what was dropped, and why.
        concepts: those that keep a name.
        seen: number of concepts that have a sound row, whether it is dropped or not.
    """

    def __init__(self, staged: Staged, settings: Settings, chosen: CuiSet | None, runs: Runs):
        """Filter the rows.

        Args:
            staged: cui, str, code, and what `heldout.draws` adds.
            settings: of the stage.
            chosen: concepts with a semantic type that is kept; None where all pass.
            runs: to fill, sorted by cui.

        Raises:
            InputError: as `filter_rows`.
        """
        self.concepts, self._runs = CuiSet(), runs
        seen = CuiSet()

        def not_chosen(rows: pa.Table) -> Mask:
            cuis = rows["cui"].to_numpy()
            seen.add(cuis)
            return np.zeros(len(cuis), bool) if chosen is None else ~chosen.holds(cuis)

        def empty(rows: pa.Table) -> Mask:
            return np.asarray(pc.equal(pc.binary_length(rows["str"]), 0))

        def keep(rows: pa.Table, kind: NDArray[np.int32]) -> None:
            self.concepts.add(rows["cui"].to_numpy())
            runs.add(rows.append_column("kind", pa.array(kind)))

        tests = {"semantic type": not_chosen, "empty name": empty}
        share = settings.malformed_share
        self.filtered = filter_rows(staged, why_dropped(settings), tests, REASONS, share, keep)
        self.seen = len(seen)
        kinds = list(self.filtered.kinds)
        # of two rows with one name the preferred stays (NLM's choice), then lowest sab, tty
        keys = [(k[TS : ISPREF + 1] != ("P", "PF", "Y"), k[SAB], k[TTY]) for k in kinds]
        self._rank = ranks(keys)
        self._of_rank = sorted(set(keys))  # (not preferred, sab, tty)
        self._preferred = np.array([not key[0] for key in self._of_rank], bool)
        self._sab = ranks([kind[SAB] for kind in kinds])
        self._sabs = sorted({kind[SAB] for kind in kinds})

    def __iter__(self) -> Iterator[pa.Table]:
        """Rows of some concepts at a time: cui, str, code, kind, ... ; concepts ascend."""
        return iter(self._runs)

    def names(self, rows: pa.Table) -> pa.Table:
        """One row a concept and name.

        Args:
            rows: all those of their concepts.

        Returns:
            cui, str, and the columns that `heldout.draws` made. rank: of (not preferred, sab,
            tty), the lowest of the name. preferred. own: whether it is the concept's own name,
            which is the one of the lowest rank, then the first. names: how many the concept has.
            Sorted by cui, str.
        """
        rank = pa.array(self._rank[rows["kind"].to_numpy()])
        ranked = rows.drop_columns(["code", "kind"]).append_column("rank", rank)
        found = distinct(sort_rows(ranked, "cui", "str", "rank"), "cui", "str")
        rank = found["rank"].to_numpy()
        starts = np.flatnonzero(is_first(found, "cui"))
        sizes = np.diff(np.append(starts, len(rank)))
        lowest = np.flatnonzero(rank == np.repeat(np.minimum.reduceat(rank, starts), sizes))
        own = np.zeros(len(rank), bool)
        own[lowest[np.searchsorted(lowest, starts)]] = True
        names = np.repeat(sizes, sizes).astype(np.int32)
        more = {"preferred": self._preferred[rank], "own": own, "names": names}
        for name, column in more.items():
            found = found.append_column(name, pa.array(column))
        return found

    def table(self, names: pa.Table) -> pa.Table:
        """The table names, of distinct ones."""
        rank = names["rank"].to_numpy()
        _, sab, tty = zip(*self._of_rank, strict=True) if self._of_rank else ((), (), ())
        columns = {
            "cui": texts(names["cui"].to_numpy()),
            "name": names["str"],
            "sab": strings_of(sab, rank),
            "tty": strings_of(tty, rank),
            "preferred": names["preferred"],
        }
        return pa.table(columns)

    def codes(self, rows: pa.Table) -> tuple[pa.Table, int]:
        """The table codes of some concepts, and how many rows have a code.

        NLM writes NOCODE for an atom that has no identifier in its source.
        """
        none = pc.is_in(rows["code"], value_set=pa.array(["", "NOCODE"]))
        coded = rows.select(["cui", "code", "kind"]).filter(pc.invert(none))
        place = pa.array(self._sab[coded["kind"].to_numpy()])
        coded = coded.append_column("sab", place)
        found = distinct(sort_rows(coded, "cui", "sab", "code"), "cui", "sab", "code")
        sab = strings_of(self._sabs, found["sab"].to_numpy())
        table = {"cui": texts(found["cui"].to_numpy()), "sab": sab, "code": found["code"]}
        return pa.table(table), coded.num_rows


class Names:
    """The distinct names of all concepts, in the scratch folder.

    Attributes:
        spool: tables as `Atoms.names` gives them.
        single: the forms that only one of the names has (`heldout.single_forms`).
    """

    def __init__(self, atoms: Atoms, folder: Path) -> None:
        """Make them; memory takes 8 bytes a name that has a form."""
        self.spool, forms = Spool(folder), []
        for rows in atoms:
            found = atoms.names(rows)
            self.spool.add(found)
            if "form" in found.column_names:
                forms.append(found["form"].drop_null().to_numpy())
        self.single = single_forms(forms)


class Codes:
    """The table codes.

    Attributes:
        read: number of rows that have a code; known when the rows were iterated.
    """

    def __init__(self, atoms: Atoms) -> None:
        """Of the rows of MRCONSO that pass the filters."""
        self._atoms, self.read = atoms, 0

    def __iter__(self) -> Iterator[pa.Table]:
        """Rows of some concepts at a time."""
        self.read = 0
        for rows in self._atoms:
            table, read = self._atoms.codes(rows)
            self.read += read
            yield table


def own_names(names: pa.Table) -> pa.Table:
    """The table concepts, of distinct names."""
    own = names.filter(names["own"])
    return pa.table({"cui": texts(own["cui"].to_numpy()), "name": own["str"]})
