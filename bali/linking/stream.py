"""What names are looked for in: the words of a block, as they stand or with short forms spelt.

In "deficiency of G6PD", where the document explains G6PD, the second stream holds the words of the
long form in the place of the short form. A match in it begins and ends where a word of the text
does, never inside a long form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bali.linking.abbreviations import Definition
from bali.linking.block import JOINTS, Block, table_of
from bali.linking.variants import APOSTROPHES
from bali.linking.vocabulary import Vocabulary


class Occurrence(NamedTuple):
    """Words `first` to `last` (exclusive) are a short form; its long form's words come next."""

    first: int
    last: int
    long_first: int
    long_last: int


@dataclass(frozen=True)
class Stream:
    """Words in a row, each with what it stands for in the text.

    Attributes:
        ids: (n,) int32, numbers of the words in the vocabulary.
        counts: (n,) bool, whether the word is in the key of what it is part of.
        units: (n,) int64; names are looked for inside a unit.
        sentences: (n,) int64, number of the sentence.
        joined: (n,) bool, nothing but a joint parts the word from the one before; a sentence may
            end between them, as between a title and an abstract.
        first: (n,) int64, first word of the text that it stands for.
        last: (n,) int64, word of the text after the last that it stands for.
    """

    ids: NDArray[np.int32]
    counts: NDArray[np.bool_]
    units: NDArray[np.int64]
    sentences: NDArray[np.int64]
    joined: NDArray[np.bool_]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Whether the word is joined to the one before in the same sentence."""
        found = self.joined.copy()
        found[1:] &= self.sentences[1:] == self.sentences[:-1]
        return found

    @property
    def opens(self) -> NDArray[np.bool_]:
        """Whether what the word stands for begins with it."""
        found = np.ones(len(self.first), np.bool_)
        found[1:] = self.first[1:] != self.first[:-1]
        return found

    @property
    def closes(self) -> NDArray[np.bool_]:
        """Whether what the word stands for ends with it."""
        return np.append(self.opens[1:], np.ones(min(1, len(self.first)), np.bool_))


def plain_stream(block: Block, ids: NDArray[np.int32], vocabulary: Vocabulary) -> Stream:
    """The words as they stand; a unit is a document.

    Args:
        block: documents.
        ids: numbers of their words.
        vocabulary: what numbered them.
    """
    numbers = np.arange(len(ids))
    ends, starts = block.ends[:-1], block.starts[1:]
    joined = np.zeros(len(ids), np.bool_)
    joined[1:] = starts == ends + 1
    at = np.flatnonzero(joined)
    joined[at] = table_of(JOINTS)[block.codes[block.ends[at - 1]]]
    bounds = np.array(block.bounds)
    joined[bounds[bounds < len(ids)]] = False  # first words of documents
    has_key = np.array([bool(key) for key in vocabulary.keys], np.bool_)
    after = table_of(APOSTROPHES)[block.codes[np.maximum(block.starts, 1) - 1]]
    after[bounds[bounds < len(ids)]] = False
    return Stream(
        ids=ids,
        counts=has_key[ids] & ~(vocabulary.possessive[ids] & after),
        units=np.searchsorted(bounds[1:], numbers, side="right"),
        sentences=block.sentences,
        joined=joined,
        first=numbers,
        last=numbers + 1,
    )


def spelt_stream(plain: Stream, occurrences: Sequence[Occurrence]) -> Stream:
    """The sentences that hold short forms, each replaced by the words of its long form.

    A unit is a sentence.

    Args:
        plain: the words as they stand.
        occurrences: in order, without overlap, each inside a sentence.
    """
    source: list[int] = []  # the word that is read
    first: list[int] = []  # the words that it stands for
    last: list[int] = []

    def take(begin: int, end: int) -> None:
        source.extend(range(begin, end))
        first.extend(range(begin, end))
        last.extend(range(begin + 1, end + 1))

    sentences = plain.sentences
    for sentence, group in groupby(occurrences, lambda found: int(sentences[found.first])):
        position = int(np.searchsorted(sentences, sentence))
        for found in group:
            take(position, found.first)
            length = found.long_last - found.long_first
            source.extend(range(found.long_first, found.long_last))
            first.extend([found.first] * length)
            last.extend([found.last] * length)
            position = found.last
        take(position, int(np.searchsorted(sentences, sentence, side="right")))
    read, owner = np.array(source, np.int64), np.array(first, np.int64)
    # inside a long form punctuation does not matter: it is one expression
    spelt = np.zeros(len(read), np.bool_)
    spelt[1:] = owner[1:] == owner[:-1]
    return Stream(
        ids=plain.ids[read],
        counts=plain.counts[read],
        units=plain.sentences[owner],
        sentences=plain.sentences[owner],
        joined=spelt | plain.inside[owner],
        first=owner,
        last=np.array(last, np.int64),
    )


def occurrences(block: Block, number: int, definitions: Sequence[Definition]) -> list[Occurrence]:
    """Where the short forms of a document stand, also with a plural s, in order, without overlap.

    Case matters: "AS" is not "as".

    Args:
        block: where the document is.
        number: of the document.
        definitions: what it explains.
    """
    if not definitions:
        return []
    offset, words = block.offsets[number], range(block.bounds[number], block.bounds[number + 1])
    wanted: dict[str, list[tuple[list[str], tuple[int, int]]]] = {}
    for definition in definitions:
        first = int(np.searchsorted(block.starts, definition.start + offset))
        last = int(np.searchsorted(block.ends, definition.end + offset, side="right"))
        parts = _parts(definition.short_form)
        if first < last and parts:
            wanted.setdefault(parts[0], []).append((parts, (first, last)))
    for entries in wanted.values():
        entries.sort(key=lambda entry: -len(entry[0]))  # the longest first
    found: list[Occurrence] = []
    surfaces = block.surfaces
    free = words.start  # words before belong to a short form
    heads = {head for word in wanted for head in (word, f"{word}s")}
    here = enumerate(surfaces[words.start : words.stop], words.start)
    for position in [number for number, surface in here if surface in heads]:
        if position < free:
            continue
        surface = surfaces[position]
        entries = wanted.get(surface) or wanted[surface.removesuffix("s")]
        for parts, long_form in entries:
            end = position + len(parts)
            if end > words.stop or block.sentences[end - 1] != block.sentences[position]:
                continue
            written = surfaces[position:end]
            if [*written[:-1], written[-1].removesuffix("s")] in (
                parts,
                [*parts[:-1], parts[-1].removesuffix("s")],
            ):
                found.append(Occurrence(position, end, *long_form))
                free = end
                break
    return found


def _parts(short_form: str) -> list[str]:
    words: list[str] = []
    current = ""
    for letter in f"{short_form} ":
        if letter.isalnum():
            current += letter
        elif current:
            words.append(current)
            current = ""
    return words
