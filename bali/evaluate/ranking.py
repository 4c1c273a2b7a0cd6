"""Where the gold concept stands among all concepts, and what that earns when scores tie.

acc@k is the probability that the gold concept is among the first k when tied concepts are put in
random order. Without it a model that gives every concept the same score could look perfect or
useless, by the order of the rows alone.

Scores tie when they are equal as float32. So that equal names tie exactly, each distinct string is
compared once and its score copied to all concepts that bear it (`Dictionary.best`): the same string
in another batch, or in another column of a matrix product, may differ in its last bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass(frozen=True)
class Dictionary:
    """All names that a query is compared with, grouped by concept.

    Attributes:
        cuis: (concepts,), sorted.
        strings: the distinct names.
        string: (names,), int64; row of the table names -> its place in `strings`.
        start: (concepts,), int64; the concept's first row of the table names.
    """

    cuis: list[str]
    strings: list[str]
    string: NDArray[np.int64]
    start: NDArray[np.int64]

    @classmethod
    def from_names(cls, names: pa.Table) -> Dictionary:
        """Group the rows of the table names, which are sorted by CUI."""
        cui = names["cui"].combine_chunks().dictionary_encode()
        name = names["name"].combine_chunks().dictionary_encode()
        concept = cui.indices.to_numpy()  # (names,), rising, because the rows are sorted
        return cls(
            cuis=cui.dictionary.to_pylist(),
            strings=name.dictionary.to_pylist(),
            string=name.indices.to_numpy().astype(np.int64),
            start=np.flatnonzero(np.diff(concept, prepend=-1)),
        )

    def best(self, similarity: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score of each concept: that of its most similar name.

        Args:
            similarity: (queries, distinct strings), float32.

        Returns:
            (queries, concepts), float32.
        """
        scores: NDArray[np.float32] = np.maximum.reduceat(
            similarity[:, self.string], self.start, axis=1
        )
        return scores


def place(
    scores: NDArray[np.float32], gold: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many concepts score higher than the gold one, and how many the same.

    Args:
        scores: (queries, concepts), float32; no NaN.
        gold: (queries,), int64; place of the gold concept.

    Returns:
        better: (queries,), int64; from 0.
        tied: (queries,), int64; the gold concept included, so from 1.
    """
    own = np.take_along_axis(scores, gold[:, None], axis=1)  # (queries, 1)
    return (scores > own).sum(axis=1), (scores == own).sum(axis=1)


def expected_credit(
    better: NDArray[np.int64], tied: NDArray[np.int64], k: int
) -> NDArray[np.float64]:
    """P(the gold concept is among the first k), over random orders of tied concepts.

    Of the `tied` places from `better` on, k - better are among the first k, and each is the gold
    concept's with the same probability: clip((k - better) / tied, 0, 1).

    Returns:
        (queries,), float64, from 0 to 1.
    """
    return np.clip((k - better) / tied, 0.0, 1.0)
