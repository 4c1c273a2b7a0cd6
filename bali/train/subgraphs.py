"""Sampled neighbourhoods of the concepts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bali.errors import InputError
from bali.hashing import below
from bali.storage import read_table
from bali.train.columns import Ints, Ragged

_SUBGRAPH = 12  # parts this choice from others of the same keys


COLUMNS = ["centre", "sample", "node", "source", "target", "relation"]


class Subgraphs:
    """Sampled neighbourhoods; one is drawn a concept and step."""

    def __init__(self, path: Path) -> None:
        """Read subgraphs.parquet.

        Raises:
            InputError: the table is empty, or not every node has as many samples.
        """
        table = read_table("subgraphs", path, COLUMNS)
        centre = table["centre"].to_numpy()
        self.nodes = int(centre[-1]) + 1 if len(centre) else 0
        self.samples = len(centre) // max(self.nodes, 1)
        if not self.nodes or not np.array_equal(
            centre, np.repeat(np.arange(self.nodes), self.samples)
        ):
            raise InputError(
                f"{path}: not the same number of samples for every node from 0; run snakemake"
            )
        self._node, self._source, self._target, self._relation = (
            Ragged(table[name]) for name in COLUMNS[2:]
        )
        self.relations = self._relation.highest() + 1  # ids that occur; 0 if there are no edges

    def draw(self, concepts: Ints, *keys: int) -> tuple[Ints, Ints, Ints, Ints]:
        """A disjoint union of one subgraph of each concept, drawn by (keys, concept).

        Returns:
            node: (members,), node ids, each concept's subgraph with its centre first;
            edge_index: (2, edges), positions in `node`, source above target;
            relation: (edges,), relation ids;
            centre: (concepts,), positions in `node`.
        """
        rows = concepts * self.samples + below(self.samples, _SUBGRAPH, *keys, concepts)
        members = self._node.rows(rows)
        ends = [column.rows(rows) for column in (self._source, self._target)]
        edges = [part.values + members.starts[part.owner] for part in ends]
        relation = self._relation.rows(rows).values
        return members.values, np.stack(edges), relation, members.starts
