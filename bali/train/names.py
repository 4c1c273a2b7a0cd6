"""Tokenised names of the nodes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bali.errors import InputError
from bali.hashing import below
from bali.storage import map_ipc
from bali.train.columns import Ints, Lists, Ragged

_NAME = 13  # parts this choice from others of the same keys


class Names:
    """Tokenised names of the nodes; one is drawn a node and step.

    Attributes:
        number: (nodes,), int64; names of each node, at least 1.
    """

    def __init__(self, path: Path, nodes: int) -> None:
        """Map node_names.arrow.

        Raises:
            InputError: a node from 0 to `nodes` - 1 has no name.
        """
        rows = map_ipc("node_names", path)
        self._ids = Ragged(rows["input_ids"])
        owner = rows["node"].to_numpy()
        self._first = np.searchsorted(owner, np.arange(nodes + 1))  # sorted by node
        self.number = np.diff(self._first)
        if not self.number.all():
            raise InputError(
                f"{path}: node {int(self.number.argmin())} has no name; the names and the "
                "subgraphs are of different runs of the workflow: run snakemake"
            )

    def draw(self, nodes: Ints, *keys: int) -> Lists:
        """Token ids of one name of each node, drawn by (keys, node)."""
        return self.rows(nodes, below(self.number[nodes], _NAME, *keys, nodes))

    def at(self, rows: Ints) -> Lists:
        """Token ids of some rows of the table."""
        return self._ids.rows(rows)

    def rows(self, nodes: Ints, which: Ints) -> Lists:
        """Token ids of stated names: the `which`-th of each node, from 0."""
        return self._ids.rows(self._first[nodes] + which)
