"""Documents that are linked together, cut into words at once.

The words are those of bali/linking/words.py, found by arrays over code points: no Python object a
character, and one string a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import regex
from numpy.typing import NDArray

from bali.linking.documents import Document

UNICODE = 0x110000  # code points
SPACE = ord(" ")
JOINTS = frozenset(" -'\u2010\u2011\u2019")  # hyphens and apostrophes of Unicode among them


@dataclass(frozen=True)
class Block:
    """Documents and their words; words and sentences are numbered through all documents.

    Attributes:
        documents: as they were given.
        text: their texts, one after the other; `starts` and `ends` count in it.
        codes: code points of `text`, uint32.
        offsets: document -> where its text begins; one more for the end.
        starts: word -> its first code point.
        ends: word -> the code point after its last.
        sentences: (words,) int64, number of the sentence.
        bounds: document -> its first word; one more for the end.
        first_sentences: document -> its first sentence.
        surfaces: the words as they are written.
    """

    documents: Sequence[Document]
    text: str
    codes: NDArray[np.uint32]
    offsets: list[int]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    sentences: NDArray[np.int64]
    bounds: list[int]
    first_sentences: list[int]
    surfaces: list[str]


def cut(documents: Sequence[Document]) -> Block:
    """Find the words of documents."""
    text = "".join(document.text for document in documents)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    offsets, first_sentences = [0], []
    spans: list[tuple[int, int]] = []
    for document in documents:
        begin = offsets[-1]
        first_sentences.append(len(spans))
        spans += [(begin + start, begin + end) for start, end in document.sentences]
        offsets.append(begin + len(document.text))
    limits = np.array(spans, np.int64).reshape(-1, 2)

    depth = np.zeros(len(codes) + 1, np.int8)
    np.add.at(depth, limits[:, 0], 1)
    np.add.at(depth, limits[:, 1], -1)
    inside = np.zeros(len(codes) + 2, np.bool_)  # a word's character; one spare at either end
    inside[1:-1] = _letters()[codes] & (np.cumsum(depth[:-1], dtype=np.int8) > 0)
    cuts = np.zeros(len(codes) + 1, np.bool_)  # a sentence begins here
    cuts[limits[:, 0]] = True
    starts = np.flatnonzero(inside[1:] & (~inside[:-1] | cuts))
    ends = np.flatnonzero(inside[:-1] & (~inside[1:] | cuts))
    # one call for all words, several times as fast as a slice for each
    surfaces = _text(np.where(inside[1:-1], codes, np.uint32(SPACE))).split()
    if len(surfaces) != len(starts):  # a sentence ends inside a word
        surfaces = [text[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    return Block(
        documents=documents,
        text=text,
        codes=codes,
        offsets=offsets,
        starts=starts,
        ends=ends,
        sentences=np.searchsorted(limits[:, 0], starts, side="right") - 1,
        bounds=np.searchsorted(starts, offsets).tolist(),
        first_sentences=first_sentences,
        surfaces=surfaces,
    )


def _text(codes: NDArray[np.uint32]) -> str:
    return codes.tobytes().decode("utf-32-le")


@cache
def _letters() -> NDArray[np.bool_]:
    """Code point -> whether it is a letter or a digit, as bali/linking/words.py has it."""
    found = np.zeros(UNICODE, np.bool_)
    for run in regex.finditer(r"[\p{L}\p{N}]+", "".join(map(chr, range(UNICODE)))):
        found[run.start() : run.end()] = True
    return found


@cache
def table_of(characters: frozenset[str]) -> NDArray[np.bool_]:
    """Code point -> whether it is one of some characters."""
    found = np.zeros(UNICODE, np.bool_)
    found[[ord(character) for character in characters]] = True
    return found
