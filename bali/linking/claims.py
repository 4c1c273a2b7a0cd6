"""Which concepts a text of the dictionary stands for, where several names have a claim on it.

A held-out name's text stands for nothing. A name's own text comes next; a looser form of a name
(bali/linking/variants.py) only counts where the text is no name's own, and nothing where it is a
looser form of a held-out one.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from bali.linking.hashes import hash_words
from bali.linking.nametable import NameTable

HELDOUT, OWN, LOOSER_OF_HELDOUT, LOOSER = range(4)  # of the claims on a text the lowest counts
NOBODY = -1
CHUNK = 2**18  # texts kept as Python objects


class Concerned:
    """Of the names: their concepts, numbered in the order of CUIs, and their place in a claim."""

    def __init__(
        self, cuis: Sequence[str], preferred: Sequence[bool], ranks: Mapping[str, int]
    ) -> None:
        """Number the concepts.

        Args:
            cuis: of each name.
            preferred: whether it is its concept's preferred name.
            ranks: CUI -> rank of its semantic type; concepts that are not there come last.
        """
        self.cuis = sorted(set(cuis))
        number = {cui: n for n, cui in enumerate(self.cuis)}
        last = max(ranks.values(), default=0) + 1
        self.of_name = np.array([number[cui] for cui in cuis], np.int64)
        self.preferred = np.array(preferred, np.bool_)
        self.rank = np.array([ranks.get(cui, last) for cui in self.cuis], np.int64)


class Claims:
    """Texts and who has a claim on them."""

    def __init__(self) -> None:
        """None yet."""
        self._chunks: list[pa.LargeStringArray] = []
        self._texts: list[str] = []
        self._strengths = array("b")
        self._names = array("q")

    def add(self, text: str, strength: int, name: int = NOBODY) -> None:
        """Enter a claim.

        Args:
            text: words parted by spaces; an empty one is left out.
            strength: HELDOUT, OWN, LOOSER_OF_HELDOUT or LOOSER.
            name: number of the name.
        """
        if not text:
            return
        self._texts.append(text)
        self._strengths.append(strength)
        self._names.append(name)
        if len(self._texts) == CHUNK:
            self._pack()

    def _pack(self) -> None:
        self._chunks.append(pa.array(self._texts, pa.large_string()))
        self._texts = []

    def settle(self, concerned: Concerned, multiplier: int) -> NameTable:
        """The texts with their concepts, each once.

        The lower rank of the semantic type comes first, then who prefers the name, then the lower
        CUI.

        Args:
            concerned: of the names.
            multiplier: of the texts' hashes.
        """
        self._pack()
        encoded = pa.chunked_array(self._chunks).combine_chunks().dictionary_encode()
        texts, text = encoded.dictionary, encoded.indices.to_numpy()
        strength = np.frombuffer(self._strengths, np.int8)
        name = np.frombuffer(self._names, np.int64)
        strongest = np.full(len(texts), LOOSER + 1, np.int8)
        np.minimum.at(strongest, text, strength)
        kept = (strength == strongest[text]) & (name != NOBODY)
        text, name = text[kept], name[kept]

        concept, other = concerned.of_name[name], ~concerned.preferred[name]
        order = np.lexsort((other, concept, text))
        text, concept, other = text[order], concept[order], other[order]
        first = np.ones(len(text), np.bool_)
        first[1:] = (text[1:] != text[:-1]) | (concept[1:] != concept[:-1])
        text, concept, other = text[first], concept[first], other[first]
        order = np.lexsort((concept, other, concerned.rank[concept], text))
        text, concept = text[order], concept[order]

        offsets = np.zeros(len(texts) + 1, np.int64)
        np.cumsum(np.bincount(text, minlength=len(texts)), out=offsets[1:])
        values = pa.array(concerned.cuis, pa.string()).take(pa.array(concept))
        hashes = np.fromiter(
            (hash_words(t.as_py().split(" "), multiplier) for t in texts), np.uint64, len(texts)
        )
        return NameTable.of(texts, hashes, pa.LargeListArray.from_arrays(offsets, values))
