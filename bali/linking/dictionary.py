"""Exact mentions: all names of the knowledge base, looked up by normal form, the longest first.

This part is our own, because linking at scale is what the project is for: a hash table of normal
forms and one of their beginnings give one or two look-ups a word, whatever the number of names.

Held-out names are in the table too, without a concept. A text span that equals one is found like
any other and then left out whole, so that no shorter name inside it stands in for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bali.linking.words import Word
from bali.text import normalise


class Match(NamedTuple):
    """Words `first` to `last` (exclusive) that are a name."""

    first: int
    last: int
    cuis: tuple[str, ...]  # best first; none for a held-out name


class Dictionary:
    """Normal form -> CUIs, and the search for normal forms in text."""

    def __init__(
        self,
        names: Iterable[tuple[str, str, bool]],
        heldout: Iterable[str],
        min_characters: int,
        max_words: int,
    ) -> None:
        """Index names.

        Args:
            names: CUI, name, whether it is the concept's preferred name.
            heldout: names that must not be linked.
            min_characters: shortest normal form that is looked for.
            max_words: longest normal form that is looked for.
        """
        read = 0
        dropped = {"no letter and no digit": 0, "too short": 0, "too many words": 0}
        concepts: defaultdict[str, dict[str, bool]] = defaultdict(dict)
        for cui, name, preferred in names:
            read += 1
            form = normalise(name)
            if not form:
                dropped["no letter and no digit"] += 1
            elif len(form) < min_characters:
                dropped["too short"] += 1
            elif form.count(" ") >= max_words:
                dropped["too many words"] += 1
            else:
                concepts[form][cui] = concepts[form].get(cui, False) or preferred
        # the same in every shard, so it is a fact of each and no account that the report may sum
        self.names = {"read": read, "looked for": read - sum(dropped.values()), **dropped}
        # of several concepts, those that prefer the name come first; then the lower CUI
        self.forms: dict[str, tuple[str, ...]] = {
            form: tuple(sorted(cuis, key=lambda cui: (not cuis[cui], cui)))
            for form, cuis in concepts.items()
        }
        self.forms.update(dict.fromkeys(map(normalise, heldout), ()))
        self._beginnings = {form[:space] for form in self.forms for space in _spaces(form)}

    def find(self, words: Sequence[Word]) -> tuple[list[Match], int]:
        """Non-overlapping names in a document, from left to right, the longest at each word.

        Returns:
            The matches, each inside one sentence; and the number of places where a longer name
            would cross a sentence end.
        """
        matches = []
        crossing = first = 0
        while first < len(words):
            last, cuis, crosses = self._longest(words, first)
            crossing += crosses
            if cuis is None:
                first += 1
            else:
                matches.append(Match(first, last, cuis))
                first = last
        return matches, crossing

    def _longest(
        self, words: Sequence[Word], first: int
    ) -> tuple[int, tuple[str, ...] | None, bool]:
        """End and concepts of the longest name at `first` in its sentence; is one beyond it."""
        end, found, crosses = first, None, False
        form, sentence = words[first].form, words[first].sentence
        position = first
        while True:
            if (cuis := self.forms.get(form)) is not None:
                if words[position].sentence == sentence:
                    end, found = position + 1, cuis
                else:
                    crosses = True
            position += 1
            if position == len(words) or form not in self._beginnings:
                return end, found, crosses
            form = f"{form} {words[position].form}"


def _spaces(form: str) -> Iterable[int]:
    return (position for position, character in enumerate(form) if character == " ")
