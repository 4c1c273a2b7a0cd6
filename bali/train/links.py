"""The triples of a step: what link prediction asks for."""

from __future__ import annotations

import numpy as np
import torch

from bali.model.batch import GraphInput, Links


def triples(graph: GraphInput) -> Links:
    """Every edge into a centre, once for each mention row of the centre's concept.

    Edges of further hops stay out: their targets are not mentioned. So do those into siblings.
    """
    member, edge_index, centre, row_centre = (
        tensor.numpy()
        for tensor in (graph.member, graph.edge_index, graph.centre, graph.row_centre)
    )
    # subgraph by subgraph and centre first: an edge belongs to the last centre before its target
    subgraph = np.searchsorted(centre, edge_index[1], side="right") - 1
    near = np.flatnonzero(edge_index[1] == centre[subgraph])  # edges of hop 1
    near = near[np.argsort(subgraph[near], kind="stable")]
    count = np.bincount(subgraph[near], minlength=len(centre))  # (centres,)
    first = np.cumsum(count) - count
    of_row = count[row_centre]  # (M,) triples of each mention row
    row = np.repeat(np.arange(len(row_centre)), of_row)
    within = np.arange(len(row)) - np.repeat(np.cumsum(of_row) - of_row, of_row)
    edge = near[first[row_centre[row]] + within]
    return Links(
        head=torch.from_numpy(member[edge_index[0][edge]]),
        relation=graph.relation[torch.from_numpy(edge)],
        row=torch.from_numpy(row),
    )
