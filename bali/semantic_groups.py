"""The semantic types of UMLS and the 15 groups that they are sorted into.

A concept carries one or more of 127 semantic types, each with an identifier (TUI) such as T047
"Disease or Syndrome". The groups (McCray, Burgun & Bodenreider, MEDINFO 2001) put each type into
one of 15 coarse classes, such as DISO "Disorders". Settings and pictures use both; this is the one
place that knows them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bali.errors import InputError
from bali.files import require_file

TABLE = Path(__file__).resolve().parent.parent / "resources" / "semantic_groups.tsv"
COLUMNS = ["group", "group_name", "tui", "sty"]


@dataclass(frozen=True)
class SemanticGroups:
    """Semantic types and their groups.

    Attributes:
        group_of: TUI -> abbreviation of its group, as in T047 -> DISO.
        group_names: abbreviation -> name, as in DISO -> Disorders.
        type_names: TUI -> name of the semantic type.
    """

    group_of: dict[str, str]
    group_names: dict[str, str]
    type_names: dict[str, str]

    def expand(self, values: Iterable[str], where: str = "semantic types") -> set[str]:
        """The TUIs that a list of TUIs and groups stands for.

        Args:
            values: each a TUI ("T047") or the abbreviation of a group ("DISO").
            where: what holds the list, for the message, as in "umls.semantic_types.keep".

        Returns:
            TUIs: those named, and all of each named group.

        Raises:
            InputError: a value is neither.
        """
        tuis: set[str] = set()
        for value in values:
            if value in self.group_names:
                tuis.update(tui for tui, group in self.group_of.items() if group == value)
            elif value in self.group_of:
                tuis.add(value)
            else:
                raise InputError(
                    f"{where}: {value!r} is neither a semantic type (a TUI from "
                    f"{min(self.group_of)} to {max(self.group_of)}, as resources/"
                    f"semantic_groups.tsv lists them) nor a group: {', '.join(self.group_names)}"
                )
        return tuis


def read_semantic_groups(path: Path = TABLE) -> SemanticGroups:
    """Read a table such as resources/semantic_groups.tsv: group, group_name, tui, sty.

    Raises:
        InputError: there is no such file, its columns are others, a line has too few or too many
            fields or an empty one, a TUI occurs twice, or a group has two names.
    """
    require_file(path, "it is part of the project; take it from there")
    header, *lines = path.read_text(encoding="utf-8").splitlines() or [""]
    if header.split("\t") != COLUMNS:
        raise InputError(
            f"{path}: line 1 is {header!r}; it must name {', '.join(COLUMNS)}, by tabs"
        )
    groups = SemanticGroups({}, {}, {})
    for number, line in enumerate(lines, start=2):
        fields = line.split("\t")
        if len(fields) != len(COLUMNS) or not all(fields):
            raise InputError(
                f"{path}: line {number} is {line!r}; it must hold {', '.join(COLUMNS)}, by tabs"
            )
        group, group_name, tui, sty = fields
        if tui in groups.group_of:
            raise InputError(f"{path}: line {number}: {tui!r} occurs twice; remove one")
        if groups.group_names.setdefault(group, group_name) != group_name:
            raise InputError(
                f"{path}: line {number}: group {group!r} is called {group_name!r} here and "
                f"{groups.group_names[group]!r} before; choose one"
            )
        groups.group_of[tui] = group
        groups.type_names[tui] = sty
    return groups
