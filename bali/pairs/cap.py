"""Which of very many sentences go on: at most so many a concept, and at most so many at all.

Each sentence draws a number, a function of the seed and its key alone. The least numbers win, so
that what is kept of all shards is the bound up to which numbers win: a look at every shard finds
the bounds, a second one applies them.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bali.hashing import mix
from bali.pairs.keys import SENTENCE, Integers

Draws = NDArray[np.uint64]
NO_BOUND = np.iinfo(np.uint64).max
_SETTLE = 2**20  # entries collected, at least, before they are sorted


def draws(sentences: pa.Table, seed: int, purpose: int) -> Draws:
    """(sentences,) a number for each sentence; independent ones for each `purpose`."""
    return mix(seed, purpose, *(sentences[name].to_numpy() for name in SENTENCE))


class ConceptCap:
    """A sentence stays if, for one of its concepts, it is among the first `most` of the concept.

    First in the order of the draws. So each concept has `most` sentences, or all of its own; one
    that often stands beside rarer concepts has more, unless its mentions there are dropped
    (`within`). Memory: `most` entries a concept at most.
    """

    def __init__(self, nodes: int, most: int) -> None:
        """Nothing has been seen.

        Args:
            nodes: of the graph.
            most: sentences a concept.
        """
        self._most = most
        self._bound: Draws = np.full(nodes, NO_BOUND)  # the draw of a concept's last sentence
        self._node: NDArray[np.int32] = np.empty(0, np.int32)
        self._draw: Draws = np.empty(0, np.uint64)
        self._pending: list[tuple[NDArray[np.int32], Draws]] = []

    def add(self, row: Integers, node: Integers, draw: Draws) -> NDArray[np.bool_]:
        """See sentences.

        Args:
            row: (mentions,) the sentence of each.
            node: (mentions,) its concept.
            draw: (sentences,) their draws.

        Returns:
            (sentences,) whether each may stay; those seen later can only put more of them out.
        """
        wins = draw[row] <= self._bound[node]
        self._pending.append((node[wins].astype(np.int32), draw[row[wins]]))
        # as much again as there is: each entry is sorted a few times only, however many shards
        if sum(len(nodes) for nodes, _ in self._pending) > max(_SETTLE, len(self._node)):
            self._settle()
        stays = np.zeros(len(draw), np.bool_)
        stays[row[draw[row] <= self._bound[node]]] = True
        return stays

    def within(self, row: Integers, node: Integers, draw: Draws) -> NDArray[np.bool_]:
        """(mentions,) whether the sentence of each is among the first of its concept.

        Once all sentences were seen; arguments as of `add`. A sentence stays if one of its mentions
        is within.
        """
        if self._pending:
            self._settle()
        within: NDArray[np.bool_] = draw[row] <= self._bound[node]
        return within

    def _settle(self) -> None:
        parts = [(self._node, self._draw), *self._pending]
        node, draw = (np.concatenate(column) for column in zip(*parts, strict=True))
        self._pending = []
        order = np.lexsort((draw, node))
        node, draw = node[order], draw[order]
        # a sentence counts once for a concept that it mentions twice
        new = np.ones(len(node), np.bool_)
        new[1:] = (np.diff(node) != 0) | (draw[1:] != draw[:-1])
        node, draw = node[new], draw[new]
        rank = np.arange(len(node)) - np.searchsorted(node, node)
        last = rank == self._most - 1
        self._bound[node[last]] = draw[last]
        self._node, self._draw = node[rank < self._most], draw[rank < self._most]


class Sample:
    """The `most` sentences with the least draws. Memory: twice as many draws, and a shard's."""

    def __init__(self, most: int) -> None:
        """Nothing has been seen."""
        self._most = most
        self._least: Draws = np.empty(0, np.uint64)

    def add(self, draw: Draws) -> None:
        """See sentences."""
        self._least = np.concatenate([self._least, draw])
        if len(self._least) > 2 * self._most:
            self._cut()

    def stays(self, draw: Draws) -> NDArray[np.bool_]:
        """(sentences,) whether each stays, once all sentences were seen."""
        self._cut()
        if len(self._least) < self._most:
            return np.ones(len(draw), np.bool_)
        return draw <= self._least.max() if self._most else np.zeros(len(draw), np.bool_)

    def _cut(self) -> None:
        if len(self._least) > self._most:
            self._least = np.partition(self._least, self._most)[: self._most]
