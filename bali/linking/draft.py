"""A document on its way through the linker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from bali.linking.candidates import Candidates
from bali.linking.spans import WordSpan
from bali.linking.stream import Occurrence, Stream
from bali.linking.words import Word


class Document(NamedTuple):
    """A document and the spans of its sentences."""

    pmid: int
    version: int
    text: str
    sentences: list[tuple[int, int]]


class Mention(NamedTuple):
    """Words `first` to `last` (exclusive) that stand for a concept."""

    first: int
    last: int
    method: str
    candidates: Candidates


@dataclass
class Draft:
    """A document, its words and the mentions found so far.

    Attributes:
        document: what is linked.
        words: its words.
        plain: the words as they stand.
        spelt: the words with short forms spelt out; `plain` itself where there are none.
        short_forms: where they stand, in order.
        taken: word -> whether it belongs to a mention already, or must not be linked.
        mentions: without overlap.
    """

    document: Document
    words: list[Word]
    plain: Stream
    spelt: Stream
    short_forms: list[Occurrence] = field(default_factory=list)
    taken: list[bool] = field(init=False)
    mentions: list[Mention] = field(default_factory=list)

    def __post_init__(self) -> None:
        """No word is taken."""
        self.taken = [False] * len(self.words)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The words as the document explains them, then as they stand."""
        return (self.plain,) if self.spelt is self.plain else (self.spelt, self.plain)

    def touched(self, start: int, end: int) -> WordSpan | None:
        """The words that a span of code points touches."""
        inside = [n for n, word in enumerate(self.words) if word.start < end and word.end > start]
        return (inside[0], inside[-1] + 1) if inside else None

    def spelt_in(self, span: WordSpan) -> list[Occurrence]:
        """The short forms inside a span of words."""
        return [f for f in self.short_forms if span[0] <= f.first and f.last <= span[1]]

    def explained(self, span: WordSpan) -> Occurrence | None:
        """The short form that a span of words is, or is a part of."""
        inside = (f for f in self.short_forms if f.first <= span[0] and span[1] <= f.last)
        return next(inside, None)

    def surface(self, span: WordSpan) -> str:
        """The text of a span of words."""
        return self.document.text[self.words[span[0]].start : self.words[span[1] - 1].end]

    def spelt_surface(self, span: WordSpan) -> str:
        """The text of a span of words, short forms replaced by their long forms."""
        text = self.document.text
        parts = []
        begin = self.words[span[0]].start
        for found in self.spelt_in(span):
            parts += [text[begin : self.words[found.first].start], self.surface(found[2:])]
            begin = self.words[found.last - 1].end
        return "".join([*parts, text[begin : self.words[span[1] - 1].end]])
