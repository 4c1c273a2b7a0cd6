"""Step `graph subgraphs`: adjacency arrays -> several sampled neighbourhoods of every concept."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bali.counts import Counts
from bali.errors import InputError
from bali.graph.adjacency import Csr, map_csr
from bali.graph.draws import Draws, index_relations
from bali.graph.sampling import Subgraphs, sample_subgraphs
from bali.log import progress
from bali.storage import TableWriter, read_table
from bali.tables import TABLES

logger = logging.getLogger(__name__)

# Subgraphs sampled at once, and nodes that they can have at most; bound memory, change no result.
BLOCK, BLOCK_NODES = 4_096, 1 << 22


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali graph subgraphs`."""
    parser.add_argument("--nodes", type=Path, required=True, help="nodes.parquet")
    for name in ("indptr", "neighbour", "relation"):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"{name}.npy of the CSR")
    parser.add_argument(
        "--fan-out", type=int, nargs="+", required=True, help="neighbours at hop 1, hop 2, ..."
    )
    parser.add_argument(
        "--replacement",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="a neighbour may be drawn twice",
    )
    parser.add_argument(
        "--draw",
        choices=("uniform", "relation"),
        default="uniform",
        help="each neighbour equally likely, or each relation and then each of its neighbours",
    )
    parser.add_argument("--samples", type=int, required=True, help="subgraphs a concept")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="subgraphs.parquet")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write subgraphs.parquet, block by block."""
    if min(args.fan_out) < 1 or args.samples < 1:
        raise InputError(
            f"--fan-out {args.fan_out} and --samples {args.samples} must be 1 or more; "
            "correct graph.fan_out or graph.samples in the config"
        )
    csr = map_csr(args.indptr, args.neighbour, args.relation)
    nodes = read_table("nodes", args.nodes, ["node"]).num_rows
    if nodes != csr.nodes:
        raise InputError(
            f"{args.nodes}: holds {nodes} nodes where {args.indptr} has {csr.nodes} rows; run "
            "`bali graph csr` again"
        )
    sizes = np.zeros(2, np.int64)  # nodes, edges
    largest = np.zeros(2, np.int64)
    alone = 0
    draws = Draws(args.replacement, index_relations(csr) if args.draw == "relation" else None)
    centres = block_size(args.fan_out, args.samples)
    with TableWriter("subgraphs", args.out) as out:
        blocks = blocks_of(csr, args.fan_out, args.samples, args.seed, centres, draws)
        for rows in progress(blocks, "blocks of centres", -(-nodes // centres)):
            out.write(rows)
            lengths = np.array([_lengths(rows["node"]), _lengths(rows["source"])])
            sizes += lengths.sum(axis=1)
            largest = np.maximum(largest, lengths.max(axis=1))
            alone += int((lengths[1] == 0).sum())
    counts = Counts("graph.subgraphs")
    total = nodes * args.samples
    counts.add("subgraphs", read=total, kept=out.rows, dropped={})
    counts.facts.update(
        nodes_mean=round(float(sizes[0]) / total, 3),
        nodes_max=int(largest[0]),
        edges_mean=round(float(sizes[1]) / total, 3),
        edges_max=int(largest[1]),
        without_edges=alone,
    )
    counts.write(args.counts)


def block_size(fan_out: Sequence[int], samples: int) -> int:
    """Centres whose subgraphs are sampled at once; fewer, where the fan-out is large."""
    largest = 1 + int(np.cumprod(fan_out).sum())  # nodes of a subgraph
    return max(min(BLOCK, BLOCK_NODES // largest) // samples, 1)


def blocks_of(
    csr: Csr,
    fan_out: Sequence[int],
    samples: int,
    seed: int,
    block: int,
    draws: Draws | None = None,
) -> Iterator[pa.RecordBatch]:
    """Rows of `subgraphs`: all samples of all nodes, `block` centres a batch."""
    for start in range(0, csr.nodes, block):
        centre = np.repeat(np.arange(start, min(start + block, csr.nodes)), samples)
        sample = np.tile(np.arange(samples), len(centre) // samples)
        subgraphs = sample_subgraphs(csr, centre, fan_out, sample, seed, draws)
        yield to_rows(centre, sample, subgraphs)


def to_rows(
    centre: NDArray[np.int64], sample: NDArray[np.int64], subgraphs: Subgraphs
) -> pa.RecordBatch:
    """Subgraphs as rows of the table."""
    schema = TABLES["subgraphs"].schema

    def ragged(name: str, offsets: NDArray[np.int64]) -> pa.Array:
        kind = schema.field(name).type
        return pa.ListArray.from_arrays(
            offsets.astype(np.int32), getattr(subgraphs, name), type=kind
        )

    return pa.record_batch(
        [
            pa.array(sample.astype(np.int32)),
            pa.array(centre.astype(np.int32)),
            ragged("node", subgraphs.node_offsets),
            *(ragged(name, subgraphs.edge_offsets) for name in ("source", "target", "relation")),
        ],
        schema=schema,
    )


def _lengths(lists: pa.ListArray) -> NDArray[np.int64]:
    return np.diff(lists.offsets.to_numpy())
