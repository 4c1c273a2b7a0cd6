"""Concepts with two names each, drawn from the whole graph: the step of the objective synonyms."""

from __future__ import annotations

import numpy as np
import torch

from bali.errors import InputError
from bali.hashing import below
from bali.model.batch import SynonymInput, Texts
from bali.train.names import Names

_CONCEPT, _FIRST, _SECOND = 21, 22, 23  # part these choices from others of the same keys


class SynonymPairs:
    """Draws them for a step; the sentences of the step have no part in it."""

    def __init__(self, names: Names, pairs: int) -> None:
        """Find the concepts that have two names.

        Args:
            names: of all nodes.
            pairs: concepts a step. They are drawn with replacement, and one that is drawn twice
                counts once: in a small graph a step has fewer.

        Raises:
            InputError: no concept has two names.
        """
        self._names = names
        self._pairs = pairs
        self._node = np.flatnonzero(names.number >= 2)
        if not len(self._node):
            raise InputError(
                "train.w_synonyms: no concept of the graph has two names; set it to 0, or let the "
                "umls stage keep more names (umls.sources, umls.term_types)"
            )

    def draw(self, *keys: int) -> SynonymInput:
        """The concepts of a step and two different names of each, drawn by `keys`."""
        place = below(len(self._node), _CONCEPT, *keys, np.arange(self._pairs))
        node = self._node[np.unique(place)]
        number = self._names.number[node]
        first = below(number, _FIRST, *keys, node)
        second = (first + 1 + below(number - 1, _SECOND, *keys, node)) % number
        names = self._names.rows(np.concatenate([node, node]), np.concatenate([first, second]))
        texts = Texts(torch.from_numpy(names.values), torch.from_numpy(names.lengths))
        return SynonymInput(texts, torch.from_numpy(node))
