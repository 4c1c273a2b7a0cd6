"""MRCONSO -> names, concepts and codes."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bali.umls.rrf import MALFORMED
from bali.umls.spark import first_reason

REASONS = ("language", "suppressed", "empty name")
NO_CODE = "no code"


def label_atoms(conso: DataFrame, languages: Sequence[str], suppressed: Sequence[str]) -> DataFrame:
    """MRCONSO's rows with the reason for which each is dropped.

    Returns:
        cui, name, sab, tty, code, preferred, reason (null, "malformed" or one of `REASONS`).
        Preferred is NLM's choice: TS=P, STT=PF, ISPREF=Y.
    """
    return conso.select(
        "cui",
        F.col("str").alias("name"),
        "sab",
        "tty",
        "code",
        ((F.col("ts") == "P") & (F.col("stt") == "PF") & (F.col("ispref") == "Y")).alias(
            "preferred"
        ),
        first_reason(
            {
                MALFORMED: F.col(MALFORMED),
                "language": ~F.col("lat").isin(*languages),
                "suppressed": F.col("suppress").isin(*suppressed),
                "empty name": F.col("str") == "",
            }
        ).alias("reason"),
    )


def distinct_names(atoms: DataFrame) -> DataFrame:
    """One row a concept and name: of duplicates the preferred one, then lowest sab, tty."""
    best = F.min(F.struct((~F.col("preferred")).alias("later"), "sab", "tty")).alias("best")
    return (
        atoms.groupBy("cui", "name")
        .agg(best)
        .select("cui", "name", "best.sab", "best.tty", (~F.col("best.later")).alias("preferred"))
    )


def choose_concepts(names: DataFrame) -> DataFrame:
    """One row a concept: its preferred name, or the first by sab, tty, name; its name count."""
    first = F.min(F.struct((~F.col("preferred")).alias("later"), "sab", "tty", "name"))
    return (
        names.groupBy("cui")
        .agg(first.alias("first"), F.count("*").alias("names"))
        .select("cui", F.col("first.name").alias("name"), "names")
    )


def coded_atoms(atoms: DataFrame) -> DataFrame:
    """The rows with an identifier in their source; NLM writes NOCODE where it has none."""
    return atoms.where(~F.col("code").isin("", "NOCODE"))
