"""Tab-separated text, written column by column: no Python object a row, no quoting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from bali.files import atomic_path


class TsvWriter:
    """Streams rows into one file, atomically.

    Usage: `with TsvWriter(path, ["id", "name"]) as out: out.write([ids, names])`. Values hold no
    tab and no line end: `one_line` sees to it where they may.
    """

    def __init__(self, path: Path, header: Sequence[str] = ()) -> None:
        """Prepare to write `path`; without a header, rows alone."""
        self.rows = 0
        self._header = header
        self._atomic = atomic_path(path)

    def __enter__(self) -> Self:
        """Open the temporary file beside the target."""
        self._file = self._atomic.__enter__().open("wb")
        if self._header:
            self._file.write(("\t".join(self._header) + "\n").encode())
        return self

    def write(self, columns: Sequence[pa.Array | str]) -> None:
        """Append rows: string arrays of one length; a plain string stands in every row."""
        values = [pa.scalar(c) if isinstance(c, str) else c for c in columns]
        lines = pc.binary_join_element_wise(*values, "\t")
        lines = pc.binary_join_element_wise(lines, "", "\n")  # the line end of each
        if isinstance(lines, pa.ChunkedArray):
            lines = lines.combine_chunks()
        if len(lines):
            # the values of a string array stand one after the other: they are the text
            self._file.write(lines.buffers()[2])
        self.rows += len(lines)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close and move the file in; after an error, remove it instead."""
        self._file.close()
        self._atomic.__exit__(kind, error, trace)


def one_line(text: pa.Array) -> pa.Array:
    """Each run of white space and control characters becomes one space, none at the ends."""
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(text, r"[\s\p{Z}\p{Cc}]+", " "))
