"""Keys of documents and sentences as integers, and look-ups among sorted ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bali.errors import InputError

Integers = NDArray[np.int64]
DOCUMENT = ["pmid", "version"]
SENTENCE = [*DOCUMENT, "sentence"]
_VERSIONS = 20  # bits of a version, 31 of a sentence's number; a PMID has 43


def document_keys(rows: pa.Table | pa.RecordBatch) -> Integers:
    """(rows,) PMID and version as one integer; ordered as they are."""
    pmid = rows["pmid"].to_numpy().astype(np.int64)
    keys: Integers = pmid << _VERSIONS | rows["version"].to_numpy()
    return keys


def find(keys: Integers, among: Integers) -> Integers:
    """For each of `keys` its position in `among`, which is ascending; -1 for none."""
    if not len(among):
        return np.full(len(keys), -1)
    at = np.minimum(np.searchsorted(among, keys), len(among) - 1)
    return np.where(among[at] == keys, at, -1)


class SentenceKeys:
    """Finds the sentences of one shard by document and number."""

    def __init__(self, sentences: pa.Table, path: Path) -> None:
        """Take the keys of the table `sentences`, read from `path`.

        Raises:
            InputError: its rows are not sorted by them.
        """
        keys = document_keys(sentences)
        first = np.diff(keys, prepend=-1) != 0  # of its document
        self.documents: Integers = keys[first]
        self.document: Integers = np.cumsum(first) - 1  # (sentences,) position in `documents`
        self._keys = self._of(self.document, sentences)
        require_ascending(self.documents, path)
        require_ascending(self._keys, path)

    def find(self, rows: pa.Table) -> Integers:
        """(rows,) position of the sentence that each of `rows` stands in; -1 for none."""
        document = find(document_keys(rows), self.documents)
        return np.where(document < 0, -1, find(self._of(document, rows), self._keys))

    @staticmethod
    def _of(document: Integers, rows: pa.Table) -> Integers:
        keys: Integers = document << 31 | rows["sentence"].to_numpy()
        return keys


def require_ascending(keys: Integers, path: Path) -> None:
    """Check what look-ups rely on.

    Raises:
        InputError: a key is not greater than the one before it.
    """
    if (np.diff(keys) <= 0).any():
        raise InputError(
            f"{path}: row {int(np.argmax(np.diff(keys) <= 0)) + 2} does not sort behind the one "
            "before it; remove the file and run the step that makes it again"
        )
