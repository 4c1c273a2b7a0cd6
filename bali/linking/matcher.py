"""Names in streams of words, the longest at each word: by normal form, and by the key of variants.

All words of a block are looked at together. Runs of one word are looked up by their hashes, then
those that a name may go on from, with one word more, and so on; only what is found is compared as
text, one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bali.linking.dictionary import Dictionary
from bali.linking.hashes import ORDERED, hash_words
from bali.linking.nametable import Concepts
from bali.linking.stream import Stream
from bali.linking.vocabulary import Vocabulary


class Match(NamedTuple):
    """Words of the text, `first` to `last` (exclusive), that are a name or a variant of one."""

    first: int
    last: int
    cuis: Concepts  # none for a held-out name
    exact: bool  # equal in normal form


class Hits(NamedTuple):
    """Words of a stream whose hash is that of a text; it may be another text all the same.

    Attributes:
        first: (n,) int64, the first word.
        last: (n,) int64, the word after the last; the shorter hits come first.
        hash: (n,) uint64.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    hash: NDArray[np.uint64]


class Matcher:
    """Looks names of a dictionary up in streams."""

    def __init__(self, dictionary: Dictionary, vocabulary: Vocabulary) -> None:
        """Take the names.

        Args:
            dictionary: names and variants.
            vocabulary: numbers the words of the streams.
        """
        self._dictionary = dictionary
        self._vocabulary = vocabulary

    def find(self, stream: Stream) -> tuple[dict[int, Match], set[int]]:
        """The longest name that begins at each word of the text.

        A name stays in its sentence; of equally long ones an exact one wins over a variant.

        Returns:
            Word of the text -> match; and words at which a name begins that crosses the
            sentence's end.
        """
        found: dict[int, Match] = {}
        crossing: set[int] = set()
        forms, ids = self._vocabulary.forms, stream.ids.tolist()
        for first, last, hash_, begin, end, crosses in _one_by_one(self._forms(stream), stream):
            text = " ".join([forms[n] for n in ids[first:last]])
            if (cuis := self._dictionary.forms.get(text, hash_)) is None:
                continue
            if crosses:
                crossing.add(begin)
            else:
                found[begin] = Match(begin, end, cuis, True)
        # of variants only those that are longer need a look
        done = np.zeros(int(stream.first.max(initial=-1)) + 1, np.int64)
        done[list(found)] = [match.last for match in found.values()]
        hits = self._variants(stream)
        longer = stream.last[hits.last - 1] > done[stream.first[hits.first]]
        hits = Hits(*(column[longer] for column in hits))
        keys, counts = self._vocabulary.keys, stream.counts.tolist()
        for first, last, hash_, begin, end, crosses in _one_by_one(hits, stream):
            bag = [keys[ids[n]] for n in range(first, last) if counts[n]]
            text = " ".join(sorted(bag) if self._dictionary.any_order else bag)
            if (cuis := self._dictionary.variants.get(text, hash_)) is None:
                continue
            if crosses:
                crossing.add(begin)
            else:
                found[begin] = Match(begin, end, cuis, False)
        return found, crossing

    def whole(self, stream: Stream, words: Sequence[int]) -> Concepts | None:
        """The concepts of the name that words of a stream are together, exactly or as a variant."""
        if not words:
            return None
        dictionary = self._dictionary
        ids = stream.ids[list(words)]
        forms = " ".join([self._vocabulary.forms[n] for n in ids]).split(" ")
        cuis = dictionary.forms.get(" ".join(forms), hash_words(forms, ORDERED))
        if cuis is not None:
            return cuis
        keys = [self._vocabulary.keys[n] for n in ids[stream.counts[list(words)]]]
        bag = " ".join(sorted(set(keys)) if dictionary.any_order else keys).split(" ")
        return dictionary.variants.get(" ".join(bag), hash_words(bag, dictionary.multiplier))

    def _forms(self, stream: Stream) -> Hits:
        """Runs of words whose normal form is a name's."""
        hashes, steps = self._vocabulary.form_hash, self._vocabulary.form_step
        start = np.flatnonzero(stream.opens & self._vocabulary.begins[stream.ids])
        state, words = hashes[stream.ids[start]], 1
        found = []
        while len(start):
            hit = self._dictionary.forms.hashes.has(state)
            found.append(Hits(start[hit], start[hit] + words, state[hit]))
            going = self._dictionary.beginnings.has(state)
            going[going] = start[going] + words < len(stream.ids)
            going[going] = stream.units[start[going] + words] == stream.units[start[going]]
            start, state = start[going], state[going]
            following = stream.ids[start + words]
            state = state * steps[following] + hashes[following]
            words += 1
        return _together(found)

    def _variants(self, stream: Stream) -> Hits:
        """Runs of joined words whose key is a name's.

        Words that do not count are stepped over, but not at either end.
        """
        at = np.flatnonzero(stream.counts)
        run = np.cumsum(~stream.joined)[at]  # words of a number are joined to each other
        reach = self._vocabulary.reach[stream.ids[at]]
        hashes = self._vocabulary.key_hash[stream.ids[at]]
        multiplier = np.uint64(self._dictionary.multiplier)
        start = np.flatnonzero(stream.opens[at] & (reach > 0))
        state, most, words = hashes[start], reach[start], 1
        found = []
        while len(start):
            hit = self._dictionary.variants.hashes.has(state)
            first, last = at[start[hit]], at[start[hit] + words - 1] + 1
            found.append(Hits(first, last, state[hit]))
            following = start + words
            going = (most > words) & (following < len(at))
            going[going] = run[following[going]] == run[start[going]]
            start, following = start[going], following[going]
            state = state[going] * multiplier + hashes[following]
            words += 1
            most = np.minimum(most[going], reach[following])
            going = most >= words
            start, state, most = start[going], state[going], most[going]
        return _together(found)


def _one_by_one(hits: Hits, stream: Stream) -> Iterator[tuple[int, int, int, int, int, bool]]:
    """Hits that end where a word of the text does, as they come.

    Yields:
        The hit; the words of the text that it stands for; whether it crosses a sentence's end.
    """
    kept = stream.closes[hits.last - 1]
    first, last = hits.first[kept], hits.last[kept]
    crosses = stream.sentences[first] != stream.sentences[last - 1]
    columns = (first, last, hits.hash[kept], stream.first[first], stream.last[last - 1], crosses)
    return zip(*(column.tolist() for column in columns), strict=True)


def _together(found: Sequence[Hits]) -> Hits:
    none = Hits(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint64))
    return Hits(*(np.concatenate(columns) for columns in zip(none, *found, strict=True)))
