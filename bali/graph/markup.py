"""Text as SVG and HTML hold it: escaped, of legal characters, of a known width."""

from __future__ import annotations

import html
import re
import unicodedata

# XML 1.0 knows no other characters, not even escaped
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Widths in em of common sans-serif fonts, rounded up: a box must hold its text in any of them.
_WIDTHS = {"ijl.,:;'|!": 0.32, "ft()[]/- r": 0.42, "mwMW@%": 0.95}
_WIDTH = {letter: width for letters, width in _WIDTHS.items() for letter in letters}


def escape(text: str) -> str:
    """Text for an element or a quoted attribute."""
    return html.escape(_ILLEGAL.sub("\ufffd", text))


def width(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide a text is drawn at a font size, in the same unit; rather too much."""
    em = 0.0
    for letter in text:
        if unicodedata.combining(letter):
            continue
        if unicodedata.east_asian_width(letter) in "WF":
            em += 1.05
        else:
            em += _WIDTH.get(letter, 0.72 if letter.isupper() else 0.6)
    return em * size * (1.14 if bold else 1.0)


def shorten(text: str, most: int) -> str:
    """At most so many characters; an ellipsis stands for the rest."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
