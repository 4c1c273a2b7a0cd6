"""Each export is read by the library that it is for, and says what the tables say."""

import json
import subprocess
import sys
import unicodedata

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pykeen.triples import TriplesFactory
from torch_geometric.nn import GATv2Conv, HeteroConv, SAGEConv

from bali.__main__ import main
from bali.errors import InputError
from bali.graph import artifacts, kgx, pyg
from bali.graph.artifacts import read_graph
from bali.graph.pykeen import read_ids, triples_factory
from bali.graph.tsv import TsvWriter, one_line
from bali.semantic_groups import read_semantic_groups
from bali.storage import from_columns, write_table

CUIS = ["C0000001", "C0000002", "C0000003", "C0000004"]  # the last one is alone
NAMES = ["vascular\tdisease", 'a "high\n\x85 pressure" ', "NA", "lone"]
# relation id -> rel, rela, added, phrase
TYPES = [
    ("CHD", "isa", False, "is a"),
    ("PAR", "inverse_isa", True, "has subtype"),
    ("RO", "has_finding_site", False, "is found in"),
    ("RO", "", False, "is related to"),
]
# (source, target, relation), in the order of the CSR
EDGES = [(1, 0, 0), (2, 0, 0), (0, 1, 1), (2, 1, 2), (0, 2, 1), (1, 2, 3)]
TYPES_OF = [("C0000001", "T047"), ("C0000002", "T023"), ("C0000002", "T033"), ("C0000003", "T999")]
STATED = [edge for edge in EDGES if edge[2] != 1]
LABELS = ["CHD:isa", "added:PAR:inverse_isa", "RO:has_finding_site", "RO"]


def save_arrays(folder, *arrays):
    folder.mkdir(exist_ok=True)
    for name, array in zip(("indptr", "neighbour", "relation"), arrays, strict=True):
        np.save(folder / f"{name}.npy", array)


@pytest.fixture
def folder(tmp_path):
    """A graph of four nodes, three edge types and one added inverse."""
    source, target, relation = (np.array(ids, np.int32) for ids in zip(*EDGES, strict=True))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(target, minlength=4))])
    save_arrays(tmp_path / "graph", indptr.astype(np.int64), source, relation)
    degree = np.diff(indptr).tolist()
    columns = {"node": range(4), "cui": CUIS, "name": NAMES, "degree": degree}
    write_table("nodes", from_columns("nodes", columns), tmp_path / "graph/nodes.parquet")
    rel, rela, added, phrase = zip(*TYPES, strict=True)
    columns = {"relation": range(4), "rel": rel, "rela": rela, "added": added, "phrase": phrase}
    rows = from_columns("edge_types", columns)
    write_table("edge_types", rows, tmp_path / "graph/edge_types.parquet")
    cui, tui = zip(*TYPES_OF, strict=True)
    columns = {"cui": cui, "tui": tui, "sty": ["x"] * len(tui)}
    rows = from_columns("semantic_types", columns)
    write_table("semantic_types", rows, tmp_path / "semantic_types.parquet")
    return tmp_path


def export(folder, form, *flags):
    command = ["graph", "export", "--format", form, "--graph", str(folder / "graph")]
    command += ["--out-dir", str(folder / form), "--log", str(folder / "log")]
    if form == "kgx":
        command += ["--semantic-types", str(folder / "semantic_types.parquet")]
    return main([*command, *flags])


@pytest.mark.parametrize(
    ("flags", "edges"), [((), EDGES), (("--added",), EDGES), (("--no-added",), STATED)]
)
class TestBothWays:
    def test_kgx(self, folder, flags, edges):
        assert export(folder, "kgx", *flags) == 0
        nodes, rows = (
            pd.read_csv(folder / f"kgx/{name}.tsv", sep="\t", dtype=str, quoting=3, na_filter=False)
            for name in ("nodes", "edges")
        )
        assert nodes.to_dict("records") == [
            {"id": f"UMLS:{cui}", "category": category, "name": name}
            for cui, category, name in zip(
                CUIS,
                [
                    "biolink:Disease",
                    "biolink:GrossAnatomicalStructure|biolink:PhenotypicFeature",
                    "biolink:NamedThing",  # a type that the table does not know
                    "biolink:NamedThing",  # no type at all
                ],
                ["vascular disease", 'a "high pressure"', "NA", "lone"],
                strict=True,
            )
        ]
        predicate = ["subclass_of", "superclass_of", "located_in", "related_to"]
        assert rows.to_dict("records") == [
            {
                "id": str(EDGES.index(edge)),
                "subject": f"UMLS:{CUIS[edge[0]]}",
                "predicate": f"biolink:{predicate[edge[2]]}",
                "object": f"UMLS:{CUIS[edge[1]]}",
                "relation": TYPES[edge[2]][3],
                "original_predicate": f"UMLS:{TYPES[edge[2]][1] or TYPES[edge[2]][0]}",
                "knowledge_level": "logical_entailment" if edge[2] == 1 else "knowledge_assertion",
                "agent_type": "automated_agent" if edge[2] == 1 else "manual_agent",
                "primary_knowledge_source": "infores:umls",
            }
            for edge in edges
        ]

    def test_pykeen_reads_the_text_with_our_ids(self, folder, flags, edges):
        assert export(folder, "pykeen", *flags) == 0
        factory = TriplesFactory.from_path(
            folder / "pykeen/triples.tsv",
            entity_to_id=read_ids(folder / "pykeen/entity_to_id.tsv"),
            relation_to_id=read_ids(folder / "pykeen/relation_to_id.tsv"),
        )
        check_triples(factory, edges)

    def test_pykeen_without_text(self, folder, flags, edges):
        added = "--no-added" not in flags
        check_triples(triples_factory(read_graph(folder / "graph"), added=added), edges)

    def test_pyg_data(self, folder, flags, edges):
        assert export(folder, "pyg", *flags) == 0
        added = "--no-added" not in flags
        for data in (
            pyg.read_data(folder / "pyg" / pyg.FILE),
            pyg.data(read_graph(folder / "graph"), added=added),
        ):
            assert data.validate()
            found = torch.cat([data.edge_index, data.edge_type[None]]).T.tolist()
            assert list(map(tuple, found)) == edges
            assert (data.num_nodes, data.relations) == (4, LABELS)
            assert data.has_isolated_nodes()
            one_hot = torch.nn.functional.one_hot(data.edge_type, 4).float()
            out = GATv2Conv(3, 5, edge_dim=4)(torch.ones(4, 3), data.edge_index, one_hot)
            assert out.shape == (4, 5) and out.isfinite().all()

    def test_pyg_hetero_data(self, folder, flags, edges):
        assert export(folder, "pyg", *flags) == 0
        added = "--no-added" not in flags
        for data in (
            pyg.read_hetero_data(folder / "pyg" / pyg.FILE),
            pyg.hetero_data(read_graph(folder / "graph"), added=added),
        ):
            assert data.validate()
            found = {
                (source, target, LABELS.index(label))
                for (_, label, _), index in data.edge_index_dict.items()
                for source, target in index.T.tolist()
            }
            assert found == set(edges) and data.num_edges == len(edges)
            convolution = HeteroConv({kind: SAGEConv(3, 5) for kind in data.edge_types})
            out = convolution({"concept": torch.ones(4, 3)}, data.edge_index_dict)
            assert out["concept"].shape == (4, 5)

    def test_the_counts_add_up(self, folder, flags, edges):
        for form in ("kgx", "pykeen", "pyg"):
            assert export(folder, form, *flags) == 0
            counts = json.loads((folder / form / "export.counts.json").read_text())
            dropped = [["inverse that the graph stage added", len(EDGES) - len(edges)]]
            expected = {"read": len(EDGES), "kept": len(edges), "dropped": dropped}
            assert counts["tables"]["edges"] == expected


def check_triples(factory, edges):
    assert factory.entity_to_id == {cui: n for n, cui in enumerate(CUIS)}
    assert factory.relation_to_id == {label: n for n, label in enumerate(LABELS)}
    found = set(map(tuple, factory.mapped_triples.tolist()))
    assert found == {(source, relation, target) for source, target, relation in edges}
    assert factory.num_triples == len(edges)


def test_the_bytes_do_not_depend_on_the_batches(folder, monkeypatch):
    def written(form):
        assert export(folder, form) == 0
        return {path.name: path.read_bytes() for path in (folder / form).iterdir()}

    whole = {form: written(form) for form in ("kgx", "pykeen", "pyg")}
    for batch in (1, 2, 5):
        monkeypatch.setattr(artifacts, "BATCH", batch)
        assert {form: written(form) for form in whole} == whole


@pytest.mark.parametrize("form", ["kgx", "pykeen", "pyg"])
def test_a_graph_without_edges(tmp_path, folder, form):
    empty = np.empty(0, np.int32)
    save_arrays(tmp_path / "graph", np.zeros(5, np.int64), empty, empty)
    names = ("relation", "rel", "rela", "added", "phrase")  # `graph csr` finds no types either
    types = from_columns("edge_types", {name: [] for name in names})
    write_table("edge_types", types, tmp_path / "graph/edge_types.parquet")
    assert export(folder, form) == 0
    counts = json.loads((folder / form / "export.counts.json").read_text())
    assert counts["tables"]["nodes"]["kept"] == 4 and counts["tables"]["edges"]["kept"] == 0
    if form == "pyg":
        assert pyg.read_data(folder / "pyg" / pyg.FILE).validate()
        assert pyg.read_hetero_data(folder / "pyg" / pyg.FILE).num_nodes == 4
    with pytest.raises(InputError, match="no edges that are kept"):
        triples_factory(read_graph(folder / "graph"))


@pytest.mark.parametrize(
    ("break_it", "form", "words"),
    [
        (lambda f: (f / "graph/nodes.parquet").unlink(), "kgx", ["nodes.parquet", "no such file"]),
        (lambda f: (f / "graph/relation.npy").unlink(), "pyg", ["relation.npy", "no such file"]),
        (lambda f: np.save(f / "graph/indptr.npy", np.zeros(2, np.int64)), "pyg", ["run `bali"]),
        (
            lambda f: write_table(
                "nodes",
                from_columns("nodes", {"node": [0], "cui": CUIS[:1], "name": "x", "degree": [0]}),
                f / "graph/nodes.parquet",
            ),
            "pykeen",
            ["nodes.parquet", "holds 1 nodes where indptr.npy has 4"],
        ),
    ],
)
def test_a_broken_graph_is_named_and_leaves_nothing(folder, capsys, break_it, form, words):
    break_it(folder)
    assert export(folder, form) == 2
    message = capsys.readouterr().err
    assert all(word in message for word in words), message
    assert not (folder / form).exists() and not list(folder.glob(".part*"))


def test_kgx_without_semantic_types_says_which_file(folder, capsys):
    command = ["graph", "export", "--format", "kgx", "--graph", str(folder / "graph")]
    assert main([*command, "--out-dir", str(folder / "kgx")]) == 2
    assert "--semantic-types" in capsys.readouterr().err


def test_a_file_that_is_no_exported_graph_is_named(tmp_path):
    path = tmp_path / pyg.FILE
    path.write_bytes(b"{}")
    with pytest.raises(pyg.InputError, match=r"graph\.safetensors: no exported graph"):
        pyg.read_data(path)


@pytest.mark.parametrize(("form", "absent"), [("kgx", "torch pykeen"), ("pykeen", "torch pykeen")])
def test_a_format_loads_no_library_of_another(folder, form, absent):
    code = (
        "import sys; from bali.__main__ import main; status = main(sys.argv[2:]);"
        "print([name for name in sys.argv[1].split() if name in sys.modules]); sys.exit(status)"
    )
    words = ["graph", "export", "--format", form, "--graph", str(folder / "graph")]
    words += ["--out-dir", str(folder / "out"), "--log", str(folder / "log")]
    words += ["--semantic-types", str(folder / "semantic_types.parquet")]
    done = subprocess.run(
        [sys.executable, "-c", code, absent, *words], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_semantic_type_has_a_biolink_class_in_pascal_case():
    groups = read_semantic_groups()
    classes = {tui: kgx.category_of(tui, group) for tui, group in groups.group_of.items()}
    assert set(kgx.CATEGORY_OF_TYPE) <= set(classes)
    assert set(kgx.CATEGORY_OF_GROUP) <= set(groups.group_names)
    assert all(name.isalpha() and name[0].isupper() for name in classes.values())
    assert classes["T047"] == "Disease" and classes["T074"] == "Device"


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_any_name_becomes_one_field_of_one_line(names):
    cleaned = one_line(pa.array(names, pa.string())).to_pylist()
    for name, text in zip(names, cleaned, strict=True):
        assert len(text.splitlines()) <= 1 and "\t" not in text and text == text.strip()
        kept = [c for c in name if not c.isspace() and unicodedata.category(c) != "Cc"]
        assert [c for c in text if c != " "] == kept


def test_rows_are_written_as_they_stand(tmp_path):
    with TsvWriter(tmp_path / "x.tsv", ["a", "b"]) as out:
        out.write([pa.array([], pa.string()), "x"])
        out.write([pa.array(["ü", '"'], pa.string()), "x"])
        out.write([pa.array(["3", "4", "5"], pa.string())[1:], pa.array(["", "|"], pa.string())])
    assert (tmp_path / "x.tsv").read_text() == 'a\tb\nü\tx\n"\tx\n4\t\n5\t|\n'
    assert out.rows == 4


def test_without_added_edges_a_graph_of_half_of_the_statements_is_refused(folder, capsys):
    def account(facts):
        counts = {"step": "graph.csr", "tables": {}, "facts": facts}
        (folder / "graph/csr.counts.json").write_text(json.dumps(counts))

    account({"mirrored": False})
    capsys.readouterr()
    assert export(folder, "pykeen", "--no-added") == 2
    assert "umls.mirrored false" in capsys.readouterr().err
    assert export(folder, "pykeen") == 0
    account({"mirrored": True})
    assert export(folder, "pykeen", "--no-added") == 0
