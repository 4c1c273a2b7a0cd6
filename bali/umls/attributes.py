"""MRSTY -> semantic_types, MRDEF -> definitions; of the concepts that are kept."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bali.umls.rrf import MALFORMED
from bali.umls.spark import first_reason

SUPPRESSED, UNKNOWN = "suppressed", "unknown concept"
TYPE_REASONS = (UNKNOWN,)
DEFINITION_REASONS = (SUPPRESSED, UNKNOWN)


def label_types(sty: DataFrame, concepts: DataFrame) -> DataFrame:
    """MRSTY's rows: cui, tui, sty, reason (null, "malformed" or one of `TYPE_REASONS`)."""
    reasons = {MALFORMED: F.col(MALFORMED), UNKNOWN: F.col("known").isNull()}
    return _mark_known(sty, concepts).select(
        "cui", "tui", "sty", first_reason(reasons).alias("reason")
    )


def label_definitions(
    definitions: DataFrame, concepts: DataFrame, suppressed: Sequence[str]
) -> DataFrame:
    """MRDEF's rows: cui, sab, definition, reason (as above, of `DEFINITION_REASONS`)."""
    reasons = {
        MALFORMED: F.col(MALFORMED),
        SUPPRESSED: F.col("suppress").isin(*suppressed),
        UNKNOWN: F.col("known").isNull(),
    }
    return _mark_known(definitions, concepts).select(
        "cui", "sab", F.col("def").alias("definition"), first_reason(reasons).alias("reason")
    )


def _mark_known(rows: DataFrame, concepts: DataFrame) -> DataFrame:
    return rows.join(concepts.select("cui", F.lit(True).alias("known")), "cui", "left")
