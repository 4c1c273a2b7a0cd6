"""Which CUIs there are, which there were, and how many atoms each has."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import numpy as np

from bali.hashing import mix, uniform
from bali.log import progress
from synthetic_umls.fields import Ints

ATOMS_PER_CONCEPT = 4.2
LAST_CUI = 9_999_999
BLOCK = 400_000  # rows; no byte depends on it


class Key(IntEnum):
    """First keys, behind the seed, of the random choices."""

    CUI, ATOMS, LAT, KIND, NEW, CODE, FLAG, NAME, STY, DEF, MERGED, EDGE = range(12)


@dataclass(frozen=True)
class Concepts:
    """The concepts and where their atoms stand.

    Attributes:
        cui: numbers of the CUIs, ascending; int64 (concepts,).
        retired: numbers of CUIs that earlier releases had, in no order; int64.
        first: row of MRCONSO of the first atom, and one more for the end; int64 (concepts + 1,).
        seed: of all choices.
    """

    cui: Ints
    retired: Ints
    first: Ints
    seed: int

    def blocks(self, what: str) -> Iterator[tuple[int, int]]:
        """Ranges of concepts of about `BLOCK` atoms."""
        cuts = np.searchsorted(self.first, np.arange(0, self.first[-1], BLOCK))
        cuts = np.unique([*cuts, len(self.cui)]).tolist()
        return progress(pairwise(cuts), f"blocks of {what}", len(cuts) - 1)


def number_concepts(atoms: int, seed: int) -> Concepts:
    """Choose CUIs and how many atoms each has; these add up to `atoms`."""
    n = max(1, round(atoms / ATOMS_PER_CONCEPT))
    if n >= LAST_CUI // 2:
        sys.exit(f"generate_umls: {n} concepts; CUIs are left for {LAST_CUI // 2} and retired ones")
    drawn = mix(seed, Key.CUI, np.arange(1, LAST_CUI + 1))
    order = np.argpartition(drawn, 2 * n)[: 2 * n]  # the whole order would take a second
    order = order[np.argsort(drawn[order])] + 1
    weight = 1 / np.sqrt(np.maximum(uniform(seed, Key.ATOMS, np.arange(n)), 1e-5)) - 0.9
    more = np.floor(np.cumsum(weight) / weight.sum() * (atoms - n) + 1e-6).astype(np.int64)
    more[-1] = atoms - n
    first = np.concatenate([[0], more + np.arange(1, n + 1)])
    return Concepts(np.sort(order[:n]), order[n : n + max(1, n // 12)], first, seed)
