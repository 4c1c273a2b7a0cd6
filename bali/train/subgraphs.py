"""Sampled neighbourhoods of the concepts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bali.errors import InputError
from bali.hashing import below, mix
from bali.storage import read_table
from bali.train.columns import Ints, Ragged

_SUBGRAPH, _SHUFFLE = 12, 14  # part these choices from others of the same keys


COLUMNS = ["centre", "sample", "node", "source", "target", "relation"]


class Subgraphs:
    """Sampled neighbourhoods; one is drawn a concept and step."""

    def __init__(self, path: Path, shuffle: int | None = None) -> None:
        """Read subgraphs.parquet.

        Args:
            path: the table.
            shuffle: a seed: edges into one concept go into another, see `shuffled`.

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
        self._row_of = np.arange(self.nodes)  # whose subgraphs a concept has: its own
        if shuffle is not None:
            self._row_of = shuffled(self._source.lengths()[:: self.samples], shuffle)

    def draw(self, concepts: Ints, *keys: int) -> tuple[Ints, Ints, Ints, Ints]:
        """A disjoint union of one subgraph of each concept, drawn by (keys, concept).

        Returns:
            node: (members,), node ids, each concept's subgraph with the concept itself first;
            edge_index: (2, edges), positions in `node`, source above target;
            relation: (edges,), relation ids;
            centre: (concepts,), positions in `node`.
        """
        rows = self._row_of[concepts] * self.samples + below(
            self.samples, _SUBGRAPH, *keys, concepts
        )
        members = self._node.rows(rows)
        members.values[members.starts] = concepts  # differs where edges are shuffled
        ends = [column.rows(rows) for column in (self._source, self._target)]
        edges = [part.values + members.starts[part.owner] for part in ends]
        relation = self._relation.rows(rows).values
        return members.values, np.stack(edges), relation, members.starts


def shuffled(degree: Ints, seed: int) -> Ints:
    """Whose neighbours each concept gets where edges are shuffled, the control of the graph.

    The targets of the edges into centres are permuted: every neighbour keeps the edges that it
    sends, and the numbers of edges that arrive stay the same over all concepts. Who is given whose
    is one cycle through all concepts in the order of their degree, ties by hash; so nobody keeps
    its own, and all but the last of a degree get as many neighbours as they had. Which neighbours
    a neighbour has (hop 2 and on) stays true: the cut is between the centre and its surroundings.

    Args:
        degree: (nodes,), edges of each concept's first sample.
        seed: of the run.

    Returns:
        (nodes,), a permutation of the nodes without a fixed point, if there are two or more.
    """
    node = np.arange(len(degree))
    order = np.lexsort((mix(_SHUFFLE, seed, node), degree))
    partner = np.empty_like(node)
    partner[order] = np.roll(order, -1)
    return partner
