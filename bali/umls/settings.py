"""What `bali umls tables` keeps: the settings of `umls` in the config, and their flags."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from bali.errors import InputError
from bali.semantic_groups import SemanticGroups
from bali.umls import heldout


@dataclass(frozen=True)
class Choice:
    """Values of a column to keep and to drop.

    Attributes:
        keep: only these pass; empty lets all pass.
        drop: these do not, even if they stand in `keep`.
    """

    keep: frozenset[str] = frozenset()
    drop: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything is chosen; else all pass."""
        return bool(self.keep or self.drop)

    def drops(self, *values: str) -> bool:
        """Whether a row with these values is dropped: any of them may stand in the lists."""
        return not self.drop.isdisjoint(values) or bool(self.keep and self.keep.isdisjoint(values))

    def require_known(self, found: AbstractSet[str], key: str) -> None:
        """Refuse values that no row has: they are misspelt, or of another release.

        Args:
            found: those that rows have.
            key: of the config, for the message.

        Raises:
            InputError: a value stands in none of them.
        """
        if unknown := sorted((self.keep | self.drop) - found):
            raise InputError(
                f"config: {key} names {unknown[0]!r}, which no row has; there are "
                f"{', '.join(sorted(found - {''}))}"
            )


@dataclass(frozen=True)
class Settings:
    """`umls` of the config.

    Attributes:
        languages: values of MRCONSO.LAT to keep.
        suppressed: values of SUPPRESS to drop, in all tables.
        sources: choice of SAB, in all tables that have one.
        term_types: choice of MRCONSO.TTY.
        types: choice of MRSTY.TUI; a concept with several types passes if one of them is kept
            and none is dropped.
        relations: choice of MRREL.REL and RELA; an entry may be either.
        self_relations: whether relations of a concept with itself are kept.
        malformed_share: share of a table's rows that may be malformed.
        heldout: choice of the names taken out.
    """

    languages: Sequence[str]
    suppressed: Sequence[str]
    heldout: heldout.Settings
    sources: Choice = Choice()
    term_types: Choice = Choice()
    types: Choice = Choice()
    relations: Choice = Choice()
    self_relations: bool = False
    malformed_share: float = 0.0


CHOICES = {
    "sources": "SAB",
    "term-types": "TTY",
    "semantic-types": "TUI or semantic group of concepts",
    "relations": "REL or RELA",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the settings."""
    parser.add_argument("--languages", nargs="+", required=True, help="values of LAT to keep")
    parser.add_argument("--suppressed", nargs="*", required=True, help="values of SUPPRESS to drop")
    for name, what in CHOICES.items():
        for verb in ("keep", "drop"):
            parser.add_argument(
                f"--{verb}-{name}",
                nargs="*",
                default=[],
                metavar="VALUE",
                help=f"{what} to {verb}" + ("; none keeps all" if verb == "keep" else ""),
            )
    parser.add_argument("--self-relations", action=argparse.BooleanOptionalAction, default=False)
    parser.add_argument("--mirrored", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument(
        "--malformed-share", type=float, default=0.0, help="of a table's rows, borne with"
    )
    parser.add_argument(
        "--min-names", type=int, required=True, help="names of a concept that gives one"
    )
    parser.add_argument("--share", type=float, required=True, help="share of those concepts")
    parser.add_argument("--seed", type=int, required=True, help="of the choice of names")


def from_arguments(args: argparse.Namespace, groups: SemanticGroups) -> Settings:
    """The settings that the flags give.

    Args:
        args: parsed by `add_arguments`.
        groups: to expand the semantic groups among `--keep-semantic-types` and its like.

    Raises:
        InputError: a semantic type or group is unknown.
    """

    def choice(name: str) -> Choice:
        return Choice(*(frozenset(getattr(args, f"{verb}_{name}")) for verb in ("keep", "drop")))

    types = choice("semantic_types")
    where = "config: umls.semantic_types"
    return Settings(
        languages=args.languages,
        suppressed=args.suppressed,
        heldout=heldout.Settings(args.min_names, args.share, args.seed),
        sources=choice("sources"),
        term_types=choice("term_types"),
        types=Choice(
            frozenset(groups.expand(types.keep, f"{where}.keep")),
            frozenset(groups.expand(types.drop, f"{where}.drop")),
        ),
        relations=choice("relations"),
        self_relations=args.self_relations,
        malformed_share=args.malformed_share,
    )
