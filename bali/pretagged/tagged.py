"""What the readers of pre-tagged files have in common: a document, its text, its mentions."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

_PMID = re.compile(r"[0-9]{1,18}")  # fits int64
PIECES = "in several pieces"
ELSEWHERE = "outside title and abstract"
NOWHERE = "not in its file's text"


class TaggedMention(NamedTuple):
    """One annotation; offsets are code points of the document's text in the file.

    Attributes:
        start: first code point.
        end: the code point after the last.
        text: as the annotation gives it.
        kind: type of the entity, as it is written.
        identifiers: as they are written; several are alternatives, or parts of a composite.
        score: confidence of the tool, from 0 to 1; 1 where it gives none.
    """

    start: int
    end: int
    text: str
    kind: str
    identifiers: tuple[str, ...]
    score: float


@dataclass
class TaggedDocument:
    """A document of a pre-tagged file.

    Attributes:
        pmid: None if it has no PMID.
        text: what the offsets count in.
        mentions: in the order of the file.
        lost: mentions that the layout has but a span of text cannot hold, by reason.
        relations: lines that state one of these, which are no mentions.
    """

    pmid: int | None
    text: str
    mentions: list[TaggedMention] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    relations: int = 0


class Placed(NamedTuple):
    """Where a mention stands, in three ways, so that it is found again in a text that differs.

    Attributes:
        start: first code point of the file's text.
        end: the code point after the last.
        before: characters before it that are no white space.
        occurrence: number of this occurrence of its text in the file's text, from 0.
        occurrences: number of all occurrences.
        text: what stands there, without white space at its ends.
    """

    start: int
    end: int
    before: int
    occurrence: int
    occurrences: int
    text: str


def read_pmid(value: object) -> int | None:
    """The PMID that a file states as a number or a string; None if it is none."""
    text = str(value).strip() if isinstance(value, int | str) else ""
    return int(text) if _PMID.fullmatch(text) else None


def without_surrogates(text: str) -> str:
    """The text with each lone surrogate, which no file can hold, replaced by a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def place(text: str, mention: TaggedMention) -> Placed | None:
    """Find a mention in its file's text: at its offsets, else its nearest occurrence.

    Tools count in bytes, in UTF-16 units or after a clean-up of the text: what stands at the
    offsets may be something else.

    Args:
        text: of the document, in the file.
        mention: one of its mentions.

    Returns:
        None if the text has no such stretch, or the mention has no text.
    """
    wanted = mention.text.strip()
    if not wanted:
        return None
    found = occurrences(text, wanted)
    if not found:
        return None
    stated = mention.start + len(mention.text) - len(mention.text.lstrip())
    start = min(found, key=lambda at: (abs(at - stated), at))
    return Placed(
        start, start + len(wanted), ink(text[:start]), found.index(start), len(found), wanted
    )


def occurrences(text: str, wanted: str) -> list[int]:
    """Where a text stands in another, overlapping ones too, in order."""
    found, at = [], text.find(wanted)
    while at >= 0:
        found.append(at)
        at = text.find(wanted, at + 1)
    return found


def ink(text: str) -> int:
    """Number of characters that are no white space."""
    return len("".join(text.split()))
