"""The sampler against small graphs worked out by hand, brute force and statistics."""

import numpy as np
import pytest
from scipy.stats import chisquare

from bali.graph.adjacency import Csr
from bali.graph.draws import Draws, index_relations
from bali.graph.sampling import sample_subgraphs
from bali.hashing import mix


def csr_of(rows: list[list[tuple[int, int]]]) -> Csr:
    """CSR of rows that list (neighbour, relation)."""
    indptr = np.cumsum([0, *map(len, rows)])
    flat = [entry for row in rows for entry in row]
    return Csr(
        indptr.astype(np.int64),
        np.array([n for n, _ in flat], np.int32),
        np.array([r for _, r in flat], np.int32),
    )


def unpacked(subgraphs, i):
    """Nodes and (source, target, relation) of subgraph i, as lists."""
    nodes = slice(*subgraphs.node_offsets[i : i + 2])
    edges = slice(*subgraphs.edge_offsets[i : i + 2])
    columns = (subgraphs.source[edges], subgraphs.target[edges], subgraphs.relation[edges])
    return subgraphs.node[nodes].tolist(), [tuple(map(int, e)) for e in zip(*columns, strict=True)]


def random_csr(nodes: int, edges: int, relations: int) -> Csr:
    keys = [np.arange(edges) + start * edges for start in range(3)]
    source, target = (mix(5, key) % np.uint64(nodes) for key in keys[:2])
    relation = mix(5, keys[2]) % np.uint64(relations)
    every = np.unique(np.stack([target, source, relation]).astype(np.int32), axis=1)
    indptr = np.searchsorted(every[0], np.arange(nodes + 1))
    return Csr(indptr, every[1], every[2])


def test_with_a_large_fan_out_two_hops_are_what_a_reader_draws_by_hand():
    # 0 <- 1 (relations 0 and 1), 0 <- 2; 1 <- 0, 1 <- 3; 2 <- 3; 3 <- 4; 5 is alone
    csr = csr_of([[(1, 0), (1, 1), (2, 0)], [(0, 2), (3, 0)], [(3, 1)], [(4, 0)], [], []])
    subgraphs = sample_subgraphs(csr, np.array([0, 5, 3]), [9, 9], 0, seed=1)
    assert unpacked(subgraphs, 0) == (
        [0, 1, 2, 3],  # 3 is reached from 1 first; 4 is three hops away
        [(1, 0, 0), (1, 0, 1), (2, 0, 0), (0, 1, 2), (3, 1, 0), (3, 2, 1)],
    )
    assert unpacked(subgraphs, 1) == ([5], [])
    assert unpacked(subgraphs, 2) == ([3, 4], [(1, 0, 0)])


def test_a_node_draws_once_however_often_it_is_reached():
    # 0 <- 1 <- 0: at hop 2 node 1 draws; node 0, reached at hop 0, does not draw again
    csr = csr_of([[(1, 0)], [(0, 0)]])
    subgraphs = sample_subgraphs(csr, np.array([0]), [3, 3, 3], 0, seed=1)
    assert unpacked(subgraphs, 0) == ([0, 1], [(1, 0, 0), (0, 1, 0)])


def test_each_neighbour_is_equally_likely_at_every_hop():
    # centre 0 <- 1..8; each of these <- 9..20: the neighbours of hop 2 too
    csr = csr_of([[(n, 0) for n in range(1, 9)], *[[(n, 0) for n in range(9, 21)]] * 8, *[[]] * 12])
    samples = 4_000
    subgraphs = sample_subgraphs(
        csr, np.zeros(samples, np.int64), [2, 3], np.arange(samples), seed=29
    )
    owner = np.repeat(np.arange(samples), np.diff(subgraphs.edge_offsets))
    source = subgraphs.node[subgraphs.node_offsets[owner] + subgraphs.source]
    drawn = np.bincount(source, minlength=21)
    assert drawn[1:9].sum() == 2 * samples and drawn[9:].sum() == 2 * 3 * samples
    assert chisquare(drawn[1:9]).pvalue > 0.001
    assert chisquare(drawn[9:]).pvalue > 0.001


def test_two_nodes_of_one_hop_draw_apart():
    # 0 <- 1, 2; both of these <- 3..22: 190 pairs, so that equal ones are rare
    csr = csr_of([[(1, 0), (2, 0)], *[[(n, 0) for n in range(3, 23)]] * 2, *[[]] * 20])
    samples = 300
    subgraphs = sample_subgraphs(
        csr, np.zeros(samples, np.int64), [2, 2], np.arange(samples), seed=29
    )
    # the same two neighbours: centre, two nodes and these
    same = int((np.diff(subgraphs.node_offsets) == 5).sum())
    assert same < 15  # 1.6 expected


def test_two_centres_with_the_same_neighbours_draw_apart():
    csr = csr_of([*[[(n, 0) for n in range(200, 300)]] * 200, *[[]] * 100])
    subgraphs = sample_subgraphs(csr, np.arange(200), [2], 0, seed=29)
    drawn = {tuple(unpacked(subgraphs, i)[0][1:]) for i in range(200)}
    assert len(drawn) > 150  # 4,950 possible pairs


@pytest.mark.parametrize("fan_out", [[1], [5, 3], [2, 2, 2]])
def test_subgraphs_of_a_random_graph_keep_their_promises(fan_out):
    csr = random_csr(nodes=60, edges=500, relations=3)
    subgraphs = sample_subgraphs(csr, np.arange(60), fan_out, 2, seed=3)
    for centre in range(60):
        nodes, edges = unpacked(subgraphs, centre)
        assert nodes[0] == centre and len(set(nodes)) == len(nodes)
        assert len(set(edges)) == len(edges)
        hop = {0: 0}
        for source, target, relation in edges:
            row = slice(*csr.indptr[nodes[target] : nodes[target] + 2])
            entries = set(zip(csr.neighbour[row].tolist(), csr.relation[row].tolist(), strict=True))
            assert (nodes[source], relation) in entries
            hop.setdefault(source, hop[target] + 1)  # a target was reached before it draws
        assert sorted(hop) == list(range(len(nodes)))
        assert list(hop) == sorted(hop)  # nodes stand in the order in which edges reach them
        for position, node in enumerate(nodes):
            drew = sum(target == position for _, target, _ in edges)
            most = fan_out[hop[position]] if hop[position] < len(fan_out) else 0
            assert drew == min(most, csr.degree[node])


def test_a_centre_draws_the_same_alone_and_among_others():
    csr = random_csr(nodes=40, edges=400, relations=2)
    together = sample_subgraphs(csr, np.arange(40), [4, 2], 7, seed=3)
    for centre in (0, 17, 39):
        alone = sample_subgraphs(csr, np.array([centre]), [4, 2], 7, seed=3)
        assert unpacked(alone, 0) == unpacked(together, centre)


def test_seed_and_sample_change_the_draw():
    csr = random_csr(nodes=40, edges=800, relations=1)
    first, other_sample, other_seed = (
        [unpacked(sample_subgraphs(csr, np.arange(40), [3], s, seed), i) for i in range(40)]
        for s, seed in ((0, 3), (1, 3), (0, 4))
    )
    assert first != other_sample and first != other_seed and other_sample != other_seed


@pytest.mark.parametrize("by_relation", [False, True])
@pytest.mark.parametrize("replacement", [False, True])
def test_the_subgraphs_sampled_together_change_nothing(replacement, by_relation):
    csr = random_csr(nodes=60, edges=500, relations=3)
    draws = Draws(replacement, index_relations(csr) if by_relation else None)
    whole = sample_subgraphs(csr, np.arange(60), [3, 2], 1, 29, draws)
    backwards = sample_subgraphs(csr, np.arange(60)[::-1], [3, 2], 1, 29, draws)
    for centre in range(60):
        alone = sample_subgraphs(csr, np.array([centre]), [3, 2], 1, 29, draws)
        assert unpacked(alone, 0) == unpacked(whole, centre) == unpacked(backwards, 59 - centre)


def test_an_entry_drawn_twice_is_two_edges_from_one_node():
    # 0 <- 1 is all there is; 2 is alone
    csr = csr_of([[(1, 7)], [], []])
    subgraphs = sample_subgraphs(csr, np.array([0, 2]), [3], 0, 29, Draws(replacement=True))
    assert unpacked(subgraphs, 0) == ([0, 1], [(1, 0, 7)] * 3)
    assert unpacked(subgraphs, 1) == ([2], [])


def test_the_mean_over_draws_with_replacement_is_the_mean_over_the_row():
    # 0 <- 1..6 with parallel edges from 1: the mean of the neighbours' ids is 23 / 8
    csr = csr_of([[(1, 0), (1, 1), (1, 2)] + [(n, 0) for n in range(2, 7)], *[[]] * 6])
    samples = 5_000
    subgraphs = sample_subgraphs(
        csr, np.zeros(samples, np.int64), [4], np.arange(samples), 29, Draws(replacement=True)
    )
    owner = np.repeat(np.arange(samples), np.diff(subgraphs.edge_offsets))
    drawn = subgraphs.node[subgraphs.node_offsets[owner] + subgraphs.source]
    assert len(drawn) == 4 * samples
    row = np.array([1, 1, 1, 2, 3, 4, 5, 6])
    assert abs(drawn.mean() - row.mean()) < 3.3 * row.std() / np.sqrt(len(drawn))
