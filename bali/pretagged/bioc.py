"""Reads BioC XML: passages with offsets, annotations with locations. PubTator 3 exports it too.

    <collection><document><id>25681199</id>
      <passage><infon key="type">title</infon><offset>0</offset><text>A title</text>
        <annotation id="1"><infon key="identifier">MESH:D003920</infon>
          <infon key="type">Disease</infon><location offset="2" length="5"/>
          <text>title</text></annotation></passage></document></collection>

Of articles with full text only title and abstract count; a passage may hold its text in sentences.
An annotation with several locations is no one span. Identifiers stand under `identifier`, or under
the name of their vocabulary (MESH, NCBI Gene, ...) as older tools write them.

As bali/corpus/xml.py, the input is not trusted: no entity, DTD or address is opened, libxml2's
limits stay on and sizes are capped. Layout: Comeau et al. 2013, doi:10.1093/database/bat064.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from bali.errors import InputError
from bali.pretagged.stream import opened
from bali.pretagged.tagged import ELSEWHERE, PIECES, TaggedDocument, TaggedMention, read_pmid
from bali.untrusted import Capped, parse_xml

Element = etree._Element
_OFFSET = re.compile(r"[0-9]{1,9}")
_SECTIONS = ("TITLE", "ABSTRACT")
_TYPES = ("", "title", "front")
_PMIDS = ("article-id_pmid", "pmid")


def read_bioc(path: Path, max_decompressed_mb: int) -> Iterator[TaggedDocument]:
    """Read a file.

    Yields:
        Its documents in order.

    Raises:
        InputError: the file is missing, damaged or too large, or no BioC collection.
    """
    try:
        with opened(path, max_decompressed_mb) as stream:
            yield from _parse(stream, path)
    except etree.XMLSyntaxError as error:
        raise InputError(f"{path}: broken XML ({error}); fetch it again") from None


def _parse(stream: Capped, path: Path) -> Iterator[TaggedDocument]:
    events = parse_xml(stream, "document")
    number = 0
    for _, element in events:
        number += 1
        yield _document(element, f"{path}: document {number}")
        stream.mark()
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]
    if events.root.tag != "collection":
        raise InputError(
            f"{path}: its root is <{events.root.tag}>, not <collection>; give BioC XML"
        )


def _document(element: Element, where: str) -> TaggedDocument:
    document = TaggedDocument(read_pmid(_text(element, "id")), "")
    pieces: list[str] = []
    length = 0
    for passage in element.iterchildren("passage"):
        infons = _infons(passage)
        if document.pmid is None:
            document.pmid = next((read_pmid(infons[k]) for k in _PMIDS if k in infons), None)
        if not _wanted(infons):
            document.lost[ELSEWHERE] += sum(1 for _ in passage.iter("annotation"))
            continue
        base = length
        for part in [passage, *passage.iterchildren("sentence")]:
            text = _text(part, "text")
            offset = _number(_text(part, "offset"), "offset", where)
            for annotation in part.iterchildren("annotation"):
                shift = (base if part is passage else length) - offset
                mention = _mention(annotation, shift, where)
                if mention:
                    document.mentions.append(mention)
                else:
                    document.lost[PIECES] += 1
            if text:
                pieces.append(text)
                length += len(text) + 1
    document.text = " ".join(pieces)
    return document


def _wanted(infons: dict[str, str]) -> bool:
    if section := infons.get("section_type"):
        return section.upper() in _SECTIONS
    kind = infons.get("type", "").lower()
    return kind in _TYPES or kind.startswith("abstract")


def _mention(element: Element, shift: int, where: str) -> TaggedMention | None:
    locations = element.findall("location")
    if len(locations) != 1:
        return None
    start = _number(locations[0].get("offset", ""), "location's offset", where) + shift
    length = _number(locations[0].get("length", ""), "location's length", where)
    infons = _infons(element)
    kind = infons.pop("type", "")
    identifiers = (
        (infons["identifier"],)
        if "identifier" in infons
        else tuple(f"{key.replace(' ', '_')}:{value}" for key, value in infons.items())
    )
    return TaggedMention(start, start + length, _text(element, "text"), kind, identifiers, 1.0)


def _infons(element: Element) -> dict[str, str]:
    return {i.get("key", ""): _all(i).strip() for i in element.iterchildren("infon")}


def _text(element: Element, tag: str) -> str:
    found = element.find(tag)
    return "" if found is None else _all(found)


def _all(element: Element) -> str:
    return "".join(map(str, element.itertext()))


def _number(text: str, what: str, where: str) -> int:
    if not _OFFSET.fullmatch(text.strip()):
        raise InputError(f"{where}: its {what} is {text[:80]!r}, no number; mend the file")
    return int(text)
