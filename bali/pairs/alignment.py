"""Which tokens belong to which mention: overlap of character spans, for many sentences at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bali.ranges import Integers, ranges


def tokens_of_mentions(
    offsets: Integers,
    token_start: NDArray[np.int32],
    token_end: NDArray[np.int32],
    mention_row: Integers,
    mention_start: Integers,
    mention_end: Integers,
) -> tuple[Integers, Integers]:
    """Give each mention the tokens of its sentence whose span overlaps its own.

    Spans are half-open, in code points of the sentence. A partial overlap counts: the tokeniser
    may join the end of a mention with what follows. Tokens of no width, as special tokens are,
    belong to no mention; a token may belong to several mentions.

    Args:
        offsets: (sentences + 1,); sentence i has the tokens offsets[i] up to offsets[i + 1].
        token_start: (tokens,) first code point of each token.
        token_end: (tokens,) code point after its last.
        mention_row: (mentions,) sentence of each mention.
        mention_start: (mentions,) its first code point.
        mention_end: (mentions,) the code point after its last.

    Returns:
        Two arrays, sorted: mention (from 0), and position of a token of it in its sentence.
    """
    first = offsets[mention_row]
    mention, token = ranges(first, offsets[mention_row + 1] - first)
    overlap = (
        (token_start[token] < mention_end[mention])
        & (token_end[token] > mention_start[mention])
        & (token_start[token] < token_end[token])
    )
    mention, token = mention[overlap], token[overlap]
    return mention, token - first[mention]
