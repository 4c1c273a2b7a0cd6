"""What relations are called in words, and which relation is the inverse of which.

An edge reads `source RELA target`, and a phrase fits between the two names: "hypertension is a
vascular disease". RELA is the more specific of MRREL's two fields; REL speaks where it is empty.

Sources: REL from the UMLS Reference Manual (NBK9685), appendix B; the commonest RELAs from
resources/relations.tsv, which is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bali.errors import InputError
from bali.files import require_file

# MRREL.REL -> its inverse, the relation in words. "A CHD B" says that A is a child of B.
RELS = {
    "AQ": ("QB", "is an allowed qualifier of"),
    "CHD": ("PAR", "is a child of"),
    "PAR": ("CHD", "is a parent of"),
    "QB": ("AQ", "can be qualified by"),
    "RB": ("RN", "is broader than"),
    "RL": ("RL", "is like"),
    "RN": ("RB", "is narrower than"),
    "RO": ("RO", "is related to"),
    "RQ": ("RQ", "is related to and possibly the same as"),
    "RU": ("RU", "is related to"),
    "SIB": ("SIB", "is a sibling of"),
    "SY": ("SY", "is a synonym of"),
    "XR": ("XR", "is not related to"),
}
COLUMNS = ["rela", "inverse", "phrase"]


class EdgeType(NamedTuple):
    """What an edge says, read from its source to its target.

    `added` tells an inverse that we derived from one that UMLS states. The same (rel, rela) may
    occur as both, with two ids: whoever ranks or evaluates links must be able to leave out the
    derived ones, which repeat a stated edge.
    """

    rel: str
    rela: str
    added: bool


@dataclass(frozen=True)
class Relations:
    """The table of RELAs: inverses and phrases, with rules for what it does not hold."""

    inverses: dict[str, str]
    phrases: dict[str, str]

    def inverse(self, rel: str, rela: str) -> tuple[str, str]:
        """REL and RELA of the same statement read backwards.

        A RELA outside the table: `inverse_x` and `x` are inverses, `has_x` and `x_of` are, and
        whatever else there is gets the prefix. An empty RELA has an empty inverse.
        """
        return RELS[rel][0], self.inverses.get(rela) or _inverse_by_rule(rela)

    def phrase(self, rel: str, rela: str) -> str:
        """The relation in words, to stand between the names of its source and its target."""
        if not rela:
            return RELS[rel][1]
        return self.phrases.get(rela) or rela.replace("_", " ")


def _inverse_by_rule(rela: str) -> str:
    if not rela:
        return ""
    if rela.startswith("inverse_"):
        return rela.removeprefix("inverse_")
    if rela.startswith("has_"):
        return rela.removeprefix("has_") + "_of"
    if rela.endswith("_of"):
        return "has_" + rela.removesuffix("_of")
    return "inverse_" + rela


def read_relations(path: Path) -> Relations:
    """Read a table such as resources/relations.tsv: rela, inverse, phrase.

    Raises:
        InputError: there is no such file, its columns are others, a line has too few or too many
            fields or an empty one, or a RELA occurs twice.
    """
    require_file(path, "it is part of the project; take it from there")
    header, *lines = path.read_text(encoding="utf-8").splitlines() or [""]
    if header.split("\t") != COLUMNS:
        raise InputError(
            f"{path}: line 1 is {header!r}; it must name {', '.join(COLUMNS)}, by tabs"
        )
    relations = Relations({}, {})
    for number, line in enumerate(lines, start=2):
        fields = line.split("\t")
        if len(fields) != len(COLUMNS) or not all(fields):
            raise InputError(
                f"{path}: line {number} is {line!r}; it must hold {', '.join(COLUMNS)}, by tabs"
            )
        rela, inverse, phrase = fields
        if rela in relations.phrases:
            raise InputError(f"{path}: line {number}: {rela!r} occurs twice; remove one")
        relations.inverses[rela] = inverse
        relations.phrases[rela] = phrase
    return relations
