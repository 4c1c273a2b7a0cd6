"""All names of the knowledge base, found by normal form and by the key of their variants.

Held-out names are in the tables too, without a concept. Text that equals one is found like any
other and then left out whole, so that no shorter name inside it stands in for it. The same holds
for a variant of one, unless that text is, in its normal form, a name itself. A looser key (see
bali/linking/variants.py) never displaces a name's own key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from bali.linking.variants import Variants
from bali.linking.words import words_of
from bali.text import normalise

Concepts = tuple[str, ...]  # CUIs, the best first; none for a held-out name


class Dictionary:
    """Normal form -> CUIs, and key of variants -> CUIs.

    Attributes:
        forms: normal form -> concepts of the names that have it.
        variants: key -> concepts of the names that have it.
        reach: word of a key -> most words of a key that it is part of.
        names: how many were read, looked for and dropped by reason.
    """

    def __init__(
        self,
        names: Iterable[tuple[str, str, bool]],
        heldout: Iterable[str],
        variants: Variants,
        *,
        min_characters: int,
        max_words: int,
        type_ranks: Mapping[str, int] | None = None,
    ) -> None:
        """Index names.

        Of several concepts of a name, those of the lower rank come first, then those that prefer
        it, then the lower CUI.

        Args:
            names: CUI, name, whether it is the concept's preferred name.
            heldout: names that must not be linked.
            variants: makes the keys.
            min_characters: shortest normal form that is looked for.
            max_words: longest normal form that is looked for.
            type_ranks: CUI -> rank of its semantic type; concepts that are not there come last.
        """
        ranks = type_ranks or {}
        last = max(ranks.values(), default=0) + 1
        read = 0
        dropped = {"no letter and no digit": 0, "too short": 0, "too many words": 0}
        by_form: defaultdict[str, dict[str, bool]] = defaultdict(dict)
        by_key: defaultdict[str, dict[str, bool]] = defaultdict(dict)
        by_looser: defaultdict[str, dict[str, bool]] = defaultdict(dict)
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
                words = words_of(name, [(0, len(name))])
                keys = variants.keys(name, words)
                entries = [by_form[form], by_key[variants.key(keys)]]
                entries += [by_looser[key] for key in variants.looser(name, words, keys)]
                for entry in entries:
                    entry[cui] = entry.get(cui, False) or preferred

        def ordered(cuis: dict[str, bool]) -> Concepts:
            return tuple(sorted(cuis, key=lambda c: (ranks.get(c, last), not cuis[c], c)))

        # the same in every shard, so it is a fact of each and no account that the report may sum
        self.names = {"read": read, "looked for": read - sum(dropped.values()), **dropped}
        self.forms = {form: ordered(cuis) for form, cuis in by_form.items()}
        self.variants = {key: ordered(cuis) for key, cuis in by_key.items()}
        for name in heldout:
            self.forms[normalise(name)] = ()
            words = words_of(name, [(0, len(name))])
            keys = variants.keys(name, words)
            self.variants[variants.key(keys)] = ()
            for key in variants.looser(name, words, keys):
                self.variants.setdefault(key, ())
        for key, cuis in by_looser.items():
            self.variants.setdefault(key, ordered(cuis))
        self.variants.pop("", None)  # names of words that do not count
        self.beginnings = {form[:space] for form in self.forms for space in _spaces(form)}
        self.reach: dict[str, int] = {}
        for key in self.variants:
            parts = key.split(" ")
            for part in parts:
                self.reach[part] = max(self.reach.get(part, 0), len(parts))


def key_of(name: str, variants: Variants) -> str:
    """Key of a name's variants; empty if no word of it counts."""
    words = words_of(name, [(0, len(name))])
    return variants.key(variants.keys(name, words))


def _spaces(form: str) -> Iterable[int]:
    return (position for position, character in enumerate(form) if character == " ")
