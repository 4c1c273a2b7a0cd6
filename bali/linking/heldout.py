"""Held-out names must not be linked, whoever finds them: they are asked for in the end.

The dictionary has a rule of its own (bali/linking/dictionary.py), because it knows all names; this
one is for mentions that others find. It is stricter: a variant or a looser form of a held-out name
(bali/linking/variants.py) is held out also where it is another name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bali.linking.abbreviations import Definition, spell
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
        self._keys = {key for name in held for key in self._keys_of(name)} - {""}

    def holds(self, text: str) -> bool:
        """Whether a text is a held-out name, a variant or a looser form of one."""
        if text not in self._known:
            key, *_ = self._keys_of(text)
            self._known[text] = normalise(text) in self._forms or key in self._keys
        return self._known[text]

    def holds_in(self, text: str, span: tuple[int, int], definitions: Sequence[Definition]) -> bool:
        """Whether a span is held out, as it stands or as the document explains its short forms.

        Args:
            text: of the document.
            span: first code point and the one after the last.
            definitions: the short forms that the document explains.
        """
        surface = text[slice(*span)]
        return self.holds(surface) or self.holds(spell(surface, text, definitions))

    def _keys_of(self, text: str) -> list[str]:
        """Key of a text, then those of its looser forms."""
        words = words_of(text, [(0, len(text))])
        parts = self._variants.keys(text, words)
        return [self._variants.key(parts), *self._variants.looser(text, words, parts)]
