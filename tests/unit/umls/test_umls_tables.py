"""The tables of a hand-made META of invented concepts, one by one."""

from pathlib import Path

import pytest
from small_meta import C1, C2, C3, OLD, OUTPUTS, SETTINGS

from bali.text import normalise
from bali.umls import runs
from bali.umls.release import find_tables
from bali.umls.spark import Workspace
from bali.umls.tables import write_tables

pytestmark = pytest.mark.xdist_group("spark")


def test_concepts_have_their_preferred_name_or_the_first_by_rule(built):
    assert built[0]["concepts"] == [(C1, "Glimmer fever"), (C2, '"'), (C3, "drab ague")]


def test_names_are_distinct_and_the_preferred_row_wins(built):
    content = built[0]
    (held,) = [name for cui, name, _ in content["heldout"] if cui == C1]
    expected = [
        (C1, "GLIMMER-FEVER", "CCC", "SY", False),
        (C1, "Glimmer fever", "BBB", "PT", True),
        (C1, "Glimmerfieber", "DDD", "SY", False),
        (C1, "fever, glimmering", "CCC", "SY", False),
        (C2, '"', "AAA", "SY", False),
        (C2, "NA", "BBB", "SY", False),
        (C2, "null", "AAA", "SY", False),
        (C3, "drab ague", "AAA", "SY", True),
    ]
    taken = {(C1, held), *((cui, name) for cui, name, _ in content["heldout"])}
    assert content["names"] == [row for row in expected if row[:2] not in taken]


def test_a_held_out_name_is_unlike_every_other_and_stands_nowhere_else(built):
    content = built[0]
    taken = {cui: name for cui, name, _ in content["heldout"]}
    # C1: not its own name, nor the one that differs by case and a hyphen; C3 has too few
    assert taken.keys() == {C1, C2}
    assert taken[C1] in ("fever, glimmering", "Glimmerfieber")
    assert taken[C2] in ("NA", "null")  # '"' is its own name
    assert {normalise(name) for name in taken.values()}.isdisjoint(
        normalise(row[1]) for row in content["names"] + content["concepts"]
    )


def test_codes_come_from_every_kept_row_and_nocode_is_none(built):
    assert built[0]["codes"] == [
        (C1, "AAA", "a1"),
        (C1, "BBB", "b1"),
        (C1, "CCC", "c1"),
        (C1, "DDD", "d1"),
    ]


def test_relations_run_from_cui2_to_cui1_and_the_lowest_source_is_kept(built):
    assert built[0]["relations"] == [
        (C1, C2, "PAR", "inverse_isa", "AAA"),
        (C2, C1, "CHD", "isa", "AAA"),
        (C2, C3, "RO", "", "AAA"),
    ]


def test_types_and_definitions_of_kept_concepts(built):
    assert built[0]["semantic_types"] == [(C1, "T047", "Disease or Syndrome")]
    assert built[0]["definitions"] == [(C1, "AAA", 'A "bright" heat.')]


def test_a_retired_identifier_leads_to_its_one_successor(built):
    assert built[0]["retired"] == [(OLD, C1)]


def test_counts_say_why_each_row_is_missing_in_the_order_of_the_filters(built):
    counts = built[1]
    atoms = [
        ["malformed", 0],
        ["language", 2],
        ["suppressed", 1],
        ["source", 0],
        ["term type", 0],
        ["semantic type", 0],
        ["empty name", 1],
    ]
    assert counts.tables == {
        "concepts": {"read": 4, "kept": 3, "dropped": [["no name left", 1]]},
        "heldout": {
            "read": 3,
            "kept": 2,
            "dropped": [
                ["fewer than 3 names", 1],
                ["not in the share", 0],
                ["no name of its own", 0],
            ],
        },
        "names": {"read": 13, "kept": 6, "dropped": [*atoms, ["duplicate", 1], ["held out", 2]]},
        "codes": {"read": 13, "kept": 4, "dropped": [*atoms, ["no code", 4], ["duplicate", 1]]},
        "semantic_types": {
            "read": 3,
            "kept": 1,
            "dropped": [["malformed", 0], ["unknown concept", 1], ["duplicate", 1]],
        },
        "definitions": {
            "read": 3,
            "kept": 1,
            "dropped": [
                ["malformed", 0],
                ["suppressed", 1],
                ["source", 0],
                ["unknown concept", 1],
                ["duplicate", 0],
            ],
        },
        "relations": {
            "read": 8,
            "kept": 3,
            "dropped": [
                ["malformed", 0],
                ["suppressed", 1],
                ["source", 0],
                ["relation", 0],
                ["unknown concept", 2],
                ["self-relation", 1],
                ["duplicate", 1],
            ],
        },
        "retired": {
            "read": 11,
            "kept": 1,
            "dropped": [
                ["malformed", 0],
                ["deleted", 1],
                ["broader", 1],
                ["narrower", 1],
                ["related otherwise", 1],
                ["another REL", 1],
                ["still a concept", 1],
                ["unknown successor", 1],
                ["duplicate", 1],
                ["several successors", 2],
            ],
        },
    }


def many_concepts(folder: Path, rows) -> Path:
    """300 concepts whose rows are spread over the file, so that partitions cut through them."""
    conso, rel = rows["conso"], rows["rel"]
    cui = [f"C{n:07d}" for n in range(300)]
    names = [
        conso(cui[n * 7 % 300], f"name {n} {k}", sab=f"S{k}", code=str(n), status=status)
        for k, status in enumerate(("P PF Y", "S PF Y", "S VO N", "S PF Y"))
        for n in range(300)
    ]
    names.append(conso(cui[0], "Name 0", lat="GER"))  # each language of the settings occurs
    edges = [rel(cui[n], "CHD", cui[n * 11 % 300], "isa", sab=f"S{n % 3}") for n in range(300)]
    kinds = {
        "MRCONSO": names,
        "MRREL": edges * 2,
        "MRSTY": [rows["sty"](c, f"T{n % 9:03d}", "x") for n, c in enumerate(cui)],
        "MRDEF": [rows["definition"](c, f"Text {n % 50}.") for n, c in enumerate(cui)],
    }
    folder.mkdir()
    for kind, lines in kinds.items():
        (folder / f"{kind}.RRF").write_text("".join(line + "\n" for line in lines))
    return folder


def test_the_bytes_do_not_depend_on_the_partitions(session, tmp_path, rows, monkeypatch):
    """Nor on how many rows are sorted at a time."""
    found = find_tables([many_concepts(tmp_path / "META", rows)])
    spark, key = session.spark, "spark.sql.files.maxPartitionBytes"
    before = spark.conf.get(key)
    content, parts = {}, {}
    try:
        whole = found["MRCONSO"][0].bytes
        for number, size in ((1, 10**6), (2, 100), (7, 7)):
            spark.conf.set(key, -(-whole // number))
            monkeypatch.setattr(runs, "RANGE", size)
            monkeypatch.setattr(runs, "STEP", min(size, 3))
            out = tmp_path / str(number)
            work = Workspace(spark, tmp_path / f"scratch{number}")
            counts = write_tables(found, SETTINGS, None, out, work)
            content[number] = (
                {name: (out / f"{name}.parquet").read_bytes() for name in OUTPUTS},
                counts.tables,
            )
            parts[number] = len(list(work.scratch.glob("staged/MRCONSO-0/part-*")))
    finally:
        spark.conf.set(key, before)
    assert parts == {1: 1, 2: 2, 7: 7}
    assert content[1] == content[2] == content[7]
    assert content[1][1]["heldout"]["kept"] > 100


def test_the_step_writes_these_tables_and_no_others(built):
    assert {path.stem for path in built[2].glob("*.parquet")} == set(OUTPUTS)
