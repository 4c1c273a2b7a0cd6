"""Degrees and components against networkx and a count by hand."""

import networkx
import numpy as np
import pytest

from bali.graph import statistics
from bali.graph.adjacency import Csr
from bali.graph.statistics import component_sizes, degree_histogram
from bali.hashing import mix


@pytest.mark.parametrize("edges", [0, 20, 60, 300])
@pytest.mark.parametrize("at_once", [1, 10, 10_000])
def test_components_are_those_of_networkx(monkeypatch, edges, at_once):
    monkeypatch.setattr(statistics, "EDGES", at_once)
    nodes = 100
    source, target = (
        (mix(edges, key, np.arange(edges)) % np.uint64(nodes)).astype(np.int32) for key in (1, 2)
    )
    order = np.argsort(target, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(target, minlength=nodes))])
    graph = networkx.Graph()
    graph.add_nodes_from(range(nodes))
    graph.add_edges_from(zip(source.tolist(), target.tolist(), strict=True))
    csr = Csr(indptr.astype(np.int64), source[order], np.zeros(edges, np.int32))
    assert sorted(component_sizes(csr)) == sorted(map(len, networkx.connected_components(graph)))


def test_the_histogram_counts_by_powers_of_two():
    degree = np.array([0, 0, 1, 2, 3, 4, 7, 8, 9])
    assert degree_histogram(degree) == [[0, 2], [1, 1], [2, 2], [4, 2], [8, 2]]
    assert degree_histogram(np.array([0])) == [[0, 1]]
