"""The META folder of a hand-made ontology, row by row."""

from pathlib import Path

import pytest

from bali.demo.hpo import Synonym, Term
from bali.demo.meta import bridge, primary_cuis, write_meta


def term(number, name, *, umls=(), parents=(), synonyms=(), definition="", obsolete=False):
    return Term(
        id=f"HP:{number:07d}",
        name=name,
        synonyms=tuple(synonyms),
        definition=definition,
        comment="",
        umls=tuple(umls),
        parents=tuple(f"HP:{parent:07d}" for parent in parents),
        obsolete=obsolete,
    )


# 1 root -> 118 (C2) -> 4 without CUI -> 5 (C5); 5 is also below 6, a second term of C5
TERMS = [
    term(1, "All", umls=["C0000001"]),
    term(4, "Bridge", umls=["bad"], parents=[118]),
    term(
        5,
        "Pipe|and\nline",
        umls=["C0000005"],
        parents=[4, 6],
        synonyms=[
            Synonym("PIPE/and line", "EXACT", ""),
            Synonym("P", "EXACT", "abbreviation"),
            Synonym("P", "EXACT", "abbreviation"),
            Synonym("Pipes", "BROAD", ""),
            Synonym("Tube", "EXACT", "obsolete_synonym"),
        ],
        definition="One|two\nthree.",
    ),
    term(6, "Whistle", umls=["C0000009", "C0000005"], parents=[118]),
    term(7, "Gone", umls=["C0000007"], parents=[1], obsolete=True),
    term(118, "Phenotypic abnormality", umls=["C0000002"], parents=[1]),
    term(8, "No xref", parents=[1]),
]


@pytest.fixture
def meta(tmp_path: Path):
    counts = write_meta(TERMS, tmp_path, "2030-02-03")
    rows = {
        path.stem: [line.split("|") for line in path.read_text().split("\n")[:-1]]
        for path in tmp_path.iterdir()
    }
    return rows, counts


def test_the_cui_that_most_terms_share_wins_then_the_lowest():
    cuis = primary_cuis(
        [
            term(1, "a", umls=["C0000003", "C0000001"]),
            term(2, "b", umls=["C0000003"]),
            term(3, "c", umls=["C0000008", "C0000004"]),
            term(4, "d", umls=["C00000044", "c0000001"]),
        ]
    )
    assert cuis == {"HP:0000001": "C0000003", "HP:0000002": "C0000003", "HP:0000003": "C0000004"}


def test_ancestors_without_a_cui_are_bridged_and_the_first_with_one_ends_the_way():
    terms = [
        term(1, "a", umls=["C0000001"]),
        term(2, "b", umls=["C0000002"], parents=[1]),
        term(3, "c", parents=[2]),
        term(4, "d", parents=[3, 1]),
        term(5, "e", umls=["C0000005"], parents=[4, 3]),
    ]
    nearest = bridge(terms, primary_cuis(terms))
    assert nearest["HP:0000005"] == ["HP:0000001", "HP:0000002"]
    assert nearest["HP:0000001"] == []


def test_every_row_has_the_fields_of_its_published_layout(meta):
    rows, _ = meta
    fields = {name: {len(row) - 1 for row in table} for name, table in rows.items()}
    assert fields == {"MRCONSO": {18}, "MRREL": {16}, "MRSTY": {6}, "MRDEF": {8}}
    assert all(row[-1] == "" for table in rows.values() for row in table)


def test_names_of_one_concept_with_one_preferred_row(meta):
    rows, _ = meta
    found = [(r[11], r[12], r[13], r[14], r[16]) for r in rows["MRCONSO"] if r[0] == "C0000005"]
    assert found == [
        ("HPO", "PT", "HP:0000005", "Pipe/and line", "N"),
        ("HPO", "SY", "HP:0000005", "PIPE/and line", "N"),
        ("HPO", "AB", "HP:0000005", "P", "N"),
        ("HPO", "ET", "HP:0000005", "Pipes", "N"),
        ("HPO", "IS", "HP:0000005", "Tube", "O"),
        ("HPO", "PT", "HP:0000006", "Whistle", "N"),
    ]
    status = {r[14]: (r[2], r[4], r[6]) for r in rows["MRCONSO"] if r[0] == "C0000005"}
    assert status["Pipe/and line"] == ("P", "PF", "Y")
    assert status["PIPE/and line"] == ("P", "VO", "Y")  # the same words in another case
    assert status["Whistle"] == ("S", "PF", "Y")


def test_atoms_have_ids_of_their_own_and_equal_strings_share_theirs(meta):
    rows, _ = meta
    atoms = [row[7] for row in rows["MRCONSO"]]
    assert len(set(atoms)) == len(atoms)
    assert len({(r[5], r[14]) for r in rows["MRCONSO"]}) == len({r[14] for r in rows["MRCONSO"]})


def test_relations_stand_in_both_directions_and_read_backwards(meta):
    rows, _ = meta
    assert {(r[0], r[3], r[4], r[7]) for r in rows["MRREL"]} == {
        ("C0000001", "CHD", "C0000002", "isa"),
        ("C0000002", "PAR", "C0000001", "inverse_isa"),
        ("C0000002", "CHD", "C0000005", "isa"),
        ("C0000005", "PAR", "C0000002", "inverse_isa"),
    }


def test_types_and_definitions(meta):
    rows, _ = meta
    assert [(r[0], r[1], r[3]) for r in rows["MRSTY"]] == [
        ("C0000001", "T078", "Idea or Concept"),
        ("C0000002", "T033", "Finding"),
        ("C0000005", "T033", "Finding"),
    ]
    assert [(r[0], r[4], r[5]) for r in rows["MRDEF"]] == [("C0000005", "HPO", "One/two three.")]
    assert rows["MRDEF"][0][1] == next(r[7] for r in rows["MRCONSO"] if r[14] == "Pipe/and line")


def test_counts_say_why_terms_and_relations_are_missing(meta):
    _, counts = meta
    assert counts.tables["terms"]["dropped"] == [
        ["obsolete", 1],
        ["malformed CUI", 1],
        ["no CUI", 1],
    ]
    assert counts.tables["names"] == {"read": 9, "kept": 8, "dropped": [["duplicate", 1]]}
    # 5 -> 118 over 4; 5 -> 6 inside C5; 6 -> 118 again C5 -> C2; 118 -> 1
    assert counts.tables["is_a, bridged"] == {
        "read": 4,
        "kept": 2,
        "dropped": [["inside one concept", 1], ["duplicate", 1]],
    }
