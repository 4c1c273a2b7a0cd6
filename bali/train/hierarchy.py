"""Concepts, a parent and siblings of each, drawn from the whole graph: the step of `hierarchy`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from bali.errors import InputError
from bali.hashing import below
from bali.model.batch import HierarchyInput, Texts
from bali.ranges import ranges
from bali.storage import read_table
from bali.train.columns import Ints, Lists
from bali.train.names import Names
from bali.train.subgraphs import shuffled

# part these choices from others of the same keys
_CONCEPT, _PARENT, _SIBLING, _NAME, _OTHER = 31, 32, 33, 34, 35
# Steps up after which nothing more is looked for above a concept. Cycles end earlier by themselves.
HIGHEST = 16


class Hierarchy:
    """Draws them for a step; the sentences of the step have no part in it."""

    def __init__(
        self, path: Path, names: Names, pairs: int, siblings: int, shuffle: int | None = None
    ) -> None:
        """Read hierarchy.parquet.

        Args:
            path: the table.
            names: of all nodes.
            pairs: concepts a step. They are drawn with replacement, and one that is drawn twice
                counts once: in a small graph a step has fewer.
            siblings: draws for each concept: other children of the parent that was drawn.
            shuffle: a seed: each concept gets the parents of another one that has as many, as
                `bali.train.subgraphs.shuffled` says; a control.

        Raises:
            InputError: the table is empty or names a node that has no name.
        """
        table = read_table("hierarchy", path)
        child, parent = (table[column].to_numpy().astype(np.int64) for column in table.column_names)
        nodes = len(names.number)
        if not len(child):
            raise InputError(
                f"{path}: no concept has a parent, but train.w_hierarchy is above 0; set it to 0, "
                "or let the umls stage keep relations PAR and CHD (umls.relations, umls.sources)"
            )
        if max(child.max(), parent.max()) >= nodes:
            raise InputError(
                f"{path}: a node that has no name; the graph and the names are of different runs "
                "of the workflow: run snakemake"
            )
        if shuffle is not None:
            child, parent = _shuffled(child, parent, shuffle)
        self._names = names
        self._pairs, self._siblings = pairs, siblings
        self._up = _Rows(child, parent, nodes)
        self._down = _Rows(parent, child, nodes)
        self._node = np.flatnonzero(self._up.number)

    def draw(self, *keys: int) -> HierarchyInput:
        """The concepts of a step, a parent of each and siblings, and their names, drawn by `keys`.

        A concept's second name differs from its first, if it has two.
        """
        place = below(len(self._node), _CONCEPT, *keys, np.arange(self._pairs))
        node = self._node[np.unique(place)]
        parent = self._up.draw(node, _PARENT, *keys, node)
        origin = np.repeat(node, self._siblings)
        turn = np.tile(np.arange(self._siblings), len(node))
        sibling = self._down.draw(np.repeat(parent, self._siblings), _SIBLING, *keys, origin, turn)
        candidate = np.concatenate([parent, np.unique(sibling[sibling != origin])])
        distinct, row = np.unique(np.concatenate([node, candidate]), return_inverse=True)
        related = self._related(distinct)
        unrelated = ~related[np.ix_(row[: len(node)], row[len(node) :])]
        rest = np.concatenate([node, candidate])
        names = self._drawn(node, rest, *keys)
        return HierarchyInput(
            Texts(torch.from_numpy(names.values), torch.from_numpy(names.lengths)),
            torch.from_numpy(rest[None, :] != node[:, None]),
            torch.from_numpy(unrelated),
        )

    def _drawn(self, node: Ints, rest: Ints, *keys: int) -> Lists:
        """A name of each node, then one of each of the rest, which begins with the nodes."""
        number = self._names.number[node]
        first = below(number, _NAME, *keys, node)
        second = (first + 1 + below(np.maximum(number - 1, 1), _OTHER, *keys, node)) % number
        others = rest[len(node) :]
        which = below(self._names.number[others], _NAME, *keys, others)
        return self._names.rows(
            np.concatenate([node, rest]), np.concatenate([first, second, which])
        )

    def _related(self, node: Ints) -> NDArray[np.bool_]:
        """Which of some distinct, sorted nodes are the same, above or below: (nodes, nodes)."""
        related: NDArray[np.bool_] = np.eye(len(node), dtype=bool)
        nodes = len(self._up.number)
        seen = np.arange(len(node)) * nodes + node  # one number for (which node, what is above)
        frontier = seen
        for _ in range(HIGHEST):
            which, above = self._up.all(frontier % nodes)
            found = np.unique(frontier[which] // nodes * nodes + above)
            frontier = np.setdiff1d(found, seen, assume_unique=True)
            if not len(frontier):
                break
            seen = np.concatenate([seen, frontier])
        place = np.searchsorted(node, seen % nodes)
        here = node[np.minimum(place, len(node) - 1)] == seen % nodes
        related[seen[here] // nodes, place[here]] = True
        related |= related.T.copy()
        return related


class _Rows:
    """The ends of pairs by their beginnings."""

    def __init__(self, begin: Ints, end: Ints, nodes: int) -> None:
        order = np.lexsort((end, begin))
        self._end = end[order]
        self._first = np.searchsorted(begin[order], np.arange(nodes + 1))
        self.number = np.diff(self._first)

    def draw(self, node: Ints, *keys: int | Ints) -> Ints:
        """One end of each node, which must have one, drawn by the keys."""
        drawn: Ints = self._end[self._first[node] + below(self.number[node], *keys)]
        return drawn

    def all(self, node: Ints) -> tuple[Ints, Ints]:
        """All ends of some nodes: which row of `node` each belongs to, and the end."""
        which, place = ranges(self._first[node], self.number[node])
        return which, self._end[place]


def _shuffled(child: Ints, parent: Ints, seed: int) -> tuple[Ints, Ints]:
    """The same parents, each given to another child; a pair of a node with itself goes."""
    node, row, number = np.unique(child, return_inverse=True, return_counts=True)
    child = node[shuffled(number, seed)][row]
    kept = child != parent
    return child[kept], parent[kept]
