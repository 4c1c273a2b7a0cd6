"""PubMed's XML as a stream of records, in memory that does not grow with the file.

The roots are PubmedArticleSet, PubmedBookArticleSet, and MedlineCitationSet of the older files;
below them stand records and at most one list of deletions. The input is not trusted: no entity
is expanded, no DTD and no address is opened, libxml2's own limits stay on, and the decompressed
size has a cap. Nothing else may stand below the root: what is not understood is not passed over.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, cast

from lxml import etree

from bali.corpus.article import Article, NoKeyError, read_book, read_citation, read_key
from bali.corpus.broken import BrokenFileError, Damage
from bali.untrusted import Capped, parse_xml

_ROOTS = ("PubmedArticleSet", "PubmedBookArticleSet", "MedlineCitationSet")
_DELETIONS = ("DeleteCitation", "DeleteDocument")
_CHILDREN = ("PubmedArticle", "PubmedBookArticle", "MedlineCitation", *_DELETIONS)
_REMEDY = "fetch it again"


@dataclass(frozen=True, slots=True)
class Deletion:
    """One key that a DeleteCitation removes."""

    pmid: int
    version: int


Record = Article | Deletion


def read_records(path: Path, max_decompressed_mb: int) -> Iterator[Record]:
    """Parse one .xml.gz file.

    Args:
        path: a gzip-compressed set of PubMed records.
        max_decompressed_mb: cap on the decompressed size, in millions of bytes.

    Yields:
        Its records in the order of the file.

    Raises:
        BrokenFileError: the gzip stream is damaged or cut off, the XML is broken or of another
            kind, a record has no PMID, or a cap is passed. Only a file that is read to its end
            is known to be whole.
    """
    try:
        with gzip.open(path) as stream:
            capped = Capped(
                cast(IO[bytes], stream),
                path,
                max_decompressed_mb,
                setting="corpus.max_decompressed_mb",
                record="a PubMed record; give PubMed's baseline or update files",
                error=partial(BrokenFileError, Damage.SIZE),
            )
            yield from _parse(capped, path)
    except EOFError:
        raise BrokenFileError(
            Damage.GZIP, f"{path}: the gzip file ends too early; {_REMEDY}"
        ) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise BrokenFileError(
            Damage.GZIP, f"{path}: no sound gzip file ({error}); {_REMEDY}"
        ) from None
    except etree.XMLSyntaxError as error:
        raise BrokenFileError(Damage.XML, f"{path}: broken XML ({error}); {_REMEDY}") from None


def _parse(stream: Capped, path: Path) -> Iterator[Record]:
    events = parse_xml(stream, _CHILDREN)
    number = 0
    for _, element in events:
        root = element.getparent()
        if root is None or root.getparent() is not None:
            continue  # the MedlineCitation of a PubmedArticle; its end is not a record's
        number += 1
        try:
            yield from _records(element)
        except NoKeyError as error:
            raise BrokenFileError(
                Damage.KEY, f"{path}: record {number} has no valid PMID ({error}); {_REMEDY}"
            ) from None
        stream.mark()
        element.clear()
        while element.getprevious() is not None:
            _check_child(root[0], path)
            del root[0]
    root = events.root
    if root.tag not in _ROOTS:
        raise BrokenFileError(
            Damage.LAYOUT,
            f"{path}: its root is <{root.tag}>, not one of <{'>, <'.join(_ROOTS)}>; give PubMed's "
            "baseline or update files",
        )
    for child in root:
        _check_child(child, path)


def _check_child(child: etree._Element, path: Path) -> None:
    if child.tag not in _CHILDREN:
        name = child.tag if isinstance(child.tag, str) else child.text
        raise BrokenFileError(
            Damage.LAYOUT, f"{path}: holds <{name}> among its records, which is none; {_REMEDY}"
        )


def _records(element: etree._Element) -> Iterator[Record]:
    match element.tag:
        case "PubmedArticle":
            yield read_citation(element.find("MedlineCitation"), element.find("PubmedData"))
        case "MedlineCitation":
            yield read_citation(element, None)
        case "PubmedBookArticle":
            yield read_book(element.find("BookDocument"), element.find("PubmedBookData"))
        case _:
            for pmid in element.iterchildren("PMID"):
                yield Deletion(*read_key(pmid))
