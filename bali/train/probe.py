"""A small linking probe for the time of training: does a name lie nearest to its synonym?

It asks for one name of each of some concepts, among another name of each of them, as the
evaluation of held-out names does on a larger scale. These names are seen in training: the probe
shows a course, not a result.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional as F

from bali.hashing import below, mix
from bali.model.aligner import Aligner
from bali.model.batch import Texts
from bali.train.columns import Lists
from bali.train.names import Names

SEED = 29  # the same names in every run, so that runs can be compared
_NODE, _NAME = 31, 32  # keys that part the two choices
BLOCK = 128  # names encoded at once


class Probe:
    """Two names each of a fixed sample of the nodes."""

    def __init__(self, names: Names, size: int) -> None:
        """Choose the names.

        Args:
            names: of all nodes.
            size: concepts at most; only those with two names can be asked for.
        """
        nodes = np.flatnonzero(names.number > 1)
        self.nodes = np.sort(nodes[np.argsort(mix(_NODE, SEED, nodes), kind="stable")[:size]])
        number = names.number[self.nodes]
        first = below(number, _NAME, SEED, self.nodes)
        other = (first + 1 + below(np.maximum(number - 1, 1), _NAME + 1, SEED, self.nodes)) % number
        self._asked = names.rows(self.nodes, first)
        self._known = names.rows(self.nodes, other)

    def __len__(self) -> int:
        """Concepts asked for."""
        return len(self.nodes)

    @torch.no_grad()
    def accuracy(self, aligner: Aligner, check: Callable[[], None] = lambda: None) -> float:
        """Share of the names whose nearest one, by cosine, is their synonym.

        A name that lies as near to k others as to its synonym counts 1 / (k + 1).

        Args:
            aligner: the joint model.
            check: called before each block of names is encoded; may raise to leave.
        """
        aligner.eval()
        device = next(aligner.parameters()).device
        asked, known = (
            self._encode(aligner, names, device, check) for names in (self._asked, self._known)
        )
        right = asked.new_zeros(())
        for start in range(0, len(asked), BLOCK):
            scores = asked[start : start + BLOCK] @ known.T  # (block, concepts)
            own = scores.diagonal(start)[:, None]
            right += ((own >= scores).all(dim=1) / (scores == own).sum(dim=1)).sum()
        return float(right) / len(asked)

    def _encode(
        self, aligner: Aligner, names: Lists, device: torch.device, check: Callable[[], None]
    ) -> torch.Tensor:
        parts = []
        for start in range(0, len(names.lengths), BLOCK):
            check()
            block = names.slice(start, start + BLOCK)
            texts = Texts(torch.from_numpy(block.values), torch.from_numpy(block.lengths))
            parts.append(aligner.encode_names(texts.to(device)))
        return F.normalize(torch.cat(parts).float(), dim=1)
