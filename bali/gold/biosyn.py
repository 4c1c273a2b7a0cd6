"""Reads dictionaries and queries as BioSyn lays them out (Sung et al. 2020, arXiv:2005.00239).

A dictionary holds a name a line, a folder of queries one `<PMID>.concept` file a document:

    D011125||adenomatous polyposis coli
    10192393||15|26||DiseaseClass||skin tumour||D012878

Identifiers that name the same concept stand side by side, joined by a pipe; those of a composite
mention are joined by a pipe or a plus sign. -1 and CUI-LESS stand for none. Here an identifier is
a concept of its own: no map is needed, and any of a mention's is a hit, as BioSyn counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bali.errors import InputError
from bali.files import require_file

NONE = ("-1", "CUI-LESS", "")
_SEPARATOR = "||"


class Query(NamedTuple):
    """One mention of a query file."""

    document: str
    type: str
    text: str
    identifiers: tuple[str, ...]


def read_dictionary(paths: list[Path]) -> list[tuple[str, str]]:
    """(identifier, name) of all files, sorted, each once.

    Raises:
        InputError: a file is missing or no UTF-8, or a line has not two fields.
    """
    found: set[tuple[str, str]] = set()
    for path in paths:
        for number, line in _lines(require_file(path, "give a dictionary, identifier||name")):
            identifiers, separator, name = line.partition(_SEPARATOR)
            if not separator or not name.strip():
                raise InputError(f"{path}: line {number}: {line!r} is not identifier||name")
            found.update((i, name.strip()) for i in split_identifiers(identifiers))
    return sorted(found)


def read_queries(folder: Path) -> list[Query]:
    """Mentions of all `.concept` files of a folder, in the order of their names.

    Raises:
        InputError: the folder holds none, or a line has not the layout.
    """
    paths = sorted(folder.glob("*.concept"))
    if not paths:
        raise InputError(f"{folder}: no .concept file; give a folder of BioSyn's queries")
    return [query for path in paths for query in _queries(path)]


def _queries(path: Path) -> Iterator[Query]:
    for number, line in _lines(path):
        fields = line.split(_SEPARATOR)
        if len(fields) != 5 or not fields[3].strip():
            raise InputError(
                f"{path}: line {number}: {line!r} is not PMID||start|end||type||mention||identifier"
            )
        document, _, kind, text, identifiers = fields
        yield Query(document, kind, text.strip(), split_identifiers(identifiers))


def split_identifiers(written: str) -> tuple[str, ...]:
    """The identifiers that one field holds; none for -1."""
    parts = (part.strip() for part in re.split(r"[|+]", written))
    return tuple(part for part in parts if part.upper() not in NONE)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, 1):
            try:
                line = raw.decode().rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise InputError(f"{path}: line {number}: no UTF-8 ({error}); convert it") from None
            if line.strip():
                yield number, line
