"""Packed edges against the same work on tuples and sets."""

import numpy as np
import pytest

from bali.graph import packing
from bali.graph.packing import Layout, absent_from, change, keep, sort_distinct
from bali.hashing import mix


@pytest.mark.parametrize("nodes", [1, 2, 3, 1_000, 4_000_000, 10**7])
def test_what_is_packed_comes_out_again_in_the_order_of_targets(nodes):
    layout = Layout.of(nodes)
    relations = 2**layout.relation_bits
    assert relations >= 2**15
    ends = sorted({0, nodes // 2, nodes - 1})
    triples = [
        (target, source, relation)
        for target in ends
        for source in ends
        for relation in (0, 5, min(relations, 2**31) - 1)
    ]
    target, source, relation = (np.array(column, np.int32) for column in zip(*triples, strict=True))
    keys = layout.pack(source, target, relation)
    assert (np.diff(keys) > 0).all() and keys[0] >= 0
    edges = layout.unpack(keys)
    assert np.array_equal(edges.target, target) and np.array_equal(edges.source, source)
    assert np.array_equal(edges.relation, relation)
    indptr = layout.indptr(keys, nodes)
    assert len(indptr) == nodes + 1
    assert np.array_equal(np.diff(indptr), np.bincount(target, minlength=nodes))


@pytest.fixture(params=[1, 3, 1_000])
def keys(request, monkeypatch):
    monkeypatch.setattr(packing, "PART", request.param)
    return (mix(29, np.arange(200)) % np.uint64(90)).astype(np.int64)


@pytest.mark.parametrize("nearly", [False, True])
def test_sorted_distinct_keys_stand_at_the_front(keys, nearly):
    expected = sorted(set(keys.tolist()))
    found = sort_distinct(keys, nearly=nearly)
    assert found.tolist() == expected and np.shares_memory(found, keys)


def test_kept_keys_stay_in_their_order(keys):
    expected = [key for key in keys.tolist() if key % 3]
    assert keep(keys, lambda part: part % 3 != 0).tolist() == expected
    assert keep(keys[:0], lambda part: part > 0).tolist() == []


def test_every_key_is_changed_once(keys):
    expected = (keys + 7).tolist()
    change(keys, lambda part: part + 7)
    assert keys.tolist() == expected


def test_keys_are_looked_up_as_in_a_set():
    among = np.array([2, 3, 5, 7, 11, 13])
    for part in ([0], [1, 2, 3], [4, 5, 6], [13, 14], [99], list(range(20))):
        absent = absent_from(among, np.array(part))
        assert absent.tolist() == [key not in among.tolist() for key in part]
    assert absent_from(among[:0], np.array([1, 2])).all()
