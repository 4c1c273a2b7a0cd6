"""MRCUI -> retired: identifiers of earlier releases and the concepts that took their place.

MRCUI also says that a concept was deleted (REL=DEL) or is broader, narrower or otherwise related
to a present one (RB, RN, RO). Only REL=SY says that the two are the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bali.umls.filtered import Mask, filter_rows
from bali.umls.keys import CUIS, CuiSet, texts
from bali.umls.order import drop_repeated
from bali.umls.runs import Runs
from bali.umls.settings import Settings
from bali.umls.staging import Kind, Staged

RELS = {"DEL": "deleted", "RB": "broader", "RN": "narrower", "RO": "related otherwise"}
OTHER, ALIVE, UNKNOWN = "another REL", "still a concept", "unknown successor"
REASONS = (*RELS.values(), OTHER, ALIVE, UNKNOWN)
AMBIGUOUS = "several successors"


def why_dropped(kind: Kind) -> str | None:
    """The reason for which a REL drops a row."""
    (rel,) = kind
    return None if rel == "SY" else RELS.get(rel, OTHER)


class Retired:
    """The rows of MRCUI that pass the filters.

    Attributes:
        filtered: what was dropped, and why.
        distinct: number of distinct (cui, successor); known when the rows were iterated.
    """

    def __init__(self, staged: Staged, settings: Settings, concepts: CuiSet, runs: Runs) -> None:
        """Filter the rows.

        Args:
            staged: cui1, cui2; the latter is null where there is none.
            settings: of the stage.
            concepts: those that are kept.
            runs: to fill, sorted by cui.

        Raises:
            InputError: as `filter_rows`.
        """
        self._runs, self.distinct = runs, 0

        def alive(rows: pa.Table) -> Mask:
            return concepts.holds(rows["cui1"].to_numpy())

        def unknown(rows: pa.Table) -> Mask:
            return ~concepts.holds(rows["cui2"].fill_null(-1).to_numpy())

        def keep(rows: pa.Table, kind: NDArray[np.int32]) -> None:
            cui, successor = (rows[name].to_numpy().astype(np.int64) for name in ("cui1", "cui2"))
            runs.add(pa.table({"cui": cui, "successor": successor}))

        tests, share = {ALIVE: alive, UNKNOWN: unknown}, settings.malformed_share
        self.filtered = filter_rows(staged, why_dropped, tests, REASONS, share, keep)

    def __iter__(self) -> Iterator[pa.Table]:
        """The table retired: the identifiers with one successor."""
        self.distinct = 0
        for rows in self._runs:
            packed = rows["cui"].to_numpy() * CUIS + rows["successor"].to_numpy()
            cui, successor = np.divmod(drop_repeated(np.sort(packed)), CUIS)
            self.distinct += len(cui)
            new = np.diff(cui, prepend=-1) != 0
            single = new & np.append(new[1:], True)
            yield pa.table({"cui": texts(cui[single]), "successor": texts(successor[single])})
