"""Documents and sentences of one shard + pretagged.parquet -> mentions.parquet.

Both are sorted by PMID, so that the table of all files is read once, past row groups without a
PMID of the shard: memory holds one row group, whatever the number of files.
"""

from __future__ import annotations

import argparse
import logging
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bali.counts import Counts
from bali.linking.documents import Document, read_documents
from bali.linking.found import Admission, Found, table_of
from bali.linking.heldout import HeldoutNames
from bali.linking.rows import CROSSES, HELDOUT, Row
from bali.linking.variants import STEPS, Variants, read_equivalents
from bali.log import progress
from bali.pretagged.anchors import Anchors, Stated
from bali.storage import TableWriter, read_table, stream_matching

logger = logging.getLogger(__name__)

METHOD = "pretagged"
MISSING = "not in the document's text"
BLOCK = 8_192  # rows written at once


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali linking pretagged`."""
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--sentences", type=Path, required=True)
    parser.add_argument("--pretagged", type=Path, required=True, help="pretagged.parquet")
    parser.add_argument("--heldout", type=Path, required=True)
    parser.add_argument("--equivalents", type=Path, required=True, help="words that mean the same")
    parser.add_argument("--steps", nargs="*", required=True, help=", ".join(STEPS))
    parser.add_argument("--max-candidates", type=int, required=True, help="kept for a mention")
    parser.add_argument("--out", type=Path, required=True, help="mentions.parquet")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Give one shard its mentions."""
    variants = Variants(
        [step for step in STEPS if step in args.steps], read_equivalents(args.equivalents)
    )
    heldout = HeldoutNames(
        read_table("heldout", args.heldout, ["name"])["name"].to_pylist(), variants
    )
    admission = Admission(heldout, args.max_candidates, METHOD)
    pmids = np.unique(read_table("documents", args.documents, ["pmid"])["pmid"].to_numpy())
    tagged = Tagged(args.pretagged, pmids)
    documents = progress(read_documents(args.documents, args.sentences), "documents")
    read = missing = with_mentions = total = 0
    with TableWriter("mentions", args.out) as out:
        pending: list[Row] = []
        for pmid, versions in groupby(documents, key=lambda document: document.pmid):
            mentions = tagged.of(pmid)
            for document in versions:
                total += 1
                with_mentions += bool(mentions)
                read += len(mentions)
                spans = anchored(document, mentions)
                missing += len(mentions) - len(spans)
                pending += admission.rows(document, spans)
            if len(pending) >= BLOCK:
                out.write(table_of(pending))
                pending = []
        out.write(table_of(pending))
    counts = Counts("linking.pretagged")
    dropped = {MISSING: missing} | {reason: 0 for reason in (CROSSES, HELDOUT)} | admission.dropped
    counts.add("mentions", read=read, kept=admission.kept, dropped=dropped)
    counts.facts["documents"] = total
    counts.facts["documents with mentions"] = with_mentions
    counts.write(args.counts)
    logger.info("%d rows of mentions", out.rows)


def anchored(document: Document, mentions: list[dict[str, Any]]) -> list[Found]:
    """Mentions with their spans in the document's text; those that it does not have left out."""
    anchors = Anchors(document.text)
    found = []
    for row in mentions:
        span = anchors.find(Stated(*(row[name] for name in Stated._fields)))
        if span:
            found.append(Found(*span, [(cui, row["score"]) for cui in row["cuis"]]))
    return found


class Tagged:
    """Mentions by PMID, asked for in ascending order."""

    def __init__(self, path: Path, pmids: NDArray[np.int64]) -> None:
        """Open the table.

        Args:
            path: pretagged.parquet.
            pmids: (documents,) int64, distinct: those that will be asked for, ascending.

        Raises:
            InputError: the file is missing or holds another table.
        """
        batches = stream_matching("pretagged", path, "pmid", pmids)
        rows = (row for batch in batches for row in batch.to_pylist())
        self._groups = groupby(rows, key=itemgetter("pmid"))
        self._head = next(self._groups, None)

    def of(self, pmid: int) -> list[dict[str, Any]]:
        """Rows of a PMID, in the order of the table."""
        if self._head is None or self._head[0] != pmid:
            return []
        rows = list(self._head[1])
        self._head = next(self._groups, None)
        return rows
