"""Adjacency in compressed sparse rows (CSR), as three arrays that np.load maps into memory.

Row v holds the edges that end in v: its neighbours u and the relations in which u -> v is read, so
that a row is what the centre v may receive messages from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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

    def blocks(self, edges: int) -> Iterator[tuple[int, int]]:
        """Cut the rows into blocks that hold about so many edges, and a row at least.

        Yields:
            The first row of a block and the one after its last.
        """
        cuts = np.searchsorted(self.indptr, np.arange(edges, self.indptr[-1], edges))
        cuts = np.unique(np.concatenate([[0], cuts, [self.nodes]]))
        yield from zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)


@dataclass(frozen=True)
class Edges:
    """A list of edges; each array is (edges,) int32."""

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    relation: NDArray[np.int32]

    def __len__(self) -> int:
        """Number of edges."""
        return len(self.source)


def save_csr(
    indptr: NDArray[np.int64],
    parts: Iterable[tuple[NDArray[np.int32], NDArray[np.int32]]],
    folder: Path,
) -> None:
    """Write indptr.npy, neighbour.npy and relation.npy into `folder`, each atomically.

    Args:
        indptr: (nodes + 1,) row boundaries.
        parts: neighbours and relations, part by part: they need not be in memory as a whole.
        folder: of the three files.
    """
    edges = int(indptr[-1])
    with (
        atomic_path(folder / "indptr.npy") as first,
        atomic_path(folder / "neighbour.npy") as second,
        atomic_path(folder / "relation.npy") as third,
    ):
        np.save(first, indptr, allow_pickle=False)
        with second.open("wb") as neighbours, third.open("wb") as relations:
            for stream in (neighbours, relations):
                about = {"descr": "<i4", "fortran_order": False, "shape": (edges,)}
                np.lib.format.write_array_header_1_0(stream, about)  # type: ignore[no-untyped-call]
            for neighbour, relation in parts:
                neighbours.write(neighbour.astype("<i4", copy=False).tobytes())
                relations.write(relation.astype("<i4", copy=False).tobytes())


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
