"""PubMed's XML as a stream of records, in memory that does not grow with the file.

The layout is NLM's PubmedArticleSet (DTD of 2024): `PubmedArticle` elements, then at most one
`DeleteCitation`. The input is not trusted: no entity is expanded, no DTD and no address is
opened, libxml2's own limits stay on, and the decompressed size has a cap.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from lxml import etree

from bali.errors import InputError

MEGABYTE = 1_000_000  # bytes
_RECORDS = ("PubmedArticle", "PubmedBookArticle", "DeleteCitation")
_YEAR = re.compile(r"[0-9]{4}")


@dataclass(frozen=True)
class Article:
    """One record; the fields are the columns of the table `documents`, but for `source`."""

    pmid: int
    version: int
    title: str
    abstract: str
    sections: list[dict[str, Any]]  # label, start, end; offsets in the document's text
    language: str
    journal: str
    year: int | None
    mesh: list[str]
    publication_types: list[str]
    retracted: bool


@dataclass(frozen=True)
class Deletion:
    """One key that a DeleteCitation removes."""

    pmid: int
    version: int


@dataclass(frozen=True)
class Other:
    """A record that is no article: a book or a chapter of one."""


Record = Article | Deletion | Other


class _Capped:
    """A binary stream that refuses to give more than a number of bytes."""

    def __init__(self, stream: BinaryIO, path: Path, megabytes: int) -> None:
        self._stream, self._path, self._megabytes = stream, path, megabytes
        self._left = megabytes * MEGABYTE

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise InputError(
                f"{self._path}: unpacks to more than {self._megabytes} MB; if the file is sound, "
                "raise corpus.max_decompressed_mb in the config"
            )
        return data


def read_records(path: Path, max_decompressed_mb: int) -> Iterator[Record]:
    """Parse one .xml.gz file.

    Args:
        path: a gzip-compressed PubmedArticleSet.
        max_decompressed_mb: cap on the decompressed size, in millions of bytes.

    Yields:
        Its records in the order of the file.

    Raises:
        InputError: the gzip stream is damaged or cut off, the XML is broken or of another kind, a
            record has no PMID, or the cap is passed.
    """
    remedy = "fetch it again"
    try:
        with gzip.open(path) as stream:
            yield from _parse(_Capped(cast(BinaryIO, stream), path, max_decompressed_mb), path)
    except EOFError:
        raise InputError(f"{path}: the gzip file ends too early; {remedy}") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: no sound gzip file ({error}); {remedy}") from None
    except etree.XMLSyntaxError as error:
        raise InputError(f"{path}: broken XML ({error}); {remedy}") from None


def _parse(stream: _Capped, path: Path) -> Iterator[Record]:
    events = etree.iterparse(
        cast(BinaryIO, stream),
        events=("end",),
        tag=_RECORDS,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    number = 0
    for _, element in events:
        number += 1
        try:
            if element.tag == "PubmedArticle":
                yield _article(element)
            elif element.tag == "DeleteCitation":
                yield from (Deletion(*_key(pmid)) for pmid in element.iterfind("PMID"))
            else:
                yield Other()
        except _NoPmidError as error:
            raise InputError(
                f"{path}: record {number} has no valid PMID ({error}); fetch it again"
            ) from None
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    root = events.root.tag
    if root != "PubmedArticleSet":
        raise InputError(
            f"{path}: its root is <{root}>, not <PubmedArticleSet>; give PubMed's baseline or "
            "update files"
        )


class _NoPmidError(Exception):
    """A record without a usable key; the message is what stood in its place."""


def _key(pmid: etree._Element | None) -> tuple[int, int]:
    """PMID and version of a PMID element."""
    text = "" if pmid is None else (pmid.text or "").strip()
    version = "1" if pmid is None else pmid.get("Version", "1")
    if not (text.isdecimal() and version.isdecimal()):
        raise _NoPmidError(f"PMID {text!r}, version {version!r}")
    return int(text), int(version)


def _article(element: etree._Element) -> Article:
    # the article's own PMID only: others stand in its reference and comment lists
    pmid, version = _key(element.find("MedlineCitation/PMID"))
    citation = element.find("MedlineCitation/Article")
    article = etree.Element("Article") if citation is None else citation
    title = _text(article.find("ArticleTitle"))
    abstract, sections = _abstract(article, start=len(title) + 1)
    types = [_text(e) for e in article.iterfind("PublicationTypeList/PublicationType")]
    return Article(
        pmid=pmid,
        version=version,
        title=title,
        abstract=abstract,
        sections=sections,
        language=_text(article.find("Language")),
        journal=_text(article.find("Journal/Title")),
        year=_year(article.find("Journal/JournalIssue/PubDate")),
        mesh=[
            e.get("UI", "")
            for e in element.iterfind(
                "MedlineCitation/MeshHeadingList/MeshHeading/DescriptorName[@UI]"
            )
        ],
        publication_types=types,
        retracted="Retracted Publication" in types
        or element.find(
            "MedlineCitation/CommentsCorrectionsList/CommentsCorrections[@RefType='RetractionIn']"
        )
        is not None,
    )


def _abstract(article: etree._Element, start: int) -> tuple[str, list[dict[str, Any]]]:
    """The abstract and its sections; `start` is where it starts in the document's text."""
    texts, sections = [], []
    for element in article.iterfind("Abstract/AbstractText"):
        if text := _text(element):
            texts.append(text)
            end = start + len(text)
            sections.append({"label": element.get("Label", ""), "start": start, "end": end})
            start = end + 1  # sections are joined by one space
    return " ".join(texts), sections


def _year(date: etree._Element | None) -> int | None:
    """Year of a PubDate: its Year, else the first four digits of its MedlineDate."""
    if date is None:
        return None
    found = _YEAR.search(date.findtext("Year") or date.findtext("MedlineDate") or "")
    return int(found[0]) if found else None


def _text(element: etree._Element | None) -> str:
    """All text inside an element, mark-up dropped, white space collapsed."""
    return "" if element is None else " ".join("".join(map(str, element.itertext())).split())
