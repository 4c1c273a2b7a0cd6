"""The distinct words of a shard: each is normalised and hashed once, however often it comes.

A word is known by how it is written ("Syndromes"), and has a normal form ("syndromes") and a key
("syndrome"; bali/linking/variants.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from bali.linking.dictionary import Dictionary
from bali.linking.hashes import ORDERED, hash_word, hash_words
from bali.linking.variants import Variants
from bali.text import normalise

MOST = 2**19  # words remembered; with more it begins anew


class Vocabulary:
    """Numbers words; what follows is by the number of a word.

    Attributes:
        forms: normal form.
        keys: key; empty for a word that does not count.
        form_hash: hash of the form.
        form_step: what the hash of the words before is multiplied by: a form may have a space
            inside, because a letter in lower case may be a letter and a mark.
        begins: whether a name's form is the word's, or begins with it.
        key_hash: hash of the key.
        reach: most words of a name's key that the word is part of; 0 if it is in none.
        possessive: whether it does not count behind an apostrophe.
    """

    def __init__(self, dictionary: Dictionary, variants: Variants) -> None:
        """No words yet.

        Args:
            dictionary: tells the reach of a word.
            variants: makes the keys.
        """
        self._dictionary = dictionary
        self._variants = variants
        self._clear()

    def _clear(self) -> None:
        self._numbers = _Numbers()
        self.forms: list[str] = []
        self.keys: list[str] = []
        self.form_hash = np.zeros(0, np.uint64)
        self.form_step = np.zeros(0, np.uint64)
        self.begins = np.zeros(0, np.bool_)
        self.key_hash = np.zeros(0, np.uint64)
        self.reach = np.zeros(0, np.int16)
        self.possessive = np.zeros(0, np.bool_)

    def number(self, surfaces: Sequence[str]) -> NDArray[np.int32]:
        """Numbers of words; they hold until the next call."""
        if len(self._numbers) > MOST:
            self._clear()
        known = len(self._numbers)
        numbers = np.fromiter(map(self._numbers.__getitem__, surfaces), np.int32, len(surfaces))
        if new := list(islice(self._numbers, known, None)):
            self._add(new)
        return numbers

    def _add(self, surfaces: Sequence[str]) -> None:
        # the same as the normal form where a word is plain letters and digits
        forms = [word.lower() if word.isascii() else normalise(word) for word in surfaces]
        keys = [self._variants.word(form) for form in forms]
        key_hash = _numbers(map(hash_word, keys))
        reach = np.where([bool(key) for key in keys], self._dictionary.reach(key_hash), 0)
        form_hash, form_step = _numbers(map(hash_word, forms)), np.full(len(forms), ORDERED, "u8")
        for number in [number for number, form in enumerate(forms) if " " in form]:
            words = forms[number].split(" ")
            form_hash[number] = hash_words(words, ORDERED)
            form_step[number] = pow(ORDERED, len(words), 2**64)

        self.forms += forms
        self.keys += keys
        self.form_hash = np.append(self.form_hash, form_hash)
        self.form_step = np.append(self.form_step, form_step)
        begins = self._dictionary.forms.hashes.has(form_hash)
        begins |= self._dictionary.beginnings.has(form_hash)
        self.begins = np.append(self.begins, begins)
        self.key_hash = np.append(self.key_hash, key_hash)
        self.reach = np.append(self.reach, reach.astype(np.int16))
        possessive = [self._variants.possessive and key == "s" for key in keys]
        self.possessive = np.append(self.possessive, np.array(possessive, np.bool_))


class _Numbers(dict[str, int]):
    """Numbers words in the order in which they are first asked for."""

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number


def _numbers(hashes: Iterable[int]) -> NDArray[np.uint64]:
    return np.array(list(hashes), np.uint64)
