"""Edges as one array of integers, worked on in place.

At the size of UMLS, with 60 million relations, this array is the only thing that is large: an edge
takes eight bytes, and sorting, removing duplicates and looking up edges are operations on integers.
All others work on some edges at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bali.graph.adjacency import Edges

Integers = NDArray[np.int64]

PART = 1 << 18  # edges worked on at once, 2 MB; bounds memory, changes no result


@dataclass(frozen=True)
class Layout:
    """The bits of an edge: target, source and relation from the highest to the lowest.

    So the order of the integers is that of (target, source, relation), and none is negative.

    Attributes:
        node_bits: of a node id; what is left of 63 is the relation's.
    """

    node_bits: int

    @classmethod
    def of(cls, nodes: int) -> Layout:
        """The layout for so many nodes; 10**7, as many as there are CUIs, leave 15 bits."""
        return cls(max(nodes - 1, 1).bit_length())

    @property
    def relation_bits(self) -> int:
        """Bits of a relation id."""
        return 63 - 2 * self.node_bits

    def pack(
        self, source: NDArray[np.int32], target: NDArray[np.int32], relation: NDArray[np.int32]
    ) -> Integers:
        """One integer an edge."""
        keys = target.astype(np.int64)
        keys <<= self.node_bits
        keys |= source
        keys <<= self.relation_bits
        keys |= relation
        return keys

    def unpack(self, keys: Integers) -> Edges:
        """The edges that `pack` made `keys` from."""
        source = keys >> self.relation_bits
        target = (source >> self.node_bits).astype(np.int32)
        source &= (1 << self.node_bits) - 1
        return Edges(source.astype(np.int32), target, self.relation(keys))

    def relation(self, keys: Integers) -> NDArray[np.int32]:
        """Only the relation ids."""
        return (keys & ((1 << self.relation_bits) - 1)).astype(np.int32)

    def indptr(self, keys: Integers, nodes: int) -> Integers:
        """(nodes + 1,) where the edges of each target start among sorted `keys`."""
        firsts = np.arange(nodes) << (self.node_bits + self.relation_bits)
        return np.append(np.searchsorted(keys, firsts), len(keys))


def parts(keys: Integers) -> Iterator[Integers]:
    """Views of some keys at a time."""
    for start in range(0, len(keys), PART):
        yield keys[start : start + PART]


def change(keys: Integers, into: Callable[[Integers], Integers]) -> None:
    """Replace keys by what `into` makes of them."""
    for part in parts(keys):
        part[:] = into(part)


def keep(keys: Integers, wanted: Callable[[Integers], NDArray[np.bool_]]) -> Integers:
    """Move the wanted keys to the front, in their order; returns the view of them."""
    end = 0
    for part in parts(keys):
        stays = part[wanted(part)]  # a copy: what is written over has been read
        keys[end : end + len(stays)] = stays
        end += len(stays)
    return keys[:end]


def sort_distinct(keys: Integers, *, nearly: bool = False) -> Integers:
    """Sort keys and drop the repeated ones; returns the view of the others.

    Args:
        keys: not negative.
        nearly: they are almost in order; then a merge sort is 60 times faster.
    """
    keys.sort(kind="stable" if nearly else "quicksort")
    last = np.int64(-1)

    def is_new(part: Integers) -> NDArray[np.bool_]:
        nonlocal last
        new: NDArray[np.bool_] = np.diff(part, prepend=last) != 0
        last = part[-1]
        return new

    return keep(keys, is_new)


def absent_from(keys: Integers, part: Integers) -> NDArray[np.bool_]:
    """Whether each of `part` is none of `keys`; both are sorted, so that few keys are touched."""
    low, high = np.searchsorted(keys, part[[0, -1]])
    near = keys[low : high + 1]
    absent = np.ones(len(part), np.bool_)
    if len(near):
        place = np.searchsorted(near, part)
        place[place == len(near)] = 0
        np.not_equal(near[place], part, out=absent)
    return absent
