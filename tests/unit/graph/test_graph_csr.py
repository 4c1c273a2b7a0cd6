"""The graph against edges written out by hand."""

import json
import random
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from bali import storage
from bali.__main__ import main
from bali.graph import packing, statistics
from bali.graph.packing import Layout
from bali.relations import read_relations
from bali.storage import from_columns, read_table, write_table

PHRASES = Path(__file__).resolve().parents[3] / "resources" / "relations.tsv"
CUIS = ["C0000003", "C0000001", "C0000002", "C0000009"]
# 1 isa 2 (stated twice, by two sources), 3 isa 2, 2 RO 1; 1 isa 1; 8 is no concept
RELATIONS = [
    ("C0000001", "C0000002", "CHD", "isa", "A"),
    ("C0000001", "C0000002", "CHD", "isa", "B"),
    ("C0000003", "C0000002", "CHD", "isa", "A"),
    ("C0000002", "C0000001", "RO", "", "A"),
    ("C0000001", "C0000001", "CHD", "isa", "A"),
    ("C0000008", "C0000002", "CHD", "isa", "A"),
]


def build(folder: Path, relations=RELATIONS, cuis=CUIS, *flags: str) -> int:
    write_table(
        "concepts",
        from_columns("concepts", {"cui": cuis, "name": [f"name of {cui}" for cui in cuis]}),
        folder / "concepts.parquet",
    )
    columns = zip(*relations, strict=True) if relations else [[]] * 5
    names = ["head", "tail", "rel", "rela", "sab"]
    write_table(
        "relations",
        from_columns("relations", dict(zip(names, columns, strict=True))),
        folder / "relations.parquet",
    )
    command = ["graph", "csr", "--concepts", f"{folder}/concepts.parquet"]
    command += ["--relations", f"{folder}/relations.parquet", "--phrases", str(PHRASES)]
    command += ["--out-dir", f"{folder}/graph", "--counts", f"{folder}/graph/csr.counts.json"]
    return main([*command, *flags, "--log", f"{folder}/log"])


def edges(folder: Path) -> set[tuple[str, str, str, str, bool]]:
    """(source, REL, RELA, target, added) of all edges, read from what was written."""
    cui = read_table("nodes", folder / "graph/nodes.parquet")["cui"].to_pylist()
    types = read_table("edge_types", folder / "graph/edge_types.parquet").to_pylist()
    indptr, neighbour, relation = (
        np.load(folder / f"graph/{name}.npy", mmap_mode="r", allow_pickle=False)
        for name in ("indptr", "neighbour", "relation")
    )
    return {
        (cui[neighbour[at]], kind["rel"], kind["rela"], cui[row], kind["added"])
        for row in range(len(cui))
        for at in range(indptr[row], indptr[row + 1])
        for kind in [types[relation[at]]]
    }


STATED = {
    ("C0000001", "CHD", "isa", "C0000002", False),
    ("C0000003", "CHD", "isa", "C0000002", False),
    ("C0000002", "RO", "", "C0000001", False),
}


def test_without_inverses_the_edges_are_the_stated_ones(tmp_path):
    assert build(tmp_path, RELATIONS, CUIS, "--no-inverse") == 0
    assert edges(tmp_path) == STATED


def test_an_inverse_is_added_to_each_edge_that_lacks_it(tmp_path):
    assert build(tmp_path) == 0
    assert edges(tmp_path) == STATED | {
        ("C0000002", "PAR", "inverse_isa", "C0000001", True),
        ("C0000002", "PAR", "inverse_isa", "C0000003", True),
        ("C0000001", "RO", "", "C0000002", True),
    }


def test_nothing_is_added_where_both_directions_are_stated(tmp_path):
    both = [
        ("C0000001", "C0000002", "CHD", "isa", "A"),
        ("C0000002", "C0000001", "PAR", "inverse_isa", "A"),
        ("C0000001", "C0000003", "SY", "", "A"),
        ("C0000003", "C0000001", "SY", "", "A"),
        ("C0000002", "C0000003", "RO", "may_treat", "A"),
        ("C0000003", "C0000002", "RO", "may_be_treated_by", "A"),
        ("C0000002", "C0000003", "RO", "has_unheard_thing", "A"),
        ("C0000003", "C0000002", "RO", "unheard_thing_of", "A"),
    ]
    assert build(tmp_path, both) == 0
    assert not any(added for *_, added in edges(tmp_path))
    assert len(edges(tmp_path)) == 8


def test_an_inverse_whose_type_is_not_stated_is_added_beside_every_other_edge(tmp_path):
    # 2 -> 3 in CHD has no stated inverse type; 1 -> 2 in SY, its own inverse, has one
    relations = [
        ("C0000002", "C0000003", "CHD", "isa", "A"),
        ("C0000001", "C0000002", "SY", "", "A"),
    ]
    assert build(tmp_path, relations) == 0
    assert edges(tmp_path) == {
        ("C0000002", "CHD", "isa", "C0000003", False),
        ("C0000003", "PAR", "inverse_isa", "C0000002", True),
        ("C0000001", "SY", "", "C0000002", False),
        ("C0000002", "SY", "", "C0000001", True),
    }


def by_hand(relations, cuis, words):
    """The edges of a graph with inverses, by sets of Python."""
    stated = {
        (h, rel, rela, t) for h, t, rel, rela, _ in relations if h != t and {h, t} <= set(cuis)
    }
    mirrored = {(t, *words.inverse(rel, rela), h) for h, rel, rela, t in stated}
    return {(*edge, False) for edge in stated} | {(*edge, True) for edge in mirrored - stated}


@pytest.mark.parametrize("seed", range(3))
def test_random_graphs_are_what_sets_of_edges_say(tmp_path, monkeypatch, seed):
    monkeypatch.setattr(packing, "PART", 7)  # so that edges and their inverses lie in many parts
    draw = random.Random(seed)
    cuis = [f"C{number:07d}" for number in draw.sample(range(10**7), 12)]
    relas = ["", "isa", "inverse_isa", "may_treat", "part_of", "unheard", "inverse_unheard"]
    ends = [*cuis, "C0000000"]
    relations = [
        (draw.choice(ends), draw.choice(ends), draw.choice("CHD PAR RO SY".split()), rela, "A")
        for rela in draw.choices(relas, k=300)
    ]
    assert build(tmp_path, relations, cuis) == 0
    assert edges(tmp_path) == by_hand(relations, cuis, read_relations(PHRASES))


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_the_batches_of_the_input_change_no_byte(tmp_path, monkeypatch, batch):
    build(tmp_path / "a")
    monkeypatch.setattr(storage, "ROW_GROUP", batch)
    monkeypatch.setattr(packing, "PART", batch)
    monkeypatch.setattr(statistics, "EDGES", batch)
    relations = tmp_path / "b/relations.parquet"
    build(tmp_path / "b")
    assert pq.ParquetFile(relations).num_row_groups == -(-len(RELATIONS) // batch)
    for name in ("indptr.npy", "neighbour.npy", "relation.npy", "inverses.json", "csr.counts.json"):
        one, other = (tmp_path / folder / "graph" / name for folder in "ab")
        assert one.read_bytes() == other.read_bytes(), name


def test_a_stated_and_an_added_edge_of_one_relation_have_two_ids(tmp_path):
    relations = [
        ("C0000001", "C0000002", "CHD", "isa", "A"),
        ("C0000003", "C0000001", "PAR", "inverse_isa", "A"),
    ]
    assert build(tmp_path, relations) == 0
    types = read_table("edge_types", tmp_path / "graph/edge_types.parquet")
    assert types.select(["rel", "rela", "added"]).to_pylist() == [
        {"rel": rel, "rela": rela, "added": added}
        for rel, rela in (("CHD", "isa"), ("PAR", "inverse_isa"))
        for added in (False, True)
    ]


def test_nodes_are_sorted_cuis_with_the_lengths_of_their_rows(tmp_path):
    build(tmp_path, RELATIONS, CUIS, "--no-inverse")
    nodes = read_table("nodes", tmp_path / "graph/nodes.parquet").to_pydict()
    assert nodes["cui"] == ["C0000001", "C0000002", "C0000003", "C0000009"]
    assert nodes["name"] == [f"name of {cui}" for cui in nodes["cui"]]
    assert nodes["degree"] == [1, 2, 0, 0]


def test_rows_are_sorted_by_neighbour_and_relation(tmp_path):
    relations = [
        (head, "C0000009", rel, rela, "A")
        for rel, rela in (("RO", "may_treat"), ("CHD", "isa"), ("SY", ""))
        for head in ("C0000003", "C0000001")
    ]
    build(tmp_path, relations, CUIS, "--no-inverse")
    assert np.load(tmp_path / "graph/neighbour.npy").tolist() == [0, 0, 0, 2, 2, 2]
    assert np.load(tmp_path / "graph/relation.npy").tolist() == [0, 1, 2, 0, 1, 2]
    assert np.load(tmp_path / "graph/indptr.npy").tolist() == [0, 0, 0, 0, 6]


def test_counts_and_facts_meet_the_rows(tmp_path):
    build(tmp_path)
    counts = json.loads((tmp_path / "graph/csr.counts.json").read_text())
    assert counts["tables"]["relations"] == {
        "read": 6,
        "kept": 3,
        "dropped": [
            ["head or tail is no concept", 1],
            ["relation of a concept with itself", 1],
            ["same edge from another source", 1],
        ],
    }
    # degrees 2, 3, 1, 0; {1, 2, 3} hang together, 9 is alone
    assert counts["facts"] == {
        "nodes": 4,
        "edges": 6,
        "edges_stated": 3,
        "edges_added": 3,
        "edge_types": 4,
        "mirrored": True,
        "isolated_nodes": 1,
        "nodes_without_neighbours": 1,
        "degree_mean": 1.5,
        "degree_median": 1.5,
        "degree_p90": pytest.approx(2.7),
        "degree_p99": pytest.approx(2.97),
        "degree_max": 3,
        "degree_histogram": [[0, 1], [1, 1], [2, 2]],
        "components": 2,
        "largest_component": 3,
    }


def test_order_of_the_input_changes_no_byte(tmp_path):
    # defect 7: node ids of the released code depend on the order of a Python set
    shuffled = random.Random(1).sample(RELATIONS, len(RELATIONS))
    build(tmp_path / "a")
    build(tmp_path / "b", shuffled, CUIS[::-1])
    for file in sorted((tmp_path / "a/graph").iterdir()):
        assert file.read_bytes() == (tmp_path / "b/graph" / file.name).read_bytes(), file.name


def test_a_graph_without_relations_has_nodes_only(tmp_path):
    assert build(tmp_path, []) == 0
    assert edges(tmp_path) == set()
    assert json.loads((tmp_path / "graph/csr.counts.json").read_text())["facts"]["components"] == 4


def test_more_relations_than_an_edge_has_bits_for_end_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Layout, "relation_bits", property(lambda layout: 3))
    relations = [("C0000001", "C0000002", "RO", f"r{n}", "A") for n in range(3)]
    assert build(tmp_path, relations[:2]) == 0  # with the inverses, stated and added: 8 types
    assert build(tmp_path, relations) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "relations.parquet" in line and "more than 2" in line


@pytest.mark.parametrize(
    ("relations", "cuis", "words"),
    [
        ([("C0000001", "C0000002", "XYZ", "", "A")], CUIS, ["'XYZ'", "umls.relations"]),
        ([("C0000001", "C2", "RO", "", "A")], CUIS, ["relations.parquet", "'C2'", "seven digits"]),
        (RELATIONS, ["D0000001"], ["concepts.parquet", "'D0000001'", "seven digits"]),
        (RELATIONS, [], ["concepts.parquet", "umls.meta"]),
    ],
)
def test_bad_input_ends_in_one_line_and_leaves_nothing(tmp_path, capsys, relations, cuis, words):
    assert build(tmp_path, relations, cuis) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("bali: error: ") and all(word in line for word in words), line
    assert not (tmp_path / "graph").exists()
