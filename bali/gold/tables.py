"""Step `gold tables`: the documents of a gold file as tables, so that any method can link them.

What comes out has the layout of the corpus stage, with the title, abstract and sentences of the
gold file: offsets of mentions are the gold's, and `bali linking score --mentions` compares.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

import pyarrow as pa

from bali.errors import InputError
from bali.gold.pubtator import GoldDocument, read_pubtator
from bali.gold.sentences import sentence_spans
from bali.storage import from_columns, write_table
from bali.tables import TABLES

logger = logging.getLogger(__name__)

VERSION = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali gold tables`."""
    parser.add_argument("gold", type=Path, help="gold mentions in PubTator's layout")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the tables")


def run(args: argparse.Namespace) -> None:
    """Write documents.parquet and sentences.parquet."""
    documents = read_pubtator(args.gold).documents
    if unnamed := [document.name for document in documents if not document.name.isdecimal()]:
        raise InputError(f"{args.gold}: document {unnamed[0][:80]!r} is no PMID; number documents")
    documents.sort(key=lambda document: int(document.name))
    write("documents", [_document(document, args.gold.name) for document in documents], args)
    rows = [
        {"pmid": int(d.name), "version": VERSION, "sentence": n, "start": start, "end": end}
        for d in documents
        for n, (start, end) in enumerate(sentence_spans(d))
    ]
    write("sentences", rows, args)
    logger.info("%d documents, %d sentences", len(documents), len(rows))


def write(name: str, rows: list[dict[str, Any]], args: argparse.Namespace) -> None:
    """Write one table into the folder."""
    columns = {column: [row[column] for row in rows] for column in TABLES[name].columns}
    write_table(name, from_columns(name, columns), args.out_dir / f"{name}.parquet")


def _document(document: GoldDocument, source: str) -> dict[str, Any]:
    """A row; what a gold file does not tell is empty."""
    row = {field.name: _nothing(field.type) for field in TABLES["documents"].schema}
    known = {"pmid": int(document.name), "version": VERSION, "source": source}
    return row | known | {"title": document.title, "abstract": document.abstract}


def _nothing(kind: pa.DataType) -> object:
    if pa.types.is_list(kind):
        return []
    if pa.types.is_string(kind):
        return ""
    return False if pa.types.is_boolean(kind) else None
