"""Step `graph csr`: concepts and relations -> nodes, edge types and adjacency arrays.

With `--mentions`, only of the k-hop surroundings of the concepts that the corpus mentions.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bali.counts import Counts
from bali.errors import InputError
from bali.files import write_json
from bali.graph.adjacency import map_csr, save_csr
from bali.graph.artifacts import INVERSES
from bali.graph.edges import EdgeKeys, add_inverses, distinct, mirror, number_types, read_edges
from bali.graph.nodes import NodeIds, cui_numbers
from bali.graph.packing import parts
from bali.graph.statistics import graph_facts
from bali.graph.surroundings import mentioned_nodes, surroundings
from bali.relations import EdgeType, Relations, read_relations
from bali.storage import from_columns, read_table, write_table

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali graph csr`."""
    parser.add_argument("--concepts", type=Path, required=True, help="concepts.parquet")
    parser.add_argument("--relations", type=Path, required=True, help="relations.parquet")
    parser.add_argument("--phrases", type=Path, required=True, help="resources/relations.tsv")
    parser.add_argument(
        "--mrdoc", type=Path, nargs="*", default=[], help="MRDOC.RRF files; they settle inverses"
    )
    parser.add_argument(
        "--mentions", type=Path, nargs="*", default=[], help="tables of mentions, of all shards"
    )
    parser.add_argument(
        "--mentioned-hops",
        type=int,
        metavar="K",
        help="keep only edges within K hops of concepts in --mentions",
    )
    parser.add_argument(
        "--inverse",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="add the inverse of an edge that is stated in one direction only",
    )
    parser.add_argument(
        "--mirrored",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="the umls stage kept both directions of a relation, where both are stated",
    )
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the graph")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write nodes.parquet, edge_types.parquet, inverses.json and the three arrays of the CSR."""
    hops = args.mentioned_hops
    if (hops is not None and hops < 1) or (hops is None) == bool(args.mentions):
        raise InputError(
            f"--mentioned-hops {hops} and {len(args.mentions)} files of --mentions: "
            "give both or none, and 1 hop or more; correct graph.mentioned_hops in the config"
        )
    counts = Counts("graph.csr")
    words = read_relations(args.phrases, args.mrdoc)
    ids = NodeIds(sorted_concepts(args.concepts, ["cui"])["cui"], args.concepts)
    if not ids.count:
        raise InputError(f"{args.concepts}: holds no concept; check umls.meta and umls.languages")

    edges, rows = read_edges(args.relations, ids, words, inverse=args.inverse)
    between = len(edges.keys)
    stays = np.ones(ids.count, np.bool_)
    if hops is not None:
        edges, stays = surroundings(edges, mentioned_nodes(args.mentions, ids, counts), hops)
        if not stays.any():
            raise InputError(
                f"{args.mentions[0]}: no shard mentions a concept of {args.concepts}; set "
                "graph.mentioned_hops to null, or link another corpus"
            )
    nodes, near = int(stays.sum()), len(edges.keys)
    mirrored = mirror(edges, words) if args.inverse else None
    edges = distinct(edges)
    stated = len(edges.keys)
    far = "not near a mentioned concept"
    dropped = {
        "head or tail is no concept": rows.unknown,
        "relation of a concept with itself": rows.own,
        **({} if hops is None else {far: between - near}),
        "same edge from another source": near - stated,
    }
    counts.add("relations", read=rows.read, kept=stated, dropped=dropped)
    dropped = {} if hops is None else {far: ids.count - nodes}
    counts.add("nodes", read=ids.count, kept=nodes, dropped=dropped)
    if mirrored is not None:
        edges = add_inverses(edges, mirrored)

    types, number = number_types(edges)
    logger.info("%d nodes, %d edges of %d types", nodes, len(edges.keys), len(types))
    save_csr(edges.layout.indptr(edges.keys, nodes), arrays(edges, number), args.out_dir)
    del edges, mirrored  # the packed edges: their memory is free for what follows
    csr = map_csr(*(args.out_dir / f"{name}.npy" for name in ("indptr", "neighbour", "relation")))
    write_table("edge_types", type_table(types, words), args.out_dir / "edge_types.parquet")
    concepts = sorted_concepts(args.concepts, ["cui", "name"]).filter(pa.array(stays))
    write_table("nodes", node_table(concepts, csr.degree), args.out_dir / "nodes.parquet")
    counts.facts.update(graph_facts(csr), edges_stated=stated, edge_types=len(types))
    counts.facts["edges_added"] = len(csr.neighbour) - stated
    counts.facts["mirrored"] = args.mirrored
    # as this release has them: whoever shows the graph reads them here
    inverses = {kind.rela: words.inverse(kind.rel, kind.rela)[1] for kind in types if kind.rela}
    write_json(args.out_dir / INVERSES, inverses)
    counts.write(args.counts)


def sorted_concepts(path: Path, columns: list[str]) -> pa.Table:
    """Concepts in the order of their CUIs; the umls stage sorts them, another hand may not."""
    concepts = read_table("concepts", path, columns)
    ascending = (np.diff(cui_numbers(concepts["cui"], path)) > 0).all()
    return concepts if ascending else concepts.sort_by("cui")


def arrays(
    edges: EdgeKeys, number: NDArray[np.int32]
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Neighbours and relations of the CSR, part by part; `number` gives relations their ids."""
    for part in parts(edges.keys):
        edge = edges.layout.unpack(part)
        yield edge.source, number[edge.relation]


def node_table(concepts: pa.Table, degree: NDArray[np.int64]) -> pa.Table:
    """Rows of `nodes`; `concepts` is sorted by CUI."""
    return pa.table(
        {
            "node": pa.array(np.arange(len(degree), dtype=np.int32)),
            "cui": concepts["cui"],
            "name": concepts["name"],
            "degree": pa.array(degree.astype(np.int32)),
        }
    )


def type_table(types: list[EdgeType], words: Relations) -> pa.Table:
    """Rows of `edge_types`."""
    return from_columns(
        "edge_types",
        {
            "relation": range(len(types)),
            "rel": [kind.rel for kind in types],
            "rela": [kind.rela for kind in types],
            "added": [kind.added for kind in types],
            "phrase": [words.phrase(kind.rel, kind.rela) for kind in types],
        },
    )
