"""The documents of a shard with their sentences: what every way of linking reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bali.storage import read_table, stream_table
from bali.text import document_text


class Document(NamedTuple):
    """A document and the spans of its sentences, in order, without overlap."""

    pmid: int
    version: int
    text: str
    sentences: list[tuple[int, int]]


def read_documents(documents: Path, sentences: Path) -> Iterator[Document]:
    """Documents with their sentences, in the order of the tables.

    Raises:
        InputError: a file is missing or holds another table.
    """
    table = read_table("sentences", sentences)
    pmids, versions, starts, ends = (
        table[name].to_numpy().tolist() for name in ("pmid", "version", "start", "end")
    )
    position = 0  # both tables are sorted by the same key
    for batch in stream_table("documents", documents, ["pmid", "version", "title", "abstract"]):
        for row in batch.to_pylist():
            key = row["pmid"], row["version"]
            found = []
            while position < len(pmids) and (pmids[position], versions[position]) == key:
                found.append((starts[position], ends[position]))
                position += 1
            yield Document(*key, document_text(row["title"], row["abstract"]), found)
