"""Parents and children, read from both ways of stating them."""

from pathlib import Path

import numpy as np
import pytest

from bali.__main__ import main
from bali.counts import read_counts
from bali.graph.adjacency import save_csr
from bali.storage import from_columns, read_table, write_table

# rel of the edge from source to target, as edge_types states it
TYPES = ["CHD", "PAR", "RO"]
# (source, target, relation), sorted by target: 3 is a child of 1, 1 of 0, 2 of 0; 4 and 0 each of
# the other, as two sources may have it
EDGES = [
    (1, 0, 0),  # 1 CHD 0
    (2, 0, 0),
    (4, 0, 0),
    (4, 0, 1),  # 4 PAR 0: 4 is the parent of 0
    (0, 1, 1),  # 0 PAR 1: the same as 1 CHD 0
    (2, 1, 2),  # otherwise related
    (1, 3, 1),
]


def write_graph(folder: Path, edges: list[tuple[int, int, int]], types: list[str]) -> None:
    source, target, relation = (np.array(part, np.int32) for part in zip(*edges, strict=True))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(target, minlength=5))]).astype(np.int64)
    save_csr(indptr, [(source, relation)], folder)
    rows = {
        "relation": list(range(len(types))),
        "rel": types,
        "rela": [""] * len(types),
        "added": [rel == "PAR" for rel in types],
        "phrase": types,
    }
    write_table("edge_types", from_columns("edge_types", rows), folder / "edge_types.parquet")


def hierarchy(folder: Path) -> list[tuple[int, int]]:
    out, counts = folder / "hierarchy.parquet", folder / "counts.json"
    flags = ["--graph", folder, "--out", out, "--counts", counts, "--log", folder / "log"]
    assert main(["graph", "hierarchy", *map(str, flags)]) == 0
    rows = read_table("hierarchy", out)
    return list(zip(rows["child"].to_pylist(), rows["parent"].to_pylist(), strict=True))


def test_par_and_chd_say_the_same_from_two_sides(tmp_path: Path):
    write_graph(tmp_path, EDGES, TYPES)
    assert hierarchy(tmp_path) == [(0, 4), (1, 0), (2, 0), (3, 1), (4, 0)]
    edges = read_counts(tmp_path / "counts.json")["tables"]["edges"]
    assert edges["read"] == 7
    assert edges["kept"] == 5
    assert dict(edges["dropped"]) == {"neither PAR nor CHD": 1, "said twice": 1}


@pytest.mark.parametrize("types", [["RO", "RB", "RN"], ["RO", "RQ", "SY"]])
def test_a_graph_without_them_has_an_empty_hierarchy(tmp_path: Path, types: list[str]):
    write_graph(tmp_path, EDGES, types)
    assert hierarchy(tmp_path) == []
