"""Short forms that a document explains: "long form (SF)" and "SF (long form)".

The algorithm is Schwartz & Hearst's (PSB 2003, psb.stanford.edu/psb-online/proceedings/psb03): the
letters of the short form are looked for in the words before the bracket from the right to the
left; the first must begin a word. One rule is added: initials in another order, as in "myotonic
dystrophy (DM)", whose Latin name is the other way round.

Why our own: scispaCy's AbbreviationDetector is the same algorithm over spaCy's tokens. It misses
short forms with a hyphen (A-T) and those before punctuation that the tokeniser keeps, and costs
more time than all else that is done to a document (docs/linking.md has both in figures).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import regex

LONGEST = 10  # characters of a short form

_BRACKETS = regex.compile(r"\(([^()]{2,200})\)")
_WORD = regex.compile(r"\S+")
_INITIALS = regex.compile(r"[\p{L}\p{N}]+")


class Definition(NamedTuple):
    """A short form and where its long form stands; offsets are code points of the text."""

    short_form: str
    start: int
    end: int


def find_definitions(text: str, sentences: Sequence[tuple[int, int]]) -> list[Definition]:
    """The short forms that a text explains, in order; of several explanations the first.

    Args:
        text: the document's text.
        sentences: spans of its sentences, in order; a long form stays in one.
    """
    found: dict[str, Definition] = {}
    if "(" not in text:
        return []
    begins = [start for start, _ in sentences]
    for bracket in _BRACKETS.finditer(text):
        number = bisect_right(begins, bracket.start()) - 1
        begin = begins[number] if number >= 0 else 0
        definition = _definition(text, begin, bracket.start(), bracket[1])
        if definition and definition.short_form not in found:
            found[definition.short_form] = definition
    return list(found.values())


def spell(surface: str, text: str, definitions: Sequence[Definition]) -> str:
    """A stretch of a document with its short forms, also with a plural s, read as long forms.

    Args:
        surface: the stretch.
        text: of the document.
        definitions: the short forms that it explains.
    """
    for found in definitions:
        if found.short_form in surface:  # seldom: the pattern is made for these alone
            whole = rf"(?<![\p{{L}}\p{{N}}]){regex.escape(found.short_form)}s?(?![\p{{L}}\p{{N}}])"
            surface = regex.sub(whole, lambda _, f=found: text[f.start : f.end], surface)
    return surface


def _definition(text: str, begin: int, bracket: int, inside: str) -> Definition | None:
    """What a bracket explains, or is explained by, in a sentence that begins at `begin`."""
    short_form = inside.replace(";", ",").split(",", 1)[0].strip()
    short = _may_be_short_form(short_form)
    if not short and " " not in inside.strip():  # what most brackets hold: numbers, years
        return None
    words = list(_WORD.finditer(text, begin, bracket))
    if not words:
        return None
    if short:
        if len(short_form) > 2 and short_form[-1] == "s" and short_form[:-1].isupper():
            short_form = short_form[:-1]
        most = min(len(short_form) + 5, 2 * len(short_form))
        start, end = words[-most:][0].start(), words[-1].end()
        at = _long_form(short_form, text[start:end])
        if at is None:
            at = _other_order(short_form, text[start:end])
        return None if at is None else Definition(short_form, start + at, end)
    short_form = words[-1][0]
    if _may_be_short_form(short_form):
        at = _long_form(short_form, inside)
        if at is not None:
            start = bracket + 1
            return Definition(short_form, start + at, start + len(inside.rstrip()))
    return None


def _may_be_short_form(text: str) -> bool:
    return (
        2 <= len(text) <= LONGEST
        and len(text.split()) <= 2
        and text[0].isalnum()
        and any(map(str.isupper, text))
    )


def _long_form(short_form: str, words: str) -> int | None:
    """Where the long form begins in the words before (or in) the bracket."""
    at = len(words) - 1
    for number in range(len(short_form) - 1, -1, -1):
        letter = short_form[number].lower()
        if not letter.isalnum():
            continue
        while at >= 0 and (
            words[at].lower() != letter or (number == 0 and at > 0 and words[at - 1].isalnum())
        ):
            at -= 1
        if at < 0:
            return None
        at -= 1
    at += 1
    long_form = words[at:]
    if len(long_form) <= len(short_form) or short_form in _INITIALS.findall(long_form):
        return None
    return at


def _other_order(short_form: str, words: str) -> int | None:
    """Where the words begin whose initials are the capitals of a short form in another order."""
    if not short_form.isupper() or not short_form.isalpha():
        return None
    last = list(_INITIALS.finditer(words))[-len(short_form) :]
    initials = sorted(word[0][0].upper() for word in last)
    return last[0].start() if initials == sorted(short_form) else None
