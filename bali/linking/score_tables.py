"""Mentions of any method against gold: tables of a workflow, scispaCy's and pre-tagged ones too.

`bali gold tables` writes the documents of a gold file as the workflow has documents, so that any
step of linking can be run over them; the mentions of a whole PubMed do as well. Documents are
matched by PMID. Offsets count in a text that may not be the gold file's, letter by letter: where
some mention's text is not at its offsets, the document cannot be compared and is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bali.errors import InputError
from bali.linking.goldset import GoldSet
from bali.linking.metrics import Predicted, Score
from bali.storage import stream_matching

Spans = dict[tuple[int, int], list[str]]  # of a document: span -> concepts, the chosen one first


def score_tables(paths: Sequence[Path], gold: GoldSet) -> Score:
    """Compare tables of mentions with gold; enters in `gold.facts` what was found of it.

    Args:
        paths: tables `mentions`.
        gold: documents, named by their PMIDs.

    Raises:
        InputError: a file is missing or holds another table, or no table has a document of the
            gold file.
    """
    by_pmid = {int(name): n for n, name in enumerate(gold.names) if name.isdecimal()}
    found: dict[int, Spans] = {}
    other: set[int] = set()
    for row in _rows(paths, sorted(by_pmid)):
        number = by_pmid[row["pmid"]]
        document, _ = gold.documents[number]
        if document.text[row["start"] : row["end"]] != row["text"]:
            other.add(number)
        spans = found.setdefault(number, {})
        spans.setdefault((row["start"], row["end"]), []).append(row["cui"])
    if not found:
        raise InputError(
            f"{', '.join(map(str, paths))[:200]}: no mention in a document of the gold file; link "
            "its documents (`bali gold tables` writes them) and give the tables that come out"
        )
    gold.facts["documents with mentions"] = len(found)
    gold.facts["documents left out, whose text differs"] = len(other)
    score = Score()
    for number, (_, mentions) in enumerate(gold.documents):
        if number in other:
            continue
        spans = found.get(number, {})
        score.mentions.add((Predicted(*span, cuis[0]) for span, cuis in spans.items()), mentions)
        for mention in mentions:
            if mention.cuis:
                score.ranks.add(spans.get((mention.start, mention.end), []), mention.cuis)
    return score


def _rows(paths: Sequence[Path], pmids: Sequence[int]) -> list[dict[str, Any]]:
    """Rows of the latest version of each document, the chosen concept of a span first."""
    wanted = np.array(pmids, np.int64)
    rows = [
        row
        for path in paths
        for batch in stream_matching("mentions", path, "pmid", wanted)
        for row in batch.to_pylist()
    ]
    latest: dict[int, int] = {}
    for row in rows:
        latest[row["pmid"]] = max(row["version"], latest.get(row["pmid"], 0))
    return sorted(
        (row for row in rows if row["version"] == latest[row["pmid"]]),
        key=lambda row: (row["pmid"], row["start"], row["end"], row["rank"]),
    )
