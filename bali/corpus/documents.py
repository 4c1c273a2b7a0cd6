"""PubMed XML -> documents.parquet of one shard.

A shard's files are read in their order and later files win, as NLM prescribes: a record replaces
an earlier one of the same (PMID, version), and DeleteCitation removes it. What a shard cannot
know, that is records of earlier shards, is left to corpus/resolve.py, which the keys in
deletions.parquet tell what to remove.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import pyarrow as pa

from bali.corpus.md5 import check_md5
from bali.corpus.xml import Article, Deletion, Other, read_records
from bali.counts import Counts
from bali.errors import InputError
from bali.log import progress
from bali.storage import (
    ROW_GROUP,
    TableWriter,
    from_columns,
    write_table,
)

logger = logging.getLogger(__name__)

FLUSH = 4_096  # articles held as Python objects before they become Arrow rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali corpus documents`."""
    parser.add_argument("--xml", type=Path, nargs="+", required=True, help="later files win")
    parser.add_argument("--md5", type=Path, nargs="+", required=True, help="one for each --xml")
    parser.add_argument("--max-decompressed-mb", type=int, required=True, help="cap for each file")
    parser.add_argument("--out", type=Path, required=True, help="documents.parquet")
    parser.add_argument("--deletions", type=Path, required=True, help="deletions.parquet")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write the documents of one shard and the keys that it deletes."""
    if len(args.xml) != len(args.md5):
        raise InputError(
            f"--xml names {len(args.xml)} files, --md5 {len(args.md5)}; give one .md5 for each file"
        )
    for path, sidecar in zip(args.xml, args.md5, strict=True):
        check_md5(path, sidecar)
    shard = read_shard(args.xml, args.max_decompressed_mb)
    shard.write(args.out, args.deletions)
    shard.counts.write(args.counts)
    logger.info("%d documents, %d deletions", len(shard.rows), len(shard.deletions))


class Shard:
    """The records of a shard as they stand after each event, replayed in order."""

    def __init__(self) -> None:
        """Start with no record."""
        self.rows: dict[tuple[int, int], int] = {}  # (PMID, version) -> row among all added
        self.deletions: set[tuple[int, int]] = set()
        self.read = 0
        self.dropped = {
            "not an article": 0,
            "neither title nor abstract": 0,
            "superseded in the shard": 0,
            "deleted in the shard": 0,
        }
        self._added = 0
        self._chunks: list[pa.Table] = []
        self._columns: dict[str, list[object]] = _empty_columns()

    def add(self, article: Article, source: str) -> None:
        """Take in an article; it replaces what stood under its key.

        An article without text replaces too, but is not kept itself: its key goes on as a
        deletion, so that the outcome does not depend on where shards are cut.
        """
        key = article.pmid, article.version
        self.read += 1
        if not (article.title or article.abstract):
            self.dropped["neither title nor abstract"] += 1
            self._remove(key, "superseded in the shard")
            self.deletions.add(key)
            return
        self._remove(key, "superseded in the shard")
        self.deletions.discard(key)
        self.rows[key] = self._added
        self._added += 1
        for field in fields(article):
            self._columns[field.name].append(getattr(article, field.name))
        self._columns["source"].append(source)
        if len(self._columns["source"]) == FLUSH:
            self._flush()

    def skip(self) -> None:
        """Count a record that is no article."""
        self.read += 1
        self.dropped["not an article"] += 1

    def delete(self, key: tuple[int, int]) -> None:
        """Remove a key here and, by way of the deletions, from earlier shards."""
        self._remove(key, "deleted in the shard")
        self.deletions.add(key)

    def _remove(self, key: tuple[int, int], reason: str) -> None:
        if self.rows.pop(key, None) is not None:
            self.dropped[reason] += 1

    def _flush(self) -> None:
        self._chunks.append(from_columns("documents", self._columns))
        self._columns = _empty_columns()

    def write(self, documents: Path, deletions: Path) -> None:
        """Write both tables, sorted by key."""
        self._flush()
        added = pa.concat_tables(self._chunks)
        order = [self.rows[key] for key in sorted(self.rows)]
        with TableWriter("documents", documents) as out:
            for start in range(0, len(order), ROW_GROUP):
                out.write(added.take(pa.array(order[start : start + ROW_GROUP])))
        keys = sorted(self.deletions)
        columns = {"pmid": [pmid for pmid, _ in keys], "version": [v for _, v in keys]}
        write_table("deletions", from_columns("deletions", columns), deletions)

    @property
    def counts(self) -> Counts:
        """The account of the step."""
        counts = Counts("corpus.documents")
        counts.add("documents", read=self.read, kept=len(self.rows), dropped=self.dropped)
        counts.facts["deletions"] = len(self.deletions)
        return counts


def _empty_columns() -> dict[str, list[object]]:
    return {name: [] for name in [*(field.name for field in fields(Article)), "source"]}


def read_shard(files: Sequence[Path], max_decompressed_mb: int) -> Shard:
    """Replay the records of a shard's files in order.

    Raises:
        InputError: as `read_records`.
    """
    shard = Shard()
    for path in files:
        for record in progress(read_records(path, max_decompressed_mb), f"records of {path.name}"):
            match record:
                case Article():
                    shard.add(record, path.name)
                case Deletion(pmid, version):
                    shard.delete((pmid, version))
                case Other():
                    shard.skip()
    return shard
