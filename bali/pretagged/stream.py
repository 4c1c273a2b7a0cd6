"""Pre-tagged files, plain or .gz, as bytes and lines; neither their size nor a line is trusted."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from bali.errors import InputError
from bali.files import require_file

MEGABYTE = 1_000_000  # bytes
MAX_RECORD_MB = 64  # one document; a whole book with its annotations has a few MB


class Capped:
    """A binary stream with a cap on the bytes of the whole and of what stands between marks."""

    def __init__(self, stream: IO[bytes], path: Path, megabytes: int) -> None:
        """Wrap a stream.

        Args:
            stream: decompressed bytes.
            path: where they come from.
            megabytes: cap on the whole, in millions of bytes.
        """
        self._stream, self._path, self._megabytes = stream, path, megabytes
        self._read = self._mark = 0

    def mark(self) -> None:
        """A document ends here, or within what was read ahead."""
        self._mark = self._read

    def read(self, size: int) -> bytes:
        """Up to `size` bytes.

        Raises:
            InputError: a cap is passed.
        """
        return self._counted(self._stream.read(size))

    def readline(self) -> bytes:
        """A line, a document of its own.

        Raises:
            InputError: a cap is passed.
        """
        self.mark()
        return self._counted(self._stream.readline(MAX_RECORD_MB * MEGABYTE + 1))

    def _counted(self, data: bytes) -> bytes:
        self._read += len(data)
        if self._read > self._megabytes * MEGABYTE:
            raise InputError(
                f"{self._path}: unpacks to more than {self._megabytes} MB; if the file is sound, "
                "raise linking.pretagged.max_decompressed_mb in the config"
            )
        if self._read - self._mark > MAX_RECORD_MB * MEGABYTE:
            raise InputError(
                f"{self._path}: {MAX_RECORD_MB} MB without the end of a document; give a file of "
                "the format that linking.pretagged.format names"
            )
        return data


@contextmanager
def opened(path: Path, max_decompressed_mb: int) -> Iterator[Capped]:
    """Open a file, unpacking it if its name ends in .gz.

    Raises:
        InputError: there is no such file, a cap is passed, or, raised out of the block, the gzip
            stream is damaged or cut off.
    """
    require_file(path, "correct linking.pretagged.folder and pattern in the config")
    unpack = path.suffix == ".gz"
    try:
        with gzip.open(path) if unpack else path.open("rb") as stream:
            yield Capped(cast(IO[bytes], stream), path, max_decompressed_mb)
    except EOFError:
        raise InputError(f"{path}: the gzip file ends too early; fetch it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: no sound gzip file ({error}); fetch it again") from None


def read_lines(path: Path, max_decompressed_mb: int) -> Iterator[tuple[int, str]]:
    """Number, from 1, and text of each line, without its end.

    Raises:
        InputError: as `opened`, or a line is no UTF-8.
    """
    with opened(path, max_decompressed_mb) as stream:
        number = 0
        while raw := stream.readline():  # str.splitlines would also break at U+2028 and others
            number += 1
            try:
                yield number, raw.decode().rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise InputError(f"{path}: line {number}: no UTF-8 ({error}); mend it") from None
