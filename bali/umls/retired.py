"""MRCUI -> retired: identifiers of earlier releases and the concepts that took their place.

MRCUI also says that a concept was deleted (REL=DEL) or is broader, narrower or otherwise related
to a present one (RB, RN, RO). Only REL=SY says that the two are the same.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bali.umls.rrf import MALFORMED, META
from bali.umls.spark import first_reason

KINDS = {"DEL": "deleted", "RB": "broader", "RN": "narrower", "RO": "related otherwise"}
OTHER, ALIVE, UNKNOWN = "another REL", "still a concept", "unknown successor"
REASONS = (*KINDS.values(), OTHER, ALIVE, UNKNOWN)
AMBIGUOUS = "several successors"


def label_retired(mrcui: DataFrame, concepts: DataFrame) -> DataFrame:
    """MRCUI's rows: cui, successor, reason (null, "malformed" or one of `REASONS`)."""
    alive = concepts.select(F.col("cui").alias("cui1"), F.lit(True).alias("alive"))
    known = concepts.select(F.col("cui").alias("cui2"), F.lit(True).alias("known"))
    reasons = {
        MALFORMED: F.col(MALFORMED),
        **{reason: F.col("rel") == rel for rel, reason in KINDS.items()},
        OTHER: F.col("rel") != "SY",
        ALIVE: F.col("alive").isNotNull(),
        UNKNOWN: F.col("known").isNull(),
    }
    return (
        mrcui.join(F.broadcast(alive), "cui1", "left")
        .join(F.broadcast(known), "cui2", "left")
        .select(
            F.col("cui1").alias("cui"),
            F.col("cui2").alias("successor"),
            META,
            first_reason(reasons).alias("reason"),
        )
    )


def single_successors(retired: DataFrame) -> DataFrame:
    """The identifiers with one successor: cui, successor, distinct."""
    return (
        retired.groupBy("cui")
        .agg(F.min("successor").alias("successor"), F.max("successor").alias("last"))
        .where(F.col("successor") == F.col("last"))
        .select("cui", "successor")
    )
