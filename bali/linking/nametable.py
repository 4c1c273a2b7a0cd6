"""Texts of a dictionary with their concepts, found by hash, many at a time; mapped into memory.

Our own, because linking at scale is what the project is for: a sorted array of hashes is searched
for all runs of words of a block at once, needs no time to load, and is shared by all processes of
a machine. Tries and automata (marisa-trie, pyahocorasick, spaCy's PhraseMatcher) take one text at
a time, and none of them finds the words of a name in any order.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bali.errors import InputError
from bali.files import atomic_path, require_file

Concepts = tuple[str, ...]  # CUIs, the best first; none for a held-out name

SCHEMA = pa.schema(
    [
        pa.field("hash", pa.uint64(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("cuis", pa.large_list(pa.string()), nullable=False),
    ]
)
SPARE = 3  # bits: eight slots a hash, so that seven of eight absent ones need no search


class HashSet:
    """Hashes in ascending order, behind a table that says of most others that they are absent."""

    def __init__(self, hashes: NDArray[np.uint64]) -> None:
        """Take hashes.

        Args:
            hashes: (n,), ascending; some may be equal.
        """
        self.hashes = hashes
        bits = max(8, len(hashes).bit_length() + SPARE)
        self._shift = np.uint64(64 - bits)
        self._slots = np.zeros(2**bits, np.bool_)
        self._slots[hashes >> self._shift] = True

    def has(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Which of some hashes are in the set."""
        found: NDArray[np.bool_] = self._slots[hashes >> self._shift]
        maybe = np.flatnonzero(found)
        wanted = hashes[maybe]
        at = np.searchsorted(self.hashes, wanted)
        inside = at < len(self.hashes)
        found[maybe] = inside
        found[maybe[inside]] = self.hashes[at[inside]] == wanted[inside]
        return found


class NameTable:
    """Text -> concepts.

    Attributes:
        hashes: of the texts, ascending.
        texts: in the order of their hashes.
    """

    def __init__(self, rows: pa.RecordBatch) -> None:
        """Take rows of SCHEMA, by hash."""
        self._rows = rows
        self.hashes = HashSet(rows.column(0).to_numpy(zero_copy_only=True))
        self.texts: pa.LargeStringArray = rows.column(1)
        self._cuis: pa.LargeListArray = rows.column(2)
        self._known: dict[str, Concepts | None] = {}  # texts that were asked for

    @classmethod
    def of(
        cls, texts: pa.LargeStringArray, hashes: NDArray[np.uint64], cuis: pa.LargeListArray
    ) -> NameTable:
        """Sort texts by hash.

        Args:
            texts: distinct.
            hashes: of each.
            cuis: concepts of each, the best first.
        """
        order = pa.array(np.argsort(hashes, kind="stable"))
        columns = [pa.array(hashes).take(order), texts.take(order), cuis.take(order)]
        return cls(pa.RecordBatch.from_arrays(columns, schema=SCHEMA))

    def get(self, text: str, hash_: int) -> Concepts | None:
        """Concepts of a text; None if it is not there.

        Args:
            text: what is looked for.
            hash_: its hash.
        """
        if text not in self._known:
            self._known[text] = self._search(text, hash_)
        return self._known[text]

    def _search(self, text: str, hash_: int) -> Concepts | None:
        hashes = self.hashes.hashes
        row = int(np.searchsorted(hashes, np.uint64(hash_)))
        while row < len(hashes) and int(hashes[row]) == hash_:
            if self.texts[row].as_py() == text:
                return tuple(self._cuis[row].as_py())
            row += 1  # another text of the same hash
        return None

    def write(self, path: Path) -> None:
        """Write an Arrow IPC file."""
        with atomic_path(path) as part, pa.OSFile(str(part), "wb") as sink:
            with pa.ipc.new_file(sink, SCHEMA) as writer:
                writer.write_batch(self._rows)

    @classmethod
    def open(cls, path: Path) -> NameTable:
        """Map what `write` wrote into memory.

        Raises:
            InputError: there is no such file, or it holds something else.
        """
        remedy = "build it: `snakemake --cores 2 --forcerun linking_names linking_names`"
        require_file(path, remedy)
        try:
            rows = pa.ipc.open_file(pa.memory_map(str(path)))
            if rows.schema != SCHEMA or rows.num_record_batches != 1:
                raise pa.ArrowInvalid("other columns")
            return cls(rows.get_batch(0))
        except pa.ArrowInvalid as error:
            raise InputError(f"{path}: no dictionary ({error}); {remedy}") from None
