"""MRREL -> relations. MRREL reads backwards, "CUI2 RELA CUI1": head = CUI2, tail = CUI1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bali.errors import InputError
from bali.relations import RELS, Relations
from bali.umls.filtered import Mask, filter_rows
from bali.umls.keys import CUIS, CuiSet, texts
from bali.umls.order import drop_repeated, ranks, strings_of
from bali.umls.runs import Runs
from bali.umls.settings import Settings
from bali.umls.staging import Kind, Staged

REASONS = ("suppressed", "source", "relation", "unknown concept", "self-relation")
REL, RELA, SAB, SUPPRESS = range(4)  # of a kind
# Both CUIs and (REL, RELA, SAB) in 63 bits: that many of the latter. UMLS has some thousands.
MOST_KINDS = 2**63 // CUIS**2
Ends = NDArray[np.int64]


def why_dropped(settings: Settings) -> Callable[[Kind], str | None]:
    """The reason for which values of SUPPRESS, SAB, REL and RELA drop a row."""

    def why(kind: Kind) -> str | None:
        if kind[SUPPRESS] in settings.suppressed:
            return "suppressed"
        if settings.sources.drops(kind[SAB]):
            return "source"
        return "relation" if settings.relations.drops(kind[REL], kind[RELA]) else None

    return why


def turned(ends: Ends) -> Ends:
    """The ends of the relation in the other direction."""
    return ends % CUIS * CUIS + ends // CUIS


class Edges:
    """The rows of MRREL that pass the filters, sorted by their ends.

    `ends` are both CUIs in one number, the head's first. So a relation is its ends and the rank of
    its (REL, RELA, SAB), in one number again: these are what is sorted.

    Attributes:
        filtered: what was dropped, and why.
        relations: (REL, RELA), sorted; places in it number them.
    """

    def __init__(self, staged: Staged, settings: Settings, concepts: CuiSet, runs: Runs) -> None:
        """Filter the rows.

        Args:
            staged: cui1, cui2.
            settings: of the stage.
            concepts: both ends of a relation must be among them.
            runs: to fill, sorted by ends.

        Raises:
            InputError: as `filter_rows`, or there are more than `MOST_KINDS` of (REL, RELA, SAB).
        """
        self._runs = runs

        def unknown(rows: pa.Table) -> Mask:
            head, tail = (concepts.holds(rows[name].to_numpy()) for name in ("cui2", "cui1"))
            return ~(head & tail)

        def on_itself(rows: pa.Table) -> Mask:
            same: Mask = rows["cui1"].to_numpy() == rows["cui2"].to_numpy()
            return same

        def keep(rows: pa.Table, kind: NDArray[np.int32]) -> None:
            ends = rows["cui2"].to_numpy().astype(np.int64) * CUIS + rows["cui1"].to_numpy()
            runs.add(pa.table({"ends": ends, "kind": kind}))

        tests = {"unknown concept": unknown}
        if not settings.self_relations:
            tests["self-relation"] = on_itself
        share = settings.malformed_share
        self.filtered = filter_rows(staged, why_dropped(settings), tests, REASONS, share, keep)
        stated = [kind[: SAB + 1] for kind in self.filtered.kinds]
        self._rank = ranks(stated)
        self._kinds = sorted(set(stated))  # by rank
        if len(self._kinds) > MOST_KINDS:
            raise InputError(
                f"{staged.tables[0].files[0]}: {len(self._kinds)} combinations of REL, RELA and "
                f"SAB, more than the {MOST_KINDS} that there may be; are the columns in their "
                "places?"
            )
        self.relations = sorted({kind[:SAB] for kind in self._kinds})
        self._relation = ranks([kind[:SAB] for kind in self._kinds])  # rank -> its number

    def __iter__(self) -> Iterator[tuple[Ends, NDArray[np.int64]]]:
        """Ends, and rank, of each (head, tail, rel, rela), in their order, some at a time.

        Several sources may state it; the lowest is kept.
        """
        for rows in self._runs:
            width = len(self._kinds)
            packed = rows["ends"].to_numpy() * width + self._rank[rows["kind"].to_numpy()]
            packed.sort()
            ends, rank = np.divmod(drop_repeated(packed), width)
            new = np.diff(ends, prepend=-1) != 0
            new |= np.diff(self._relation[rank], prepend=-1) != 0
            yield ends[new], rank[new]

    def relation(self, rank: NDArray[np.int64]) -> NDArray[np.int32]:
        """Numbers of the relations, by rank."""
        return self._relation[rank]

    def table(self, ends: Ends, rank: NDArray[np.int64]) -> pa.Table:
        """Rows of the table relations."""
        rel, rela, sab = (
            strings_of((kind[column] for kind in self._kinds), rank) for column in (REL, RELA, SAB)
        )
        head, tail = np.divmod(ends, CUIS)
        columns = {"head": texts(head), "tail": texts(tail), "rel": rel, "rela": rela, "sab": sab}
        return pa.table(columns)


class Mirrored:
    """Finds relations that are stated in both directions.

    "a isa b" and "b inverse_isa a" say the same. The one whose (rel, rela) sorts first stays; if
    the relation is its own inverse, the one with the lower head. A row whose other direction is
    not stated stays as it is.
    """

    def __init__(self, edges: Edges, words: Relations, path: Path) -> None:
        """Write all relations to a file, where their other directions are looked up.

        Args:
            edges: the relations.
            words: knows the inverses.
            path: of the file; it takes 8 bytes a relation.
        """
        self._edges, self._width = edges, max(1, len(edges.relations))
        with path.open("wb") as file:
            for ends, rank in edges:
                (ends * self._width + edges.relation(rank)).tofile(file)
        number = path.stat().st_size // 8
        self._every = np.memmap(path, np.int64, "r") if number else np.zeros(0, np.int64)
        place = {relation: n for n, relation in enumerate(edges.relations)}
        inverse = [words.inverse(*r) if r[0] in RELS else None for r in edges.relations]
        pairs = list(zip(edges.relations, inverse, strict=True))
        self._second = np.array([bool(i and r > i) for r, i in pairs], bool)
        self._own = np.array([r == i for r, i in pairs], bool)
        # relation -> those, of the first of two, whose inverse it is; -1 fills the rows
        firsts: list[list[int]] = [[] for _ in pairs]
        for n, (_, i) in enumerate(pairs):
            if i in place and not self._second[n]:
                firsts[place[i]].append(n)
        most = max(map(len, firsts), default=0)
        self._firsts = np.array([f + [-1] * (most - len(f)) for f in firsts], np.int64)

    def __len__(self) -> int:
        """Number of relations, both directions counted."""
        return len(self._every)

    def without_seconds(
        self, ends: Ends, rank: NDArray[np.int64]
    ) -> tuple[Ends, NDArray[np.int64]]:
        """Relations, as `Edges` gives them, without the second of two that say the same."""
        kept = ~self.is_second(ends, rank)
        return ends[kept], rank[kept]

    def is_second(self, ends: Ends, rank: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which relations are the second of two that say the same."""
        relation, back = self._edges.relation(rank), turned(ends)
        asked = np.flatnonzero(self._second[relation] | (self._own[relation] & (ends > back)))
        second = np.zeros(len(ends), bool)
        for first in self._firsts[relation[asked]].T:
            wanted = back[asked] * self._width + first
            at = np.minimum(np.searchsorted(self._every, wanted), len(self._every) - 1)
            second[asked[(first >= 0) & (self._every[at] == wanted)]] = True
        return second
