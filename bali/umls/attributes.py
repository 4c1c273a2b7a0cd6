"""MRSTY -> semantic_types, MRDEF -> definitions; of the concepts that are kept."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bali.umls.rrf import MALFORMED, META
from bali.umls.settings import Choice, Settings
from bali.umls.spark import first_reason

UNKNOWN = "unknown concept"
TYPE_REASONS = (UNKNOWN,)
DEFINITION_REASONS = ("suppressed", "source", UNKNOWN)


def concepts_of_types(sty: DataFrame, types: Choice) -> DataFrame:
    """The concepts of which a semantic type is kept and none is dropped; column cui."""
    kept = F.col("tui").isin(*sorted(types.keep)) if types.keep else F.lit(True)
    dropped = F.col("tui").isin(*sorted(types.drop))
    return (
        sty.where(~F.col(MALFORMED))
        .groupBy("cui")
        .agg(F.bool_or(kept).alias("kept"), F.bool_or(dropped).alias("dropped"))
        .where("kept and not dropped")
        .select("cui")
    )


def label_types(sty: DataFrame, concepts: DataFrame) -> DataFrame:
    """MRSTY's rows: cui, tui, sty, reason (null, "malformed" or one of `TYPE_REASONS`)."""
    reasons = {MALFORMED: F.col(MALFORMED), UNKNOWN: F.col("known").isNull()}
    return _mark_known(sty, concepts).select(
        "cui", "tui", "sty", META, first_reason(reasons).alias("reason")
    )


def label_definitions(definitions: DataFrame, concepts: DataFrame, settings: Settings) -> DataFrame:
    """MRDEF's rows: cui, sab, definition, reason (as above, of `DEFINITION_REASONS`)."""
    reasons = {
        MALFORMED: F.col(MALFORMED),
        "suppressed": F.col("suppress").isin(*settings.suppressed),
        "source": settings.sources.drops(F.col("sab")),
        UNKNOWN: F.col("known").isNull(),
    }
    return _mark_known(definitions, concepts).select(
        "cui",
        "sab",
        F.col("def").alias("definition"),
        META,
        first_reason(reasons).alias("reason"),
    )


def _mark_known(rows: DataFrame, concepts: DataFrame) -> DataFrame:
    known = concepts.select("cui", F.lit(True).alias("known"))
    return rows.join(F.broadcast(known), "cui", "left")
