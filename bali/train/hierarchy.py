"""Families of concepts, drawn from the whole graph: the step of the objective `hierarchy`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from bali.errors import InputError
from bali.hashing import below, mix
from bali.model.batch import HierarchyInput, Texts
from bali.ranges import ranges
from bali.storage import read_table
from bali.train.columns import Ints, Lists
from bali.train.names import Names
from bali.train.subgraphs import shuffled

# part these choices from others of the same keys
_PARENT, _CHILD, _NAME, _OTHER = 31, 32, 34, 35
# Steps up after which nothing more is looked for above a concept. Cycles end earlier by themselves.
HIGHEST = 16


class Hierarchy:
    """Draws them for a step; the sentences of the step have no part in it."""

    def __init__(
        self,
        path: Path,
        names: Names,
        pairs: int,
        siblings: int,
        shuffle: int | None = None,
        prior: NDArray[np.float32] | None = None,
    ) -> None:
        """Read hierarchy.parquet.

        Args:
            path: the table.
            names: of all nodes.
            pairs: most concepts a step, in families: children of one parent each. Parents are
                drawn, at least one, with replacement, and one that is drawn twice counts once; many
                a parent has few children, so that a step has fewer concepts.
            siblings: a family is at most 1 + `siblings` children, drawn without replacement. Each
                is held against its siblings: what tells them apart from their parent is what they
                do not share. Where this is above 0, a parent of one child is not drawn, unless no
                parent has two.
            shuffle: a seed: each concept gets the parents of another one that has as many, as
                `bali.train.subgraphs.shuffled` says; a control.
            prior: (nodes,), nats: how often text mentions a concept; None: all alike.

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
        self._prior = np.zeros(nodes, np.float32) if prior is None else prior
        self._families, self._siblings = max(1, pairs // (1 + siblings)), siblings
        self._up = _Rows(child, parent, nodes)
        self._down = _Rows(parent, child, nodes)
        least = min(1 + min(siblings, 1), self._down.number.max())
        self._parents = np.flatnonzero(self._down.number >= least)

    def draw(self, *keys: int) -> HierarchyInput:
        """The families of a step and a name of each distinct parent, drawn by `keys`.

        A concept's second name differs from its first. If it has but one, it is the same, and no
        other name counts as less near than it.
        """
        node, parent = self._drawn(*keys)
        candidate = np.concatenate([node, np.setdiff1d(parent, node)])
        distinct, row = np.unique(candidate, return_inverse=True)
        related = self._related(distinct)[np.ix_(row[: len(node)], row)]
        place = np.empty(len(distinct), np.int64)  # of each distinct node among the candidates
        place[row] = np.arange(len(candidate))
        names = self._named(node, candidate, *keys)
        two = self._names.number[node] > 1
        return HierarchyInput(
            Texts(torch.from_numpy(names.values), torch.from_numpy(names.lengths)),
            torch.from_numpy(place[np.searchsorted(distinct, parent)]),
            torch.from_numpy((candidate[None, :] != node[:, None]) & two[:, None]),
            torch.from_numpy(~related),
            torch.from_numpy(self._prior[candidate]),
        )

    def _drawn(self, *keys: int) -> tuple[Ints, Ints]:
        """The concepts of a step, each once, sorted, and the parent that each was drawn under."""
        place = below(len(self._parents), _PARENT, *keys, np.arange(self._families))
        parent = self._parents[np.unique(place)]
        family, child = self._down.all(parent)
        order = np.lexsort((mix(_CHILD, *keys, parent[family], child), family))
        rank = np.arange(len(family)) - np.searchsorted(family, family)
        drawn = order[rank <= self._siblings]
        node, first = np.unique(child[drawn], return_index=True)
        return node, parent[family[drawn]][first]

    def _named(self, node: Ints, candidate: Ints, *keys: int) -> Lists:
        """A name of each node, then one of each candidate; the nodes are the first of these."""
        number = self._names.number[node]
        first = below(number, _NAME, *keys, node)
        second = (first + 1 + below(np.maximum(number - 1, 1), _OTHER, *keys, node)) % number
        others = candidate[len(node) :]
        which = below(self._names.number[others], _NAME, *keys, others)
        return self._names.rows(
            np.concatenate([node, candidate]), np.concatenate([first, second, which])
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
