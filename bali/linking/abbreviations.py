"""Short forms that a document spells out, by scispaCy's AbbreviationDetector.

The algorithm is Schwartz & Hearst's (PSB 2003): "long form (SF)" or "SF (long form)". The detector
needs a tokenised document only, no sentences and no trained model.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import spacy
from scispacy.abbreviation import AbbreviationDetector


class ShortForm(NamedTuple):
    """One occurrence of a short form; offsets are code points of the document's text."""

    start: int
    end: int
    long_form: str


class Abbreviations:
    """The detector with the tokeniser that it needs."""

    def __init__(self) -> None:
        """Set up a blank English pipeline."""
        # the detector runs a matcher without patterns on each text that explains nothing
        warnings.filterwarnings("ignore", message=r"\[W036\]")
        self._nlp = spacy.blank("en")
        self._detector = AbbreviationDetector(self._nlp)

    def find(self, text: str) -> list[ShortForm]:
        """Occurrences of all short forms that the text explains, in order."""
        if "(" not in text:  # nothing is explained without one
            return []
        doc = self._detector(self._nlp.make_doc(text))
        # the detector keeps them in a set, whose order differs from run to run
        return sorted(
            ShortForm(span.start_char, span.end_char, span._.long_form.text)
            for span in doc._.abbreviations
        )
