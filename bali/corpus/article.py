"""One record of PubMed's XML -> the fields of the table `documents`.

The layout is NLM's: PubmedArticle and PubmedBookArticle (DTDs of 2019 to 2025), and the bare
MedlineCitation of the files before 2016, whose headings have no identifiers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from lxml import etree

Element = etree._Element
Children = dict[str, Element]

# The article itself was withdrawn. A partial retraction leaves the rest of it standing.
_RETRACTING = frozenset(("RetractionIn", "RetractedandRepublishedIn"))
_RETRACTED = "Retracted Publication"
_NUMBER = re.compile(r"[0-9]{1,18}")  # fits int64
_VERSION = re.compile(r"[0-9]{1,9}")  # fits int32
_YEAR = re.compile(r"(?<![0-9])[0-9]{4}(?![0-9])")
_DAY = re.compile(r"0?[1-9]|[12][0-9]|3[01]")
_PMC = re.compile(r"PMC[0-9]+")
_MONTHS = {
    name: f"{number:02d}"
    for number, month in enumerate(
        "jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1
    )
    for name in (month, str(number), f"{number:02d}")
}


class NoKeyError(Exception):
    """A record without a usable PMID and version; the message is what stood in their place."""


class Section(NamedTuple):
    """A section of an abstract; offsets in the document's text, in code points."""

    label: str
    start: int
    end: int


class Heading(NamedTuple):
    """A MeSH heading: a descriptor and its qualifiers; a major topic where one of them is."""

    ui: str
    name: str
    major: bool
    qualifiers: list[str]


@dataclass(frozen=True, slots=True)
class Article:
    """One record; the fields are the columns of the table `documents`, but for `source`."""

    pmid: int
    version: int
    title: str
    abstract: str
    sections: list[Section]
    languages: list[str]
    journal: str
    year: int | None
    date: str
    revised: str
    mesh: list[Heading]
    publication_types: list[str]
    retracted: bool
    doi: str
    pmc: str


def read_key(pmid: Element | None) -> tuple[int, int]:
    """PMID and version of a PMID element.

    Raises:
        NoKeyError: it is missing, or one of the two is no number.
    """
    text = "" if pmid is None else text_of(pmid)
    version = "1" if pmid is None else pmid.get("Version", "1")
    if not (_NUMBER.fullmatch(text) and _VERSION.fullmatch(version)):
        raise NoKeyError(f"PMID {text!r}, version {version!r}")
    return int(text), int(version)


def read_citation(citation: Element | None, data: Element | None) -> Article:
    """The article of a MedlineCitation.

    Args:
        citation: the MedlineCitation.
        data: the PubmedData beside it, if there is one.

    Raises:
        NoKeyError: as `read_key`.
    """
    # An element's own children only: the reference list has PMIDs, DOIs and PMC ids too.
    of_citation = _children(citation)
    pmid, version = read_key(of_citation.get("PMID"))
    article = _children(of_citation.get("Article"))
    journal = _children(article.get("Journal"))
    date = _date(_children(journal.get("JournalIssue")).get("PubDate"))
    date = date or _date(article.get("ArticleDate"))
    types = _texts(article.get("PublicationTypeList"), "PublicationType")
    doi, pmc = _identifiers(_children(data).get("ArticleIdList"))
    title = text_of(article.get("ArticleTitle"))
    abstract, sections = _abstract(article.get("Abstract"), start=len(title) + 1)
    return Article(
        pmid=pmid,
        version=version,
        title=title,
        abstract=abstract,
        sections=sections,
        languages=_texts(of_citation.get("Article"), "Language"),
        journal=text_of(journal.get("Title")),
        year=int(date[:4]) if date else None,
        date=date,
        revised=_date(of_citation.get("DateRevised")),
        mesh=_headings(of_citation.get("MeshHeadingList")),
        publication_types=types,
        retracted=_RETRACTED in types or _withdrawn(of_citation.get("CommentsCorrectionsList")),
        doi=doi or _doi_of_location(of_citation.get("Article")),
        pmc=pmc or _pmc_of_other(citation),
    )


def read_book(document: Element | None, data: Element | None) -> Article:
    """The article that a BookDocument is: a chapter, or a whole book.

    Args:
        document: the BookDocument.
        data: the PubmedBookData beside it, if there is one.

    Raises:
        NoKeyError: as `read_key`.
    """
    children = _children(document)
    pmid, version = read_key(children.get("PMID"))
    book = _children(children.get("Book"))
    date = _date(children.get("ContributionDate")) or _date(book.get("PubDate"))
    own, more = (_identifiers(c.get("ArticleIdList")) for c in (children, _children(data)))
    whole = text_of(book.get("BookTitle"))
    chapter = text_of(children.get("ArticleTitle"))
    title = chapter or whole
    abstract, sections = _abstract(children.get("Abstract"), start=len(title) + 1)
    types = _texts(document, "PublicationType")
    return Article(
        pmid=pmid,
        version=version,
        title=title,
        abstract=abstract,
        sections=sections,
        languages=_texts(document, "Language"),
        journal=whole if chapter else "",
        year=int(date[:4]) if date else None,
        date=date,
        revised=_date(children.get("DateRevised")),
        mesh=[],
        publication_types=types,
        retracted=_RETRACTED in types,
        doi=own[0] or more[0] or _doi_of_location(children.get("Book") if not chapter else None),
        pmc=own[1] or more[1],
    )


def text_of(element: Element | None) -> str:
    """All text inside an element, mark-up dropped, runs of white space made one space."""
    if element is None:
        return ""
    text = "".join(map(str, element.itertext())) if len(element) else element.text
    return " ".join(text.split()) if text else ""


def _children(element: Element | None) -> Children:
    """Name -> the first child of that name; one walk is faster than a search for each."""
    found: Children = {}
    if element is not None:
        for child in element:
            found.setdefault(child.tag, child)
    return found


def _texts(element: Element | None, tag: str) -> list[str]:
    if element is None:
        return []
    return [text for child in element.iterchildren(tag) if (text := text_of(child))]


def _abstract(element: Element | None, start: int) -> tuple[str, list[Section]]:
    """The abstract and its sections; `start` is where it starts in the document's text."""
    texts: list[str] = []
    sections: list[Section] = []
    if element is None:
        return "", sections
    for section in element.iterchildren("AbstractText"):
        if text := text_of(section):
            texts.append(text)
            end = start + len(text)
            sections.append(Section(section.get("Label", ""), start, end))
            start = end + 1  # sections are joined by one space
    return " ".join(texts), sections


def _date(element: Element | None) -> str:
    """A date as far as it is stated: yyyy, yyyy-mm or yyyy-mm-dd; empty without a year.

    Of a MedlineDate such as "1998 Dec-1999 Jan" only the first year is taken; a season is none.
    """
    if element is None:
        return ""
    children = _children(element)
    year = _YEAR.search(text_of(children.get("Year")) or text_of(children.get("MedlineDate")))
    if year is None:
        return ""
    month = _MONTHS.get(text_of(children.get("Month")).lower()[:3])
    if month is None:
        return year[0]
    day = text_of(children.get("Day"))
    return f"{year[0]}-{month}-{int(day):02d}" if _DAY.fullmatch(day) else f"{year[0]}-{month}"


def _headings(element: Element | None) -> list[Heading]:
    headings: list[Heading] = []
    if element is None:
        return headings
    for heading in element.iterchildren("MeshHeading"):
        ui = name = ""
        major, qualifiers = False, []
        for part in heading:
            major = major or part.get("MajorTopicYN") == "Y"
            if part.tag == "DescriptorName":
                ui, name = part.get("UI", ""), text_of(part)
            elif part.tag == "QualifierName":
                qualifiers.append(text_of(part))
        headings.append(Heading(ui, name, major, qualifiers))
    return headings


def _withdrawn(element: Element | None) -> bool:
    return element is not None and any(child.get("RefType") in _RETRACTING for child in element)


def _identifiers(element: Element | None) -> tuple[str, str]:
    """DOI and PMC id of an ArticleIdList; empty where there is none."""
    doi = pmc = ""
    if element is not None:
        for child in element.iterchildren("ArticleId"):
            kind = child.get("IdType")
            if kind == "doi":
                doi = doi or text_of(child)
            elif kind == "pmc" and (found := _PMC.search(text_of(child))):
                pmc = pmc or found[0]
    return doi, pmc


def _doi_of_location(element: Element | None) -> str:
    """The DOI of an ELocationID, which the older files have instead."""
    if element is not None:
        for child in element.iterchildren("ELocationID"):
            if child.get("EIdType") == "doi" and child.get("ValidYN", "Y") == "Y":
                return text_of(child)
    return ""


def _pmc_of_other(citation: Element | None) -> str:
    """The PMC id of an OtherID, which the older files have instead."""
    if citation is not None:
        for child in citation.iterchildren("OtherID"):
            if child.get("Source") == "NLM" and (found := _PMC.search(text_of(child))):
                return found[0]
    return ""
