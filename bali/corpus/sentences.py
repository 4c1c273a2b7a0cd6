"""documents.parquet -> sentences.parquet of one shard.

The title is a unit of its own, and so is each section of the abstract: no sentence crosses them.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from bali.counts import Counts
from bali.log import progress
from bali.splitter import split
from bali.storage import TableWriter, from_columns, stream_table
from bali.text import document_text

logger = logging.getLogger(__name__)

BLOCK = 2_048  # documents held as Python objects


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali corpus sentences`."""
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="sentences.parquet")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write the sentences of one shard."""
    documents = kept = 0
    with TableWriter("sentences", args.out) as out:
        for batch in progress(_blocks(args.documents), "blocks of documents"):
            rows: dict[str, list[object]] = {
                name: [] for name in ("pmid", "version", "sentence", "start", "end")
            }
            for document in batch.to_pylist():
                before = len(rows["pmid"])
                for number, (start, end) in enumerate(document_sentences(document)):
                    rows["pmid"].append(document["pmid"])
                    rows["version"].append(document["version"])
                    rows["sentence"].append(number)
                    rows["start"].append(start)
                    rows["end"].append(end)
                documents += 1
                kept += len(rows["pmid"]) > before
            out.write(from_columns("sentences", rows))
    counts = Counts("corpus.sentences")
    dropped = {"no sentence": documents - kept}
    counts.add("documents", read=documents, kept=kept, dropped=dropped)
    counts.facts["sentences"] = out.rows
    counts.write(args.counts)
    logger.info("%d sentences of %d documents", out.rows, documents)


def _blocks(documents: Path) -> Iterator[pa.RecordBatch]:
    columns = ("pmid", "version", "title", "abstract", "sections")
    for batch in stream_table("documents", documents, columns):
        for start in range(0, batch.num_rows, BLOCK):
            yield batch.slice(start, BLOCK)


def document_sentences(document: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """Spans of a document's sentences, in code points of its text.

    Args:
        document: a row of the table `documents`: title, abstract, sections.
    """
    text = document_text(document["title"], document["abstract"])
    yield from split(text, 0, len(document["title"]))
    for section in document["sections"]:
        yield from split(text, section["start"], section["end"])
