"""What the linker found and dropped, by reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from bali.counts import Counts
from bali.linking.rows import CROSSES, HELDOUT

EXPLAINED = "a short form of something else"
GUARDED = "a common word, or an acronym in another case"
METHODS = ("exact", "variant", "abbreviation", "candidate")


@dataclass
class Tally:
    """What was found and dropped, over all documents."""

    sentences: int = 0
    mentions: Counter[str] = field(default_factory=Counter)  # by method
    concepts: set[str] = field(default_factory=set)
    names: Counter[str] = field(default_factory=Counter)  # dropped, by reason
    candidate: Counter[str] = field(default_factory=Counter)

    def enter(self, counts: Counts) -> None:
        """Enter all accounts."""
        for unit, methods, dropped, reasons in (
            ("names in text", METHODS[:3], self.names, (CROSSES, HELDOUT, EXPLAINED, GUARDED)),
            (
                "other spans in text",
                METHODS[3:],
                self.candidate,
                ("no candidate", "overlaps a better span"),
            ),
        ):
            kept = sum(self.mentions[method] for method in methods)
            counts.add(
                unit,
                read=kept + dropped.total(),
                kept=kept,
                dropped={reason: dropped[reason] for reason in reasons},
            )
        counts.facts["sentences"] = self.sentences
        counts.facts["mentions"] = {method: self.mentions[method] for method in METHODS}
        counts.facts["concepts"] = len(self.concepts)
