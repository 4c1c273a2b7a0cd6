"""Sampled neighbourhoods: k hops, a fan-out per hop, uniform without replacement.

Each draw is a function of (seed, sample, centre, hop, node): the order of the work, the size of its
blocks and the number of its processes change nothing. A row of 100,000 neighbours costs as much as
a row of ten: Floyd's algorithm draws k of n with k random numbers (Bentley & Floyd 1987,
"A sample of brilliance", doi:10.1145/30401.315746), here for many rows at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bali.graph.adjacency import Csr
from bali.hashing import below, mix

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Subgraphs:
    """Subgraphs as ragged arrays, all int64: subgraph i stands from offset i up to offset i + 1.

    Attributes:
        node_offsets: (subgraphs + 1,) into `node`.
        node: node ids, distinct in a subgraph; the centre first, then in the order in which they
            are reached.
        edge_offsets: (subgraphs + 1,) into `source`, `target` and `relation`.
        source: position among the subgraph's nodes of the neighbour of each edge.
        target: the same of the node whose CSR row the edge was drawn from.
        relation: relation id of each edge.
    """

    node_offsets: Integers
    node: Integers
    edge_offsets: Integers
    source: Integers
    target: Integers
    relation: Integers


def sample_neighbours(
    indptr: NDArray[np.int64], rows: Integers, fan_out: int, keys: NDArray[np.uint64]
) -> tuple[Integers, Integers]:
    """Draw min(fan_out, degree) entries of CSR rows, each set equally likely.

    Args:
        indptr: (nodes + 1,) row boundaries of the CSR.
        rows: (rows,) node ids; may repeat.
        fan_out: entries a row, at most.
        keys: (rows,) random bits: what a row draws is a function of its key and degree.

    Returns:
        Two arrays (draws,), sorted: which of `rows` a draw belongs to (from 0), and its position
        in the arrays `neighbour` and `relation` of the CSR.
    """
    first = indptr[rows]
    degree = indptr[rows + 1] - first
    size = np.minimum(degree, fan_out)
    chosen = np.empty((len(rows), fan_out), np.int64)
    for step in range(fan_out):
        # Floyd: draw from 0..last; if that is taken, take `last`, which cannot be taken yet
        last = degree - size + step
        draw = below(last + 1, keys, step)
        taken = (chosen[:, :step] == draw[:, None]).any(axis=1)
        chosen[:, step] = np.where(taken, last, draw)
    # steps past a row's size drew nothing that counts
    chosen[np.arange(fan_out) >= size[:, None]] = np.iinfo(np.int64).max
    chosen.sort(axis=1)
    row, place = np.nonzero(np.arange(fan_out) < size[:, None])
    return row, first[row] + chosen[row, place]


def sample_subgraphs(
    csr: Csr, centres: Integers, fan_out: Sequence[int], sample: ArrayLike, seed: int
) -> Subgraphs:
    """Sample the neighbourhood of each centre.

    Hop h draws, for each node first reached at hop h - 1 (hop 0: the centre), up to fan_out[h]
    entries of its CSR row. Each is an edge from the neighbour to that node. Nodes of one hop are
    numbered in the order of their first edge; edges stand in the order of the nodes that drew
    them, then of the CSR. A node without neighbours is a subgraph of itself and no edges.

    Args:
        csr: the graph.
        centres: (subgraphs,) node ids; may repeat.
        fan_out: neighbours drawn at hop 1, 2, ...
        sample: number of the sample, one or one a centre: another number, other draws.
        seed: of all samples.
    """
    count = len(centres)
    stream = mix(seed, sample, centres)  # (subgraphs,)
    frontier = _Frontier(np.arange(count), centres.astype(np.int64), np.zeros(count, np.int64))
    reached = [frontier]
    nodes = np.ones(count, np.int64)  # reached so far, by subgraph
    edges: list[tuple[Integers, Integers, Integers, Integers]] = []
    for hop, most in enumerate(fan_out):
        keys = mix(stream[frontier.graph], hop, frontier.node)
        row, position = sample_neighbours(csr.indptr, frontier.node, most, keys)
        graph, target = frontier.graph[row], frontier.position[row]
        neighbour = csr.neighbour[position].astype(np.int64)
        source, frontier = _number(reached, graph, neighbour, nodes, csr.nodes)
        reached.append(frontier)
        nodes = nodes + np.bincount(frontier.graph, minlength=count)
        edges.append((graph, source, target, csr.relation[position].astype(np.int64)))

    node_offsets = np.concatenate([[0], np.cumsum(nodes)])
    node = np.empty(node_offsets[-1], np.int64)
    for part in reached:
        node[node_offsets[part.graph] + part.position] = part.node
    graph, source, target, relation = (
        np.concatenate(column) for column in zip(*edges, strict=True)
    )
    order = np.argsort(graph, kind="stable")  # by subgraph; the hops of one stay in their order
    edge_offsets = np.concatenate([[0], np.cumsum(np.bincount(graph, minlength=count))])
    return Subgraphs(
        node_offsets, node, edge_offsets, source[order], target[order], relation[order]
    )


@dataclass(frozen=True)
class _Frontier:
    """Nodes of many subgraphs, sorted by (graph, position); each array is (nodes,) int64."""

    graph: Integers  # number of the subgraph
    node: Integers  # node id
    position: Integers  # among the nodes of the subgraph


def _number(
    reached: list[_Frontier], graph: Integers, neighbour: Integers, nodes: Integers, all_nodes: int
) -> tuple[Integers, _Frontier]:
    """Positions of the neighbours in their subgraphs, and the nodes reached for the first time.

    Args:
        reached: the nodes that have positions, by hop.
        graph: (edges,) subgraph of each new edge, ascending.
        neighbour: (edges,) node id of its source.
        nodes: (subgraphs,) number of nodes reached before.
        all_nodes: number of nodes of the graph.

    Returns:
        The position of each edge's source, and the new nodes.
    """
    known = np.concatenate([part.graph * all_nodes + part.node for part in reached])
    _, first, inverse = np.unique(
        np.concatenate([known, graph * all_nodes + neighbour]),
        return_index=True,
        return_inverse=True,
    )
    new = np.sort(first[first >= len(known)]) - len(known)  # edges that reach a node first
    new_graph = graph[new]
    # rank within the subgraph: distance from the subgraph's first new node
    rank = np.arange(len(new)) - np.searchsorted(new_graph, new_graph)
    frontier = _Frontier(new_graph, neighbour[new], nodes[new_graph] + rank)

    position = np.empty(len(known) + len(graph), np.int64)  # filled where an entry is the first
    position[: len(known)] = np.concatenate([part.position for part in reached])
    position[len(known) + new] = frontier.position
    return position[first][inverse[len(known) :]], frontier
