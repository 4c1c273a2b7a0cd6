"""Chooses the names that are taken out: the questions of the zero-shot linking task.

Of the concepts with enough names a share gives one name each. It is not the concept's own name,
and its normal form (bali/text.py) is that of no other name of any concept, so that no exact match
can answer it. Choices are hashes of (seed, concept, name): no order of rows enters.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from bali.text import SEPARATORS
from bali.umls import keys
from bali.umls.spark import first_reason


@dataclass(frozen=True)
class Settings:
    """`umls.heldout` of the config.

    Attributes:
        min_names: least number of names of a concept that gives one.
        share: of those concepts, 0 to 1.
        seed: of all choices.
    """

    min_names: int
    share: float
    seed: int

    @property
    def reasons(self) -> tuple[str, str, str]:
        """Why a concept gives no name, in the order in which it is asked."""
        return f"fewer than {self.min_names} names", "not in the share", "no name of its own"


def normal_form(name: Column) -> Column:
    """`bali.text.normalise` in Spark's SQL.

    The two agree on every code point that both know (a test tries them all). Java 17 has
    Unicode 13, Java 25 Unicode 16, Python 3.11 lowers by Unicode 14 and its `regex` knows a later
    one: letters new to Java become separators here only, which `unknown_to_java` finds; capitals
    new to Python are lowered here only, so that two names can only seem equal, never distinct.
    """
    return F.trim(F.regexp_replace(F.lower(name), SEPARATORS, " "))


def unknown_to_java(name: Column) -> Column:
    """Whether a name holds a code point that is unassigned in the Unicode of the running Java."""
    return name.rlike(r"\p{Cn}")


def choose_heldout(names: DataFrame, settings: Settings) -> DataFrame:
    """Choose one name of each drawn concept.

    Args:
        names: cui, name, preferred, own, names; as `names.distinct_names` gives them.
        settings: of the choice.

    Returns:
        One row a concept: cui, name, split, and reason (null, or one of `settings.reasons`; then
        name means nothing).
    """
    seed, cui = F.lit(settings.seed), keys.text(F.col("cui"))
    draw = F.shiftrightunsigned(F.xxhash64(seed, F.lit("share"), cui), 11) * F.lit(2.0**-53)
    side = F.shiftrightunsigned(F.xxhash64(seed, F.lit("split"), cui), 63)
    few, not_drawn, none = settings.reasons
    concepts = names.where("own").select(
        "cui",
        F.when(side == 0, "dev").otherwise("test").alias("split"),
        first_reason(
            {
                few: F.col("names") < settings.min_names,
                not_drawn: draw >= settings.share,
            }
        ).alias("reason"),
    )
    # the form's hash is enough: two that collide only seem equal
    form = normal_form(F.col("name"))
    form = F.when(form != "", F.xxhash64(form)).alias("form")
    single = names.groupBy(form).count().where((F.col("count") == 1) & F.col("form").isNotNull())
    # A name whose form could differ in Python is not taken. The other names need no such care:
    # what Python holds distinct can at most seem equal here, and then one name fewer is taken.
    best = (
        names.where(~F.col("own") & ~F.col("preferred") & ~unknown_to_java(F.col("name")))
        .where((F.col("names") >= settings.min_names) & (draw < settings.share))
        .where(F.lit(settings.share > 0))  # none wanted: Spark plans no work for them
        .select("cui", "name", form)
        .join(single, "form", "left_semi")
        .select("cui", "name", F.xxhash64(seed, F.lit("name"), cui, "name").alias("hash"))
        .groupBy("cui")
        .agg(F.min(F.struct("hash", "name")).alias("best"))
        .select("cui", F.col("best.name").alias("name"))
    )
    without = F.when(F.col("name").isNull(), F.lit(none))
    return concepts.join(best, "cui", "left").select(
        "cui", "name", "split", F.coalesce("reason", without).alias("reason")
    )
