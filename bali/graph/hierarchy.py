"""Step `graph hierarchy`: which concept is a kind of which other, as the graph states it.

MRREL says it by REL: "CUI2 CHD CUI1" calls CUI2 a child of CUI1, and PAR the same backwards. Both
are read, so that it does not matter which of the two a source states or whether inverse edges were
added. Nothing is inferred: a grandparent is not a parent. Cycles, which UMLS has across sources,
stay as they are.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa

from bali.counts import Counts
from bali.graph.artifacts import read_graph
from bali.storage import TableWriter

CHILD, PARENT = "CHD", "PAR"  # REL, read from an edge's source to its target
BLOCK = 1 << 20  # rows written at once


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali graph hierarchy`."""
    parser.add_argument("--graph", type=Path, required=True, help="folder of `bali graph csr`")
    parser.add_argument("--out", type=Path, required=True, help="table of children and parents")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write the pairs, sorted, each once."""
    graph = read_graph(args.graph)
    child_first = np.array([kind.rel == CHILD for kind in graph.relations], bool)
    parent_first = np.array([kind.rel == PARENT for kind in graph.relations], bool)
    read = 0
    found = [np.empty(0, np.int64)]
    for _, edges in graph.edges():
        read += len(edges)
        for child, parent, wanted in (
            (edges.source, edges.target, child_first),
            (edges.target, edges.source, parent_first),
        ):
            rows = wanted[edges.relation] & (child != parent)
            found.append(child[rows].astype(np.int64) << 32 | parent[rows])
    stated = sum(map(len, found))
    pairs = np.unique(np.concatenate(found))
    with TableWriter("hierarchy", args.out) as out:
        for start in range(0, len(pairs), BLOCK):
            block = pairs[start : start + BLOCK]
            child, parent = (block >> 32).astype(np.int32), (block & 0xFFFFFFFF).astype(np.int32)
            out.write(pa.table({"child": child, "parent": parent}, schema=out.schema))
    counts = Counts("graph.hierarchy")
    counts.add(
        "edges",
        read=read,
        kept=len(pairs),
        dropped={"neither PAR nor CHD": read - stated, "said twice": stated - len(pairs)},
    )
    counts.write(args.counts)
