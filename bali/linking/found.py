"""What the routes have in common that do not use the dictionary: from spans to rows, with counts.

A span becomes a mention if it stands inside one sentence, is no held-out name and has a concept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from bali.linking.abbreviations import find_definitions
from bali.linking.documents import Document
from bali.linking.heldout import HeldoutNames
from bali.linking.rows import CROSSES, HELDOUT, Row
from bali.storage import from_columns
from bali.tables import TABLES

NO_CANDIDATE = "no candidate"
REPEATED = "span found before"


class Found(NamedTuple):
    """A span of a document and the concepts that it may be, the best first, with their scores."""

    start: int
    end: int
    candidates: Sequence[tuple[str, float]]


class Admission:
    """Turns spans into rows and counts what is dropped.

    Attributes:
        kept: mentions that became rows.
        dropped: mentions that did not, by reason.
    """

    def __init__(self, heldout: HeldoutNames, max_candidates: int, method: str) -> None:
        """Nothing is counted yet.

        Args:
            heldout: names that must not be linked.
            max_candidates: rows a mention.
            method: how mentions are found, as the table says it.
        """
        self.kept = 0
        self.dropped: Counter[str] = Counter()
        self._heldout = heldout
        self._most = max_candidates
        self._method = method

    def rows(self, document: Document, spans: Sequence[Found]) -> Iterator[Row]:
        """Rows of the table `mentions` for one document, in its order.

        Args:
            document: where the spans stand.
            spans: in any order; of those with the same ends the first counts.
        """
        if not spans:
            return
        text = document.text
        definitions = find_definitions(text, document.sentences)
        begins = [start for start, _ in document.sentences]
        done: set[tuple[int, int]] = set()
        for start, end, candidates in sorted(spans, key=lambda found: found[:2]):
            sentence = bisect_right(begins, start) - 1
            surface = text[start:end]
            if sentence < 0 or end > document.sentences[sentence][1]:
                self.dropped[CROSSES] += 1
            elif self._heldout.holds_in(text, (start, end), definitions):
                self.dropped[HELDOUT] += 1
            elif not candidates:
                self.dropped[NO_CANDIDATE] += 1
            elif (start, end) in done:
                self.dropped[REPEATED] += 1
            else:
                done.add((start, end))
                self.kept += 1
                place = document.pmid, document.version, sentence, start, end, surface
                for rank, (cui, score) in enumerate(candidates[: self._most]):
                    yield Row(*place, cui, score, rank, self._method)


def table_of(rows: Sequence[Row]) -> pa.Table:
    """Rows of the table `mentions`."""
    names = TABLES["mentions"].columns
    return from_columns("mentions", {name: [getattr(r, name) for r in rows] for name in names})
