"""Chooses the names that are taken out: the questions of the zero-shot linking task.

Of the concepts with enough names a share gives one name each. It is not the concept's own name,
and its normal form (bali/text.py) is that of no other name of any concept, so that no exact match
can answer it. Choices are hashes of (seed, concept, name): no order of rows enters.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import Column
from pyspark.sql import functions as F

from bali.text import SEPARATORS
from bali.umls.keys import texts
from bali.umls.order import is_first, strings_of

NOT_DRAWN, DEV, TEST = range(3)  # of a concept
SPLITS = ("dev", "test")


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


def draws(settings: Settings, wanted: Column) -> dict[str, Column]:
    """What chance and the forms of names say of a row, computed where it is parsed.

    Args:
        settings: of the choice.
        wanted: whether a row may be of any use, by a cheap test.

    Returns:
        lot: NOT_DRAWN, DEV or TEST, of the concept. form: hash of the name's normal form, null if
        that is empty. pick: hash of concept and name; null if the name cannot be taken, because
        the concept is not drawn or Java does not know all its letters. Nothing at all where no
        share is wanted.
    """
    if settings.share <= 0:
        return {}
    seed, name = F.lit(settings.seed), F.col("str")
    cui = F.concat(F.lit("C"), F.lpad(F.col("cui").cast("string"), 7, "0"))
    draw = F.shiftrightunsigned(F.xxhash64(seed, F.lit("share"), cui), 11) * F.lit(2.0**-53)
    side = F.shiftrightunsigned(F.xxhash64(seed, F.lit("split"), cui), 63)
    lot = F.when(draw >= settings.share, NOT_DRAWN).when(side == 0, DEV).otherwise(TEST)
    # the form's hash is enough: two that collide only seem equal
    form = normal_form(name)
    # A name whose form could differ in Python is not taken. The other names need no such care:
    # what Python holds distinct can at most seem equal here, and then one name fewer is taken.
    pick = F.when(~unknown_to_java(name), F.xxhash64(seed, F.lit("name"), cui, name))
    return {
        "lot": lot,
        "form": F.when(wanted & (form != ""), F.xxhash64(form)),
        "pick": F.when(wanted & (lot != NOT_DRAWN), pick),
    }


def single_forms(forms: Iterable[NDArray[np.int64]]) -> NDArray[np.int64]:
    """The forms that only one name has, ascending.

    Args:
        forms: of distinct names, those without a form left out.
    """
    every = np.sort(np.concatenate([np.zeros(0, np.int64), *forms]))
    differs = np.concatenate([[True], every[1:] != every[:-1], [True]])
    return every[differs[1:] & differs[:-1]] if len(every) else every


def choose_heldout(
    names: pa.Table, single: NDArray[np.int64], settings: Settings
) -> tuple[NDArray[np.bool_], NDArray[np.int8]]:
    """Choose one name of each drawn concept.

    Args:
        names: all names of some concepts, as `Atoms.names` gives them.
        single: of all names (`single_forms`).
        settings: of the choice.

    Returns:
        Which names are taken, (names,) bool; and why a concept gives none, as a place in
        `settings.reasons`, -1 if it does, (concepts,) int8.
    """
    first = is_first(names, "cui")
    taken = np.zeros(len(first), bool)
    many = names["names"].to_numpy() >= settings.min_names
    drawn = np.zeros(len(first), bool)
    if settings.share > 0 and len(first):
        drawn = names["lot"].to_numpy() != NOT_DRAWN
        able = pc.and_(pc.is_valid(names["form"]), pc.is_valid(names["pick"]))
        free = pc.invert(pc.or_(names["own"], names["preferred"]))
        places = np.flatnonzero(np.asarray(pc.and_(able, free)) & many)
        form, pick = (names[key].take(pa.array(places)).to_numpy() for key in ("form", "pick"))
        alone = np.isin(form, single, assume_unique=False)
        places, pick = places[alone], pick[alone]
        cui = names["cui"].to_numpy()[places]
        order = np.lexsort((pick, cui))  # stable: of equal hashes the first name
        taken[places[order[np.diff(cui[order], prepend=-1) != 0]]] = True
    gives = np.add.reduceat(taken, np.flatnonzero(first)) > 0 if len(first) else taken
    reason = np.select([~many[first], ~drawn[first], ~gives], [0, 1, 2], -1)
    return taken, reason.astype(np.int8)


def questions(taken: pa.Table) -> pa.Table:
    """The table heldout, of the names that are taken."""
    cui = texts(taken["cui"].to_numpy())
    split = np.zeros(0, np.int64) if not len(taken) else taken["lot"].to_numpy() - DEV
    return pa.table({"cui": cui, "name": taken["str"], "split": strings_of(SPLITS, split)})
