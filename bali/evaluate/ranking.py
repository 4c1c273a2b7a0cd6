"""Where the gold concepts stand among all concepts, and what that earns when scores tie.

A question may have several gold concepts, and any of them is a hit. Tied concepts are put in random
order, and a figure is its expectation over these orders, in closed form: `better` concepts stand
before the best gold one; it shares its score with `gold` gold concepts, itself included, and with
`others` that are not. Without this a model that gives every concept the same score could look
perfect or useless, by the order of the rows alone.

Scores tie when they are equal as float32. So that equal names tie exactly, each distinct string is
compared once and its score copied to all concepts that bear it (`Dictionary`): the same string
in another batch, or in another column of a matrix product, may differ in its last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass(frozen=True)
class Dictionary:
    """All names that a query is compared with, and the concepts that bear them.

    Attributes:
        cuis: (concepts,), sorted.
        strings: the distinct names, in the order of the table.
        string: (names,), int64, rising; row -> its place in `strings`.
        concept: (names,), int64; row -> its place in `cuis`.
    """

    cuis: list[str]
    strings: list[str]
    string: NDArray[np.int64]
    concept: NDArray[np.int64]

    @classmethod
    def from_names(cls, names: pa.Table) -> Dictionary:
        """Take the rows of the table names, which are sorted by CUI."""
        cui = names["cui"].combine_chunks().dictionary_encode()
        name = names["name"].combine_chunks().dictionary_encode()
        string = name.indices.to_numpy().astype(np.int64)
        order = np.argsort(string, kind="stable")
        return cls(
            cuis=cui.dictionary.to_pylist(),
            strings=name.dictionary.to_pylist(),
            string=string[order],
            concept=cui.indices.to_numpy().astype(np.int64)[order],
        )

    def places(self) -> dict[str, int]:
        """CUI -> its place in `cuis`."""
        return {cui: i for i, cui in enumerate(self.cuis)}

    def bearers(self, strings: slice) -> Bearers:
        """Which concepts bear some of the strings."""
        start, stop = np.searchsorted(self.string, [strings.start, strings.stop])
        string, concept = self.string[start:stop], self.concept[start:stop]
        order = np.argsort(concept, kind="stable")
        concept = concept[order]
        first = np.flatnonzero(np.diff(concept, prepend=-1))
        return Bearers(string[order] - strings.start, first, concept[first])


class Bearers(NamedTuple):
    """The names of a run of strings, grouped by concept.

    Attributes:
        string: (names,), int64; column of the similarities.
        first: (concepts,), int64; first name of each.
        concept: (concepts,), int64, rising; places in the dictionary.
    """

    string: NDArray[np.int64]
    first: NDArray[np.int64]
    concept: NDArray[np.int64]

    def raise_best(self, similarity: NDArray[np.float32], best: NDArray[np.float32]) -> None:
        """A concept scores as its most similar name; raises `best` in place.

        Args:
            similarity: (queries, strings of the run), float32.
            best: (queries, all concepts), float32.
        """
        if len(self.concept):
            scores = np.maximum.reduceat(similarity[:, self.string], self.first, axis=1)
            best[:, self.concept] = np.maximum(best[:, self.concept], scores)


class Places(NamedTuple):
    """Where the best gold concept of each query stands; each (queries,), int64."""

    better: NDArray[np.int64]  # concepts that score higher
    others: NDArray[np.int64]  # concepts of the same score that are no gold
    gold: NDArray[np.int64]  # gold concepts of that score, from 1

    @classmethod
    def concatenate(cls, parts: Sequence[Places]) -> Places:
        """Join places of several runs of queries."""
        return cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def take(self, rows: NDArray[np.int64]) -> Places:
        """Places of some queries."""
        return Places(self.better[rows], self.others[rows], self.gold[rows])


def place(scores: NDArray[np.float32], gold: Sequence[NDArray[np.int64]]) -> Places:
    """Find the places of gold concepts.

    Args:
        scores: (queries, concepts), float32; no NaN.
        gold: a query -> places of its gold concepts, at least one.
    """
    own = np.array([scores[i, concepts].max() for i, concepts in enumerate(gold)], np.float32)
    hits = np.array(
        [(scores[i, concepts] == own[i]).sum() for i, concepts in enumerate(gold)], np.int64
    )
    better = (scores > own[:, None]).sum(axis=1, dtype=np.int64)
    same = (scores == own[:, None]).sum(axis=1, dtype=np.int64)
    return Places(better, same - hits, hits)


def expected_credit(places: Places, k: int) -> NDArray[np.float64]:
    """P(a gold concept is among the first k), over random orders of tied concepts.

    Of the tied block j = k - better places count. None of them is gold with the probability
    C(others, j) / C(others + gold, j), the product over i < j of
    (others - i) / (others + gold - i).

    Returns:
        (queries,), float64, from 0 to 1.
    """
    miss = np.ones(len(places.better))
    left = k - places.better
    for i in range(k):
        others = np.maximum(places.others - i, 0)
        miss *= np.where(i < left, others / np.maximum(places.others + places.gold - i, 1), 1.0)
    return 1.0 - miss


def expected_reciprocal(places: Places) -> NDArray[np.float64]:
    """Expected 1 / rank of the first gold concept, over random orders of tied concepts.

    With S(p) = P(no gold concept among the first p of the tied block), as in `expected_credit`, it
    is the sum over p from 1 of (S(p - 1) - S(p)) / (better + p).

    Returns:
        (queries,), float64, above 0 and at most 1.
    """
    found, inverse = np.unique(np.stack(places), axis=1, return_inverse=True)
    values = np.empty(found.shape[1])
    for i, (better, others, gold) in enumerate(found.T):
        p = np.arange(others)
        none = np.cumprod(np.concatenate([[1.0], (others - p) / (others + gold - p)]))
        first = none - np.concatenate([none[1:], [0.0]])  # P(the first gold one is at p + 1)
        values[i] = (first / (better + 1 + np.arange(others + 1))).sum()
    result: NDArray[np.float64] = values[inverse.reshape(-1)]
    return result
