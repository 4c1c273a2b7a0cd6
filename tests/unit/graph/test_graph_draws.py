"""Draws from CSR rows against all outcomes written out with their probabilities."""

from collections import Counter
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from scipy.stats import chisquare

from bali.graph import draws as module
from bali.graph.adjacency import Csr
from bali.graph.draws import Draws, index_relations
from bali.hashing import mix

# entries of a row by their relations: 4 of relation 0, 2 of relation 1, 1 of relation 2
RELATIONS = [1, 0, 2, 0, 1, 0, 0]
KINDS = [(False, False), (False, True), (True, False), (True, True)]  # replacement, by relation


def csr_of(rows: list[list[int]]) -> Csr:
    """CSR of rows that list relations; the neighbour is of no matter here."""
    flat = [relation for row in rows for relation in row]
    indptr = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    return Csr(indptr, np.zeros(len(flat), np.int32), np.array(flat, np.int32))


def random_csr(nodes: int) -> Csr:
    degree = (mix(3, np.arange(nodes)) % np.uint64(9)).astype(int)  # 0 to 8
    return csr_of([(mix(4, v, np.arange(n)) % np.uint64(3)).tolist() for v, n in enumerate(degree)])


def outcomes(fan_out: int, replacement: bool, by_relation: bool) -> Counter[tuple[int, ...]]:
    """Probability of each sorted outcome, by drawing one entry after the other in every way."""
    found: Counter[tuple[int, ...]] = Counter()

    def go_on(drawn: tuple[int, ...], share: Fraction) -> None:
        if len(drawn) == fan_out:
            found[tuple(sorted(drawn))] += share
            return
        left = [at for at in range(len(RELATIONS)) if replacement or at not in drawn]
        alive = Counter(RELATIONS[at] for at in left)
        for at in left:
            each = len(alive) * alive[RELATIONS[at]] if by_relation else len(left)
            go_on((*drawn, at), share / each)

    go_on((), Fraction(1))
    assert sum(found.values()) == 1
    return found


@pytest.mark.parametrize(("replacement", "by_relation"), KINDS)
@pytest.mark.parametrize("fan_out", [1, 2, 3, 5])
def test_every_outcome_is_as_likely_as_when_drawn_by_hand(fan_out, replacement, by_relation):
    expected = outcomes(fan_out, replacement, by_relation)
    csr = csr_of([RELATIONS])
    kind = Draws(replacement, index_relations(csr) if by_relation else None)
    count = 30_000
    row, position = kind.entries(
        csr.indptr, np.zeros(count, np.int64), fan_out, mix(29, np.arange(count))
    )
    assert np.array_equal(row, np.repeat(np.arange(count), fan_out))
    found = Counter(map(tuple, position.reshape(count, fan_out).tolist()))
    assert set(found) <= set(expected)  # sorted, inside the row, and repeated only if it may be
    # outcomes too rare for a chi-square are taken together
    rare = [key for key, share in expected.items() if count * share < 10]
    common = [key for key in expected if key not in set(rare)]
    seen = [found[key] for key in common] + [sum(found[key] for key in rare)] * bool(rare)
    awaited = [count * float(expected[key]) for key in common]
    awaited += [count * float(sum(expected[key] for key in rare))] * bool(rare)
    assert chisquare(seen, awaited).pvalue > 0.001


def test_each_entry_and_each_pair_is_equally_likely_without_replacement():
    csr = csr_of([[0] * 6])
    count = 20_000
    _, position = Draws().entries(
        csr.indptr, np.zeros(count, np.int64), 3, mix(5, np.arange(count))
    )
    assert chisquare(np.bincount(position, minlength=6)).pvalue > 0.001
    pairs = Counter(p for drawn in position.reshape(-1, 3).tolist() for p in combinations(drawn, 2))
    assert len(pairs) == 15 and chisquare(list(pairs.values())).pvalue > 0.001


def test_by_relation_the_relations_are_equally_likely_however_many_entries_they_have():
    csr = csr_of([[0] * 1_000 + [1] * 10 + [2]])
    count = 9_000
    kind = Draws(True, index_relations(csr))
    _, position = kind.entries(csr.indptr, np.zeros(count, np.int64), 1, mix(29, np.arange(count)))
    assert chisquare(np.bincount(csr.relation[position])).pvalue > 0.001


@pytest.mark.parametrize(("replacement", "by_relation"), KINDS)
def test_as_many_are_drawn_as_there_are_up_to_the_fan_out(replacement, by_relation):
    csr = random_csr(200)
    kind = Draws(replacement, index_relations(csr) if by_relation else None)
    row, position = kind.entries(csr.indptr, np.arange(200), 4, mix(29, np.arange(200)))
    degree = csr.degree
    assert 0 in degree and 4 in degree and 8 in degree
    expected = 4 * (degree > 0) if replacement else np.minimum(degree, 4)
    assert np.array_equal(np.bincount(row, minlength=200), expected)
    assert (position >= csr.indptr[row]).all() and (position < csr.indptr[row + 1]).all()
    assert replacement or len(np.unique(position)) == len(position)


@pytest.mark.parametrize(("replacement", "by_relation"), KINDS)
def test_a_row_draws_the_same_alone_and_among_others(replacement, by_relation):
    csr = random_csr(50)
    kind = Draws(replacement, index_relations(csr) if by_relation else None)
    rows, keys = np.arange(50), mix(29, np.arange(50))
    row, position = kind.entries(csr.indptr, rows, 4, keys)
    for one in rows:
        _, alone = kind.entries(csr.indptr, rows[one : one + 1], 4, keys[one : one + 1])
        assert alone.tolist() == position[row == one].tolist()


def test_the_index_holds_each_row_in_the_order_of_its_relations(monkeypatch):
    csr = random_csr(60)
    whole = index_relations(csr)
    for node, (low, high) in enumerate(zip(whole.first_run, whole.first_run[1:], strict=False)):
        relation = csr.relation[csr.indptr[node] : csr.indptr[node + 1]].tolist()
        runs = [
            whole.entry[whole.run_start[run] : whole.run_start[run + 1]].tolist()
            for run in range(low, high)
        ]
        assert runs == [
            [place for place, other in enumerate(relation) if other == kind]
            for kind in sorted(set(relation))
        ]
    monkeypatch.setattr(module, "ENTRIES", 7)
    cut = index_relations(csr)
    for name in ("first_run", "run_start", "entry"):
        assert np.array_equal(getattr(cut, name), getattr(whole, name)), name


@pytest.mark.parametrize("entries", [1, 3, 10, 1_000])
def test_blocks_of_rows_cover_every_row_once(entries):
    csr = csr_of([[0] * degree for degree in (0, 2, 9, 0, 0, 1, 1, 0)])
    blocks = list(csr.blocks(entries))
    assert [row for low, high in blocks for row in range(low, high)] == list(range(8))


def test_a_graph_without_edges_has_an_index_without_runs():
    index = index_relations(csr_of([[], []]))
    row, position = Draws(True, index).entries(
        np.zeros(3, np.int64), np.arange(2), 3, mix(1, [0, 1])
    )
    assert index.first_run.tolist() == [0, 0, 0] and not len(row) and not len(position)


class Watched(np.ndarray):
    """An array that adds up how many of its entries are asked for."""

    asked = 0

    def __getitem__(self, index):
        Watched.asked += np.size(index)
        return np.asarray(super().__getitem__(index))


@pytest.mark.parametrize(("replacement", "by_relation"), KINDS)
def test_a_hub_costs_no_more_than_its_fan_out(monkeypatch, replacement, by_relation):
    """Random numbers drawn and entries of the index read are the same for 10 and for 100,000."""
    costs = []
    for degree in (100_000, 10):
        csr = csr_of([(np.arange(degree) % 3).tolist()])
        numbers = Counter()

        def counted(bound, *keys, original=module.below, numbers=numbers):
            drawn = original(bound, *keys)
            numbers["drawn"] += drawn.size
            return drawn

        monkeypatch.setattr(module, "below", counted)
        index = index_relations(csr) if by_relation else None
        if index:
            for name in ("first_run", "run_start", "entry"):
                object.__setattr__(index, name, getattr(index, name).view(Watched))
        Watched.asked = 0
        kind = Draws(replacement, index)
        _, position = kind.entries(csr.indptr, np.zeros(10, np.int64), 5, mix(29, np.arange(10)))
        costs.append((numbers["drawn"], Watched.asked))
        assert len(position) == 50
        if degree > 10:
            assert len(np.unique(position)) > 40 and position.max() > 80_000  # from everywhere
    assert costs[0] == costs[1]
    assert costs[0][0] == 10 * 5 * (1 + by_relation)


def test_all_outcomes_by_hand_are_what_a_reader_expects():
    """The brute force itself: two relations of one and two entries, worked out on paper."""
    assert outcomes(1, False, True)[(2,)] == Fraction(1, 3)  # the only entry of relation 2
    assert outcomes(1, False, True)[(1,)] == Fraction(1, 12)  # one of four of relation 0
    assert outcomes(2, True, False)[(3, 3)] == Fraction(1, 49)
    assert len(outcomes(3, False, False)) == len(list(combinations(range(7), 3)))
    assert len(outcomes(2, True, True)) == len(
        {tuple(sorted(p)) for p in product(range(7), repeat=2)}
    )
