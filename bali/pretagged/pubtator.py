"""Reads PubTator's layout as PubTator 3 exports it: annotations of a tool, not gold.

    25681199|t|A title
    25681199|a|An abstract
    25681199<TAB>2<TAB>7<TAB>title<TAB>Disease<TAB>MESH:D003920

Types are Gene (identifiers of NCBI Gene, several joined by a semicolon), Species (NCBI taxonomy),
CellLine (CVCL_...), Disease and Chemical (MESH:..., OMIM:...) and kinds of variants; `-` or nothing
stands for no identifier. Relations have four fields and are counted, not read. Unlike gold
(bali/gold/pubtator.py), what does not fit its text is counted, and files of any size are streamed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bali.errors import InputError
from bali.pretagged.stream import read_lines
from bali.pretagged.tagged import TaggedDocument, TaggedMention, read_pmid
from bali.text import document_text

_PASSAGE = re.compile(r"([^|\t]+)\|([ta])\|(.*)", re.DOTALL)
_OFFSET = re.compile(r"[0-9]{1,9}")


class _Block:
    """The lines of one document."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.passages: dict[str, str] = {}
        self.mentions: list[TaggedMention] = []
        self.relations = 0

    def document(self) -> TaggedDocument:
        text = document_text(self.passages.get("t", ""), self.passages.get("a", ""))
        return TaggedDocument(read_pmid(self.name), text, self.mentions, relations=self.relations)


def read_pubtator3(path: Path, max_decompressed_mb: int) -> Iterator[TaggedDocument]:
    """Read a file.

    Yields:
        Its documents in order.

    Raises:
        InputError: the file is missing, damaged or too large, or a line is not of the layout.
    """
    block: _Block | None = None
    for number, line in read_lines(path, max_decompressed_mb):
        where = f"{path}: line {number}"
        if not line.strip():
            if block:
                yield block.document()
            block = None
        elif passage := _PASSAGE.fullmatch(line):
            name, part, text = passage.groups()
            if block and (part == "t" and block.passages):  # no blank line in between
                yield block.document()
                block = None
            block = _same(block, name, where)
            if part in block.passages or block.mentions:
                raise InputError(f"{where}: a document is one |t| line, then one |a| line")
            block.passages[part] = text
        else:
            fields = line.split("\t")
            block = _same(block, fields[0], where)
            if len(fields) == 4 and not _OFFSET.fullmatch(fields[1]):
                block.relations += 1
                continue
            block.mentions.append(_mention(block, fields, where))
    if block:
        yield block.document()


def _same(block: _Block | None, name: str, where: str) -> _Block:
    if block and block.name != name:
        raise InputError(
            f"{where}: {name[:80]!r} inside document {block.name[:80]!r}; a blank line ends a "
            "document"
        )
    return block or _Block(name)


def _mention(block: _Block, fields: list[str], where: str) -> TaggedMention:
    if len(fields) < 5 or not (_OFFSET.fullmatch(fields[1]) and _OFFSET.fullmatch(fields[2])):
        raise InputError(
            f"{where}: {len(fields)} fields; a mention is PMID, start, end, text, type, "
            "identifier, parted by tabs"
        )
    if not block.passages:
        raise InputError(f"{where}: a mention before the |t| and |a| lines of its document")
    identifiers = (fields[5],) if len(fields) > 5 else ()
    return TaggedMention(int(fields[1]), int(fields[2]), fields[3], fields[4], identifiers, 1.0)
