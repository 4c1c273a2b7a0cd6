"""Reads gold mentions in BioC XML, as BC5CDR, NLM-Chem and PubTator's own downloads come.

A document is passages with an offset each; annotations hold their type and their identifier as
infons and their place as offset and length, counted in the document. The first passage is the
title. Annotations of several locations are counted and passed over: they are no span.

Layout: Comeau et al. 2013, BioC, doi:10.1093/database/bat064.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lxml import etree

from bali.errors import InputError
from bali.files import require_file
from bali.gold.identifiers import SOURCES
from bali.gold.pubtator import NONE, GoldCorpus, GoldDocument, GoldMention
from bali.untrusted import parse_xml


def read_bioc(path: Path) -> GoldCorpus:
    """Read a collection.

    Raises:
        InputError: the file is missing or no BioC, or a mention is not the text at its offsets.
    """
    require_file(path, "give a corpus in BioC XML")
    documents: dict[str, GoldDocument] = {}
    repeated = relations = discontinuous = 0
    try:
        with path.open("rb") as stream:
            for _, element in parse_xml(stream, "document"):
                name = element.findtext("id", "").strip()
                relations += len(element.findall(".//relation"))
                annotations = element.findall(".//annotation")
                whole = [a for a in annotations if len(a.findall("location")) == 1]
                discontinuous += len(annotations) - len(whole)
                if name in documents:
                    repeated += 1
                else:
                    documents[name] = _document(name, element, whole, f"{path}: document {name!r}")
                element.clear()
    except etree.XMLSyntaxError as error:
        raise InputError(f"{path}: no XML ({error}); give a corpus in BioC XML") from None
    if not documents:
        raise InputError(f"{path}: holds no document; BioC has <collection><document>")
    return GoldCorpus(list(documents.values()), repeated, relations, discontinuous)


def _document(name: str, element: Any, annotations: list[Any], where: str) -> GoldDocument:
    passages = [
        (_number(p.findtext("offset"), f"{where}: offset of a passage"), p.findtext("text") or "")
        for p in element.findall("passage")
    ]
    if not name or not passages:
        raise InputError(f"{where}: without an id or without passages")
    text = ""
    for offset, passage in passages:
        if offset < len(text):
            raise InputError(
                f"{where}: a passage at offset {offset} inside the one before, which ends at "
                f"{len(text)}; offsets count code points"
            )
        text = text.ljust(offset) + passage
    title = passages[0][1]
    mentions = [_mention(annotation, text, where) for annotation in annotations]
    mentions.sort(key=lambda m: (m.start, m.end))
    return GoldDocument(name, text[: len(title)], text[len(title) + 1 :], tuple(mentions))


def _mention(annotation: Any, text: str, where: str) -> GoldMention:
    location = annotation.find("location")
    start = _number(location.get("offset"), f"{where}: offset of an annotation")
    length = _number(location.get("length"), f"{where}: length of an annotation")
    written = annotation.findtext("text") or ""
    found = text[start : start + length]
    if not found.strip() or found.strip() != written.strip():
        raise InputError(
            f"{where}: {written!r} is not the text from {start} to {start + length}, {found!r}; "
            "offsets count code points of the document"
        )
    start += len(found) - len(found.lstrip())
    infons = {i.get("key", "").lower(): i.text or "" for i in annotation.findall("infon")}
    return GoldMention(
        start,
        start + len(found.strip()),
        found.strip(),
        tuple(infons.get("type", "").split(",")),
        _identifiers(infons),
    )


def _identifiers(infons: dict[str, str]) -> tuple[str, ...]:
    """Those of an infon `identifier`, or of one that is named like a vocabulary."""
    found = [value for key, value in infons.items() if key == "identifier"]
    for vocabulary in SOURCES:
        if vocabulary.lower() in infons:
            codes = re.split(r"[|+,;]", infons[vocabulary.lower()])
            prefix = f"{vocabulary}:"
            found += [
                code if code.strip() in ("", NONE) or ":" in code else prefix + code.strip()
                for code in codes
            ]
    parts = [part.strip() for value in found for part in re.split(r"[|+,;]", value)]
    return tuple(part for part in parts if part not in ("", NONE, "-"))


def _number(value: str | None, where: str) -> int:
    if value is None or not value.strip().isdecimal():
        raise InputError(f"{where} is {value!r}, no number; BioC counts code points from 0")
    return int(value)
