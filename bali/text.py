"""The normal form in which two names are the same name.

Lower case, and each run of characters that are neither letters nor digits becomes one space:
"Down's  Syndrome" and "down s syndrome" meet. Held-out names, the dictionary of the linker and
the exact-match baseline all use this one form, so that none can see a name that another lost.
"""

from __future__ import annotations

import regex

# The same pattern works in Java: the umls stage normalises inside Spark (umls/heldout.py).
SEPARATORS = r"[^\p{L}\p{N}]+"
_separators = regex.compile(SEPARATORS)


def normalise(name: str) -> str:
    """Return the normal form of a name; empty if it holds no letter and no digit."""
    return str(_separators.sub(" ", name.lower()).strip())
