"""The vectors of the knowledge base -> the index that scispaCy searches: HNSW of nmslib.

The graph is Malkov & Yashunin's (arXiv:1603.09320), over sparse vectors by cosine, as scispaCy has
it. It is built with one thread, because its edges depend on the order in which vectors are
inserted. nmslib draws levels from one random-number generator a process, seeded when the library is
loaded: the first index of a process has the same bytes each time, a second one has others.

A step of its own, because only scispaCy's candidates need it: the linker's own (near.py) are
searched exactly.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import nmslib
from scipy.sparse import csr_matrix, load_npz

from bali.files import atomic_path
from bali.linking.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali linking index`."""
    parser.add_argument("--kb", type=Path, required=True, help="folder that `linking kb` wrote")
    parser.add_argument("--m", type=int, required=True, help="links a node of the graph")
    parser.add_argument("--ef-construction", type=int, required=True, help="search width")


def run(args: argparse.Namespace) -> None:
    """Write the index beside the vectors."""
    store = Store(args.kb)
    store.require_vectors()
    build(load_npz(store.vectors), args.m, args.ef_construction, store.index)


def build(vectors: csr_matrix, m: int, ef_construction: int, path: Path) -> None:
    """Build the index of `vectors` and write it; the vectors themselves are not in the file.

    Args:
        vectors: (names, 3-grams), float32; no row may be all zero, nmslib would crash.
        m: links a node of the graph.
        ef_construction: width of the search for links.
        path: where it is written.
    """
    index = _empty(vectors)
    index.createIndex({"M": m, "efConstruction": ef_construction, "post": 0, "indexThreadQty": 1})
    with atomic_path(path) as part:
        index.saveIndex(str(part))


def load(path: Path, vectors: csr_matrix, ef_search: int, threads: int) -> SimpleNamespace:
    """Read an index for scispaCy's CandidateGenerator.

    Args:
        path: what `build` wrote.
        vectors: the vectors that it was built from.
        ef_search: width of the search.
        threads: of a batch of queries; scispaCy would take every core of the machine.

    Returns:
        An object with the one method of nmslib that CandidateGenerator calls: knnQueryBatch.
    """
    index = _empty(vectors)
    index.loadIndex(str(path))
    index.setQueryTimeParams({"efSearch": ef_search})
    return SimpleNamespace(knnQueryBatch=partial(index.knnQueryBatch, num_threads=threads))


def _empty(vectors: csr_matrix) -> nmslib.dist.FloatIndex:
    index = nmslib.init(
        method="hnsw", space="cosinesimil_sparse", data_type=nmslib.DataType.SPARSE_VECTOR
    )
    index.addDataPointBatch(vectors)
    return index
