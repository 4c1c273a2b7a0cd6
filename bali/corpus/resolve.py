"""Documents and deletions of all shards -> kept.parquet: the records that go on.

Little more than keys is read. Shards are in the order in which later ones win: the last event of a
key (PMID, version), a record or a deletion, decides; of what is left only the highest version of
each PMID stays. Within a shard corpus/documents.py has settled the same, so that a key is at most
one of both there.

Records without text, in other languages, or retracted are dropped last, so that no older version
stands in for them.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bali.counts import Counts
from bali.errors import InputError
from bali.files import require_file
from bali.storage import read_table, stream_table, write_table

logger = logging.getLogger(__name__)

# Why a record that stands does not go on; the first that applies counts.
UNWANTED = (
    "neither title nor abstract",
    "another language",
    "retracted",
    "document of an evaluation set",
)


@dataclass(frozen=True)
class Wanted:
    """What goes on.

    Attributes:
        languages: of these an article must state one; empty takes all. An article that states
            none passes.
        retracted: whether retracted articles go on.
        excluded: (documents,), int64; PMIDs of evaluation sets, of which nothing may train.
    """

    languages: Sequence[str]
    retracted: bool
    excluded: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(frozen=True)
class Events:
    """Columns of equal length, one row an event: a record or a deletion.

    Attributes:
        pmid: int64.
        version: int32.
        shard: int32, position among the shards.
        verdict: int8; -1 a deletion, 0 a wanted record, n an unwanted one: UNWANTED[n - 1].
    """

    pmid: NDArray[np.int64]
    version: NDArray[np.int32]
    shard: NDArray[np.int32]
    verdict: NDArray[np.int8]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali corpus resolve`."""
    parser.add_argument("--documents", type=Path, nargs="+", required=True, help="one a shard")
    parser.add_argument("--deletions", type=Path, nargs="+", required=True, help="one a shard")
    parser.add_argument("--shards", nargs="+", required=True, help="names; later shards win")
    parser.add_argument(
        "--languages", nargs="*", required=True, help="of articles that go on; none: all"
    )
    parser.add_argument("--retracted", action="store_true", help="retracted articles go on")
    parser.add_argument(
        "--exclude", type=Path, nargs="*", default=[], help="files of PMIDs that must not go on"
    )
    parser.add_argument("--out", type=Path, required=True, help="kept.parquet")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write the list of kept records."""
    if not len(args.documents) == len(args.deletions) == len(args.shards):
        raise InputError(
            f"--documents, --deletions and --shards name {len(args.documents)}, "
            f"{len(args.deletions)} and {len(args.shards)} shards; give one of each for each shard"
        )
    wanted = Wanted(args.languages, args.retracted, read_excluded(args.exclude))
    events = read_events(args.documents, args.deletions, wanted)
    counts = Counts("corpus.resolve")
    kept = resolve(events, args.shards, counts)
    write_table("kept", kept, args.out)
    counts.write(args.counts)
    logger.info("%d records go on", kept.num_rows)


def read_excluded(paths: Sequence[Path]) -> NDArray[np.int64]:
    """Read PMIDs, one a line.

    Raises:
        InputError: a file is missing, or a line is no PMID.
    """
    found: set[int] = set()
    for path in paths:
        require_file(path, "give a file of PMIDs, one a line; see corpus.exclude")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip() and not line.strip().isdecimal():
                raise InputError(f"{path}: line {number}: {line!r} is no PMID; give one a line")
            found.update(int(pmid) for pmid in line.split())
    return np.array(sorted(found), np.int64)


def read_events(documents: Sequence[Path], deletions: Sequence[Path], wanted: Wanted) -> Events:
    """Read the keys of all shards, and of records whether they are wanted.

    Args:
        documents: tables `documents`, one a shard.
        deletions: tables `deletions`, one a shard.
        wanted: what goes on.

    Raises:
        InputError: a file is missing or holds another table.
    """
    parts = []
    for shard, (records, removed) in enumerate(zip(documents, deletions, strict=True)):
        parts += list(_records(records, shard, wanted))
        keys = read_table("deletions", removed)
        parts.append(_events(keys, shard, np.full(keys.num_rows, -1, np.int8)))
    columns = zip(*((e.pmid, e.version, e.shard, e.verdict) for e in parts), strict=True)
    return Events(*(np.concatenate(column) for column in columns))


def _records(path: Path, shard: int, wanted: Wanted) -> Iterator[Events]:
    columns = ("pmid", "version", "title", "sections", "languages", "retracted")
    for batch in stream_table("documents", path, columns):
        empty = (pc.utf8_length(batch["title"]).to_numpy() == 0) & (
            pc.list_value_length(batch["sections"]).to_numpy() == 0
        )
        foreign = np.zeros(batch.num_rows, bool)
        if wanted.languages:
            foreign = pc.list_value_length(batch["languages"]).to_numpy() > 0
            among = pc.is_in(
                pc.list_flatten(batch["languages"]), pa.array(wanted.languages, pa.string())
            )
            foreign[pc.list_parent_indices(batch["languages"]).filter(among).to_numpy()] = False
        withdrawn = batch["retracted"].to_numpy(zero_copy_only=False) & (not wanted.retracted)
        asked = np.isin(batch["pmid"].to_numpy(), wanted.excluded)
        reasons = [empty, foreign, withdrawn, asked]
        verdict = np.select(reasons, [1, 2, 3, 4], 0).astype(np.int8)
        yield _events(batch, shard, verdict)


def _events(keys: pa.Table | pa.RecordBatch, shard: int, verdict: NDArray[np.int8]) -> Events:
    number = np.full(len(verdict), shard, np.int32)
    return Events(keys["pmid"].to_numpy(), keys["version"].to_numpy(), number, verdict)


def resolve(events: Events, shards: Sequence[str], counts: Counts) -> pa.Table:
    """Settle versions, updates and deletions over all shards, then drop what is unwanted.

    Args:
        events: of all shards.
        shards: their names; later ones win.
        counts: takes the account of the records.

    Returns:
        The table `kept`.
    """
    order = np.lexsort((events.shard, events.version, events.pmid))
    pmid, version, shard = events.pmid[order], events.version[order], events.shard[order]
    verdict = events.verdict[order]
    is_record = verdict >= 0
    same_key = (pmid[1:] == pmid[:-1]) & (version[1:] == version[:-1])
    overridden = np.append(same_key, False)[: len(pmid)]  # a later event of the same key exists
    next_is_record = np.append(is_record[1:], False)[: len(pmid)]

    stands = np.flatnonzero(is_record & ~overridden)  # rows of records that no event removed
    is_latest = np.ones(len(stands), bool)
    is_latest[:-1] = pmid[stands[1:]] != pmid[stands[:-1]]
    latest = stands[is_latest]
    kept = latest[verdict[latest] == 0]
    reasons = {
        reason: int((verdict[latest] == number).sum())
        for number, reason in enumerate(UNWANTED, start=1)
    }
    counts.add(
        "records",
        read=int(is_record.sum()),
        kept=len(kept),
        dropped={
            "superseded by a later shard": int((is_record & overridden & next_is_record).sum()),
            "deleted by a later shard": int((is_record & overridden & ~next_is_record).sum()),
            "older version": int((~is_latest).sum()),
            **reasons,
        },
    )
    names = pa.DictionaryArray.from_arrays(pa.array(shard[kept]), pa.array(shards, pa.string()))
    return pa.table(
        {"pmid": pmid[kept], "version": version[kept], "shard": names.cast(pa.string())}
    )
