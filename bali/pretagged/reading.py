"""One pre-tagged file -> sorted runs of its mentions, and an account of what it held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bali.pretagged.bern2 import read_bern2
from bali.pretagged.bioc import read_bioc
from bali.pretagged.pubtator import read_pubtator3
from bali.pretagged.runs import RunWriter
from bali.pretagged.tagged import NOWHERE, TaggedDocument, place
from bali.pretagged.vocabularies import Identifier, Vocabularies
from bali.tables import INT32, INT64, STRING, list_of

FORMATS: dict[str, Callable[[Path, int], Iterator[TaggedDocument]]] = {
    "bern2": read_bern2,
    "pubtator": read_pubtator3,
    "bioc": read_bioc,
}
NO_PMID = "no PMID"
NO_IDENTIFIER = "no identifier"
FILE = 2**32  # documents of a file, at most

# A mention as it is read: `document` is FILE x number of its file + its number in the file.
SCHEMA = pa.schema(
    {
        "pmid": INT64,
        "document": INT64,
        "start": INT32,
        "end": INT32,
        "before": INT32,
        "occurrence": INT32,
        "occurrences": INT32,
        "text": STRING,
        "vocabulary": list_of(STRING),
        "code": list_of(STRING),
        "score": pa.float32(),
    }
)


@dataclass
class FileContent:
    """What a file held.

    Attributes:
        runs: files of its mentions.
        pmid: (documents with a PMID,) int64.
        document: (documents with a PMID,) int64; numbers as in SCHEMA.
        identifiers: all that its mentions name.
        documents: number of all documents.
        mentions: number of all mentions.
        lost: mentions that are in no run, by reason.
        relations: number of all lines of relations.
    """

    runs: list[Path]
    pmid: NDArray[np.int64]
    document: NDArray[np.int64]
    identifiers: set[Identifier]
    documents: int = 0
    mentions: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    relations: int = 0


def read_file(
    path: Path, number: int, format_: str, max_decompressed_mb: int, vocabularies: Path, runs: Path
) -> FileContent:
    """Read a file and write the runs of its mentions.

    Args:
        path: the file.
        number: its number among all files, from 0.
        format_: one of FORMATS.
        max_decompressed_mb: cap on its size, in millions of bytes.
        vocabularies: resources/vocabularies.tsv.
        runs: folder of the runs.

    Raises:
        InputError: the file is missing, damaged, too large, or of another format.
    """
    known = Vocabularies(vocabularies)
    writer = RunWriter(SCHEMA, runs / f"{number:06d}")
    content = FileContent([], np.empty(0, np.int64), np.empty(0, np.int64), set())
    pmids: list[int] = []
    documents: list[int] = []
    for ordinal, document in enumerate(FORMATS[format_](path, max_decompressed_mb)):
        key = number * FILE + ordinal
        content.documents += 1
        content.mentions += len(document.mentions) + document.lost.total()
        content.lost += document.lost
        content.relations += document.relations
        if document.pmid is None:
            content.lost[NO_PMID] += len(document.mentions)
            continue
        pmids.append(document.pmid)
        documents.append(key)
        for mention in document.mentions:
            identifiers = known.read(mention.identifiers, mention.kind)
            placed = place(document.text, mention)
            if placed is None:
                content.lost[NOWHERE] += 1
            elif not identifiers:
                content.lost[NO_IDENTIFIER] += 1
            else:
                content.identifiers.update(identifiers)
                columns = (list(column) for column in zip(*identifiers, strict=True))
                writer.add((document.pmid, key, *placed, *columns, mention.score))
    writer.finish()
    content.runs = writer.paths
    content.pmid = np.array(pmids, np.int64)
    content.document = np.array(documents, np.int64)
    return content
