"""Step `corpus texts`: documents of annotated corpora as a shard; only the text is read.

Files in PubTator's layout or BioC XML hold titles and abstracts as PubMed has them, and what people
annotated. Here they are text like any other, in which the linker finds mentions by itself: no
annotation goes on, so that gold never trains. Files whose documents are asked for later (dev, test)
may be among them: the resolve step takes the documents of evaluation sets out.
"""

from __future__ import annotations

import argparse
import logging
import re
from pathlib import Path

from bali.corpus.article import Article, Section
from bali.corpus.spill import Spill
from bali.counts import Counts
from bali.gold.bioc import read_bioc
from bali.gold.pubtator import GoldDocument, read_pubtator
from bali.storage import ROW_GROUP, TableWriter, from_columns, write_table

logger = logging.getLogger(__name__)

LAYOUTS = {"pubtator": read_pubtator, "bioc": read_bioc}
VERSION = 1
LANGUAGE = "eng"  # such corpora do not say it
_PMID = re.compile(r"[0-9]{1,18}")  # fits int64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali corpus texts`."""
    parser.add_argument("--files", type=Path, nargs="+", required=True, help="the first text wins")
    parser.add_argument("--layout", choices=tuple(LAYOUTS), required=True)
    parser.add_argument("--out", type=Path, required=True, help="documents.parquet")
    parser.add_argument("--deletions", type=Path, required=True, help="deletions.parquet: empty")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write the documents of all files, sorted by PMID."""
    row: dict[int, int] = {}  # PMID -> its row in the spill
    read = repeated = unnamed = 0
    with Spill(args.out.with_name(f".part-{args.out.stem}.arrow")) as spill:
        for path in args.files:
            corpus = LAYOUTS[args.layout](path)
            read += len(corpus.documents) + corpus.repeated
            repeated += corpus.repeated
            for document in corpus.documents:
                if not _PMID.fullmatch(document.name):
                    unnamed += 1
                elif (pmid := int(document.name)) in row:
                    repeated += 1
                else:
                    row[pmid] = spill.add(_article(pmid, document), path.name)
        spill.finish()
        order = [row[pmid] for pmid in sorted(row)]
        with TableWriter("documents", args.out) as out:
            for start in range(0, len(order), ROW_GROUP):
                out.write(spill.take(order[start : start + ROW_GROUP]))
    write_table("deletions", from_columns("deletions", {"pmid": [], "version": []}), args.deletions)
    counts = Counts("corpus.texts")
    dropped = {"not named by a PMID": unnamed, "document stands twice": repeated}
    counts.add("documents", read=read, kept=len(row), dropped=dropped)
    counts.facts["files"] = [path.name for path in args.files]
    counts.write(args.counts)
    logger.info("%d documents of %d files", len(row), len(args.files))


def _article(pmid: int, document: GoldDocument) -> Article:
    """A document as a record of PubMed that says nothing but its text."""
    start = len(document.title) + 1
    end = start + len(document.abstract)
    return Article(
        pmid=pmid,
        version=VERSION,
        title=document.title,
        abstract=document.abstract,
        sections=[Section("", start, end)] if document.abstract else [],
        languages=[LANGUAGE],
        journal="",
        year=None,
        date="",
        revised="",
        mesh=[],
        publication_types=[],
        retracted=False,
        doi="",
        pmc="",
    )
