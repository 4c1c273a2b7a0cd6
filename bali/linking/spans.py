"""Spans that are no exact name but may be a variant of one, and the choice among them.

A chunk is a run of words of one sentence with nothing but a space, a hyphen or an apostrophe
between them, without stop words, words of other mentions and words that no name uses. Every run of
two words or more inside a chunk is a span, up to a length.

Single words and words of no name are left out because they cost much and bring little: on the
train parts of NCBI Disease and BC5CDR they are six sevenths of all look-ups, 14 right mentions
and 1,637 wrong ones (docs/linking.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bali.linking.block import JOINTS, Block
from bali.text import normalise

WordSpan = tuple[int, int]  # first word, word after the last


def candidate_spans(
    block: Block, words: range, barred: NDArray[np.bool_], max_words: int, min_characters: int
) -> list[WordSpan]:
    """Spans of a document to look up in the index.

    Args:
        block: where the document is.
        words: its words.
        barred: word of the block -> whether it belongs to a mention already, or may be in none.
        max_words: longest span.
        min_characters: shortest span.

    Returns:
        Spans with a letter in them, by first word, then by length.
    """
    spans = []
    for begin, end in _chunks(block, words, barred):
        for first in range(begin, end):
            for last in range(first + 2, min(first + max_words, end) + 1):
                surface = block.text[block.starts[first] : block.ends[last - 1]]
                if len(surface) >= min_characters and any(map(str.isalpha, surface)):
                    spans.append((first, last))
    return spans


def _chunks(block: Block, words: range, barred: NDArray[np.bool_]) -> list[WordSpan]:
    from spacy.lang.en.stop_words import STOP_WORDS  # takes a second: see candidates.py

    chunks: list[WordSpan] = []
    open_ = False  # the last chunk may go on
    for number in words:
        if barred[number] or normalise(block.surfaces[number]) in STOP_WORDS:
            open_ = False
            continue
        same = block.sentences[number - 1] == block.sentences[number]
        if open_ and same and block.text[block.ends[number - 1] : block.starts[number]] in JOINTS:
            chunks[-1] = chunks[-1][0], number + 1
        else:
            chunks.append((number, number + 1))
        open_ = True
    return chunks


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
