"""Step `graph csr`: concepts and relations -> nodes, edge types and adjacency arrays.

Two edges of different relations between the same nodes are both kept; the same statement from
several sources is one edge. A relation of a concept with itself is no edge: graph encoders add
their own self-loops.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from bali.counts import Counts
from bali.errors import InputError
from bali.graph.adjacency import Csr, Edges, build_csr, pack, save_csr, unpack
from bali.graph.nodes import NodeIds
from bali.graph.relations import RELS, EdgeType, Relations, read_relations
from bali.storage import (
    from_columns,
    read_table,
    stream_table,
    write_table,
)

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali graph csr`."""
    parser.add_argument("--concepts", type=Path, required=True, help="concepts.parquet")
    parser.add_argument("--relations", type=Path, required=True, help="relations.parquet")
    parser.add_argument("--phrases", type=Path, required=True, help="resources/relations.tsv")
    parser.add_argument(
        "--inverse",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="add the inverse of an edge that is stated in one direction only",
    )
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the graph")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write nodes.parquet, edge_types.parquet and the three arrays of the CSR."""
    counts = Counts("graph.csr")
    words = read_relations(args.phrases)
    concepts = read_table("concepts", args.concepts).sort_by("cui")
    if not concepts.num_rows:
        raise InputError(f"{args.concepts}: holds no concept; check umls.meta and umls.languages")
    ids = NodeIds(concepts["cui"], args.concepts)
    counts.add("nodes", read=ids.count, kept=ids.count, dropped={})

    edges, types = read_edges(args.relations, ids, counts)
    stated = len(edges)
    if args.inverse:
        edges, types = add_inverses(edges, types, ids.count, words)
    csr = build_csr(edges, ids.count)
    logger.info("%d nodes, %d edges of %d types", csr.nodes, len(edges), len(types))

    save_csr(csr, args.out_dir)
    write_table("nodes", node_table(concepts, csr), args.out_dir / "nodes.parquet")
    write_table("edge_types", type_table(types, words), args.out_dir / "edge_types.parquet")
    counts.facts.update(facts(csr, edges, stated, len(types)))
    counts.write(args.counts)


def read_edges(path: Path, ids: NodeIds, counts: Counts) -> tuple[Edges, list[EdgeType]]:
    """Distinct edges between nodes, in the order of (target, source, relation), and their types.

    The relations are streamed: what stays in memory is three integers a row.

    Raises:
        InputError: a REL is none of MRREL's, or a CUI is none.
    """
    read = unknown = own = 0
    codes: dict[tuple[str, str], int] = {}  # (REL, RELA) -> number, in the order of arrival
    parts = [Edges(*(np.empty(0, np.int32) for _ in range(3)))]
    for batch in stream_table("relations", path, ["head", "tail", "rel", "rela"]):
        source, target = ids.of(batch["head"], path), ids.of(batch["tail"], path)
        known = (source >= 0) & (target >= 0)
        edge = known & (source != target)
        read += len(known)
        unknown += int((~known).sum())
        own += int((known & ~edge).sum())
        relation = _type_codes(batch.filter(pa.array(edge)), codes, path)
        parts.append(Edges(source[edge], target[edge], relation))
    types = [EdgeType(rel, rela, False) for rel, rela in codes]
    whole = Edges(
        np.concatenate([part.source for part in parts]),
        np.concatenate([part.target for part in parts]),
        np.concatenate([part.relation for part in parts]),
    )
    edges, types = distinct_edges(whole, types, ids.count)
    dropped = {
        "head or tail is no concept": unknown,
        "relation of a concept with itself": own,
        "same edge from another source": len(whole) - len(edges),
    }
    counts.add("relations", read=read, kept=len(edges), dropped=dropped)
    return edges, types


def _type_codes(
    rows: pa.RecordBatch, codes: dict[tuple[str, str], int], path: Path
) -> NDArray[np.int32]:
    """Number the (REL, RELA) of each row, entering new ones into `codes`."""
    both = pc.binary_join_element_wise(rows["rel"], rows["rela"], "|").dictionary_encode()
    numbers = []
    for text in both.dictionary.to_pylist():
        rel, rela = text.split("|", 1)
        if rel not in RELS:
            raise InputError(
                f"{path}: REL {rel!r} is none of {', '.join(RELS)}; drop such rows from MRREL"
            )
        numbers.append(codes.setdefault((rel, rela), len(codes)))
    code_of_row: NDArray[np.int32] = np.array(numbers, np.int32)[both.indices.to_numpy()]
    return code_of_row


def distinct_edges(edges: Edges, types: list[EdgeType], nodes: int) -> tuple[Edges, list[EdgeType]]:
    """Number the types in sorted order, sort the edges and drop the repeated ones."""
    ordered = sorted(types)
    position = {kind: number for number, kind in enumerate(ordered)}
    renumbered = np.array([position[kind] for kind in types], np.int32)
    sorted_types = Edges(edges.source, edges.target, renumbered[edges.relation])
    keys = np.unique(pack(sorted_types, nodes, len(types)))
    return unpack(keys, nodes, len(types)), ordered


def add_inverses(
    edges: Edges, types: list[EdgeType], nodes: int, words: Relations
) -> tuple[Edges, list[EdgeType]]:
    """Add v -> u in the inverse relation for each edge u -> v, unless that edge is stated.

    UMLS states both directions of what it holds, so that nothing is added to it; a graph that was
    cut or brought from elsewhere may state one.

    Args:
        edges: distinct, sorted by (target, source, relation); all of them stated.
        types: what the relation ids stand for.
        nodes: number of nodes.
        words: knows the inverses.

    Returns:
        All edges, sorted as before, and all types; those of added edges are marked.
    """
    number = {kind: relation for relation, kind in enumerate(types)}
    opposite = [EdgeType(*words.inverse(kind.rel, kind.rela), added=True) for kind in types]
    # -1: the inverse is no stated type, so that none of its edges can be stated
    as_stated = np.array(
        [number.get(kind._replace(added=False), -1) for kind in opposite], np.int32
    )
    mirrored = Edges(edges.target, edges.source, as_stated[edges.relation])
    stated = pack(edges, nodes, len(types))
    missing = (mirrored.relation < 0) | ~np.isin(pack(mirrored, nodes, len(types)), stated)

    # an id for each added type, after the stated ones; distinct_edges puts all in order
    new_types = sorted({opposite[relation] for relation in np.unique(edges.relation[missing])})
    number.update({kind: len(types) + place for place, kind in enumerate(new_types)})
    as_added = np.array([number.get(kind, -1) for kind in opposite], np.int32)
    every = Edges(
        np.concatenate([edges.source, edges.target[missing]]),
        np.concatenate([edges.target, edges.source[missing]]),
        np.concatenate([edges.relation, as_added[edges.relation[missing]]]),
    )
    return distinct_edges(every, [*types, *new_types], nodes)


def node_table(concepts: pa.Table, csr: Csr) -> pa.Table:
    """Rows of `nodes`; `concepts` is sorted by CUI."""
    return pa.table(
        {
            "node": pa.array(np.arange(csr.nodes, dtype=np.int32)),
            "cui": concepts["cui"],
            "name": concepts["name"],
            "degree": pa.array(csr.degree.astype(np.int32)),
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


def facts(csr: Csr, edges: Edges, stated: int, types: int) -> dict[str, object]:
    """What the report tells about the graph; degrees are lengths of CSR rows."""
    matrix = csr_array(
        (np.ones(len(edges), np.int8), csr.neighbour, csr.indptr), shape=(csr.nodes, csr.nodes)
    )
    components, member = connected_components(matrix, directed=True, connection="weak")
    sizes = np.bincount(member)
    degree = csr.degree
    median, p90, p99 = (float(value) for value in np.quantile(degree, [0.5, 0.9, 0.99]))
    return {
        "nodes": csr.nodes,
        "edges": len(edges),
        "edges_stated": stated,
        "edges_added": len(edges) - stated,
        "edge_types": types,
        "isolated_nodes": int((sizes == 1).sum()),
        "nodes_without_neighbours": int((degree == 0).sum()),
        "degree_mean": round(float(degree.mean()), 3),
        "degree_median": median,
        "degree_p90": p90,
        "degree_p99": p99,
        "degree_max": int(degree.max()),
        "components": int(components),
        "largest_component": int(sizes.max()),
    }
