"""PubMed XML -> documents.parquet of one shard.

A shard's files are read in their order and later files win, as NLM prescribes: a record replaces
an earlier one of the same (PMID, version), and DeleteCitation removes it. What a shard cannot
know, that is records of earlier shards, is left to corpus/resolve.py, which the keys in
deletions.parquet tell what to remove.

A damaged file stops the step, unless it may be set aside: then nothing of it counts, neither its
records nor its deletions, because what it lost is unknown.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from bali.corpus.article import Article
from bali.corpus.broken import BrokenFileError, Damage
from bali.corpus.md5 import check_md5
from bali.corpus.spill import Spill
from bali.corpus.xml import Record, read_records
from bali.counts import Counts
from bali.errors import InputError
from bali.log import progress
from bali.storage import ROW_GROUP, TableWriter, from_columns, write_table

logger = logging.getLogger(__name__)

Key = tuple[int, int]  # PMID, version


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali corpus documents`."""
    parser.add_argument("--xml", type=Path, nargs="+", required=True, help="later files win")
    parser.add_argument("--md5", type=Path, nargs="+", required=True, help="one for each --xml")
    parser.add_argument("--max-decompressed-mb", type=int, required=True, help="cap for each file")
    parser.add_argument(
        "--set-aside-broken", action="store_true", help="count a damaged file and go on without it"
    )
    parser.add_argument("--out", type=Path, required=True, help="documents.parquet")
    parser.add_argument("--deletions", type=Path, required=True, help="deletions.parquet")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write the documents of one shard and the keys that it deletes."""
    if len(args.xml) != len(args.md5):
        raise InputError(
            f"--xml names {len(args.xml)} files, --md5 {len(args.md5)}; give one .md5 for each file"
        )
    pa.set_memory_pool(pa.system_memory_pool())  # gives back what is freed: 50 MB less at the peak
    with Spill(args.out.with_name(f".part-{args.out.stem}.arrow")) as spill:
        shard = Shard(spill)
        for path, sidecar in zip(args.xml, args.md5, strict=True):
            try:
                check_md5(path, sidecar)
                records = read_records(path, args.max_decompressed_mb)
                shard.replay(progress(records, f"records of {path.name}"), path.name)
            except BrokenFileError as error:
                if not args.set_aside_broken:
                    raise
                logger.warning("set aside: %s", error)
                shard.set_aside(path.name, error.damage)
        shard.write(args.out, args.deletions)
    shard.counts().write(args.counts)
    logger.info("%d documents, %d deletions", len(shard.rows), len(shard.deletions))


class Shard:
    """The records of a shard as they stand after each file, replayed in order."""

    def __init__(self, spill: Spill) -> None:
        """Start with no record.

        Args:
            spill: takes the rows.
        """
        self.rows: dict[Key, int] = {}  # row in the spill
        self.deletions: set[Key] = set()
        self._spill = spill
        self._read = 0  # records, of files set aside too
        self._files = 0
        self._set_aside: list[tuple[str, Damage]] = []
        self._superseded = self._deleted = self._lost = 0

    def replay(self, records: Iterable[Record], source: str) -> None:
        """Take in the records of a file, all or, after an error on the way, none.

        Raises:
            BrokenFileError: as `read_records`.
        """
        events: list[tuple[Key, int | None]] = []  # None: a deletion
        articles = 0
        try:
            for record in records:
                key = record.pmid, record.version
                if isinstance(record, Article):
                    articles += 1
                    events.append((key, self._spill.add(record, source)))
                else:
                    events.append((key, None))
        except BrokenFileError:
            self._lost += articles
            raise
        finally:
            self._read += articles
        self._files += 1
        for key, row in events:
            if row is None:
                self._deleted += self.rows.pop(key, None) is not None
                self.deletions.add(key)
            else:
                self._superseded += key in self.rows
                self.deletions.discard(key)  # earlier shards' records are superseded anyhow
                self.rows[key] = row

    def set_aside(self, source: str, damage: Damage) -> None:
        """Count a file that could not be read in full."""
        self._set_aside.append((source, damage))

    def write(self, documents: Path, deletions: Path) -> None:
        """Write both tables, sorted by key."""
        self._spill.finish()
        order = [self.rows[key] for key in sorted(self.rows)]
        with TableWriter("documents", documents) as out:
            for start in range(0, len(order), ROW_GROUP):
                out.write(self._spill.take(order[start : start + ROW_GROUP]))
        keys = sorted(self.deletions)
        columns = {"pmid": [pmid for pmid, _ in keys], "version": [v for _, v in keys]}
        write_table("deletions", from_columns("deletions", columns), deletions)

    def counts(self) -> Counts:
        """The account of the step."""
        counts = Counts("corpus.documents")
        damages = [damage for _, damage in self._set_aside]
        counts.add(
            "files",
            read=self._files + len(damages),
            kept=self._files,
            dropped={damage.value: damages.count(damage) for damage in Damage},
        )
        counts.add(
            "documents",
            read=self._read,
            kept=len(self.rows),
            dropped={
                "in a file set aside, before its damage": self._lost,
                "superseded in the shard": self._superseded,
                "deleted in the shard": self._deleted,
            },
        )
        counts.facts["deletions"] = len(self.deletions)
        counts.facts["set_aside"] = [f"{name}: {damage.value}" for name, damage in self._set_aside]
        return counts
