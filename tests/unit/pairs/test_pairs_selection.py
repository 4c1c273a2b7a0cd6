"""The cap and the split against a second, plain implementation."""

import numpy as np
import pyarrow as pa

from bali.hashing import below, mix
from bali.pairs.cap import ConceptCap, Sample, draws
from bali.pairs.keys import SentenceKeys, find
from bali.pairs.selection import Selection, is_validation
from bali.pairs.staging import map_staged, write_staged


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
            "sentence": pa.array(np.arange(first_pmid, first_pmid + sentences) % 3, pa.int32()),
        }
    )
    spans = np.arange(len(row))
    return Selection(table, np.array(row), spans, spans + 1, np.array(node))


def kept_by_hand(selections, most, seed):
    """The rule of the cap, word for word, over Python sets."""
    order, concepts = {}, {}
    for shard, chosen in enumerate(selections):
        for s, key in enumerate(chosen.sentences.to_pylist()):
            order[shard, s] = int(mix(seed, 0, key["pmid"], key["version"], key["sentence"]))
        for s, node in zip(chosen.row.tolist(), chosen.node.tolist(), strict=True):
            concepts.setdefault(node, set()).add((shard, s))
    return {
        sentence for found in concepts.values() for sentence in sorted(found, key=order.get)[:most]
    }


def under_cap(selections, most, seed, look=None):
    """Mask over the sentences of each selection; `look`: the order in which they are seen."""
    cap = ConceptCap(40, most)
    for s in look or range(len(selections)):
        one = selections[s]
        cap.add(one.row, one.node, draws(one.sentences, seed, 0))
    return [stays(cap, one, seed) for one in selections]


def stays(cap, one, seed=29):
    """(sentences,) which of a selection have a mention within the cap."""
    within = cap.within(one.row, one.node, draws(one.sentences, seed, 0))
    return np.bincount(one.row[within], minlength=one.sentences.num_rows) > 0


def test_the_cap_keeps_the_first_sentences_of_each_concept():
    shards = [selection(1, 120), selection(1000, 60)]
    masks = under_cap(shards, 4, seed=29)
    kept = {(shard, int(s)) for shard, mask in enumerate(masks) for s in np.flatnonzero(mask)}
    assert kept == kept_by_hand(shards, 4, 29)
    assert 0 < len(kept) < 180


def test_without_mentions_beyond_it_the_cap_holds_for_each_concept_and_keeps_its_sentences():
    shards = [selection(1, 120), selection(1000, 60)]
    cap, seen, most = ConceptCap(40, 4), np.zeros(40, int), np.zeros(40, int)
    for one in shards:
        cap.add(one.row, one.node, draws(one.sentences, 29, 0))
    above = np.zeros(40, int)
    for one, left_over in zip(shards, under_cap(shards, 4, seed=29), strict=True):
        within = cap.within(one.row, one.node, draws(one.sentences, 29, 0))
        left = one.keep_mentions(within)
        # the same sentences, each with a mention that trains
        assert np.unique(left.row).tolist() == np.flatnonzero(left_over).tolist()
        for count, chosen in ((most, one), (seen, left), (above, one.keep(left_over))):
            pairs = np.unique(chosen.row * 40 + chosen.node) % 40
            count += np.bincount(pairs, minlength=40)
    assert seen.tolist() == np.minimum(most, 4).tolist()
    assert above.max() > 4  # where all mentions of a sentence that stays are kept


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


def test_the_cap_does_not_depend_on_the_order_of_the_shards_nor_on_when_it_settles(monkeypatch):
    shards = [selection(first, 40) for first in (3, 300, 600, 900)]
    one = np.concatenate(under_cap(shards, 2, 29))
    monkeypatch.setattr("bali.pairs.cap._SETTLE", 0)
    assert np.concatenate(under_cap(shards, 2, 29, look=[2, 0, 3, 1])).tolist() == one.tolist()
    assert 0 < one.sum() < 160


def test_what_may_stay_while_shards_are_seen_holds_all_that_stays(monkeypatch):
    monkeypatch.setattr("bali.pairs.cap._SETTLE", 0)
    shards = [selection(first, 60) for first in (3, 300, 600, 900)]
    cap = ConceptCap(40, 2)
    numbers = [draws(shard.sentences, 29, 0) for shard in shards]
    may = [
        cap.add(shard.row, shard.node, draw) for shard, draw in zip(shards, numbers, strict=True)
    ]
    left = [stays(cap, shard) for shard in shards]
    assert all((stay <= of_shard).all() for stay, of_shard in zip(left, may, strict=True))
    assert not may[-1].all()


def test_the_sample_has_the_least_draws():
    numbers = mix(29, np.arange(1_000))
    sample = Sample(100)
    for part in np.array_split(numbers, 7):
        sample.add(part)
    assert sample.stays(numbers).tolist() == (numbers <= np.sort(numbers)[99]).tolist()


def test_a_sample_of_more_than_there_are_has_all_and_one_of_none_has_none():
    numbers = mix(29, np.arange(10))
    for most, kept in ((10, 10), (11, 10), (0, 0)):
        sample = Sample(most)
        sample.add(numbers)
        assert sample.stays(numbers).sum() == kept


def test_draws_for_two_purposes_do_not_go_together():
    sentences = selection(3, 2_000).sentences
    one, other = (draws(sentences, 29, purpose).argsort().argsort() for purpose in (0, 1))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.1


def test_a_selection_on_disk_is_the_selection(tmp_path):
    whole = selection(3, 20).keep(np.arange(20) % 3 > 0)
    again = Selection.of(map_staged(write_staged([whole.table()], tmp_path / "s.arrow")))
    assert again.sentences.equals(whole.sentences)
    for name in ("row", "start", "end", "node"):
        assert getattr(again, name).tolist() == getattr(whole, name).tolist()


def test_a_part_of_a_selection_is_what_a_mask_keeps():
    whole = selection(3, 20)
    part, kept = whole.part(5, 12), whole.keep((np.arange(20) >= 5) & (np.arange(20) < 12))
    assert part.sentences.equals(kept.sentences)
    for name in ("row", "start", "end", "node"):
        assert getattr(part, name).tolist() == getattr(kept, name).tolist()


def test_find_knows_equal_keys_and_nothing_else():
    among = np.array([2, 5, 9])
    assert find(np.array([5, 1, 10, 2, 6]), among).tolist() == [1, -1, -1, 0, -1]
    assert find(np.array([5]), among[:0]).tolist() == [-1]


def test_sentences_are_found_by_pmid_version_and_number(tmp_path):
    def table(*keys):
        types = {"pmid": pa.int64(), "version": pa.int32(), "sentence": pa.int32()}
        columns = zip(*keys, strict=True)
        pairs = zip(columns, types.items(), strict=True)
        return pa.table({name: pa.array(column, kind) for column, (name, kind) in pairs})

    keys = SentenceKeys(table((1, 1, 0), (1, 1, 1), (1, 2, 0), (2**31, 1, 4)), tmp_path)
    assert keys.document.tolist() == [0, 0, 1, 2]
    found = keys.find(table((2**31, 1, 4), (1, 2, 0), (1, 2, 1), (1, 1, 1), (3, 1, 0)))
    assert found.tolist() == [3, 2, -1, 1, -1]
