"""A document on its way through the linker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from bali.linking.block import Block
from bali.linking.candidates import Candidates
from bali.linking.documents import Document
from bali.linking.spans import WordSpan
from bali.linking.stream import Occurrence


class Mention(NamedTuple):
    """Words `first` to `last` (exclusive) that stand for a concept."""

    first: int
    last: int
    method: str
    candidates: Candidates


@dataclass
class Draft:
    """A document of a block and the mentions found so far; words are numbered as in the block.

    Attributes:
        block: where the document stands.
        number: of the document in the block.
        short_forms: where short forms stand that it explains, in order.
        taken: spans that belong to a mention, or must not be linked.
        mentions: without overlap.
    """

    block: Block
    number: int
    short_forms: list[Occurrence] = field(default_factory=list)
    taken: list[WordSpan] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)

    @property
    def document(self) -> Document:
        """What is linked."""
        return self.block.documents[self.number]

    @property
    def offset(self) -> int:
        """Where its text begins in the block's."""
        return self.block.offsets[self.number]

    @property
    def words(self) -> range:
        """Its words."""
        return range(self.block.bounds[self.number], self.block.bounds[self.number + 1])

    def touched(self, start: int, end: int) -> WordSpan | None:
        """The words that a span of the document's text touches."""
        ends, starts = self.block.ends, self.block.starts
        first = int(np.searchsorted(ends, start + self.offset, side="right"))
        last = int(np.searchsorted(starts, end + self.offset))
        first, last = max(first, self.words.start), min(last, self.words.stop)
        return (first, last) if first < last else None

    def spelt_in(self, span: WordSpan) -> list[Occurrence]:
        """The short forms inside a span of words."""
        return [f for f in self.short_forms if span[0] <= f.first and f.last <= span[1]]

    def explained(self, span: WordSpan) -> Occurrence | None:
        """The short form that a span of words is, or is a part of."""
        for found in self.short_forms:
            if found.first <= span[0] and span[1] <= found.last:
                return found
        return None

    def spelt(self, span: WordSpan) -> list[int]:
        """The words of a span, short forms replaced by the words of their long forms.

        Empty if an end of the span lies inside a short form.
        """
        inside = self.spelt_in(span)
        touching = [f for f in self.short_forms if f.first < span[1] and f.last > span[0]]
        if len(touching) > len(inside):
            return []
        words, position = [], span[0]
        for found in inside:
            words += [*range(position, found.first), *range(found.long_first, found.long_last)]
            position = found.last
        return [*words, *range(position, span[1])]

    def surface(self, span: WordSpan) -> str:
        """The text of a span of words."""
        return self.block.text[self.block.starts[span[0]] : self.block.ends[span[1] - 1]]

    def spelt_surface(self, span: WordSpan) -> str:
        """The text of a span of words, short forms replaced by their long forms."""
        text, starts, ends = self.block.text, self.block.starts, self.block.ends
        parts = []
        begin = starts[span[0]]
        for found in self.spelt_in(span):
            parts += [text[begin : starts[found.first]], self.surface(found[2:])]
            begin = ends[found.last - 1]
        return "".join([*parts, text[begin : ends[span[1] - 1]]])
