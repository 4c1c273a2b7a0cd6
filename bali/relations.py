"""What relations are called in words, and which relation is the inverse of which.

An edge reads `source RELA target`, and a phrase fits between the two names: "hypertension is a
vascular disease". RELA is the more specific of MRREL's two fields; REL speaks where it is empty.

Sources: REL from the UMLS Reference Manual (NBK9685), appendix B. resources/relations.tsv holds
the RELAs that NLM documents ("Abbreviations Used in Data Elements"); their names are NLM's, the
pairing into inverses, which that list does not give, and the phrases are ours. A release's own
MRDOC.RRF has the last word on inverses.
"""

from __future__ import annotations

import gzip
import logging
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
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
TABLE = Path(__file__).resolve().parents[1] / "resources" / "relations.tsv"
COLUMNS = ["rela", "inverse", "phrase"]
VERBS = frozenset({"can", "has", "is", "may"})  # a phrase that starts with one needs no other
PREPOSITIONS = frozenset({"at", "by", "for", "from", "in", "of", "on", "to", "with"})

logger = logging.getLogger(__name__)


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
        return self.phrases.get(rela) or _phrase_by_rule(rela)


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


def _phrase_by_rule(rela: str) -> str:
    """Words for a RELA outside the table: "adjacent_to" is said as "is adjacent to"."""
    if rela.startswith("inverse_"):
        return f'is the target of "{_phrase_by_rule(rela.removeprefix("inverse_"))}" from'
    words = rela.split("_")
    # "drains_into", "plays_role_in": a first word in -s is taken for a verb
    noun = words[0] not in VERBS and not words[0].endswith("s")
    if noun and len(words) > 1 and words[-1] in PREPOSITIONS:
        words.insert(0, "is")
    return " ".join(words)


def read_relations(path: Path, mrdoc: Sequence[Path] = ()) -> Relations:
    """Read a table such as resources/relations.tsv: rela, inverse, phrase.

    Args:
        path: the table.
        mrdoc: MRDOC.RRF files, plain or .gz, or a file's pieces, one behind another; the inverses
            that they state replace the table's. Of two files that disagree the first one counts,
            and the log says so.

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
    stated: dict[str, str] = {}
    for source, pieces in groupby(mrdoc, lambda path: path.with_name(path.name.split(".RRF")[0])):
        for rela, inverse in _stated_inverses(list(pieces)):
            if stated.setdefault(rela, inverse) != inverse:
                logger.warning(
                    "%s.RRF: the inverse of %s is %s, where an earlier MRDOC says %s, which counts",
                    source, rela, inverse, stated[rela],
                )  # fmt: skip
    relations.inverses.update(stated)
    return relations


def _stated_inverses(pieces: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """RELAs and their inverses in one MRDOC.RRF: rows such as RELA|isa|rela_inverse|inverse_isa|.

    Columns: DOCKEY, VALUE, TYPE, EXPL (UMLS Reference Manual, chapter 3).
    """
    again = "take the file from the release again"
    content = b""
    try:
        for path in pieces:
            require_file(path, "MRDOC.RRF stands beside MRREL.RRF in a META folder")
            piece = path.read_bytes()
            content += gzip.decompress(piece) if path.suffix == ".gz" else piece
        lines = content.decode().removesuffix("\n").split("\n")
    except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); {again}") from None
    for number, line in enumerate(lines, start=1):
        fields = line.split("|")
        if len(fields) < 4:
            raise InputError(
                f"{path}: line {number} is {line!r}; MRDOC has four fields: DOCKEY, VALUE, TYPE, "
                f"EXPL; {again}"
            )
        dockey, value, kind, inverse = fields[:4]
        # the row of the empty RELA has neither
        if dockey == "RELA" and kind == "rela_inverse" and value and inverse:
            yield value, inverse
