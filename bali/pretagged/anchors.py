"""Where a pre-tagged mention stands in the document, whose text may not be that of its file.

Texts differ by white space, by labels of sections, by brackets around translated titles. A mention
stands where as many characters that are no white space stand before it as in the file; else, if
both texts have its text equally often, at the same occurrence of it. The stated offsets alone
decide nothing: another occurrence may stand there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bali.pretagged.tagged import ink, occurrences

Integers = NDArray[np.int64]
_SPACES = np.array([n for n in range(0x3001) if chr(n).isspace()], np.uint32)  # all of Unicode's


class Stated(NamedTuple):
    """A mention as the table `pretagged` has it; see its columns."""

    start: int
    end: int
    before: int
    occurrence: int
    occurrences: int
    text: str


class Anchors:
    """Finds mentions in the text of one document."""

    def __init__(self, text: str) -> None:
        """Take the document's text."""
        self._text = text
        self._ink: Integers | None = None  # places of the characters that are no white space

    def find(self, mention: Stated) -> tuple[int, int] | None:
        """The span of a mention, in code points of the document's text; None if it has none."""
        text = self._text
        if (
            text[mention.start : mention.end] == mention.text
            and ink(text[: mention.start]) == mention.before
        ):
            return mention.start, mention.end
        letters = "".join(mention.text.split())
        places = self._places()
        last = mention.before + len(letters) - 1
        if letters and last < len(places):
            start, end = int(places[mention.before]), int(places[last]) + 1
            if "".join(text[start:end].split()) == letters:
                return start, end
        found = occurrences(text, mention.text)
        if len(found) == mention.occurrences:
            start = found[mention.occurrence]
            return start, start + len(mention.text)
        return None

    def _places(self) -> Integers:
        if self._ink is None:
            codes = np.frombuffer(self._text.encode("utf-32-le"), np.uint32)
            self._ink = np.flatnonzero(~np.isin(codes, _SPACES))
        return self._ink
