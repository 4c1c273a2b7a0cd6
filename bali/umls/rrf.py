"""Reading RRF (Rich Release Format) with Spark, every value as it stands.

RRF has no quoting and no escapes: a row is its fields, each followed by a pipe. So a row is split
at pipes and nothing else; Spark's CSV reader, which can be talked out of quoting, would still
turn empty fields into nulls, skip blank lines and take a lone carriage return for a line end.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from bali.umls import keys
from bali.umls.release import IDENTIFIERS, RrfTable, join_pieces
from bali.umls.spark import Workspace

KIND = "kind"
# Columns that hold a CUI, and columns of text. The others that we need take few values.
NUMBERS = {
    "MRCONSO": ("cui",),
    "MRREL": ("cui1", "cui2"),
    "MRSTY": ("cui",),
    "MRDEF": ("cui",),
    "MRCUI": ("cui1", "cui2"),
}
TEXTS = {"MRCONSO": ("str", "code"), "MRDEF": ("def",)}
KINDS = {
    "MRCONSO": ("lat", "ts", "stt", "ispref", "sab", "tty", "suppress"),
    "MRREL": ("rel", "rela", "sab", "suppress"),
    "MRSTY": ("tui", "sty"),
    "MRDEF": ("sab", "suppress"),
    "MRCUI": ("rel",),
}


def read_rrf(table: RrfTable, place: int, work: Workspace) -> DataFrame:
    """Rows of one RRF table of one META folder; lines end in LF or CRLF.

    Args:
        table: where it stands.
        place: of its folder among all, from 0.
        work: the session; its scratch folder takes what has to be decompressed.

    Returns:
        CUIs as numbers (`keys.number`), null for what is none; texts as they stand; `kind`, the
        columns of few values as in the row: joined by pipes. It is null where
        `rejects.why_malformed` gives a reason; the other columns mean nothing then.
    """
    # under a name of ours: Hadoop takes brackets and braces in a path for a pattern
    path = work.scratch / "rrf" / f"{table.name}-{place}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        if table.plain:
            path.symlink_to(table.files[0].absolute())
        else:
            join_pieces(table.files, path)
    # an explicit separator, or Spark would also end a line at a lone CR
    lines = work.spark.read.text(str(path), lineSep="\n")
    # one more than the pipes; behind the last one the line end
    fields = F.split("value", r"\|", -1)
    width = len(table.columns)

    def field(name: str) -> Column:
        return F.get(fields, table.columns.index(name))

    numbers = {name: keys.number(field(name)) for name in NUMBERS[table.name]}
    sound = (
        (F.size(fields) == width + 1)
        & F.get(fields, width).isin("", "\r")  # CRLF
        & F.is_valid_utf8("value")
    )
    for name in IDENTIFIERS[table.name]:
        sound &= numbers[name].isNotNull()
    kind = F.concat_ws("|", *(field(name) for name in KINDS[table.name]))
    columns = {
        **numbers,
        **{name: field(name) for name in TEXTS.get(table.name, ())},
        KIND: F.when(sound, kind),
    }
    return lines.select(*(column.alias(name) for name, column in columns.items()))
