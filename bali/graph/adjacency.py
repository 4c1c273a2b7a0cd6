"""Adjacency in compressed sparse rows (CSR), as three arrays that np.load maps into memory.

Row v holds the edges that end in v: its neighbours u and the relations in which u -> v is read, so
that a row is what the centre v may receive messages from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bali.errors import InputError
from bali.files import atomic_path, require_file

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True)
class Csr:
    """Edges grouped by target; inside a row sorted by (neighbour, relation).

    Attributes:
        indptr: (nodes + 1,) int64; row v stands at indptr[v] up to indptr[v + 1].
        neighbour: (edges,) int32; source node of each edge.
        relation: (edges,) int32; relation id of each edge.
    """

    indptr: NDArray[np.int64]
    neighbour: NDArray[np.int32]
    relation: NDArray[np.int32]

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.indptr) - 1

    @property
    def degree(self) -> NDArray[np.int64]:
        """(nodes,) edges that end in each node, parallel ones counted."""
        return np.diff(self.indptr)


@dataclass(frozen=True)
class Edges:
    """A list of edges; each array is (edges,) int32."""

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    relation: NDArray[np.int32]

    def __len__(self) -> int:
        """Number of edges."""
        return len(self.source)


def pack(edges: Edges, nodes: int, relations: int) -> NDArray[np.int64]:
    """One integer an edge, in the order of (target, source, relation).

    Sorting, removing duplicates and looking up edges are then operations on one array of int64.

    Args:
        edges: node ids below `nodes`, relation ids below `relations`.
        nodes: number of nodes; at most 10**7, as there are CUIs.
        relations: number of relations.

    Raises:
        ValueError: the product does not fit in 63 bits.
    """
    if nodes * nodes * relations >= 2**63:
        raise ValueError(f"{nodes} nodes and {relations} relations do not fit in one integer")
    keys = edges.target.astype(np.int64)
    keys *= nodes
    keys += edges.source
    keys *= relations
    keys += edges.relation
    return keys


def unpack(keys: NDArray[np.int64], nodes: int, relations: int) -> Edges:
    """The edges that `pack` made `keys` from."""
    ends, relation = np.divmod(keys, max(relations, 1))
    target, source = np.divmod(ends, max(nodes, 1))
    return Edges(source.astype(np.int32), target.astype(np.int32), relation.astype(np.int32))


def build_csr(edges: Edges, nodes: int) -> Csr:
    """Group edges by target; they come sorted by (target, source, relation)."""
    indptr = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(edges.target, minlength=nodes), out=indptr[1:])
    return Csr(indptr, edges.source.astype(np.int32), edges.relation.astype(np.int32))


def save_csr(csr: Csr, folder: Path) -> None:
    """Write indptr.npy, neighbour.npy and relation.npy into `folder`, each atomically."""
    for name in ("indptr", "neighbour", "relation"):
        with atomic_path(folder / f"{name}.npy") as part:
            np.save(part, getattr(csr, name), allow_pickle=False)


def map_csr(indptr: Path, neighbour: Path, relation: Path) -> Csr:
    """Map what `save_csr` wrote into memory.

    Raises:
        InputError: a file is missing or no .npy, or the three do not belong together.
    """
    csr = Csr(
        _map(indptr, np.dtype(np.int64)),
        _map(neighbour, np.dtype(np.int32)),
        _map(relation, np.dtype(np.int32)),
    )
    edges = int(csr.indptr[-1]) if len(csr.indptr) else -1
    for path, array in ((neighbour, csr.neighbour), (relation, csr.relation)):
        if len(array) != edges:
            raise InputError(
                f"{path}: holds {len(array)} edges where {indptr} counts {edges}; run "
                "`bali graph csr` again"
            )
    return csr


def _map(path: Path, dtype: np.dtype[Number]) -> NDArray[Number]:
    require_file(path, "`bali graph csr` writes it")
    try:
        array: NDArray[Number] = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise InputError(f"{path}: no .npy array ({error}); run `bali graph csr` again") from None
    if array.dtype != dtype or array.ndim != 1:
        raise InputError(
            f"{path}: holds {array.dtype} of shape {array.shape} instead of a row of {dtype}; "
            "run `bali graph csr` again"
        )
    return array
