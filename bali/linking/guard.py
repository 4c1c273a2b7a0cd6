"""Names that are better not found: acronyms in another case, and words that name nothing alone.

"FALL" is a name of acute lymphoblastic leukaemia, "fall" a word. An acronym is a short name that
every source writes with two capitals or more, or one and a digit; text must be written like one
to be it. "disease" and "syndrome" are names of most vocabularies, but in text they stand for what
was said before; the same goes for words without a meaning of their own, such as "all".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from bali.linking.dictionary import key_of
from bali.linking.variants import Variants

ACRONYM = 5  # most characters of an acronym
GENERIC = frozenset(
    "abnormality defect disease disorder finding illness sign symptom syndrome".split()
)


@dataclass(frozen=True)
class Unspecific:
    """Keys that need care.

    Attributes:
        acronyms: of names that every source writes as an acronym.
        words: of words that name nothing alone.
    """

    acronyms: frozenset[str]
    words: frozenset[str]


def find_unspecific(names: Iterable[str], variants: Variants) -> Unspecific:
    """Keys that need care.

    Args:
        names: of the knowledge base, as they are written.
        variants: makes the keys by which text and names are compared.
    """
    from spacy.lang.en.stop_words import STOP_WORDS  # takes a second, and only building needs it

    ordinary: dict[str, bool] = {}  # key -> some name is written like an ordinary word
    for name in names:
        if len(name) <= ACRONYM and name.isalnum():
            key = key_of(name, variants)
            ordinary[key] = ordinary.get(key, False) or not looks_like_acronym(name)
    return Unspecific(
        frozenset(key for key, one in ordinary.items() if not one),
        frozenset(key_of(word, variants) for word in GENERIC | STOP_WORDS),
    )


class Guard:
    """Decides whether a stretch of text that looks like a name may be one."""

    def __init__(self, unspecific: Unspecific, variants: Variants) -> None:
        """Take what needs care, and what makes keys."""
        self._unspecific = unspecific
        self._variants = variants
        # most mentions of a shard are written like an earlier one
        self.allows = lru_cache(maxsize=2**18)(self._allows)

    def _allows(self, surface: str) -> bool:
        """Whether a stretch of text may be the name that it looks like."""
        key = key_of(surface, self._variants)
        if key in self._unspecific.acronyms:
            return looks_like_acronym(surface)
        return key not in self._unspecific.words


def looks_like_acronym(word: str) -> bool:
    """Whether a word has two capitals, or a capital and a digit."""
    capitals = sum(map(str.isupper, word))
    return capitals >= 2 or (capitals == 1 and any(map(str.isdigit, word)))
