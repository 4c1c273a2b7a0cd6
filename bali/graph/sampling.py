"""Sampled neighbourhoods: k hops, a fan-out per hop.

Each draw is a function of (seed, sample, centre, hop, node): the order of the work, the size of its
blocks and the number of its processes change nothing. `draws` says what is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bali.graph.adjacency import Csr
from bali.graph.draws import Draws
from bali.hashing import mix
from bali.ranges import sums_before

Integers = NDArray[np.int64]
Ids = NDArray[np.int32]


@dataclass(frozen=True)
class Subgraphs:
    """Subgraphs as ragged arrays: subgraph i stands from offset i up to offset i + 1.

    Attributes:
        node_offsets: (subgraphs + 1,) int64, into `node`.
        node: int32 node ids, distinct in a subgraph; the centre first, then in the order in which
            they are reached.
        edge_offsets: (subgraphs + 1,) int64, into `source`, `target` and `relation`.
        source: int32 position among the subgraph's nodes of the neighbour of each edge.
        target: the same of the node whose CSR row the edge was drawn from.
        relation: int32 relation id of each edge.
    """

    node_offsets: Integers
    node: Ids
    edge_offsets: Integers
    source: Ids
    target: Ids
    relation: Ids


@dataclass(frozen=True)
class _Nodes:
    """Nodes of many subgraphs, in the order of (graph, position)."""

    graph: Integers  # (nodes,) number of the subgraph
    node: Ids  # (nodes,) node id
    position: Ids  # (nodes,) among the nodes of the subgraph


@dataclass(frozen=True)
class _Edges:
    """Edges of many subgraphs, in the order of the subgraphs."""

    graph: Integers  # (edges,)
    source: Ids
    target: Ids
    relation: Ids


def sample_subgraphs(
    csr: Csr,
    centres: NDArray[np.integer[Any]],
    fan_out: Sequence[int],
    sample: ArrayLike,
    seed: int,
    draws: Draws | None = None,
) -> Subgraphs:
    """Sample the neighbourhood of each centre.

    Hop h draws up to fan_out[h] entries of the CSR row of each node first reached at hop h - 1
    (hop 0: the centre). Each is an edge from the neighbour to that node. Nodes of one hop are
    numbered in the order of their first edge; edges stand in the order of the nodes that drew
    them, then of the CSR. A node without neighbours is a subgraph of itself and no edges.

    Args:
        csr: the graph.
        centres: (subgraphs,) node ids; may repeat.
        fan_out: neighbours drawn at hop 1, 2, ...
        sample: number of the sample, one or one a centre: another number, other draws.
        seed: of all samples.
        draws: how entries are drawn; None: uniformly, without replacement.
    """
    draws = draws or Draws()
    count = len(centres)
    stream = mix(seed, sample, centres)  # (subgraphs,)
    frontier = _Nodes(np.arange(count), centres.astype(np.int32), np.zeros(count, np.int32))
    reached = [frontier]
    nodes = np.ones(count, np.int64)  # reached so far, by subgraph
    hops: list[_Edges] = []
    for hop, most in enumerate(fan_out):
        keys = mix(stream[frontier.graph], hop, frontier.node)
        row, entry = draws.entries(csr.indptr, frontier.node, most, keys)
        graph, target = frontier.graph[row], frontier.position[row]
        source, frontier = _number(reached, graph, csr.neighbour[entry], nodes)
        reached.append(frontier)
        nodes += np.bincount(frontier.graph, minlength=count)
        hops.append(_Edges(graph, source, target, csr.relation[entry]))
    return _by_subgraph(reached, nodes, hops)


def _number(
    reached: list[_Nodes], graph: Integers, neighbour: Ids, nodes: Integers
) -> tuple[Ids, _Nodes]:
    """Positions of the neighbours in their subgraphs, and the nodes reached for the first time.

    Args:
        reached: the nodes that have positions, by hop.
        graph: (edges,) subgraph of each new edge, ascending.
        neighbour: (edges,) node id of its source.
        nodes: (subgraphs,) number of nodes reached before.

    Returns:
        The position of each edge's source, and the new nodes.
    """
    count, known = len(nodes), sum(len(part.node) for part in reached)
    edges = np.bincount(graph, minlength=count)
    rank = np.arange(len(graph)) - sums_before(edges)[graph]  # of an edge in its subgraph
    # an entry a reached node, then one an edge; one integer (node, number of the entry)
    place_bits = (known + len(graph)).bit_length()
    keys = np.concatenate([*(part.node for part in reached), neighbour]).astype(np.int64)
    keys <<= place_bits
    keys |= np.arange(len(keys))
    owner = np.concatenate([*(part.graph for part in reached), graph])
    slot = np.concatenate([*(part.position for part in reached), nodes[graph] + rank])
    keys = _sort_rows(keys, owner, slot, nodes + edges)
    place = keys & ((1 << place_bits) - 1)
    keys >>= place_bits
    # equal nodes of a subgraph now stand together, the entry that came first in front
    is_first = np.empty(len(keys), np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=is_first[1:])
    is_first[sums_before(nodes + edges)] = True
    first = place[is_first]  # (distinct nodes of all subgraphs,)

    reaches = np.zeros(len(keys), np.bool_)
    reaches[first] = True
    new = np.flatnonzero(reaches[known:])  # edges that reach a node first
    new_graph = graph[new]
    # a new node's position: nodes reached before, and its rank among the new ones
    offset = nodes - sums_before(np.bincount(new_graph, minlength=count))
    new_position = (np.arange(len(new)) + offset[new_graph]).astype(np.int32)
    position = np.empty(len(keys), np.int32)  # by entry
    position[:known] = slot[:known]
    position[known + new] = new_position
    position[place] = np.repeat(
        position[first], np.diff(np.flatnonzero(is_first), append=len(keys))
    )
    return position[known:], _Nodes(new_graph, neighbour[new], new_position)


def _sort_rows(values: Integers, row: Integers, slot: Integers, length: Integers) -> Integers:
    """Sort many short rows, each by itself.

    In a matrix padded to the longest row: measured with numpy 1.26 and AVX-512, rows of up to 256
    integers take 3 ns an integer, and all of them in one long array 50.

    Args:
        values: (values,) not negative, below 2**63 - 1.
        row: (values,) from 0.
        slot: (values,) place in the row, from 0; what stands where is of no matter.
        length: (rows,) values of each row.

    Returns:
        (values,) row after row, each ascending.
    """
    padding = np.iinfo(np.int64).max
    matrix = np.full((len(length), length.max(initial=0)), padding)
    matrix[row, slot] = values
    matrix.sort(axis=1)
    ordered: Integers = matrix[matrix != padding]
    return ordered


def _by_subgraph(reached: list[_Nodes], nodes: Integers, hops: list[_Edges]) -> Subgraphs:
    """Put the nodes and edges of all hops together, subgraph by subgraph.

    Args:
        reached: the nodes by hop.
        nodes: (subgraphs,) number of nodes.
        hops: the edges by hop.
    """
    node_offsets = np.concatenate([[0], np.cumsum(nodes)])
    node = np.empty(node_offsets[-1], np.int32)
    for part in reached:
        node[node_offsets[part.graph] + part.position] = part.node

    per_hop = [np.bincount(edges.graph, minlength=len(nodes)) for edges in hops]
    edge_offsets = np.concatenate([[0], np.cumsum(sum(per_hop))])
    source, target, relation = (np.empty(edge_offsets[-1], np.int32) for _ in range(3))
    free = edge_offsets[:-1].copy()  # (subgraphs,) where the next edge goes
    for edges, number in zip(hops, per_hop, strict=True):
        # sorted by subgraph: the rank of an edge is its place less the edges of those before
        slot = np.arange(len(edges.graph)) + (free - sums_before(number))[edges.graph]
        source[slot], target[slot], relation[slot] = edges.source, edges.target, edges.relation
        free += number
    return Subgraphs(node_offsets, node, edge_offsets, source, target, relation)
