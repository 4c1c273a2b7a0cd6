"""Reading RRF (Rich Release Format) with Spark, every value as it stands.

RRF has no quoting and no escapes: a row is its fields, each followed by a pipe. So a row is split
at pipes and nothing else; Spark's CSV reader, which can be talked out of quoting, would still
turn empty fields into nulls, skip blank lines and take a lone carriage return for a line end.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bali.umls import keys
from bali.umls.release import IDENTIFIERS, NEEDED, RrfTable, join_pieces
from bali.umls.spark import Workspace

MALFORMED, META = "malformed", "meta"


def read_rrf(tables: Sequence[RrfTable], work: Workspace) -> DataFrame:
    """Rows of one RRF table, of all META folders.

    Args:
        tables: one a folder; lines end in LF or CRLF.
        work: the session; its scratch folder takes what has to be decompressed.

    Returns:
        The columns that we need, lower case, strings; empty fields are ""; CUIs as numbers
        (`keys.number`). The column `malformed` is true where `rejects.why_malformed` gives a
        reason; the other columns mean nothing then. `meta` is the table's place in `tables`.
    """
    frames = [_read(t, n, work).withColumn(META, F.lit(n)) for n, t in enumerate(tables)]
    return reduce(DataFrame.unionByName, frames)


def _read(table: RrfTable, place: int, work: Workspace) -> DataFrame:
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
    fields = F.split(
        "value", r"\|", -1
    )  # one more than the pipes; behind the last one the line end
    width = len(table.columns)
    columns = {name: F.get(fields, table.columns.index(name)) for name in NEEDED[table.name]}
    for name, value in columns.items():
        if name in keys.CUI_COLUMNS:
            columns[name] = keys.number(value)
    sound = (
        (F.size(fields) == width + 1)
        & F.get(fields, width).isin("", "\r")  # CRLF
        & F.is_valid_utf8("value")
    )
    for name in IDENTIFIERS[table.name]:
        sound &= columns[name].isNotNull()
    return lines.select(
        *(value.alias(name) for name, value in columns.items()), (~sound).alias(MALFORMED)
    )
