"""Names that are better not found: acronyms in another case, and words that name nothing alone.

"FALL" is a name of acute lymphoblastic leukaemia, "fall" a word. An acronym is a short name that
every source writes with two capitals or more, or one and a digit; text must be written like one
to be it. "disease" and "syndrome" are names of most vocabularies, but in text they stand for what
was said before; the same goes for words without a meaning of their own, such as "all".
"""

from __future__ import annotations

from collections.abc import Iterable

from spacy.lang.en.stop_words import STOP_WORDS

from bali.linking.dictionary import key_of
from bali.linking.variants import Variants

ACRONYM = 5  # most characters of an acronym
GENERIC = frozenset(
    "abnormality defect disease disorder finding illness sign symptom syndrome".split()
)


class Guard:
    """Decides whether a stretch of text that looks like a name may be one."""

    def __init__(self, names: Iterable[str], variants: Variants) -> None:
        """Take the names of the knowledge base.

        Args:
            names: as they are written.
            variants: makes the keys by which text and names are compared.
        """
        self._variants = variants
        self._unspecific = {key_of(word, variants) for word in GENERIC | STOP_WORDS}
        ordinary: dict[str, bool] = {}  # key -> some name is written like an ordinary word
        for name in names:
            if len(name) <= ACRONYM and name.isalnum():
                key = key_of(name, variants)
                ordinary[key] = ordinary.get(key, False) or not looks_like_acronym(name)
        self._acronyms = {key for key, one in ordinary.items() if not one}

    def allows(self, surface: str) -> bool:
        """Whether a stretch of text may be the name that it looks like."""
        key = key_of(surface, self._variants)
        if key in self._acronyms:
            return looks_like_acronym(surface)
        return key not in self._unspecific


def looks_like_acronym(word: str) -> bool:
    """Whether a word has two capitals, or a capital and a digit."""
    capitals = sum(map(str.isupper, word))
    return capitals >= 2 or (capitals == 1 and any(map(str.isdigit, word)))
