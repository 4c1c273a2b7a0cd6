"""Which concepts may be mentions, by their semantic types."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bali.semantic_groups import read_semantic_groups
from bali.storage import read_table


def ranks_of_types(
    semantic_types: Path, groups: Path, wanted: Sequence[str]
) -> dict[str, int] | None:
    """CUI -> place of its semantic type among those that are mentions; None allows all.

    Args:
        semantic_types: the table.
        groups: resources/semantic_groups.tsv.
        wanted: TUIs or groups, the preferred first; none allows all.

    Raises:
        InputError: a file is missing or holds something else, or a type is none.
    """
    if not wanted:
        return None
    known = read_semantic_groups(groups)
    place: dict[str, int] = {}
    for number, value in enumerate(wanted):
        for tui in known.expand([value], "linking.semantic_types"):
            place.setdefault(tui, number)
    types = read_table("semantic_types", semantic_types, ["cui", "tui"])
    ranks: dict[str, int] = {}
    for cui, tui in zip(types["cui"].to_pylist(), types["tui"].to_pylist(), strict=True):
        if tui in place:
            ranks[cui] = min(place[tui], ranks.get(cui, len(place)))
    return ranks
