"""Identifiers as tools write them -> one way to write them, and the code in UMLS that they are.

`mesh:D003920`, `MESH:D003920` and a bare `D003920` are one identifier; so are `CVCL_0030` and
`cellosaurus:CVCL_0030`. A bare number is read by the type of its entity: 2064 of a Gene is
`ncbigene:2064`. resources/vocabularies.tsv says which prefix and type belongs to which vocabulary,
which source (SAB) of UMLS has it, and how MRCONSO.CODE is made; an empty source: UMLS has none.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from bali.errors import InputError
from bali.files import require_file

UNKNOWN = "unknown"  # the vocabulary of what no known prefix tells
UMLS = "umls"  # whose codes are CUIs
REMEMBERED = 2**17  # identifiers as they were written; most of a corpus come again
_COLUMNS = ["prefix", "vocabulary", "sab", "code"]
_NONE = frozenset(("", "-", "-1", "cui-less"))
_JOINTS = re.compile(r"[|;,+]")
_CUI = re.compile(r"C[0-9]{7}")
_PREFIX = re.compile(r"[A-Z][A-Z0-9._-]{0,19}(?=:)")
_BARE_MESH = re.compile(r"[CD](?:[0-9]{6}|[0-9]{9})")


class Identifier(NamedTuple):
    """A vocabulary of resources/vocabularies.tsv, or UNKNOWN, and a code in it."""

    vocabulary: str
    code: str


def counted_as(identifier: Identifier) -> str:
    """What an identifier is counted as: its vocabulary, or its prefix where that is not known."""
    vocabulary, code = identifier
    if vocabulary == UNKNOWN and (prefix := _PREFIX.match(code)):
        return f"{UNKNOWN} {prefix[0].lower()}"
    return vocabulary


class Code(NamedTuple):
    """MRCONSO's SAB and CODE."""

    sab: str
    code: str


class Vocabularies:
    """Reads identifiers."""

    def __init__(self, path: Path) -> None:
        """Read resources/vocabularies.tsv.

        Raises:
            InputError: the file is missing, or a row is not of the layout.
        """
        require_file(path, "it is part of the project")
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
        if rows[:1] != [_COLUMNS]:
            raise InputError(f"{path}: line 1: the columns must be {', '.join(_COLUMNS)}")
        self._read: dict[tuple[tuple[str, ...], str], tuple[Identifier, ...]] = {}
        self._vocabulary: dict[str, str] = {}  # prefix -> vocabulary
        self._target: dict[str, tuple[str, str]] = {}  # vocabulary -> SAB, form of the code
        for number, row in enumerate(rows[1:], 2):
            if len(row) != 4 or "{}" not in row[3] or row[0] in self._vocabulary:
                raise InputError(
                    f"{path}: line {number}: {row}: a new prefix, its vocabulary, SAB or nothing, "
                    "and the code with {} in it"
                )
            prefix, vocabulary, *target = row
            self._vocabulary[prefix] = vocabulary
            if self._target.setdefault(vocabulary, (target[0], target[1])) != tuple(target):
                raise InputError(f"{path}: line {number}: {vocabulary} has two SABs or codes")

    def read(self, written: Iterable[str], kind: str) -> tuple[Identifier, ...]:
        """The identifiers of a mention, distinct, in their order.

        Those of no known vocabulary only where there are no others.

        Args:
            written: each may hold several, joined by `|`, `;`, `,` or `+`.
            kind: type of the entity, which says what a bare code is.
        """
        key = tuple(written), kind
        if (known := self._read.get(key)) is None:
            parts = (part.strip() for text in key[0] for part in _JOINTS.split(text))
            found = dict.fromkeys(self.one(p, kind) for p in parts if p.lower() not in _NONE)
            known = tuple(i for i in found if i.vocabulary != UNKNOWN) or tuple(found)
            if len(self._read) >= REMEMBERED:
                self._read.clear()
            self._read[key] = known
        return known

    def one(self, written: str, kind: str = "") -> Identifier:
        """A single identifier."""
        if _CUI.fullmatch(written):
            return Identifier(UMLS, written)
        if _BARE_MESH.fullmatch(written):
            return Identifier("mesh", written)
        vocabulary, code = self._split(written)
        if vocabulary is None and ":" not in code:
            vocabulary = self._vocabulary.get(kind.lower())
        return Identifier(vocabulary or UNKNOWN, code.strip().upper())

    def _split(self, written: str) -> tuple[str | None, str]:
        """Cut known prefixes off: HP:HP:0000001 and cellosaurus:CVCL_0030 have two."""
        vocabulary = None
        for joint in (":", ":", "_"):
            prefix, joined, rest = written.partition(joint)
            known = self._vocabulary.get(prefix.strip().lower())
            if joined and known and vocabulary in (None, known):
                vocabulary, written = known, rest
        return vocabulary, written

    def target(self, identifier: Identifier) -> Code | None:
        """The code in UMLS; None if UMLS does not have the vocabulary, or it is UMLS itself."""
        sab, form = self._target.get(identifier.vocabulary, ("", ""))
        return Code(sab, form.format(identifier.code)) if sab else None

    def of_column(self, name: str) -> str | None:
        """The vocabulary of a column named after it, as hgnc_id or entrez_id; None for others."""
        return self._vocabulary.get(name.strip().lower().removesuffix("_id"))
