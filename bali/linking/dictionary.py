"""All names of the knowledge base, found by normal form and by the key of their variants.

Held-out names are in the tables too, without a concept. Text that equals one is found like any
other and then left out whole, so that no shorter name inside it stands in for it. The same holds
for a variant of one, unless that text is, in its normal form, a name itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bali.errors import InputError
from bali.files import atomic_path, require_file
from bali.linking.claims import HELDOUT, LOOSER, LOOSER_OF_HELDOUT, OWN, Claims, Concerned
from bali.linking.hashes import ORDERED, UNORDERED, hash_word
from bali.linking.nametable import HashSet, NameTable
from bali.linking.variants import Variants
from bali.linking.words import words_of
from bali.text import normalise


@dataclass(frozen=True)
class Dictionary:
    """Normal form -> CUIs, and key of variants -> CUIs.

    Attributes:
        forms: normal form -> concepts of the names that have it; its hashes are ORDERED.
        variants: key -> concepts of the names that have it; its hashes are by `multiplier`.
        beginnings: hashes of the forms without their last words.
        words: hashes of the words of keys, ascending.
        most: word of a key -> most words of a key that it is part of.
        multiplier: UNORDERED if keys hold their words in alphabetical order.
    """

    forms: NameTable
    variants: NameTable
    beginnings: HashSet
    words: NDArray[np.uint64]
    most: NDArray[np.int16]
    multiplier: int

    @property
    def any_order(self) -> bool:
        """Whether keys hold their words in alphabetical order."""
        return self.multiplier == UNORDERED

    def reach(self, words: NDArray[np.uint64]) -> NDArray[np.int16]:
        """Most words of a key that words are part of, by their hash; 0 if they are in none."""
        if not len(self.words):
            return np.zeros(len(words), np.int16)
        at = np.minimum(np.searchsorted(self.words, words), len(self.words) - 1)
        return np.where(self.words[at] == words, self.most[at], 0).astype(np.int16)

    def write(self, folder: Path) -> None:
        """Write the tables as Arrow IPC and npy files."""
        self.forms.write(folder / "forms.arrow")
        self.variants.write(folder / "variants.arrow")
        for name, values in self._arrays().items():
            with atomic_path(folder / f"{name}.npy") as part:
                np.save(part, values)

    def _arrays(self) -> dict[str, NDArray[np.generic]]:
        return {"beginnings": self.beginnings.hashes, "words": self.words, "most": self.most}

    @classmethod
    def open(cls, folder: Path, *, any_order: bool) -> Dictionary:
        """Map what `write` wrote into memory.

        Raises:
            InputError: a file is missing or holds something else.
        """
        remedy = "build it: `snakemake --cores 2 --forcerun linking_names linking_names`"
        arrays = []
        for name in ("beginnings", "words", "most"):
            path = require_file(folder / f"{name}.npy", remedy)
            try:
                arrays.append(np.load(path, mmap_mode="r", allow_pickle=False))
            except ValueError as error:
                raise InputError(f"{path}: no array ({error}); {remedy}") from None
        return cls(
            NameTable.open(folder / "forms.arrow"),
            NameTable.open(folder / "variants.arrow"),
            HashSet(arrays[0]),
            arrays[1],
            arrays[2],
            UNORDERED if any_order else ORDERED,
        )


def index_names(
    names: tuple[Sequence[str], Sequence[str], Sequence[bool]],
    heldout: Iterable[str],
    variants: Variants,
    *,
    min_characters: int,
    max_words: int,
    type_ranks: Mapping[str, int] | None = None,
) -> tuple[Dictionary, dict[str, int]]:
    """Make a dictionary of names.

    Of several concepts of a name, those of the lower rank come first, then those that prefer it,
    then the lower CUI.

    Args:
        names: CUIs, names, and whether each is its concept's preferred name.
        heldout: names that must not be linked.
        variants: makes the keys.
        min_characters: shortest normal form that is looked for.
        max_words: longest normal form that is looked for.
        type_ranks: CUI -> rank of its semantic type; concepts that are not there come last.

    Returns:
        The dictionary, and how many names were read, looked for and dropped by reason.
    """
    dropped = {"no letter and no digit": 0, "too short": 0, "too many words": 0}
    forms, keys = Claims(), Claims()
    for number, name in enumerate(names[1]):
        form = normalise(name)
        if not form:
            dropped["no letter and no digit"] += 1
        elif len(form) < min_characters:
            dropped["too short"] += 1
        elif form.count(" ") >= max_words:
            dropped["too many words"] += 1
        else:
            forms.add(form, OWN, number)
            words = words_of(name, [(0, len(name))])
            parts = variants.keys(name, words)
            keys.add(variants.key(parts), OWN, number)
            for key in variants.looser(name, words, parts):
                keys.add(key, LOOSER, number)
    for name in heldout:
        forms.add(normalise(name), HELDOUT)
        words = words_of(name, [(0, len(name))])
        parts = variants.keys(name, words)
        keys.add(variants.key(parts), HELDOUT)
        for key in variants.looser(name, words, parts):
            keys.add(key, LOOSER_OF_HELDOUT)
    concerned = Concerned(names[0], names[2], type_ranks or {})
    multiplier = UNORDERED if variants.any_order else ORDERED
    by_form, by_key = forms.settle(concerned, ORDERED), keys.settle(concerned, multiplier)
    dictionary = Dictionary(
        by_form, by_key, HashSet(_beginnings(by_form.texts)), *_reach(by_key.texts), multiplier
    )
    read = len(names[1])
    return dictionary, {"read": read, "looked for": read - sum(dropped.values()), **dropped}


def _beginnings(forms: pa.LargeStringArray) -> NDArray[np.uint64]:
    found: set[int] = set()
    for form in forms:
        state = 0
        for word in form.as_py().split(" ")[:-1]:
            state = (state * ORDERED + hash_word(word)) % 2**64
            found.add(state)
    return np.sort(np.fromiter(found, np.uint64, len(found)))


def _reach(keys: pa.LargeStringArray) -> tuple[NDArray[np.uint64], NDArray[np.int16]]:
    most: dict[str, int] = {}
    for key in keys:
        parts = key.as_py().split(" ")
        for part in parts:
            most[part] = max(most.get(part, 0), len(parts))
    hashes = np.fromiter(map(hash_word, most), np.uint64, len(most))
    order = np.argsort(hashes)
    return hashes[order], np.fromiter(most.values(), np.int16, len(most))[order]


def key_of(name: str, variants: Variants) -> str:
    """Key of a name's variants; empty if no word of it counts."""
    words = words_of(name, [(0, len(name))])
    return variants.key(variants.keys(name, words))
