"""Names near to a span: scispaCy's vectors, searched exactly, many spans at a time.

scispaCy asks its HNSW graph for the nearest names of each span and drops those below a threshold.
Here the threshold is known beforehand, so few names need to be compared (prefix filtering: Bayardo,
Ma & Srikant, WWW 2007). A span's vector has unit length. If the part of it that holds its most
common 3-grams has length r, it adds at most r to a cosine, so a name above the threshold t shares
one of the other, rarer 3-grams, and these give at least t - r. Only such names are compared whole.

The candidates are those of scispaCy's generator and linker, but for names that its graph misses.
Spans are remembered by their string: the same string has the same candidates wherever it stands.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bali.files import read_json
from bali.linking import tfidf
from bali.linking.candidates import Candidates
from bali.linking.store import Store

BATCH = 2_048  # strings compared at once; a batch of 46,000 names' products takes some 50 MB
COMMON = 0.6  # length of the part of common 3-grams, as a share of the threshold


class NearNames:
    """Names of a knowledge base above a cosine, by string."""

    def __init__(
        self,
        store: Store,
        *,
        threshold: float,
        neighbours: int,
        concepts: Collection[str] | None = None,
    ) -> None:
        """Load vectors and names.

        Args:
            store: of the knowledge base.
            threshold: cosine that a name must be above.
            neighbours: names that count for a string, the nearest ones.
            concepts: those that may be an answer; all, if not given.

        Raises:
            InputError: a file of the knowledge base is missing.
        """
        store.require_vectors()
        self._threshold = threshold
        self._neighbours = neighbours
        self._vectoriser = tfidf.load(store.vocabulary, store.idf)
        self._vectors = sparse.load_npz(store.vectors)
        self._by_gram = self._vectors.T.tocsr()
        self._names_of_gram = np.diff(self._by_gram.indptr)
        self._cuis = _concepts(store, read_json(store.aliases), concepts)
        self._known: dict[str, Candidates] = {}

    def __getitem__(self, text: str) -> Candidates:
        """Candidates of a string that was looked up: the best first, then by CUI."""
        return self._known[text]

    def look_up(self, texts: Iterable[str]) -> None:
        """Search for those strings that are not known yet."""
        new = sorted(set(texts).difference(self._known))
        for start in range(0, len(new), BATCH):
            self._search(new[start : start + BATCH])

    def _search(self, texts: Sequence[str]) -> None:
        spans = self._vectoriser.transform(texts).tocsr()
        rare, common = self._split(spans)
        partly = (rare @ self._by_gram).tocoo()
        enough = partly.data >= self._threshold - common[partly.row] - 1e-5  # float32
        span, name = partly.row[enough], partly.col[enough]
        products = spans[span].multiply(self._vectors[name])
        cosine = np.minimum(np.asarray(products.sum(axis=1)).ravel(), np.float32(1.0))
        above = cosine > self._threshold
        span, name, cosine = span[above], name[above], cosine[above]
        order = np.lexsort((name, -cosine, span))
        span, name, cosine = span[order], name[order], cosine[order]
        bounds = np.searchsorted(span, np.arange(len(texts) + 1)).tolist()
        names, cosines = name.tolist(), cosine.tolist()
        for number, text in enumerate(texts):
            first = bounds[number]
            last = min(bounds[number + 1], first + self._neighbours)
            best: dict[str, float] = {}
            for at in range(first, last):
                for cui in self._cuis[names[at]]:
                    best.setdefault(cui, cosines[at])
            self._known[text] = tuple(sorted(best.items(), key=lambda found: (-found[1], found[0])))

    def _split(self, spans: sparse.csr_matrix) -> tuple[sparse.csr_matrix, NDArray[np.float32]]:
        """The rarer 3-grams of spans, and the length of what is left."""
        row = np.repeat(np.arange(spans.shape[0]), np.diff(spans.indptr))
        order = np.lexsort((spans.indices, self._names_of_gram[spans.indices], row))
        column, weight = spans.indices[order], spans.data[order]
        squares = np.cumsum(weight.astype(np.float64) ** 2)
        before = np.concatenate([[0.0], squares])
        done = before[:-1] - before[spans.indptr[row]]  # of the row, before this 3-gram
        rare = done < 1 - (COMMON * self._threshold) ** 2
        kept = np.bincount(row[rare], weight[rare].astype(np.float64) ** 2, spans.shape[0])
        matrix = sparse.csr_matrix((weight[rare], (row[rare], column[rare])), spans.shape)
        return matrix, np.sqrt(np.maximum(1 - kept, 0)).astype(np.float32)


def _concepts(
    store: Store, aliases: Sequence[str], allowed: Collection[str] | None
) -> list[tuple[str, ...]]:
    """Concepts of each name, in the order of the names."""
    found: dict[str, set[str]] = {}
    with store.entities.open(encoding="utf-8") as lines:
        for line in lines:
            entity = json.loads(line)
            cui = entity["concept_id"]
            if allowed is None or cui in allowed:
                for name in (entity["canonical_name"], *entity["aliases"]):
                    found.setdefault(name, set()).add(cui)
    return [tuple(sorted(found.get(alias, ()))) for alias in aliases]
