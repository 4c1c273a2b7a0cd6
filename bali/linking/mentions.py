"""Documents and sentences of one shard + knowledge base -> mentions.parquet.

Four kinds of mentions:

1. exact: a span that is, normalised, a name (bali/linking/dictionary.py);
2. variant: a span that is a variant of a name (bali/linking/variants.py);
3. abbreviation: a span that is a name once its short forms are read as the document explains them;
4. candidate: a span near to a name by TF-IDF of character 3-grams (scispaCy), and none of these.

Every kind stays inside one sentence. A span that equals a held-out name or a variant of one, or a
short form of one, is left out whole and counted.
"""

from __future__ import annotations

import argparse
import gc
import logging
from itertools import islice
from pathlib import Path

from bali.counts import Counts
from bali.linking.build import load_linker
from bali.linking.documents import read_documents
from bali.linking.linker import Linker
from bali.linking.rows import Row
from bali.linking.settings import Settings, add_settings
from bali.log import progress
from bali.storage import TableWriter, from_columns

logger = logging.getLogger(__name__)

BLOCK = 500  # documents looked up together: larger ones are no faster, and take more memory


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali linking mentions`."""
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--sentences", type=Path, required=True)
    parser.add_argument("--kb", type=Path, required=True, help="folder of the knowledge base")
    add_settings(parser)
    parser.add_argument("--out", type=Path, required=True, help="mentions.parquet")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Link one shard."""
    linker = load_linker(args.kb, Settings.of(args))
    rows = link_shard(linker, args.documents, args.sentences, args.out)
    counts = Counts("linking.mentions")
    linker.tally.enter(counts)
    counts.write(args.counts)
    logger.info("%d rows of mentions", rows)


def link_shard(linker: Linker, documents: Path, sentences: Path, out: Path) -> int:
    """Write the mentions of documents; returns the number of rows.

    Raises:
        InputError: a file is missing or holds another table.
    """
    gc.freeze()  # what was loaded stays; the collector need not look at it again and again
    texts = progress(read_documents(documents, sentences), "documents")
    with TableWriter("mentions", out) as table:
        while block := list(islice(texts, BLOCK)):
            if rows := list(linker.link(block)):
                columns = zip(*rows, strict=True)
                table.write(from_columns("mentions", dict(zip(Row._fields, columns, strict=True))))
    return table.rows
