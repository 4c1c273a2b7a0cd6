"""MRREL -> relations. MRREL reads backwards, "CUI2 RELA CUI1": head = CUI2, tail = CUI1."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bali.umls.rrf import MALFORMED
from bali.umls.spark import first_reason

REASONS = ("suppressed", "unknown concept", "self-relation")


def label_relations(rel: DataFrame, concepts: DataFrame, suppressed: Sequence[str]) -> DataFrame:
    """MRREL's rows with the reason for which each is dropped.

    Args:
        rel: rows of MRREL.
        concepts: cui, distinct; both ends of a relation must be among them.
        suppressed: values of SUPPRESS to drop.

    Returns:
        head, tail, rel, rela, sab, reason (null, "malformed" or one of `REASONS`).
    """
    heads = concepts.select(F.col("cui").alias("cui2"), F.lit(True).alias("head_known"))
    tails = concepts.select(F.col("cui").alias("cui1"), F.lit(True).alias("tail_known"))
    return (
        rel.join(heads, "cui2", "left")
        .join(tails, "cui1", "left")
        .select(
            F.col("cui2").alias("head"),
            F.col("cui1").alias("tail"),
            "rel",
            "rela",
            "sab",
            first_reason(
                {
                    MALFORMED: F.col(MALFORMED),
                    "suppressed": F.col("suppress").isin(*suppressed),
                    "unknown concept": F.col("head_known").isNull() | F.col("tail_known").isNull(),
                    "self-relation": F.col("cui1") == F.col("cui2"),
                }
            ).alias("reason"),
        )
    )


def distinct_relations(relations: DataFrame) -> DataFrame:
    """One row a (head, tail, rel, rela): several sources may state it; the lowest is kept."""
    return relations.groupBy("head", "tail", "rel", "rela").agg(F.min("sab").alias("sab"))
