"""The cap and the split against a second, plain implementation."""

import numpy as np
import pyarrow as pa

from bali.hashing import below, mix
from bali.pairs.selection import Selection, is_validation, positions, under_cap


def selection(first_pmid: int, sentences: int) -> Selection:
    """Sentences with one to three mentions of concepts, low numbers often."""
    row, node = [], []
    for s in range(sentences):
        for m in range(1 + int(below(3, 1, first_pmid, s))):
            row.append(s)
            node.append(int(below(int(below(30, 2, first_pmid, s, m)) + 1, 3, first_pmid, s, m)))
    pmid = np.arange(first_pmid, first_pmid + sentences) // 3
    table = pa.table(
        {
            "pmid": pa.array(pmid, pa.int64()),
            "version": pa.array(np.ones(sentences), pa.int32()),
            "sentence": pa.array(np.arange(sentences) % 3, pa.int32()),
        }
    )
    spans = np.arange(len(row))
    return Selection(table, np.array(row), spans, spans + 1, np.array(node))


def kept_by_hand(selections, most, seed):
    """The rule of the cap, word for word, over Python sets."""
    order, concepts = {}, {}
    for shard, chosen in enumerate(selections):
        for s, key in enumerate(chosen.sentences.to_pylist()):
            order[shard, s] = int(mix(seed, key["pmid"], key["version"], key["sentence"]))
        for s, node in zip(chosen.row.tolist(), chosen.node.tolist(), strict=True):
            concepts.setdefault(node, set()).add((shard, s))
    return {
        sentence for found in concepts.values() for sentence in sorted(found, key=order.get)[:most]
    }


def test_the_cap_keeps_the_first_sentences_of_each_concept():
    shards = [selection(1, 120), selection(1000, 60)]
    masks = under_cap(shards, 4, seed=29)
    kept = {(shard, int(s)) for shard, mask in enumerate(masks) for s in np.flatnonzero(mask)}
    assert kept == kept_by_hand(shards, 4, 29)
    assert 0 < len(kept) < 180


def test_a_sentence_counts_once_for_a_concept_that_it_mentions_twice():
    five = selection(3, 5)
    twice = Selection(
        five.sentences, np.repeat(np.arange(5), 2), np.arange(10), np.arange(10), np.zeros(10, int)
    )
    (mask,) = under_cap([twice], 3, seed=29)
    assert mask.sum() == 3


def test_the_cap_does_not_depend_on_the_shards():
    whole = selection(3, 90)
    first = np.arange(90) < 30
    (together,) = under_cap([whole], 3, seed=29)
    apart = under_cap([whole.keep(first), whole.keep(~first)], 3, seed=29)
    assert np.concatenate(apart).tolist() == together.tolist()


def test_keeping_sentences_renumbers_their_mentions():
    whole = selection(3, 20)
    wanted = np.arange(20) % 2 == 1
    half = whole.keep(wanted)
    assert half.sentences.num_rows == 10
    expected = [(r // 2, n) for r, n in zip(whole.row, whole.node, strict=True) if r % 2]
    assert list(zip(half.row, half.node, strict=True)) == expected


def test_all_sentences_of_a_document_are_on_one_side():
    # defect 8: the split is a function of the PMID alone
    side = is_validation(np.repeat(np.arange(2_000), 5), 0.1, 29).reshape(2_000, 5)
    assert (side == side[:, :1]).all()
    assert 0.08 < side.mean() < 0.12


def test_positions_find_equal_keys_and_nothing_else():
    left = pa.table({"a": [3, 1, 2, 1], "b": ["x", "y", "x", "x"]})
    right = pa.table({"a": [1, 3, 9], "b": ["x", "x", "y"], "c": [0, 0, 0]})
    assert positions(left, right, ["a", "b"]).tolist() == [1, -1, -1, 0]
