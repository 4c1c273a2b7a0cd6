"""Degrees and components of a graph: what the report tells about it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bali.graph.adjacency import Csr

EDGES = 1 << 22  # looked at at once; bounds memory, changes no result


def graph_facts(csr: Csr) -> dict[str, object]:
    """Numbers of nodes and edges, degrees and components; a degree is the length of a CSR row."""
    degree = csr.degree
    sizes = component_sizes(csr)
    median, p90, p99 = (float(value) for value in np.quantile(degree, [0.5, 0.9, 0.99]))
    return {
        "nodes": csr.nodes,
        "edges": len(csr.neighbour),
        "isolated_nodes": int((sizes == 1).sum()),
        "nodes_without_neighbours": int((degree == 0).sum()),
        "degree_mean": round(float(degree.mean()), 3),
        "degree_median": median,
        "degree_p90": p90,
        "degree_p99": p99,
        "degree_max": int(degree.max()),
        "degree_histogram": degree_histogram(degree),
        "components": len(sizes),
        "largest_component": int(sizes.max()),
    }


def degree_histogram(degree: NDArray[np.int64]) -> list[list[int]]:
    """Nodes by degree: [0, nodes], [1, nodes], [2, nodes of 2 or 3], [4, nodes of 4 to 7], ..."""
    lows = [0, *(1 << power for power in range(int(degree.max()).bit_length()))]
    number = np.bincount(np.searchsorted(lows, degree, side="right") - 1, minlength=len(lows))
    return [[low, int(nodes)] for low, nodes in zip(lows, number, strict=True)]


def component_sizes(csr: Csr) -> NDArray[np.int64]:
    """(components,) nodes of each weakly connected component.

    scipy finds the components, some edges at a time: given all 60 million edges of UMLS, it makes
    copies of 1.5 GB. Each call joins the components that the calls before have left.
    """
    component = np.arange(csr.nodes, dtype=np.int32)  # of each node
    count = csr.nodes
    for low, high in csr.blocks(EDGES):
        degree = np.diff(csr.indptr[low : high + 1])
        one = np.repeat(component[low:high], degree)
        other = component[csr.neighbour[csr.indptr[low] : csr.indptr[high]]]
        apart = one != other
        if apart.any():
            ends = one[apart], other[apart]
            links = coo_array((np.ones(len(ends[0]), np.bool_), ends), shape=(count, count))
            count, joined = connected_components(links, directed=False)
            component = joined[component]
    return np.bincount(component)
