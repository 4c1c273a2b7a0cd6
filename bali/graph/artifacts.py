"""The graph as `bali graph csr` left it in a folder, for whoever looks at it or passes it on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bali.errors import InputError
from bali.graph.adjacency import Csr, Edges, map_csr
from bali.storage import read_table

INVERSES = "inverses.json"  # RELA -> the RELA that says the same backwards
BATCH = 1 << 18  # edges; what streaming over them takes does not grow with the graph


@dataclass(frozen=True)
class Relation:
    """What a relation id stands for: a row of the table edge_types."""

    rel: str
    rela: str
    added: bool
    phrase: str

    @property
    def label(self) -> str:
        """A name that no other relation id of the graph has, as in "CHD:isa" or "added:PAR"."""
        name = f"{self.rel}:{self.rela}" if self.rela else self.rel
        return f"added:{name}" if self.added else name


@dataclass(frozen=True)
class Graph:
    """Adjacency, mapped into memory, and what its relation ids stand for.

    Attributes:
        folder: where it stands.
        csr: row v holds the edges that end in node v.
        relations: by relation id.
    """

    folder: Path
    csr: Csr
    relations: list[Relation]

    def nodes(self, columns: list[str]) -> pa.Table:
        """Columns of the table nodes, a row a node, in one chunk each.

        Raises:
            InputError: nodes.parquet is missing or belongs to another graph.
        """
        path = self.folder / "nodes.parquet"
        rows = read_table("nodes", path, columns)
        if rows.num_rows != self.csr.nodes:
            raise InputError(
                f"{path}: holds {rows.num_rows} nodes where indptr.npy has {self.csr.nodes}; run "
                "`bali graph csr` again"
            )
        return rows.combine_chunks()

    def edges(self) -> Iterator[tuple[NDArray[np.int64], Edges]]:
        """Stream all edges in the order of the CSR.

        Yields:
            Numbers of edges, (batch,) int64, which are positions in the CSR; and the edges.
        """
        for start in range(0, len(self.csr.neighbour), BATCH):
            number = np.arange(start, min(start + BATCH, len(self.csr.neighbour)))
            # the row that an edge stands in: the last one that starts at or before it
            target = np.searchsorted(self.csr.indptr, number, side="right") - 1
            at = slice(start, start + len(number))
            yield (
                number,
                Edges(
                    np.asarray(self.csr.neighbour[at]),
                    target.astype(np.int32),
                    np.asarray(self.csr.relation[at]),
                ),
            )

    def kept(self, *, added: bool) -> NDArray[np.bool_]:
        """(relations,) which relation ids go on; without `added` those that UMLS states."""
        return np.array([added or not kind.added for kind in self.relations], bool)


def read_graph(folder: Path) -> Graph:
    """Open the graph in a folder; the arrays are mapped, not read.

    Raises:
        InputError: a file is missing or broken, or they do not belong together.
    """
    csr = map_csr(folder / "indptr.npy", folder / "neighbour.npy", folder / "relation.npy")
    rows = read_table("edge_types", folder / "edge_types.parquet").sort_by("relation").to_pylist()
    for place, row in enumerate(rows):
        if row.pop("relation") != place:
            raise InputError(
                f"{folder / 'edge_types.parquet'}: relation ids are not 0 to {len(rows) - 1}; run "
                "`bali graph csr` again"
            )
    return Graph(folder, csr, [Relation(**row) for row in rows])
