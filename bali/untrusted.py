"""Reading of files that are not ours: a cap on what they unpack to, and XML that opens nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, BinaryIO, cast

from lxml import etree

from bali.errors import InputError

MEGABYTE = 1_000_000  # bytes
# Between two ends of records. A tree of so much XML takes half a GB; PubMed's largest records, and
# whole books with their annotations, have a few MB.
MAX_RECORD_MB = 64


class Capped:
    """A binary stream with a cap on the bytes of the whole and of what stands between marks."""

    def __init__(
        self,
        stream: IO[bytes],
        path: Path,
        megabytes: int,
        *,
        setting: str,
        record: str,
        error: Callable[[str], Exception] = InputError,
    ) -> None:
        """Wrap a stream.

        Args:
            stream: decompressed bytes.
            path: where they come from.
            megabytes: cap on the whole, in millions of bytes.
            setting: of the config, that holds this cap.
            record: what the file should consist of, and the remedy where it does not.
            error: what is raised with a message where a cap is passed.
        """
        self._stream, self._path, self._megabytes = stream, path, megabytes
        self._setting, self._record, self._error = setting, record, error
        self._read = self._mark = 0

    def mark(self) -> None:
        """A record ends here, or within what was read ahead."""
        self._mark = self._read

    def read(self, size: int) -> bytes:
        """Up to `size` bytes.

        Raises:
            Exception: `error`, if a cap is passed.
        """
        return self._counted(self._stream.read(size))

    def readline(self) -> bytes:
        """A line, a record of its own.

        Raises:
            Exception: `error`, if a cap is passed.
        """
        self.mark()
        return self._counted(self._stream.readline(MAX_RECORD_MB * MEGABYTE + 1))

    def _counted(self, data: bytes) -> bytes:
        self._read += len(data)
        if self._read > self._megabytes * MEGABYTE:
            raise self._error(
                f"{self._path}: unpacks to more than {self._megabytes} MB; if the file is sound, "
                f"raise {self._setting} in the config"
            )
        if self._read - self._mark > MAX_RECORD_MB * MEGABYTE:
            raise self._error(f"{self._path}: {MAX_RECORD_MB} MB without the end of {self._record}")
        return data


def parse_xml(source: Capped | BinaryIO, tag: str | Sequence[str]) -> etree.iterparse:
    """The elements of some tags as they end. No entity is expanded, no DTD and no address opened.

    Args:
        source: the file, open; libxml2's own limits on depth and sizes stay on.
        tag: of the elements to stop at.
    """
    return etree.iterparse(
        cast(BinaryIO, source),
        events=("end",),
        tag=tag,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
