"""What every filter dropped: the counts of all steps, summed over shards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bali.counts import read_counts


@dataclass
class Waterfall:
    """One table's way from what was read to what was kept; read = kept + all dropped.

    Attributes:
        step: as in "umls.tables".
        table: name of the table or other unit of work.
        read: rows that came in.
        kept: rows that went on.
        dropped: reason -> rows, in the order of the filters.
    """

    step: str
    table: str
    read: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


def read_waterfalls(paths: Sequence[Path]) -> list[Waterfall]:
    """Read counts and sum those of one step and table: its shards.

    Args:
        paths: counts files, in the order in which the report shall show them.

    Raises:
        InputError: a file is missing or no JSON.
    """
    found: dict[tuple[str, str], Waterfall] = {}
    for path in paths:
        counts = read_counts(path)
        for table, account in sorted(counts["tables"].items()):
            total = found.setdefault(
                (counts["step"], table), Waterfall(step=counts["step"], table=table)
            )
            total.read += account["read"]
            total.kept += account["kept"]
            for reason, number in account["dropped"]:
                total.dropped[reason] = total.dropped.get(reason, 0) + number
    return list(found.values())


def read_facts(paths: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Step -> the further facts that it states.

    Steps of several shards are left out: their facts, as the number of distinct concepts, do not
    add up. What the report tells of those is computed from their tables (statistics.py).

    Raises:
        InputError: as `read_waterfalls`.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for path in paths:
        counts = read_counts(path)
        found.setdefault(counts["step"], []).append(counts["facts"])
    return {step: facts[0] for step, facts in found.items() if len(facts) == 1 and facts[0]}
