"""Spans that are no exact name but may be a variant of one, and the choice among them.

A chunk is a run of words of one sentence with nothing but a space, a hyphen or an apostrophe
between them, without barred words: stop words, words of other mentions and words that no name uses.
Every run of two words or more inside a chunk is a span, up to a length.

Single words and words of no name are left out because they cost much and bring little: on the
train parts of NCBI Disease and BC5CDR they are six sevenths of all look-ups, 14 right mentions
and 1,637 wrong ones (docs/linking.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

WordSpan = tuple[int, int]  # first word, word after the last


def candidate_spans(
    joined: NDArray[np.bool_], barred: NDArray[np.bool_], max_words: int
) -> list[WordSpan]:
    """Spans of a block to look up.

    Args:
        joined: word -> whether nothing but a joint parts it from the one before.
        barred: word -> whether it may be in no span.
        max_words: longest span.

    Returns:
        Spans by first word, then by length.
    """
    parted = ~joined | barred
    parted[1:] |= barred[:-1]
    chunk = np.cumsum(parted)
    found = [np.zeros((0, 2), np.int64)]
    for words in range(2, min(max_words, len(chunk)) + 1):
        first = np.flatnonzero(chunk[words - 1 :] == chunk[: len(chunk) - words + 1])
        found.append(np.stack([first, first + words], axis=1))
    spans = np.concatenate(found)
    order = np.lexsort((spans[:, 1], spans[:, 0]))
    return [(first, last) for first, last in spans[order].tolist()]


def says_enough(text: str, min_characters: int) -> bool:
    """Whether a span's text is long enough, and has a letter in it."""
    return len(text) >= min_characters and any(map(str.isalpha, text))


def choose(spans: Sequence[WordSpan], score: Callable[[WordSpan], float]) -> list[WordSpan]:
    """Non-overlapping spans, in order: the highest score first, then the longest, then the first.

    Args:
        spans: spans with a candidate.
        score: cosine of a span's best candidate.
    """
    chosen: list[WordSpan] = []
    used: set[int] = set()
    for span in sorted(spans, key=lambda s: (-score(s), s[0] - s[1], s[0])):
        if used.isdisjoint(range(*span)):
            used.update(range(*span))
            chosen.append(span)
    return sorted(chosen)
