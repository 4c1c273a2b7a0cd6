"""Only what the corpus speaks of: the k-hop surroundings of the mentioned concepts.

With dist(v) the number of hops from v to the nearest mentioned concept, over edges taken in both
directions, an edge u -> v is kept if min(dist(u), dist(v)) <= k - 1. For k = 1 these are the
relations of which one end is mentioned, as in the published run: MRREL rows whose CUI1 or CUI2 is
mentioned. Nodes are the mentioned concepts and the ends of these edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bali.counts import Counts
from bali.graph.edges import EdgeKeys
from bali.graph.nodes import NodeIds
from bali.graph.packing import Integers, Layout, change, keep, parts
from bali.log import progress
from bali.storage import stream_table

Mask = NDArray[np.bool_]


def mentioned_nodes(paths: Sequence[Path], ids: NodeIds, counts: Counts) -> Mask:
    """Which nodes some shard mentions; only the chosen candidate of a mention counts.

    Args:
        paths: tables of mentions.
        ids: the nodes.
        counts: gets the rows read and dropped.

    Returns:
        (nodes,).

    Raises:
        InputError: a CUI is none.
    """
    mentioned = np.zeros(ids.count, np.bool_)
    read = kept = unknown = 0
    for path in progress(paths, "shards of mentions", len(paths)):
        for batch in stream_table("mentions", path, ["cui", "rank"]):
            chosen = batch["rank"].to_numpy() == 0
            node = ids.of(batch["cui"], path)[chosen]
            mentioned[node[node >= 0]] = True
            read += len(chosen)
            kept += int((node >= 0).sum())
            unknown += int((node < 0).sum())
    dropped = {"not the chosen candidate": read - kept - unknown, "CUI is no concept": unknown}
    counts.add("mentions", read=read, kept=kept, dropped=dropped)
    return mentioned


def within(edges: EdgeKeys, mentioned: Mask, hops: int) -> Mask:
    """(nodes,) which nodes are at most `hops` hops from a mentioned one."""
    near = mentioned.copy()
    for _ in range(hops):
        reached = near.copy()
        for part in parts(edges.keys):
            edge = edges.layout.unpack(part)
            reached[edge.source[near[edge.target]]] = True
            reached[edge.target[near[edge.source]]] = True
        if np.array_equal(reached, near):
            break
        near = reached
    return near


def surroundings(edges: EdgeKeys, mentioned: Mask, hops: int) -> tuple[EdgeKeys, Mask]:
    """Keep the edges within `hops` of the mentioned nodes, and number the nodes that are left anew.

    Args:
        edges: of the whole graph, in any order.
        mentioned: (nodes,).
        hops: k, 1 or more.

    Returns:
        The edges, in the order in which they came; and which nodes stay, (nodes,): the i-th of
        them in order is node i of the edges.
    """
    near, layout = within(edges, mentioned, hops - 1), edges.layout
    stays = mentioned.copy()

    def is_near(part: Integers) -> Mask:
        edge = layout.unpack(part)
        wanted = near[edge.source] | near[edge.target]
        stays[edge.source[wanted]] = stays[edge.target[wanted]] = True
        return wanted

    keys = keep(edges.keys, is_near)
    number = (np.cumsum(stays) - 1).astype(np.int32)
    smaller = Layout.of(int(stays.sum()))

    def renumbered(part: Integers) -> Integers:
        edge = layout.unpack(part)
        return smaller.pack(number[edge.source], number[edge.target], edge.relation)

    change(keys, renumbered)
    return replace(edges, keys=keys, layout=smaller), stays
