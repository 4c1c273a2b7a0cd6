"""Reads gold mentions in PubTator's layout: NCBI Disease, BC5CDR, MedMentions and their like.

A document is its title, its abstract and its annotations; a blank line ends it:

    10192393|t|A common human skin tumour ...
    10192393|a|WNT signalling ...
    10192393<TAB>15<TAB>26<TAB>skin tumour<TAB>DiseaseClass<TAB>D012878

Offsets count in the title, one character for the line's end, and the abstract: that is our own
rule (bali/text.py). Relations, as in `354896<TAB>CID<TAB>D008012<TAB>D006323`, are counted and
passed over.

What the corpora write:

- NCBI Disease: types SpecificDisease, DiseaseClass, Modifier, CompositeMention; identifiers
  `D012878` or `OMIM:114480`, several joined by a pipe or a plus sign, -1 for none.
- BC5CDR: types Disease, Chemical; identifiers `D012878`, several joined by a pipe, -1 for none; of
  several, the single mentions follow in words.
- MedMentions: semantic types, joined by commas; identifier `UMLS:C0000001` or the bare CUI.

Layout: Wei et al. 2013, PubTator, doi:10.1093/nar/gkt441.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from bali.errors import InputError
from bali.files import require_file
from bali.text import document_text

NONE = "-1"  # what stands for a mention without an identifier
_PASSAGE = re.compile(r"([^|\t]+)\|([ta])\|(.*)")


class GoldMention(NamedTuple):
    """One annotation; offsets are code points of the document's text, white space cut off."""

    start: int
    end: int
    text: str
    types: tuple[str, ...]
    identifiers: tuple[str, ...]  # as they are written; none for -1


class GoldDocument(NamedTuple):
    """A document and its annotations, in their order."""

    name: str  # the PMID, as it is written
    title: str
    abstract: str
    mentions: tuple[GoldMention, ...]

    @property
    def text(self) -> str:
        """What the offsets count in."""
        return document_text(self.title, self.abstract)


class GoldCorpus(NamedTuple):
    """A file of gold documents."""

    documents: list[GoldDocument]
    repeated: int  # documents whose name stood in the file before; only the first counts
    relations: int
    discontinuous: int = 0  # mentions of several spans, passed over; only BioC writes such


class _Block:
    """The lines of one document."""

    def __init__(self) -> None:
        self.name = ""
        self.passages: dict[str, str] = {}
        self.mentions: list[GoldMention] = []


def read_pubtator(path: Path) -> GoldCorpus:
    """Read a gold file.

    Raises:
        InputError: the file is missing or no UTF-8, or a line is not what the layout asks for.
    """
    documents: dict[str, GoldDocument] = {}
    repeated = relations = 0
    block = _Block()
    for number, line in _lines(path):
        where = f"{path}: line {number}"
        if not line.strip():
            repeated += _close(block, documents, where)
            block = _Block()
        elif passage := _PASSAGE.fullmatch(line):
            name, part, text = passage.groups()
            if part == "t" and block.passages:  # no blank line in between
                repeated += _close(block, documents, where)
                block = _Block()
            _same_document(block, name, where)
            if part in block.passages or (part == "a" and "t" not in block.passages):
                raise InputError(f"{where}: a document is one |t| line, then one |a| line")
            block.passages[part] = text
        else:
            fields = line.split("\t")
            _same_document(block, fields[0], where)
            if len(fields) == 4 and not fields[1].isdecimal():
                relations += 1
            else:
                block.mentions.append(_mention(block, fields, where))
    repeated += _close(block, documents, f"{path}: its end")
    if not documents:
        raise InputError(f"{path}: holds no document; PubTator's layout begins with PMID|t|title")
    return GoldCorpus(list(documents.values()), repeated, relations)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    require_file(path, "give a corpus in PubTator's layout")
    opened = gzip.open(path) if path.suffix == ".gz" else path.open("rb")
    with opened as stream:  # str.splitlines would also break at U+2028 and others
        for number, raw in enumerate(_bytes(stream, path), 1):
            try:
                yield number, raw.decode().rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise InputError(f"{path}: line {number}: no UTF-8 ({error}); convert it") from None


def _bytes(stream: Iterable[bytes], path: Path) -> Iterator[bytes]:
    try:
        yield from stream
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: no whole gzip file ({error}); fetch it again") from None


def _same_document(block: _Block, name: str, where: str) -> None:
    block.name = block.name or name
    if name != block.name:
        raise InputError(
            f"{where}: {name!r} inside document {block.name!r}; a blank line ends a document"
        )


def _close(block: _Block, documents: dict[str, GoldDocument], where: str) -> int:
    """Take in a complete document; returns 1 if its name was there already."""
    if not block.name:
        return 0
    if set(block.passages) != {"t", "a"}:
        raise InputError(f"{where}: document {block.name!r} ends without its |t| and |a| lines")
    if block.name in documents:
        return 1
    title, abstract = block.passages["t"], block.passages["a"]
    documents[block.name] = GoldDocument(block.name, title, abstract, tuple(block.mentions))
    return 0


def _mention(block: _Block, fields: list[str], where: str) -> GoldMention:
    if len(fields) < 5 or not (fields[1].isdecimal() and fields[2].isdecimal()):
        raise InputError(
            f"{where}: {len(fields)} fields; a mention is PMID, start, end, text, type, "
            "identifier, parted by tabs"
        )
    if "a" not in block.passages:
        raise InputError(f"{where}: a mention before the |t| and |a| lines of its document")
    start, end = int(fields[1]), int(fields[2])
    text = document_text(block.passages["t"], block.passages["a"])
    found = text[start:end]
    if not found.strip() or found.strip() != fields[3].strip():
        raise InputError(
            f"{where}: {fields[3]!r} is not the text from {start} to {end}, {found!r}; offsets "
            "count code points of title, one space, abstract"
        )
    start += len(found) - len(found.lstrip())
    found = found.strip()
    written = re.split(r"[|+]", fields[5]) if len(fields) > 5 else []
    identifiers = tuple(i.strip() for i in written if i.strip() not in ("", NONE))
    types = tuple(fields[4].split(","))
    return GoldMention(start, start + len(found), found, types, identifiers)
