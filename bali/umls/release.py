"""What a META folder holds: the files of each RRF table, their columns, and what MRFILES states.

A table is one file (`MRCONSO.RRF`), the same compressed (`MRCONSO.RRF.gz`), or pieces as NLM and
`split` name them (`MRCONSO.RRF.aa.gz`, `MRCONSO.RRF.ab.gz`, ...). MRFILES.RRF states the columns,
rows and bytes of every table; where it is missing, the published layout holds.

Layouts: UMLS Reference Manual, chapter 3 (https://www.ncbi.nlm.nih.gov/books/NBK9685/).
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from string import ascii_lowercase
from typing import IO

from bali.errors import InputError

LAYOUTS = {
    table: tuple(columns.split())
    for table, columns in {
        "MRCONSO": "cui lat ts lui stt sui ispref aui saui scui sdui sab tty code str srl suppress "
        "cvf",
        "MRREL": "cui1 aui1 stype1 rel cui2 aui2 stype2 rela rui srui sab sl rg dir suppress cvf",
        "MRSTY": "cui tui stn sty atui cvf",
        "MRDEF": "cui aui atui satui sab def suppress cvf",
        "MRCUI": "cui1 ver rel rela mapreason cui2 mapin",
    }.items()
}
# those that the umls stage reads; the others may be laid out as they like
NEEDED = {
    "MRCONSO": "cui lat ts stt ispref sab tty code str suppress".split(),
    "MRREL": "cui1 rel cui2 rela sab suppress".split(),
    "MRSTY": "cui tui sty".split(),
    "MRDEF": "cui sab def suppress".split(),
    "MRCUI": "cui1 rel cui2".split(),
}
# columns that must hold a CUI, or the row is malformed; MRCUI.CUI2 is empty where a CUI was deleted
IDENTIFIERS = {
    "MRCONSO": ("cui",),
    "MRREL": ("cui1", "cui2"),
    "MRSTY": ("cui",),
    "MRDEF": ("cui",),
    "MRCUI": ("cui1",),
}
CUI = "C[0-9]{7}"
OPTIONAL = ("MRCUI",)
MISSING = "UMLS is yours to download (docs/real_data.md says how); umls.meta names its folders"
AGAIN = "fetch the release again"


@dataclass(frozen=True)
class Stated:
    """A table's line in MRFILES.RRF: its columns in order, its rows, its size in bytes."""

    columns: tuple[str, ...]
    rows: int
    bytes: int


@dataclass(frozen=True)
class RrfTable:
    """One RRF table of one META folder.

    Attributes:
        name: as in MRCONSO.
        files: the file, or its pieces in order.
        columns: all columns of a row, in order, lower case.
        stated: what MRFILES.RRF says of it, if there is one.
    """

    name: str
    files: tuple[Path, ...]
    columns: tuple[str, ...]
    stated: Stated | None

    @property
    def plain(self) -> bool:
        """Whether it is one uncompressed file."""
        return len(self.files) == 1 and self.files[0].suffix == ".RRF"

    @property
    def bytes(self) -> int:
        """Size of the files as they lie on disk."""
        return sum(path.stat().st_size for path in self.files)


def find_tables(metas: Iterable[Path]) -> dict[str, list[RrfTable]]:
    """RRF table -> where it stands, in each META folder that has it.

    Raises:
        InputError: as `find_table` and `read_mrfiles`.
    """
    found: dict[str, list[RrfTable]] = {name: [] for name in LAYOUTS}
    for meta in metas:
        stated = read_mrfiles(meta)
        for name, tables in found.items():
            if table := find_table(meta, name, stated):
                tables.append(table)
    return found


def release_files(meta: Path) -> list[Path]:
    """All files of a META folder that the stage reads.

    Raises:
        InputError: as `find_tables`.
    """
    tables = [table for found in find_tables([meta]).values() for table in found]
    files = [path for table in tables for path in table.files]
    stated = [meta / name for name in ("MRFILES.RRF", "MRCOLS.RRF")]
    return files + [path for path in stated if path.is_file()]


def find_table(meta: Path, name: str, stated: dict[str, Stated]) -> RrfTable | None:
    """One table of a META folder.

    Args:
        meta: the folder.
        name: key of `LAYOUTS`.
        stated: what `read_mrfiles` found in it.

    Returns:
        The table; None if it is missing and may be.

    Raises:
        InputError: it is missing, its pieces have a gap, or MRFILES.RRF gives it no column that
            we need.
    """
    files = rrf_files(meta, name)
    if not files:
        if name in OPTIONAL and not (name in stated and stated[name].rows):
            return None
        raise InputError(f"{meta / name}.RRF: no such file; {MISSING}")
    says = stated.get(name)
    columns = says.columns if says else LAYOUTS[name]
    if lacking := [column for column in NEEDED[name] if column not in columns]:
        raise InputError(
            f"{meta}/MRFILES.RRF: {name}.RRF has no column {', '.join(lacking).upper()}; "
            "choose all columns when you make the subset"
        )
    return RrfTable(name, tuple(files), columns, says)


def rrf_files(meta: Path, name: str) -> list[Path]:
    """The file of a table, or its pieces in order; empty if there is none.

    Raises:
        InputError: it is there in two forms, or a piece is missing.
    """
    form = re.compile(rf"{re.escape(name)}\.RRF(?:\.([a-z]{{2,}}))?")
    found: dict[str, Path] = {}
    for path in meta.glob(f"{name}.RRF*"):
        # "gz" is no piece: it would be the 181st of them
        if match := form.fullmatch(path.name.removesuffix(".gz")):
            piece = match[1] or ""
            if piece in found:
                raise InputError(f"{path}: {found[piece].name} is there too; remove one")
            found[piece] = path
    if "" in found and len(found) > 1:
        raise InputError(f"{found['']}: its pieces are there too; remove it or them")
    if "" not in found:
        width = len(next(iter(found), ""))
        names = map("".join, product(ascii_lowercase, repeat=width))
        for expected, piece in zip(islice(names, len(found)), sorted(found), strict=True):
            if piece != expected:
                raise InputError(
                    f"{meta / name}.RRF.{expected}: no such piece, but there is "
                    f"{found[piece].name}; {AGAIN}"
                )
    return [found[piece] for piece in sorted(found)]


def read_mrfiles(meta: Path) -> dict[str, Stated]:
    """Read MRFILES.RRF (FIL|DES|FMT|CLS|RWS|BTS|); MRCOLS.RRF, if there, must know the columns.

    Returns:
        Table -> what is stated of it; empty where the folder has no MRFILES.RRF.

    Raises:
        InputError: a line is not of that form, or a column stands in one of the files only.
    """
    path = meta / "MRFILES.RRF"
    stated = {}
    for number, line in _lines_of(path):
        fields = line.split("|")
        if len(fields) != 7 or not all(field.isdecimal() for field in fields[3:6]):
            raise InputError(f"{path}, line {number}: {line!r} is no FIL|DES|FMT|CLS|RWS|BTS|")
        file, _, columns, _, rows, size, _ = fields
        if file.endswith(".RRF"):
            names = tuple(columns.lower().split(","))
            stated[file.removesuffix(".RRF")] = Stated(names, int(rows), int(size))
    described: dict[str, set[str]] = {}  # table -> columns in MRCOLS: COL first, FIL seventh
    for _, line in _lines_of(meta / "MRCOLS.RRF"):
        fields = [*line.split("|"), *[""] * 7]
        described.setdefault(fields[6].removesuffix(".RRF"), set()).add(fields[0].lower())
    for table in sorted(LAYOUTS.keys() & stated.keys() & described.keys()):
        if differing := described[table] ^ set(stated[table].columns):
            raise InputError(
                f"{path}: the columns of {table}.RRF are not those of MRCOLS.RRF "
                f"({', '.join(sorted(differing)).upper()}); {AGAIN}"
            )
    return stated


def _lines_of(path: Path) -> Iterator[tuple[int, str]]:
    if path.is_file():
        try:
            lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: not UTF-8 ({error.reason}); {AGAIN}") from None
        yield from enumerate((line.rstrip("\r") for line in lines), 1)


@contextmanager
def open_piece(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """Open a file or piece for reading, decompressed.

    Raises:
        InputError: a .gz is broken; also while the block reads.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            yield stream
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: broken gzip file ({error}); {AGAIN}") from None


def read_rows(files: Iterable[Path]) -> Iterator[tuple[Path, int, bytes]]:
    """Rows of a file or its pieces: file, line in it, bytes without the line end.

    A row that a piece's end cuts belongs to the piece in which it starts.
    """
    cut: tuple[Path, int, bytes] | None = None
    for path in files:
        with open_piece(path) as stream:
            for number, line in enumerate(stream, 1):
                start, first, row = (*cut[:2], cut[2] + line) if cut else (path, number, line)
                if row.endswith(b"\n"):
                    cut = None
                    yield start, first, row.removesuffix(b"\n").removesuffix(b"\r")
                else:
                    cut = (start, first, row)
    if cut:
        yield (*cut[:2], cut[2].removesuffix(b"\r"))


def join_pieces(files: Sequence[Path], target: Path) -> None:
    """Write a table's pieces, decompressed, one after the other into `target`.

    Spark reads a .gz by one task, and takes each piece for whole rows.

    Raises:
        InputError: a .gz is broken.
    """
    with target.open("wb") as out:
        for path in files:
            with open_piece(path) as stream:
                while block := stream.read(2**22):
                    out.write(block)
