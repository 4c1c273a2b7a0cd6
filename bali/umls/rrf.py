"""Reading RRF (Rich Release Format) by the published column layout, losing nothing in silence.

RRF has no quoting and no escapes: a row is its fields, each followed by a pipe. So a row is split
at pipes and nothing else; Spark's CSV reader, which can be talked out of quoting, would still
turn empty fields into nulls, skip blank lines and take a lone carriage return for a line end.

Layouts: UMLS Reference Manual, chapter 3 (https://www.ncbi.nlm.nih.gov/books/NBK9685/).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bali.errors import InputError
from bali.files import require_file

LAYOUTS = {
    table: tuple(columns.split())
    for table, columns in {
        "MRCONSO": "cui lat ts lui stt sui ispref aui saui scui sdui sab tty code str srl suppress "
        "cvf",
        "MRREL": "cui1 aui1 stype1 rel cui2 aui2 stype2 rela rui srui sab sl rg dir suppress cvf",
        "MRSTY": "cui tui stn sty atui cvf",
        "MRDEF": "cui aui atui satui sab def suppress cvf",
    }.items()
}

MALFORMED = "malformed"  # the reason that stops the step: see `reject_malformed`
REPAIR = "fetch the file again, or repair the row"


def require_rrf(files: Sequence[Path]) -> int:
    """Check that RRF files are there; returns their size together, in bytes.

    Raises:
        InputError: one is missing.
    """
    remedy = "UMLS is yours to download (docs/real_data.md says how); umls.meta names its folders"
    return sum(require_file(path, remedy).stat().st_size for path in files)


def read_rrf(spark: SparkSession, table: str, files: Sequence[Path]) -> DataFrame:
    """Rows of RRF files, every value as it stands.

    Args:
        spark: the session.
        table: key of `LAYOUTS`.
        files: one or more; lines end in LF or CRLF.

    Returns:
        The columns of the layout, lower case, strings; empty fields are "". The column
        `malformed` is true where the row has too few or too many fields or is not UTF-8.
    """
    columns = LAYOUTS[table]
    # an explicit separator, or Spark would also end a line at a lone CR
    lines = spark.read.text([str(path.absolute()) for path in files], lineSep="\n")
    line = F.rtrim(F.col("value"), F.lit("\r"))
    fields = F.split(line, r"\|", -1)  # one more than the pipes
    complete = (F.size(fields) == len(columns) + 1) & (F.get(fields, len(columns)) == "")
    return lines.select(
        *(F.get(fields, n).alias(column) for n, column in enumerate(columns)),
        (~(complete & F.is_valid_utf8("value"))).alias(MALFORMED),
    )


def reject_malformed(table: str, files: Sequence[Path]) -> None:
    """Name the first malformed row of files that hold one; a plain scan, on the way out only.

    Raises:
        InputError: with file, line, the number of fields found and expected.
    """
    width = len(LAYOUTS[table])
    for path in files:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                line = line.rstrip(b"\n").rstrip(b"\r")
                *fields, rest = line.split(b"|")
                if len(fields) != width or rest:
                    tail = f" and {len(rest)} bytes after the last pipe" if rest else ""
                    raise InputError(
                        f"{path}, line {number}: {len(fields)} fields{tail}, but a row of {table} "
                        f"has {width}, each followed by a pipe; {REPAIR}"
                    )
                try:
                    line.decode()
                except UnicodeDecodeError as error:
                    raise InputError(
                        f"{path}, line {number}: byte {error.start} is not UTF-8; {REPAIR}"
                    ) from None
    raise ValueError(f"Spark found a malformed row in {', '.join(map(str, files))}, the scan none")
