"""Held-out names must not be linked, whoever finds them: they are asked for in the end.

The dictionary has a rule of its own (bali/linking/dictionary.py), because it knows all names; this
one is for mentions that others find. It is stricter: a variant of a held-out name is held out also
where it is another name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bali.linking.abbreviations import find_definitions
from bali.linking.variants import Variants
from bali.linking.words import words_of
from bali.text import normalise


class HeldoutNames:
    """Knows the held-out names and their variants."""

    def __init__(self, names: Iterable[str], variants: Variants) -> None:
        """Take the names.

        Args:
            names: column `name` of the table `heldout`.
            variants: makes the keys by which variants are compared.
        """
        self._variants = variants
        self._known: dict[str, bool] = {}
        held = list(names)
        self._forms = {normalise(name) for name in held}
        self._keys = {self._key(name) for name in held} - {""}

    def holds(self, text: str) -> bool:
        """Whether a text is a held-out name or a variant of one."""
        if text not in self._known:
            self._known[text] = normalise(text) in self._forms or self._key(text) in self._keys
        return self._known[text]

    def short_forms(self, text: str, sentences: Sequence[tuple[int, int]]) -> frozenset[str]:
        """Short forms of held-out names that a document explains.

        Args:
            text: of the document.
            sentences: spans of its sentences.
        """
        return frozenset(
            found.short_form
            for found in find_definitions(text, sentences)
            if self.holds(text[found.start : found.end])
        )

    def _key(self, text: str) -> str:
        words = words_of(text, [(0, len(text))])
        return self._variants.key(self._variants.keys(text, words))
