"""Names and other texts of invented words."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bali.hashing import below, uniform
from synthetic_umls.concepts import Key
from synthetic_umls.fields import Ints, choose, join_words, skewed
from synthetic_umls.vocabulary import (
    LANGUAGES,
    PREFIXES,
    SCRIPTS,
    SUFFIXES,
    TRAPS,
    WORDS_PER_SCRIPT,
    words,
)


class Namer:
    """Names of invented words, of one to twelve words, some with signs that readers trip over."""

    def __init__(self, seed: int) -> None:
        """Invent the words of all scripts."""
        self.seed = seed
        self.words = pa.array([word for script in SCRIPTS for word in words(script, seed)])
        self.offset = np.array([list(SCRIPTS).index(s) for _, _, s in LANGUAGES]) * WORDS_PER_SCRIPT

    def texts(self, key: Ints, lat: Ints, counts: Ints) -> pa.StringArray:
        """Texts of so many words; frequent words are frequent, the first is often a compound."""
        owner = np.repeat(np.arange(len(key)), counts)
        place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        rank = skewed(WORDS_PER_SCRIPT, 0.01, self.seed, Key.NAME, key[owner], place)
        text = join_words(self.words, counts, self.offset[lat][owner] + rank)
        head = self.words.take(
            pa.array(self.offset[lat] + below(WORDS_PER_SCRIPT, self.seed, Key.NAME, 1, key))
        )
        compound = pa.array(uniform(self.seed, Key.NAME, 2, key) < 0.7)
        return pc.binary_join_element_wise(pc.if_else(compound, head, ""), text, "")

    def spell(self, lat: Ints, key: Ints, own_term: Ints, spelling: Ints) -> pa.StringArray:
        """Names of atoms.

        Args:
            lat: language of each atom, (atoms,).
            key: number of each term, (terms,).
            own_term: whether an atom is the first of its term, (atoms,).
            spelling: 0 for the term as it stands, 1 upper case, 2 capitalised, then numbered.
        """
        seed = self.seed
        counts = 1 + np.floor(12 * uniform(seed, Key.NAME, 3, key) ** 2).astype(np.int64)
        some = uniform(seed, Key.NAME, 5, key) < 0.1
        prefix = np.where(some, below(len(PREFIXES), seed, Key.NAME, 6, key), 0)
        some = uniform(seed, Key.NAME, 7, key) < 0.1
        suffix = np.where(some, below(len(SUFFIXES), seed, Key.NAME, 8, key), 0)
        term = pc.binary_join_element_wise(
            choose(PREFIXES, prefix),
            self.texts(key, lat[own_term], counts),
            choose(SUFFIXES, suffix),
            "",
        )
        trap = uniform(seed, Key.NAME, 9, key) < 0.0005
        traps = choose(TRAPS, below(len(TRAPS), seed, Key.NAME, 10, key[trap]))
        term = pc.replace_with_mask(term, pa.array(trap), traps)
        name = term.take(pa.array(np.cumsum(own_term) - 1))
        for number, change in ((1, pc.utf8_upper), (2, pc.utf8_capitalize)):
            mask = pa.array(spelling == number)
            name = pc.replace_with_mask(name, mask, change(name.filter(mask)))
        mask = pa.array(spelling > 2)
        numbered = pc.binary_join_element_wise(
            name.filter(mask), pa.array(spelling[spelling > 2]).cast(pa.string()), " "
        )
        return pc.replace_with_mask(name, mask, numbered)
