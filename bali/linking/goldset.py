"""A gold corpus in the terms of a knowledge base: what is scored, and what cannot be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bali.gold.identifiers import Identifiers, vocabulary
from bali.gold.pubtator import GoldCorpus
from bali.gold.sentences import sentence_spans
from bali.linking.documents import Document
from bali.linking.metrics import Gold


@dataclass
class GoldSet:
    """Gold in the terms of the knowledge base.

    Attributes:
        documents: each with its gold mentions of the chosen types; numbered from 0 as their PMIDs.
        names: of the documents in the gold file: PMIDs, as a rule.
        facts: what was read, kept and left out.
    """

    documents: list[tuple[Document, list[Gold]]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


def gold_set(corpus: GoldCorpus, identifiers: Identifiers, types: Sequence[str]) -> GoldSet:
    """Turn gold identifiers into concepts.

    Args:
        corpus: as it was read.
        identifiers: what stands for what.
        types: of mentions to score; none scores all.
    """
    gold = GoldSet(names=[document.name for document in corpus.documents])
    counts: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for number, document in enumerate(corpus.documents):
        mentions = []
        for mention in document.mentions:
            if types and not set(types) & set(mention.types):
                counts["of other types"] += 1
                continue
            cuis = frozenset().union(*map(identifiers.cuis, mention.identifiers))
            if cuis:
                counts["scored"] += 1
            elif mention.identifiers:
                counts["of no concept"] += 1
                unknown.update(vocabulary(i) or "other" for i in mention.identifiers)
            else:
                counts["without an identifier"] += 1
            mentions.append(Gold(mention.start, mention.end, cuis))
        linked = Document(number, 1, document.text, sentence_spans(document))
        gold.documents.append((linked, mentions))
    reasons = ("scored", "of no concept", "without an identifier", "of other types")
    gold.facts = {
        "documents": len(corpus.documents),
        "repeated documents": corpus.repeated,
        "mentions": {reason: counts[reason] for reason in reasons},
        "identifiers of no concept": dict(sorted(unknown.items())),
    }
    return gold
