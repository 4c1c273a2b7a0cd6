"""Names in a stream of words, the longest first: by normal form, and by the key of variants.

This part is our own, because linking at scale is what the project is for: hash tables of normal
forms, of their beginnings and of keys give a few look-ups a word, whatever the number of names.
"""

from __future__ import annotations

from bisect import insort
from typing import NamedTuple

from bali.linking.dictionary import Concepts, Dictionary
from bali.linking.stream import Stream


class Match(NamedTuple):
    """Words of the text, `first` to `last` (exclusive), that are a name or a variant of one."""

    first: int
    last: int
    cuis: Concepts  # none for a held-out name
    exact: bool  # equal in normal form


class Matcher:
    """Looks names of a dictionary up at a word."""

    def __init__(self, dictionary: Dictionary, *, any_order: bool) -> None:
        """Take the names.

        Args:
            dictionary: names and variants.
            any_order: keys hold their words in alphabetical order.
        """
        self._forms = dictionary.forms
        self._beginnings = dictionary.beginnings
        self._variants = dictionary.variants
        self._reach = dictionary.reach
        self._any_order = any_order

    def uses(self, key: str) -> bool:
        """Whether a word, by its key, is a word of some name."""
        return key in self._reach

    def longest(self, stream: Stream, first: int) -> tuple[Match | None, bool]:
        """The longest name that begins at a word of a stream; exact ones win over variants.

        Returns:
            The match, if there is one in the word's sentence; and whether an exact one would be
            longer still, but crosses the sentence's end.
        """
        end, cuis, crosses = self._exact(stream, first)
        variant_end, variant_cuis = self._variant(stream, first, end)
        if variant_cuis is not None:
            match = Match(stream.first[first], stream.last[variant_end - 1], variant_cuis, False)
        elif cuis is not None:
            match = Match(stream.first[first], stream.last[end - 1], cuis, True)
        else:
            return None, crosses
        return match, crosses

    def whole(self, stream: Stream) -> Match | None:
        """The name that a whole stream is, exactly or as a variant."""
        if not stream.forms:
            return None
        span = stream.first[0], stream.last[-1]
        if (cuis := self._forms.get(" ".join(stream.forms))) is not None:
            return Match(*span, cuis, True)
        keys = [key for key in stream.keys if key]
        key = " ".join(sorted(set(keys)) if self._any_order else keys)
        if (cuis := self._variants.get(key)) is not None:
            return Match(*span, cuis, False)
        return None

    def _exact(self, stream: Stream, first: int) -> tuple[int, Concepts | None, bool]:
        forms, sentences = stream.forms, stream.sentences
        end, found, crosses = first, None, False
        form, sentence = forms[first], sentences[first]
        position = first
        while True:
            if (cuis := self._forms.get(form)) is not None:
                if sentences[position] != sentence:
                    crosses = True
                elif stream.closes(position):
                    end, found = position + 1, cuis
            position += 1
            if position == len(forms) or form not in self._beginnings:
                return end, found, crosses
            form = f"{form} {forms[position]}"

    def _variant(self, stream: Stream, first: int, beyond: int) -> tuple[int, Concepts | None]:
        """The longest variant at a word that ends after the position `beyond`."""
        keys, joined = stream.keys, stream.joined
        end, found = first, None
        key = keys[first]
        most = self._reach.get(key)
        if most is None:  # also where the word does not count
            return end, found
        bag = [key]
        position = first
        while True:
            if position >= beyond and stream.closes(position):
                if (cuis := self._variants.get(" ".join(bag))) is not None:
                    end, found = position + 1, cuis
            position += 1
            while position < len(keys) and joined[position] and not keys[position]:
                position += 1
            if position == len(keys) or not joined[position]:
                return end, found
            key = keys[position]
            most = min(most, self._reach.get(key, 0))
            if len(bag) >= most or (self._any_order and key in bag):
                return end, found
            if self._any_order:
                insort(bag, key)
            else:
                bag.append(key)
