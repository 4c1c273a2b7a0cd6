"""A UMLS release's zip file -> the RRF files that the workflow reads, plain and joined.

NLM ships a release in two forms. The Metathesaurus files (`umls-2024AB-metathesaurus-full.zip`)
hold `2024AB/META/MRCONSO.RRF` as it is. The full release (`umls-2024AB-full.zip`) holds zip files
named `2024ab-1-meta.nlm`, and these hold `2024AB/META/MRCONSO.RRF.aa.gz`, `.ab.gz`, ...: each piece
compressed by itself. From both comes `META/MRCONSO.RRF`, so that outputs have one name.

The names inside an archive choose what is read and never where it is written.
"""

from __future__ import annotations

import gzip
import logging
import re
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from itertools import product
from pathlib import Path
from string import ascii_lowercase
from typing import IO, Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from bali.download import require_space
from bali.errors import InputError
from bali.files import remove
from bali.log import progress
from bali.umls.release import read_mrfiles

logger = logging.getLogger(__name__)

TABLES = ("MRCONSO", "MRREL", "MRSTY", "MRDEF", "MRCUI", "MRFILES", "MRCOLS", "MRDOC")
# RRF files shrink to a tenth or a fifteenth; a kilobyte of zeros, by deflate, to a thousandth.
RATIO = 100
CHUNK = 2**20  # bytes copied at once
_TABLE = re.compile(rf"(?:.*/)?META/({'|'.join(TABLES)})\.RRF(?:\.([a-z]{{2,}}))?")
_NESTED = re.compile(r"(?:.*/)?[^/]*meta\.nlm", re.IGNORECASE)

Member = tuple[ZipFile, ZipInfo]


def extract(archive: Path, meta: Path) -> dict[str, dict[str, Any]]:
    """Write the tables of a release into a META folder; all of them, or none.

    Args:
        archive: the release's zip file.
        meta: the folder; what else stands in it stays.

    Returns:
        Table -> bytes and sha256 of its file, in the order of `TABLES`.

    Raises:
        InputError: the archive is broken or encrypted, lacks a table or a piece of one, holds one
            twice, unpacks to more than `RATIO` times its size or than the disk has room for, or a
            file's size is not the one that MRFILES.RRF states.
    """
    staging = meta.with_name(f".part-{meta.name}")
    remove(staging)  # what a killed run left
    staging.mkdir(parents=True)
    try:
        with ExitStack() as stack, _one_line(archive):
            budget = Budget(archive)
            members = list(_members(archive, staging, budget, stack))
            tables = find_tables(archive, members)
            sizes = sum(info.file_size for pieces in tables.values() for _, info in pieces)
            budget.check(sizes)
            require_space(staging, sizes, str(archive))
            made = {
                name: _join(tables[name], staging / f"{name}.RRF", budget)
                for name in progress(TABLES, "tables unpacked")
            }
        _check_sizes(archive, staging, made)
        meta.mkdir(parents=True, exist_ok=True)
        for name in TABLES:
            (staging / f"{name}.RRF").replace(meta / f"{name}.RRF")
    finally:
        remove(staging)
    return made


class Budget:
    """How much an archive may still unpack to."""

    def __init__(self, archive: Path) -> None:
        """Start with `RATIO` times the archive's size."""
        self._archive = archive
        self._left = RATIO * archive.stat().st_size

    def check(self, size: int) -> None:
        """See whether so many bytes would pass.

        Raises:
            InputError: they would not.
        """
        if size > self._left:
            raise InputError(
                f"{self._archive}: unpacks to more than {RATIO} times its size, as no release "
                "does; fetch it again"
            )

    def spend(self, size: int) -> None:
        """Take off bytes that were written.

        Raises:
            InputError: there are not so many left.
        """
        self.check(size)
        self._left -= size


def find_tables(archive: Path, members: list[Member]) -> dict[str, list[Member]]:
    """The pieces of each table, in their order.

    Args:
        archive: for messages.
        members: everything in the archive and in the archives inside it.

    Raises:
        InputError: a table or a piece is missing, or is there twice.
    """
    found: dict[str, dict[str, Member]] = {table: {} for table in TABLES}
    for member in members:
        path = member[1].filename.replace("\\", "/")
        if match := _TABLE.fullmatch(path.removesuffix(".gz")):
            pieces, piece = found[match[1]], match[2] or ""
            if piece in pieces:
                raise InputError(
                    f"{archive}: holds {pieces[piece][1].filename} and {path}; unpack the one that "
                    "you want by hand"
                )
            pieces[piece] = member
    if lacking := [table for table, pieces in found.items() if not pieces]:
        raise InputError(
            f"{archive}: holds no META/{lacking[0]}.RRF; fetch the full release or the "
            "Metathesaurus files (umls-<release>-metathesaurus-full.zip)"
        )
    for table, pieces in found.items():
        names = sorted(pieces)
        if len(names) > 1 and not names[0]:
            raise InputError(
                f"{archive}: holds {table}.RRF whole and in pieces; unpack one by hand"
            )
        due = map("".join, product(ascii_lowercase, repeat=len(names[0])))
        for name, expected in zip(names, due, strict=False):
            if name != expected:
                raise InputError(
                    f"{archive}: holds {table}.RRF.{name}, but no {table}.RRF.{expected}; fetch it "
                    "again"
                )
    return {table: [pieces[name] for name in sorted(pieces)] for table, pieces in found.items()}


def _members(
    archive: Path, staging: Path, budget: Budget, stack: ExitStack
) -> Iterator[tuple[ZipFile, ZipInfo]]:
    """All members of an archive and of the .nlm files in it, which are unpacked to be read."""
    outer = stack.enter_context(ZipFile(archive))
    nested = [info for info in outer.infolist() if _NESTED.fullmatch(info.filename)]
    size = sum(info.file_size for info in nested)
    budget.check(size)
    require_space(staging, size, str(archive))
    for number, info in enumerate(nested):
        path = staging / f"{number}.nlm"
        _join([(outer, info)], path, budget)
        inner = stack.enter_context(ZipFile(path))
        yield from ((inner, member) for member in inner.infolist())
    yield from ((outer, member) for member in outer.infolist())


def _join(pieces: list[Member], path: Path, budget: Budget) -> dict[str, Any]:
    """Write pieces, unpacked, one after the other; returns the file's bytes and sha256."""
    digest, size = sha256(), 0
    with path.open("wb") as out:
        for archive, info in pieces:
            for chunk in _chunks(archive, info):
                budget.spend(len(chunk))
                out.write(chunk)
                digest.update(chunk)
                size += len(chunk)
    logger.info("%s: %d bytes of %d pieces", path.name, size, len(pieces))
    return {"bytes": size, "sha256": digest.hexdigest()}


def _chunks(archive: ZipFile, info: ZipInfo) -> Iterator[bytes]:
    with ExitStack() as stack:
        # zipfile gives no more than the directory states, and checks the CRC at the end
        stream: IO[bytes] | gzip.GzipFile = stack.enter_context(archive.open(info))
        if info.filename.endswith(".gz"):
            stream = stack.enter_context(gzip.GzipFile(fileobj=stream))
        while chunk := stream.read(CHUNK):
            yield chunk


def _check_sizes(archive: Path, folder: Path, made: dict[str, dict[str, Any]]) -> None:
    """Compare sizes with those that MRFILES.RRF states.

    Raises:
        InputError: one differs.
    """
    for name, stated in read_mrfiles(folder).items():
        if name in made and made[name]["bytes"] != stated.bytes:
            raise InputError(
                f"{archive}: {name}.RRF unpacks to {made[name]['bytes']} bytes, but MRFILES.RRF "
                f"states {stated.bytes}; fetch the release again"
            )


@contextmanager
def _one_line(archive: Path) -> Iterator[None]:
    """Turn what the libraries say of a broken archive into one line."""
    try:
        yield
    except NotImplementedError as error:  # Deflate64, which some packers use above 2 GB
        raise InputError(f"{archive}: {error}; unpack it by hand") from None
    except (BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, RuntimeError) as error:
        # RuntimeError: encrypted
        raise InputError(f"{archive}: broken or no zip file ({error}); fetch it again") from None
