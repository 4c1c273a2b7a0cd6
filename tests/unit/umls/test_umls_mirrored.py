"""Of two rows that state one relation in both directions one stays: against brute force."""

import numpy as np
import pytest

from bali.relations import Relations
from bali.umls.keys import CUIS
from bali.umls.relations import Edges, Mirrored, turned

# "kin" is its own inverse; "made" is led to by two others, as a faulty MRDOC might say
WORDS = Relations({"isa": "has", "has": "isa", "kin": "kin", "one": "made", "two": "made"}, {})
KINDS = [("CHD", "isa"), ("PAR", "has"), ("RO", "kin"), ("RO", "made"), ("RO", "one"),
         ("RO", "two"), ("XX", "odd")]  # fmt: skip


class Some(Edges):
    """Distinct relations of three sources that share one name, without RRF rows."""

    def __init__(self, rows):
        self.relations = KINDS
        self._relation = np.arange(len(KINDS), dtype=np.int32)
        self._rows = sorted((head * CUIS + tail, kind) for head, tail, kind in rows)

    def __iter__(self):
        for part in (self._rows[:9], self._rows[9:]):
            ends, kind = zip(*part, strict=True) if part else ((), ())
            yield np.array(ends, np.int64), np.array(kind, np.int64)


def brute_force(rows):
    """The rows that stay."""

    def inverse(kind):
        return None if KINDS[kind][0] == "XX" else WORDS.inverse(*KINDS[kind])

    def second(head, tail, kind):
        other = inverse(kind)
        return other and (KINDS[kind] > other or (KINDS[kind] == other and head > tail))

    firsts = {(t, h, inverse(k)) for h, t, k in rows if not second(h, t, k)}
    return {(h, t, k) for h, t, k in rows if not second(h, t, k) or (h, t, KINDS[k]) not in firsts}


@pytest.mark.parametrize("seed", range(5))
def test_those_that_stay_are_those_of_brute_force(tmp_path, seed):
    random = np.random.default_rng(seed)
    rows = {tuple(row) for row in random.integers(0, (4, 4, len(KINDS)), (120, 3)).tolist()}
    edges = Some(rows)
    mirrored = Mirrored(edges, WORDS, tmp_path / "relations.bin")
    kept = set()
    for ends, kind in edges:
        ends, kind = mirrored.without_seconds(ends, kind)
        heads, tails = np.divmod(ends, CUIS)
        kept |= set(zip(heads.tolist(), tails.tolist(), kind.tolist(), strict=True))
    assert len(mirrored) == len(rows)
    assert kept == brute_force(rows)
    assert 10 < len(kept) < len(rows) - 5  # the case is not empty


def test_without_relations_there_is_nothing_to_drop(tmp_path):
    mirrored = Mirrored(Some([]), WORDS, tmp_path / "relations.bin")
    assert (
        len(mirrored) == 0 and mirrored.is_second(np.zeros(0, np.int64), np.zeros(0, int)).size == 0
    )


def test_ends_are_turned():
    assert turned(np.array([12 * CUIS + 345])).tolist() == [345 * CUIS + 12]
