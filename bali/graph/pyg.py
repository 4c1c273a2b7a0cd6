"""The graph for PyTorch Geometric: Data, HeteroData, and a file of tensors.

graph.safetensors holds source, target, edge_type, each (edges,) int32, and as metadata the number
of nodes and the labels of the relations. edge_index of PyG is made on reading: int64 there, for
which the file would be twice as large. Node ids are those of nodes.parquet beside the graph.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from torch_geometric.data import Data, HeteroData

from bali.errors import InputError
from bali.files import atomic_path, require_file
from bali.graph.artifacts import Graph

FILE = "graph.safetensors"
CONCEPT = "concept"  # the one node type


def write_pyg(graph: Graph, folder: Path, *, added: bool = True) -> int:
    """Write graph.safetensors into `folder`; returns the number of edges.

    Args:
        graph: what to write.
        folder: where to.
        added: also the inverse edges that the graph stage added. Relation ids stay as they are.
    """
    tensors = _tensors(graph, added=added)
    about = {"num_nodes": graph.csr.nodes, "relations": [kind.label for kind in graph.relations]}
    # one key: safetensors writes several in an order of its own
    with atomic_path(folder / FILE) as part:
        save_file(tensors, part, metadata={"graph": json.dumps(about)})
    return len(tensors["source"])


def read_data(path: Path) -> Data:
    """A Data from graph.safetensors; see `data`.

    Raises:
        InputError: there is no such file, or it is none of ours.
    """
    return _data(*_read(path))


def read_hetero_data(path: Path) -> HeteroData:
    """A HeteroData from graph.safetensors; see `hetero_data`.

    Raises:
        InputError: there is no such file, or it is none of ours.
    """
    return _hetero_data(*_read(path))


def data(graph: Graph, *, added: bool = True) -> Data:
    """One node type, relations as numbers.

    Returns:
        edge_index (2, edges) int64, sources above targets; edge_type (edges,) int64; num_nodes;
        relations, the labels by number. Edges are sorted by target.
    """
    about = {"num_nodes": graph.csr.nodes, "relations": [kind.label for kind in graph.relations]}
    return _data(_tensors(graph, added=added), about)


def hetero_data(graph: Graph, *, added: bool = True) -> HeteroData:
    """One edge type a relation that has edges: ("concept", label, "concept").

    Returns:
        For each of them edge_index (2, edges of it) int64; ["concept"].num_nodes.
    """
    about = {"num_nodes": graph.csr.nodes, "relations": [kind.label for kind in graph.relations]}
    return _hetero_data(_tensors(graph, added=added), about)


def _tensors(graph: Graph, *, added: bool) -> dict[str, NDArray[np.int32]]:
    kept = graph.kept(added=added)
    total = sum(int(kept[edges.relation].sum()) for _, edges in graph.edges())
    tensors = {name: np.empty(total, np.int32) for name in ("source", "target", "edge_type")}
    start = 0
    for _, edges in graph.edges():
        of = kept[edges.relation]
        stop = start + int(of.sum())
        for name, ids in zip(tensors, (edges.source, edges.target, edges.relation), strict=True):
            tensors[name][start:stop] = ids[of]
        start = stop
    return tensors


def _read(path: Path) -> tuple[dict[str, NDArray[np.int32]], dict[str, Any]]:
    require_file(path, "`bali graph export --format pyg` writes it")
    try:
        with safe_open(path, framework="np") as file:
            about = json.loads(file.metadata()["graph"])
            tensors = {name: file.get_tensor(name) for name in ("source", "target", "edge_type")}
    except (SafetensorError, KeyError, TypeError) as error:
        raise InputError(f"{path}: no exported graph ({error}); export it again") from None
    return tensors, about


def _data(tensors: dict[str, NDArray[np.int32]], about: dict[str, Any]) -> Data:
    ends = np.stack([tensors["source"], tensors["target"]]).astype(np.int64)  # (2, edges)
    return Data(
        edge_index=torch.from_numpy(ends),
        edge_type=torch.from_numpy(tensors["edge_type"].astype(np.int64)),
        num_nodes=about["num_nodes"],
        relations=about["relations"],
    )


def _hetero_data(tensors: dict[str, NDArray[np.int32]], about: dict[str, Any]) -> HeteroData:
    result = HeteroData()
    result[CONCEPT].num_nodes = about["num_nodes"]
    order = np.argsort(tensors["edge_type"], kind="stable")
    ends_of = np.cumsum(np.bincount(tensors["edge_type"], minlength=len(about["relations"])))
    for relation, label in enumerate(about["relations"]):
        of = order[ends_of[relation - 1] if relation else 0 : ends_of[relation]]
        if len(of):
            ends = np.stack([tensors["source"][of], tensors["target"][of]]).astype(np.int64)
            result[CONCEPT, label, CONCEPT].edge_index = torch.from_numpy(ends)
    return result
