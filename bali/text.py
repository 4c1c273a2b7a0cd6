"""What all stages agree on about text: a document's text, and when two names are the same name.

The normal form of a name is lower case, and each run of characters that are neither letters nor
digits becomes one space: "Down's  Syndrome" and "down s syndrome" meet. Held-out names, the
dictionary of the linker and the exact-match baseline all use this one form, so that none can see
a name that another lost.
"""

from __future__ import annotations

import regex

# The same pattern works in Java: the umls stage normalises inside Spark (umls/heldout.py).
SEPARATORS = r"[^\p{L}\p{N}]+"
_separators = regex.compile(SEPARATORS)


def normalise(name: str) -> str:
    """Return the normal form of a name; empty if it holds no letter and no digit."""
    return str(_separators.sub(" ", name.lower()).strip())


def document_text(title: str, abstract: str) -> str:
    """Return the text that every offset counts in: title, one space, abstract (PubTator's rule).

    The space is there even where one of the two is empty: the abstract always starts at
    `len(title) + 1`.
    """
    return f"{title} {abstract}"
