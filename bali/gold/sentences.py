"""Gold documents cut into sentences, as the corpus stage cuts PubMed's."""

from __future__ import annotations

from bali.gold.pubtator import GoldDocument
from bali.splitter import split


def sentence_spans(document: GoldDocument) -> list[tuple[int, int]]:
    """Spans of a document's sentences: those of the title, then those of the abstract."""
    return split(document.title) + split(document.text, len(document.title) + 1)
