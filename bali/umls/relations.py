"""MRREL -> relations. MRREL reads backwards, "CUI2 RELA CUI1": head = CUI2, tail = CUI1."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bali.umls import keys
from bali.umls.rrf import MALFORMED, META
from bali.umls.settings import Settings
from bali.umls.spark import first_reason

REASONS = ("suppressed", "source", "relation", "unknown concept", "self-relation")


def label_relations(rel: DataFrame, concepts: DataFrame, settings: Settings) -> DataFrame:
    """MRREL's rows with the reason for which each is dropped.

    Args:
        rel: rows of MRREL.
        concepts: cui, distinct; both ends of a relation must be among them.
        settings: of the stage.

    Returns:
        ends (both CUIs in one number, the head's first), rel, rela, sab, meta, reason (null,
        "malformed" or one of `REASONS`).
    """
    # MRREL is not shuffled: the numbers of all concepts are sent to where it is read
    heads = concepts.select(F.col("cui").alias("cui2"), F.lit(True).alias("head_known"))
    tails = concepts.select(F.col("cui").alias("cui1"), F.lit(True).alias("tail_known"))
    return (
        rel.join(F.broadcast(heads), "cui2", "left")
        .join(F.broadcast(tails), "cui1", "left")
        .select(
            (F.col("cui2").cast("long") * keys.CUIS + F.col("cui1")).alias("ends"),
            "rel",
            "rela",
            "sab",
            META,
            first_reason(
                {
                    MALFORMED: F.col(MALFORMED),
                    "suppressed": F.col("suppress").isin(*settings.suppressed),
                    "source": settings.sources.drops(F.col("sab")),
                    "relation": settings.relations.drops(F.col("rel"), F.col("rela")),
                    "unknown concept": F.col("head_known").isNull() | F.col("tail_known").isNull(),
                    "self-relation": F.lit(not settings.self_relations)
                    & (F.col("cui1") == F.col("cui2")),
                }
            ).alias("reason"),
        )
    )


def distinct_relations(relations: DataFrame) -> DataFrame:
    """One row a (head, tail, rel, rela): several sources may state it; the lowest is kept."""
    return relations.groupBy("ends", "rel", "rela").agg(F.min("sab").alias("sab"))
