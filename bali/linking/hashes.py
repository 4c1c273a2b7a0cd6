"""Numbers of 64 bits in the place of runs of words, so that arrays can be searched for them.

The hash of a run is made from those of its words: with `ORDERED` the words' order counts, with
`UNORDERED` it does not (`state * multiplier + word`, wrapping round). The hash of a run that is one
word longer is therefore one step away, for a whole shard at once. A hash only says where to look:
what is found is compared as text (bali/linking/nametable.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

ORDERED = 0x9E3779B97F4A7C15
UNORDERED = 1
_MASK = 2**64 - 1


@lru_cache(maxsize=2**18)  # most words of names and of text come again
def hash_word(word: str) -> int:
    """64 bits of BLAKE2b: the same on every machine."""
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little")


def hash_words(words: Iterable[str], multiplier: int) -> int:
    """Hash of a run of words.

    Args:
        words: one after the other.
        multiplier: ORDERED or UNORDERED.
    """
    state = 0
    for word in words:
        state = (state * multiplier + hash_word(word)) & _MASK
    return state
