"""What each step read, kept and dropped by reason: the numbers that must meet.

Beside the tables of every step stands `<step>.counts.json`:

    {"step": "umls.tables",
     "tables": {"names": {"read": 9, "kept": 6, "dropped": [["language", 2], ["suppressed", 1]]}},
     "facts": {"release": "2023AB"}}

The report draws each table's losses as a waterfall, in the order in which they are given here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bali.files import read_json, write_json


class Counts:
    """The account of one step; it refuses to be written if it does not add up."""

    def __init__(self, step: str) -> None:
        """Open the account of `step`, as in "umls.tables"."""
        self.step = step
        self.tables: dict[str, dict[str, Any]] = {}
        self.facts: dict[str, Any] = {}

    def add(self, table: str, *, read: int, kept: int, dropped: Mapping[str, int]) -> None:
        """Enter one table's rows, in rows of what was read.

        Args:
            table: name of the table or other unit of work, as the report shows it.
            read: rows (or records, or names) that came in.
            kept: those that went on.
            dropped: reason -> number; in the order in which the filters were applied.

        Raises:
            ValueError: read is not kept plus everything dropped: a bug in the step.
        """
        if read != kept + sum(dropped.values()):
            raise ValueError(
                f"{self.step}: {table} does not add up: read {read}, kept {kept}, "
                f"dropped {dict(dropped)}"
            )
        self.tables[table] = {
            "read": read,
            "kept": kept,
            # a list keeps the filters' order; JSON objects are written with sorted keys
            "dropped": [[reason, number] for reason, number in dropped.items()],
        }

    def write(self, path: Path) -> None:
        """Write the account as JSON, atomically."""
        write_json(path, {"step": self.step, "tables": self.tables, "facts": self.facts})


def read_counts(path: Path) -> dict[str, Any]:
    """Read what `Counts.write` wrote: keys step, tables, facts.

    Raises:
        InputError: there is no such file, or it holds no JSON.
    """
    counts: dict[str, Any] = read_json(path)
    return counts
