"""Held-out names in running text: a sentence that writes one must not train."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from bali.text import normalise


class HeldoutText:
    """Finds held-out names among the words of a text, by their normal form."""

    def __init__(self, names: Iterable[str]) -> None:
        """Take the names; one without a letter or a digit is in no text."""
        self._forms = {form for form in map(normalise, names) if form}
        lengths: defaultdict[str, set[int]] = defaultdict(set)  # first word -> words of its names
        for form in self._forms:
            words = form.split(" ")
            lengths[words[0]].add(len(words))
        self._lengths = dict(lengths)

    def holds(self, text: str) -> bool:
        """Whether a text writes a held-out name, as whole words."""
        words = normalise(text).split(" ")
        return any(
            " ".join(words[at : at + length]) in self._forms
            for at, word in enumerate(words)
            for length in self._lengths.get(word, ())
        )
