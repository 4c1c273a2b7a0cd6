"""Hard negatives from the graph: concepts that share a neighbour with a concept of the step."""

from __future__ import annotations

import numpy as np

from bali.hashing import below
from bali.train.columns import Ints
from bali.train.subgraphs import Subgraphs

_SIBLING = 24  # parts this choice from others of the same keys


def draw_siblings(subgraphs: Subgraphs, concepts: Ints, number: int, *keys: int) -> Ints:
    """Draw concepts two steps away: to a sampled neighbour, and on to one of its neighbours.

    With inverse edges, as the graph has by default, this leads over a parent to another child of
    it, and over a child to another parent.

    Args:
        subgraphs: the graph as it was sampled.
        concepts: (concepts,), distinct node ids.
        number: draws for each concept; fewer siblings come of them where draws meet, end at a
            concept of the step or find no neighbour.
        *keys: seed, epoch, step.

    Returns:
        Distinct node ids in ascending order, none of them in `concepts`.
    """
    if not number or not len(concepts):
        return np.empty(0, np.int64)
    origin = np.repeat(concepts, number)
    turn = np.tile(np.arange(number), len(concepts))
    place = origin
    for hop in (1, 2):
        place, found = _neighbour(subgraphs, place, origin, turn, _SIBLING, hop, *keys)
        origin, turn = origin[found], turn[found]
    return np.setdiff1d(place, concepts)


def _neighbour(
    subgraphs: Subgraphs, place: Ints, origin: Ints, turn: Ints, *keys: int
) -> tuple[Ints, Ints]:
    """A sampled neighbour of each place that has one, and which places these are.

    The place's subgraph is drawn by (keys, place), the neighbour by (keys, origin, turn).
    """
    places, row = np.unique(place, return_inverse=True)
    node, edge_index, _, centre = subgraphs.draw(places, *keys)
    subgraph = np.searchsorted(centre, edge_index[1], side="right") - 1
    near = np.flatnonzero(edge_index[1] == centre[subgraph])  # edges of hop 1
    near = near[np.argsort(subgraph[near], kind="stable")]
    count = np.bincount(subgraph[near], minlength=len(places))
    chosen = (np.cumsum(count) - count)[row] + below(np.maximum(count[row], 1), *keys, origin, turn)
    found = np.flatnonzero(count[row])
    return node[edge_index[0][near[chosen[found]]]], found
