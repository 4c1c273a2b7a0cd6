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
from bali.untrusted import Capped


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
            yield Capped(
                cast(IO[bytes], stream),
                path,
                max_decompressed_mb,
                setting="linking.pretagged.max_decompressed_mb",
                record="a document; give a file of the format that linking.pretagged.format names",
            )
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
