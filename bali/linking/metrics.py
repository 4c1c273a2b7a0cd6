"""How well mentions meet a gold corpus: by mention, by document, and by rank on gold spans.

A gold mention may stand for several concepts: its identifier maps to several CUIs, or it carries
several identifiers. Any of them is a hit. Mentions whose identifiers map to no concept of the
knowledge base are left out, and predictions that overlap one are not counted: whether they are
right cannot be said.

| figure | true positive |
|---|---|
| strict | a prediction with the start, the end and a concept of a gold mention |
| overlapping | a prediction that overlaps a gold mention of its concept; a gold mention so met |
| document | a concept that the document's gold names; a set of gold concepts with one predicted |
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

KS = (1, 5)  # of acc@k


class Gold(NamedTuple):
    """A gold mention; offsets are code points of the document's text."""

    start: int
    end: int
    cuis: frozenset[str]  # each a hit; none: it maps to no concept


class Predicted(NamedTuple):
    """A predicted mention and its chosen concept."""

    start: int
    end: int
    cui: str


@dataclass
class Rates:
    """Hits among what was predicted and among what is gold, over all documents."""

    predicted: int = 0
    predicted_hits: int = 0
    gold: int = 0
    gold_hits: int = 0

    @property
    def precision(self) -> float:
        """Share of what was predicted; 0 where nothing was."""
        return self.predicted_hits / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of what is gold; 0 where nothing is."""
        return self.gold_hits / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def add(self, predicted: Sequence[bool], gold: Sequence[bool]) -> None:
        """Add one document: which predictions and which gold items are hits."""
        self.predicted += len(predicted)
        self.predicted_hits += sum(predicted)
        self.gold += len(gold)
        self.gold_hits += sum(gold)


@dataclass
class MentionScore:
    """Precision, recall and F1 of predicted mentions over a corpus."""

    strict: Rates = field(default_factory=Rates)
    overlapping: Rates = field(default_factory=Rates)
    document: Rates = field(default_factory=Rates)
    left_out: int = 0  # predictions that overlap gold of no concept

    def add(self, predicted: Iterable[Predicted], gold: Iterable[Gold]) -> None:
        """Add one document."""
        gold = list(gold)
        unmapped = [g for g in gold if not g.cuis]
        known = [g for g in gold if g.cuis]
        everything = list(predicted)
        kept = [p for p in everything if not any(_overlap(p, g) for g in unmapped)]
        self.left_out += len(everything) - len(kept)
        self.strict.add(
            [any(_same(p, g) for g in known) for p in kept],
            [any(_same(p, g) for p in kept) for g in known],
        )
        self.overlapping.add(
            [any(_meets(p, g) for g in known) for p in kept],
            [any(_meets(p, g) for p in kept) for g in known],
        )
        concepts = {p.cui for p in kept}
        groups = {g.cuis for g in known}
        named = frozenset().union(*groups)
        self.document.add(
            [cui in named for cui in sorted(concepts)],
            [not concepts.isdisjoint(cuis) for cuis in groups],
        )


@dataclass
class RankScore:
    """Whether a gold concept is among the first k candidates for gold spans."""

    ks: tuple[int, ...]
    spans: int = 0
    hits: dict[int, int] = field(default_factory=dict)

    def add(self, candidates: Sequence[str], cuis: frozenset[str]) -> None:
        """Add one gold span.

        Args:
            candidates: CUIs, the best first.
            cuis: those of the gold mention, at least one.
        """
        self.spans += 1
        for k in self.ks:
            self.hits[k] = self.hits.get(k, 0) + (not cuis.isdisjoint(candidates[:k]))

    def accuracy(self, k: int) -> float:
        """Share of the spans with a hit among the first k; 0 without spans."""
        return self.hits.get(k, 0) / self.spans if self.spans else 0.0


@dataclass
class Score:
    """All figures of one linker, or of one table of mentions, over one corpus."""

    mentions: MentionScore = field(default_factory=MentionScore)
    ranks: RankScore = field(default_factory=lambda: RankScore(KS))

    def figures(self) -> dict[str, Any]:
        """For the JSON file."""

        def rates(found: Rates) -> dict[str, float]:
            return {
                "precision": found.precision, "recall": found.recall, "f1": found.f1,
                "predicted": found.predicted, "gold": found.gold,
            }  # fmt: skip

        return {
            "strict": rates(self.mentions.strict),
            "overlapping": rates(self.mentions.overlapping),
            "document": rates(self.mentions.document),
            "left out": self.mentions.left_out,
            "gold spans": {
                "spans": self.ranks.spans,
                **{f"acc@{k}": self.ranks.accuracy(k) for k in KS},
            },
        }


def _overlap(predicted: Predicted, gold: Gold) -> bool:
    return predicted.start < gold.end and gold.start < predicted.end


def _meets(predicted: Predicted, gold: Gold) -> bool:
    return predicted.cui in gold.cuis and _overlap(predicted, gold)


def _same(predicted: Predicted, gold: Gold) -> bool:
    return predicted[:2] == gold[:2] and predicted.cui in gold.cuis
