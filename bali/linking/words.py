"""Words of a document, each in its normal form and in its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import regex

from bali.text import normalise

_WORD = regex.compile(r"[\p{L}\p{N}]+")  # what normalise() leaves standing
_normal_form = lru_cache(maxsize=2**18)(normalise)  # most words of a corpus come again


class Word(NamedTuple):
    """A run of letters and digits; offsets are code points of the document's text."""

    start: int
    end: int
    form: str  # normal form
    sentence: int


def words_of(text: str, sentences: Sequence[tuple[int, int]]) -> list[Word]:
    """Words of a document, in order.

    Joined by spaces, the normal forms of a run of words are the normal form of the text from the
    first to the last.

    Args:
        text: the document's text.
        sentences: spans of its sentences, in order.
    """
    return [
        Word(found.start(), found.end(), _normal_form(found[0]), number)
        for number, (start, end) in enumerate(sentences)
        for found in _WORD.finditer(text, start, end)
    ]
