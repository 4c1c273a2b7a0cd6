"""Malformed rows of RRF files: why they are, how many are borne with, where they are set aside.

Spark marks them and counts them; a plain scan, made only where there are any, then finds their
files and lines, which Spark does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path

from bali.errors import InputError
from bali.storage import TableWriter, from_columns
from bali.umls.release import CUI, IDENTIFIERS, RrfTable, read_rows

BOM = b"\xef\xbb\xbf"
BLOCK = 10_000  # rows written at once
REMEDY = "fetch or repair the file, or let umls.malformed_share set such rows aside"


def why_malformed(row: bytes, table: RrfTable) -> str | None:
    """Why a row is malformed, in words; None if it is sound."""
    *fields, rest = row.split(b"|")
    width = len(table.columns)
    if len(fields) < width:
        return "too few fields"
    if len(fields) > width or rest:
        return "too many fields"
    try:
        row.decode()
    except UnicodeDecodeError:
        return "not UTF-8"
    for column in IDENTIFIERS[table.name]:
        if not re.fullmatch(CUI, fields[table.columns.index(column)].decode()):
            return f"{column.upper()} is no CUI"
    return None


def malformed_rows(tables: Sequence[RrfTable]) -> Iterator[tuple[Path, int, str, bytes]]:
    """Malformed rows: file, line in it, reason, bytes without the line end."""
    for table in tables:
        for number, (path, line, row) in enumerate(read_rows(table.files)):
            row = row.removeprefix(BOM) if number == 0 else row  # as Hadoop's reader does
            if reason := why_malformed(row, table):
                yield path, line, reason, row


def check_share(tables: Sequence[RrfTable], found: int, read: int, share: float) -> None:
    """Refuse too many malformed rows.

    Args:
        tables: one RRF table, of each META folder that has it.
        found: malformed rows.
        read: all rows.
        share: of the rows that may be malformed, 0 to 1.

    Raises:
        InputError: it is exceeded; the first malformed row is named.
        ValueError: the scan finds none; a bug of ours.
    """
    if found <= share * read:
        return
    for path, line, reason, row in malformed_rows(tables):
        raise InputError(
            f"{path}, line {line}: {reason} (it has {row.count(b'|')} pipes, a row of "
            f"{tables[0].name} {len(tables[0].columns)}); {found} of {read} rows are malformed; "
            f"{REMEDY}"
        )
    raise ValueError(f"Spark found {found} malformed rows of {tables[0].name}, the scan none")


def write_rejects(tables: Sequence[RrfTable], found: int, path: Path) -> None:
    """Write the table `rejects`.

    Args:
        tables: those that hold malformed rows.
        found: how many there are.
        path: of the table.

    Raises:
        ValueError: the scan finds another number; a bug of ours.
    """
    rows = malformed_rows(sorted(tables, key=lambda table: str(table.files[0])))
    with TableWriter("rejects", path) as out:
        while block := list(islice(rows, BLOCK)):
            files, lines, reasons, content = zip(*block, strict=True)
            columns = {
                "file": [str(file) for file in files],
                "line": lines,
                "reason": reasons,
                "sha256": [sha256(row).hexdigest() for row in content],
                "content": content,
            }
            out.write(from_columns("rejects", columns))
        if out.rows != found:
            raise ValueError(f"Spark found {found} malformed rows, the scan {out.rows}")
