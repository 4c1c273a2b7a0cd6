"""Ranks all concepts for every query, exactly, in memory that is set and does not grow.

Names pass by in chunks of `STRINGS`, and the best score of each concept is kept for a block of
queries. At 4 million names of 768 numbers each the vectors are 12 GB on disk; what is in memory is
one chunk of them, one block of scores (`BEST_HELD`) and the similarities between the two.

Why not faiss here: its flat search returns the k nearest names. A rank among concepts, with ties
settled by expectation, needs the scores of all. `bali evaluate nearest`, which needs k names, uses
it; both are blocked matrix products (benchmarks/bench_search.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bali.evaluate.ranking import Dictionary, Places, place
from bali.log import progress

STRINGS = 2**15  # distinct names compared at once: 96 MiB of vectors at 768 dimensions
BEST_HELD = 2**28  # queries x concepts held: 1 GiB of float32
COMPARED = 2**24  # queries x strings compared at once: 64 MiB, and as much for names of concepts

# (a run of queries, a run of strings) -> their similarities, float32
Similarity = Callable[[slice, slice], NDArray[np.float32]]


def rank_all(
    similarity: Similarity,
    gold: Sequence[NDArray[np.int64]],
    dictionary: Dictionary,
    excluded: Sequence[NDArray[np.int64]] | None = None,
) -> Places:
    """Places of the gold concepts of all queries.

    Args:
        similarity: of queries and distinct strings.
        gold: a query -> places of its gold concepts in the dictionary, at least one.
        dictionary: the names.
        excluded: a query -> places of concepts that do not count for it; none of its gold ones.
    """
    strings, queries = len(dictionary.strings), len(gold)
    chunks = [slice(s, min(s + STRINGS, strings)) for s in range(0, strings, STRINGS)]
    rows = max(1, BEST_HELD // len(dictionary.cuis))
    few = max(1, COMPARED // min(STRINGS, strings))
    blocks = [slice(q, min(q + rows, queries)) for q in range(0, queries, rows)]
    found = []
    for block in progress(blocks, "blocks of queries", len(blocks)):
        best = np.full((block.stop - block.start, len(dictionary.cuis)), -np.inf, np.float32)
        for chunk in chunks:
            bearers = dictionary.bearers(chunk)
            for start in range(block.start, block.stop, few):
                part = slice(start, min(start + few, block.stop))
                within = slice(part.start - block.start, part.stop - block.start)
                bearers.raise_best(similarity(part, chunk), best[within])
        for row, others in enumerate(excluded[block] if excluded else ()):
            best[row, others] = -np.inf
        step = max(1, COMPARED // len(dictionary.cuis))
        for start in range(0, len(best), step):
            found.append(place(best[start : start + step], gold[block][start : start + step]))
    return Places.concatenate(found)
