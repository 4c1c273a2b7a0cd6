"""Identifiers and the concepts that they stand for."""

import pytest

from bali.errors import InputError
from bali.gold.identifiers import Identifiers, canonical, vocabulary
from bali.storage import from_columns, write_table

CONCEPTS = {"C0000001", "C0000002", "C0000003"}


@pytest.mark.parametrize(
    ("written", "one"),
    [
        ("D003920", "mesh:d003920"),
        ("MESH:D003920", "mesh:d003920"),
        ("C537700", "mesh:c537700"),
        ("C000608854", "mesh:c000608854"),
        ("OMIM: 114480", "omim:114480"),
        ("HP:0000001", "hp:0000001"),
        ("HP:HP:0000001", "hp:0000001"),
        ("plain", "plain"),
    ],
)
def test_identifiers_have_one_way_to_be_written(written, one):
    assert canonical(written) == one


def test_the_vocabulary_of_an_identifier():
    assert [vocabulary(i) for i in ("D003920", "omim:1", "EntrezGene:7")] == [
        "MESH", "OMIM", "ENTREZGENE",
    ]  # fmt: skip
    assert vocabulary("1234") == ""


def test_files_and_codes_add_up_and_foreign_concepts_are_no_answer(tmp_path):
    (tmp_path / "mesh.tsv").write_text(
        "mesh_id\tcuis\tby\nD000001\tC0000001|C0000009\tx\nD000002\tC0000009\t\n"
    )
    codes = {
        "cui": ["C0000002", "C0000002", "C0000003"],
        "sab": ["HPO", "MSH", "XXX"],
        "code": ["HP:0000007", "D000001", "D000001"],
    }
    write_table("codes", from_columns("codes", codes), tmp_path / "codes.parquet")
    identifiers = Identifiers(CONCEPTS)
    identifiers.add_file(tmp_path / "mesh.tsv")
    assert identifiers.cuis("D000001") == {"C0000001"}
    assert identifiers.cuis("D000002") == frozenset()
    identifiers.add_codes(tmp_path / "codes.parquet")
    assert identifiers.cuis("MESH:D000001") == {"C0000001", "C0000002"}
    assert identifiers.cuis("HP:0000007") == {"C0000002"}


def test_a_cui_stands_for_itself_if_the_knowledge_base_has_it():
    identifiers = Identifiers(CONCEPTS)
    assert identifiers.cuis("UMLS:C0000001") == identifiers.cuis("C0000001") == {"C0000001"}
    assert identifiers.cuis("UMLS:C0000009") == frozenset()


def test_a_cui_of_an_older_release_stands_for_its_successor(tmp_path):
    rows = {"cui": ["C0000008", "C0000009"], "successor": ["C0000001", "C0000007"]}
    write_table("retired", from_columns("retired", rows), tmp_path / "retired.parquet")
    (tmp_path / "old.tsv").write_text("mesh_id\tcuis\nD000001\tC0000008|C0000002\n")
    identifiers = Identifiers(CONCEPTS)
    identifiers.add_retired(tmp_path / "retired.parquet")
    identifiers.add_file(tmp_path / "old.tsv")
    assert identifiers.cuis("UMLS:C0000008") == {"C0000001"}
    assert identifiers.cuis("C0000009") == frozenset()  # its successor is no concept either
    assert identifiers.cuis("MESH:D000001") == {"C0000001", "C0000002"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the first must be <vocabulary>_id"),
        ("mesh_id\tconcepts\n", "columns mesh_id, concepts"),
        ("mesh_id\tcuis\nD000001\tC0000001\nD000002\tX\n", "line 3: 'X' is no list of CUIs"),
    ],
)
def test_a_file_of_another_shape_is_the_users_mistake(tmp_path, text, message):
    (tmp_path / "map.tsv").write_text(text)
    with pytest.raises(InputError, match=message):
        Identifiers(CONCEPTS).add_file(tmp_path / "map.tsv")


def test_the_shared_maps_are_read(shared):
    mesh = shared / "maps" / "mesh_to_cui.tsv"
    rows = [line.split("\t") for line in mesh.read_text().splitlines()[1:]]
    everything = {cui for row in rows for cui in row[1].split("|")}
    identifiers = Identifiers(everything)
    identifiers.add_file(mesh)
    assert len(rows) == 3903
    assert all(identifiers.cuis(row[0]) == set(row[1].split("|")) for row in rows)
