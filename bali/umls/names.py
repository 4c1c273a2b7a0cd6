"""MRCONSO -> names, concepts and codes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from bali.umls import keys
from bali.umls.rrf import MALFORMED, META
from bali.umls.settings import Settings
from bali.umls.spark import first_reason
from bali.umls.staging import Staged

REASONS = ("language", "suppressed", "source", "term type", "semantic type", "empty name")
NO_CODE = "no code"
LATER = 2**30  # rank of the first row that is not preferred


def label_atoms(conso: DataFrame, settings: Settings, chosen: DataFrame | None) -> DataFrame:
    """MRCONSO's rows with the reason for which each is dropped.

    Args:
        conso: rows of MRCONSO.
        settings: of the stage.
        chosen: cui of the concepts with a semantic type that is kept; None where all pass.

    Returns:
        cui, name, lat, sab, tty, code, preferred, reason (null, "malformed" or one of `REASONS`).
        Preferred is NLM's choice: TS=P, STT=PF, ISPREF=Y.
    """
    if chosen is not None:
        conso = conso.join(chosen.select("cui", F.lit(True).alias("chosen")), "cui", "left")
    return conso.select(
        "cui",
        F.col("str").alias("name"),
        "lat",
        "sab",
        "tty",
        "code",
        ((F.col("ts") == "P") & (F.col("stt") == "PF") & (F.col("ispref") == "Y")).alias(
            "preferred"
        ),
        META,
        first_reason(
            {
                MALFORMED: F.col(MALFORMED),
                "language": ~F.col("lat").isin(*settings.languages),
                "suppressed": F.col("suppress").isin(*settings.suppressed),
                "source": settings.sources.drops(F.col("sab")),
                "term type": settings.term_types.drops(F.col("tty")),
                "semantic type": F.lit(False) if chosen is None else F.col("chosen").isNull(),
                "empty name": F.col("str") == "",
            }
        ).alias("reason"),
    )


def count_concepts(atoms: Staged) -> int:
    """Number of concepts that have a sound row, whether it is dropped or not."""
    seen = np.zeros(keys.CUIS, bool)
    for rows in atoms.read(["cui", "reason"]):
        sound = pc.fill_null(pc.not_equal(rows["reason"], MALFORMED), True)
        seen[rows["cui"].filter(sound).to_numpy()] = True
    return int(seen.sum())


def distinct_names(atoms: DataFrame, kinds: Iterable[tuple[str, ...]]) -> DataFrame:
    """One row a concept and name, knowing its concept.

    Args:
        atoms: cui, name, sab, tty, preferred.
        kinds: the (sab, tty) of the atoms.

    Returns:
        cui, name, sab, tty, preferred: of duplicates the preferred row, then lowest sab, tty.
        own: whether it is the concept's own name, which is its preferred one, or the first by sab,
        tty, name. names: how many the concept has.
    """
    sources = keys.numbered(kinds, ["sab", "tty"], "source", atoms.sparkSession)
    # The row to keep as the minimum of an integer: of strings it would cost two sorts.
    rank = F.when(F.col("preferred"), 0).otherwise(LATER) + F.col("source")
    concept = Window.partitionBy("cui")
    return (
        atoms.join(sources, ["sab", "tty"])
        .select("cui", "name", rank.alias("rank"))
        .repartition("cui")
        .groupBy("cui", "name")
        .agg(F.min("rank").alias("rank"))
        .withColumn("own", F.row_number().over(concept.orderBy("rank", "name")) == 1)
        .withColumn("names", F.count("*").over(concept))
        .withColumn("preferred", F.col("rank") < LATER)
        .withColumn("source", F.col("rank") % LATER)
        .join(sources, "source")
        .select("cui", "name", "sab", "tty", "preferred", "own", "names")
    )


def own_names(names: DataFrame) -> DataFrame:
    """One row a concept: cui, its own name, names (how many it has)."""
    return names.where("own").select("cui", "name", "names")


def coded_atoms(atoms: DataFrame) -> DataFrame:
    """The rows with an identifier in their source; NLM writes NOCODE where it has none."""
    return atoms.where(~F.col("code").isin("", "NOCODE")).select("cui", "sab", "code")
