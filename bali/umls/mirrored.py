"""Relations that are stated in both directions: "a isa b" and "b inverse_isa a" say the same."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bali.relations import RELS, Relations
from bali.umls import keys


def one_direction(
    relations: DataFrame, kinds: Iterable[tuple[str, ...]], words: Relations
) -> DataFrame:
    """Drop the second of two rows that state one relation in both directions.

    The one whose (rel, rela) sorts first stays; if the relation is its own inverse, the one with
    the lower head. A row whose other direction is not stated stays as it is.

    Args:
        relations: ends, rel, rela, sab; distinct in the first three.
        kinds: the (rel, rela) of the relations.
        words: knows the inverses.
    """
    inverses = [(*kind, *words.inverse(*kind)) for kind in sorted(kinds) if kind[0] in RELS]
    names = ["rel", "rela", "inverse_rel", "inverse_rela"]
    columns = {name: [row[n] for row in inverses] for n, name in enumerate(names)}
    schema = pa.schema([(name, pa.string()) for name in names])
    table = keys.small_table(pa.table(columns, schema), relations.sparkSession)
    known = relations.join(table, ["rel", "rela"], "left")
    turned = F.expr(f"ends % {keys.CUIS} * {keys.CUIS} + ends div {keys.CUIS}")  # tail, head
    kind, inverse = F.struct("rel", "rela"), F.struct("inverse_rel", "inverse_rela")
    # without an inverse that is known, a row is not the second of two
    second = F.coalesce(
        (kind > inverse) | ((kind == inverse) & (F.col("ends") > turned)), F.lit(False)
    )
    labelled = known.withColumn("second", second)
    backwards = labelled.where(~F.col("second")).select(
        turned.alias("ends"),
        F.col("inverse_rel").alias("rel"),
        F.col("inverse_rela").alias("rela"),
    )
    seconds = labelled.where("second").join(backwards, ["ends", "rel", "rela"], "left_anti")
    firsts = labelled.where(~F.col("second"))
    return firsts.select(relations.columns).union(seconds.select(relations.columns))
