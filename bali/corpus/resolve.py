"""Documents and deletions of all shards -> kept.parquet: the records that go on.

Only keys are read. Shards are in the order in which later ones win: the last event of a key
(PMID, version), a record or a deletion, decides; of what is left only the highest version of each
PMID stays. Within a shard corpus/documents.py has settled the same, so that a key is at most one
of both there.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from bali.counts import Counts
from bali.errors import InputError
from bali.storage import read_table, write_table

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali corpus resolve`."""
    parser.add_argument("--documents", type=Path, nargs="+", required=True, help="one a shard")
    parser.add_argument("--deletions", type=Path, nargs="+", required=True, help="one a shard")
    parser.add_argument("--shards", nargs="+", required=True, help="names; later shards win")
    parser.add_argument("--out", type=Path, required=True, help="kept.parquet")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write the list of kept records."""
    if not len(args.documents) == len(args.deletions) == len(args.shards):
        raise InputError(
            f"--documents, --deletions and --shards name {len(args.documents)}, "
            f"{len(args.deletions)} and {len(args.shards)} shards; give one of each for each shard"
        )
    counts = Counts("corpus.resolve")
    kept = resolve(args.documents, args.deletions, args.shards, counts)
    write_table("kept", kept, args.out)
    counts.write(args.counts)
    logger.info("%d records go on", kept.num_rows)


def resolve(
    documents: Sequence[Path], deletions: Sequence[Path], shards: Sequence[str], counts: Counts
) -> pa.Table:
    """Settle versions, updates and deletions over all shards.

    Args:
        documents: tables `documents`, one a shard.
        deletions: tables `deletions`, one a shard.
        shards: names of the shards; later ones win.
        counts: takes the account of the table `kept`.

    Returns:
        The table `kept`.

    Raises:
        InputError: a file is missing or holds another table.
    """
    tables = [("documents", path) for path in documents] + [("deletions", p) for p in deletions]
    keys = [read_table(name, path, ["pmid", "version"]) for name, path in tables]
    sizes = [part.num_rows for part in keys]
    number = np.arange(len(shards), dtype=np.int32)
    # one row an event
    pmid = pa.concat_tables(keys)["pmid"].to_numpy()
    version = pa.concat_tables(keys)["version"].to_numpy()
    shard = np.repeat(np.concatenate([number, number]), sizes)
    is_record = np.arange(len(pmid)) < sum(sizes[: len(shards)])

    order = np.lexsort((shard, version, pmid))
    pmid, version, shard, is_record = (a[order] for a in (pmid, version, shard, is_record))
    same_pmid = pmid[1:] == pmid[:-1]
    same_key = same_pmid & (version[1:] == version[:-1])
    overridden = np.append(same_key, False)[: len(pmid)]  # a later event of the same key exists
    next_is_record = np.append(is_record[1:], False)[: len(pmid)]

    stands = np.flatnonzero(is_record & ~overridden)  # rows of records that no event removed
    is_latest = np.ones(len(stands), bool)
    is_latest[:-1] = pmid[stands[1:]] != pmid[stands[:-1]]
    kept = stands[is_latest]
    counts.add(
        "records",
        read=int(is_record.sum()),
        kept=len(kept),
        dropped={
            "superseded by a later shard": int((is_record & overridden & next_is_record).sum()),
            "deleted by a later shard": int((is_record & overridden & ~next_is_record).sum()),
            "older version": int((~is_latest).sum()),
        },
    )
    names = pa.DictionaryArray.from_arrays(pa.array(shard[kept]), pa.array(shards, pa.string()))
    return pa.table(
        {"pmid": pmid[kept], "version": version[kept], "shard": names.cast(pa.string())}
    )
