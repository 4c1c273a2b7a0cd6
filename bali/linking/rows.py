"""What all routes to mentions share: a row of the table, and why a mention is left out."""

from __future__ import annotations

from typing import NamedTuple

CROSSES = "crosses a sentence end"
HELDOUT = "held-out name"


class Row(NamedTuple):
    """A row of the table `mentions`."""

    pmid: int
    version: int
    sentence: int
    start: int
    end: int
    text: str
    cui: str
    score: float
    rank: int
    method: str
