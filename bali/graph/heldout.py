"""Step `graph heldout`: takes relations out before the graph is built, to be asked for in the end.

What is drawn is a pair of concepts: all that is stated between the two goes, in both directions,
so that no inverse and no second source gives the answer away. The draw is a function of (seed, the
two concepts): no order of rows enters.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bali.counts import Counts
from bali.graph.nodes import cui_numbers
from bali.hashing import uniform
from bali.log import progress
from bali.storage import TableWriter, stream_table

_PAIR = 6  # a key that parts this draw from others of the same seed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali graph heldout`."""
    parser.add_argument("--relations", type=Path, required=True, help="relations.parquet of umls")
    parser.add_argument("--share", type=float, required=True, help="of the pairs of concepts")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--kept", type=Path, required=True, help="relations that stay")
    parser.add_argument("--out", type=Path, required=True, help="relations taken out")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write the two tables."""
    batches = stream_table("relations", args.relations)
    with (
        TableWriter("relations", args.kept) as kept,
        TableWriter("heldout_relations", args.out) as out,
    ):
        for batch in progress(batches, "batches of relations"):
            head, tail = (cui_numbers(batch[end], args.relations) for end in ("head", "tail"))
            low, high = np.minimum(head, tail), np.maximum(head, tail)
            drawn = pa.array(uniform(args.seed, _PAIR, low, high) < args.share)
            out.write(batch.filter(drawn).select(out.schema.names))
            kept.write(batch.filter(pc.invert(drawn)))
    counts = Counts("graph.heldout")
    counts.add(
        "relations", read=kept.rows + out.rows, kept=kept.rows, dropped={"held out": out.rows}
    )
    counts.write(args.counts)
