"""The graph for PyKEEN, as text files or as a TriplesFactory.

triples.tsv          head, relation, tail by their labels, without a header
entity_to_id.tsv     id, label: the CUIs of all nodes, isolated ones too; ids are node ids
relation_to_id.tsv   id, label: "REL:RELA", or REL alone; "added:" marks inverses that we added

PyKEEN numbers entities afresh unless it is told: hand it `read_ids` of the two tables, or take
`triples_factory`, which needs no text.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from bali.errors import InputError
from bali.files import require_file
from bali.graph.artifacts import Graph
from bali.graph.tsv import TsvWriter
from bali.log import progress

if TYPE_CHECKING:
    from pykeen.triples import TriplesFactory


def write_pykeen(graph: Graph, folder: Path, *, added: bool = True) -> int:
    """Write the three files into `folder`; returns the number of triples.

    Args:
        graph: what to write.
        folder: where to.
        added: also the inverse edges that the graph stage added. Relation ids stay as they are.
    """
    cui = graph.nodes(["cui"])["cui"].chunk(0) if graph.csr.nodes else pa.array([], pa.string())
    label = pa.array([kind.label for kind in graph.relations], pa.string())
    for name, labels in (("entity_to_id", cui), ("relation_to_id", label)):
        with TsvWriter(folder / f"{name}.tsv", ["id", "label"]) as out:
            out.write([pa.array(range(len(labels)), pa.int64()).cast(pa.string()), labels])
    kept = graph.kept(added=added)
    with TsvWriter(folder / "triples.tsv") as out:
        for _, edges in progress(graph.edges(), "batches of edges"):
            of = kept[edges.relation]
            head, tail = (cui.take(pa.array(ids[of])) for ids in (edges.source, edges.target))
            out.write([head, label.take(pa.array(edges.relation[of])), tail])
    return out.rows


def read_ids(path: Path) -> dict[str, int]:
    """Label -> id, from entity_to_id.tsv or relation_to_id.tsv."""
    require_file(path, "`bali graph export --format pykeen` writes it")
    with path.open(encoding="utf-8", newline="\n") as lines:
        next(lines)
        rows = (line.rstrip("\n").split("\t") for line in lines)
        return {label: int(number) for number, label in rows}


def triples_factory(graph: Graph, *, added: bool = True) -> TriplesFactory:
    """A pykeen.triples.TriplesFactory of the mapped arrays, without text in between.

    Entity ids are node ids, relation ids those of edge_types, also where `added` leaves some out.
    PyKEEN holds 24 bytes a triple.
    """
    import torch
    from pykeen.triples import TriplesFactory

    kept = graph.kept(added=added)
    total = sum(int(kept[edges.relation].sum()) for _, edges in graph.edges())
    if not total:
        raise InputError("the graph has no edges that are kept; PyKEEN takes no empty triples")
    triples = np.empty((total, 3), np.int64)  # head, relation, tail
    start = 0
    for _, edges in graph.edges():
        of = kept[edges.relation]
        stop = start + int(of.sum())
        ends = (edges.source[of], edges.relation[of], edges.target[of])
        triples[start:stop] = np.stack(ends, axis=1)
        start = stop
    return TriplesFactory(
        mapped_triples=torch.from_numpy(triples),
        entity_to_id={cui: n for n, cui in enumerate(graph.nodes(["cui"])["cui"].to_pylist())},
        relation_to_id={kind.label: n for n, kind in enumerate(graph.relations)},
    )
