"""The peers make the same tables by different roads; what is measured is measured right."""

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from paths import REPOSITORY

BENCHMARKS = REPOSITORY / "benchmarks"
pytest.importorskip("duckdb")

ATOM = "{}|ENG|{}|L1|{}|S1|{}|A1||||{}|{}|{}|{}|0|{}||"
CONSO = [
    ATOM.format("C0000001", "P", "PF", "Y", "AAA", "PT", "1", "alpha", "N"),
    ATOM.format("C0000001", "S", "PF", "N", "BBB", "SY", "7", "beta", "N"),
    ATOM.format("C0000001", "S", "PF", "N", "AAA", "SY", "NOCODE", "beta", "N"),  # lower SAB
    ATOM.format("C0000002", "S", "PF", "Y", "BBB", "PT", "2", '"', "N"),
    ATOM.format("C0000002", "S", "PF", "Y", "AAA", "PT", "", "NA", "N"),  # the name of C0000002
    ATOM.format("C0000003", "P", "PF", "Y", "AAA", "PT", "3", "gone", "O"),
    ATOM.format("C0000003", "P", "PF", "Y", "AAA", "PT", "3", "fort", "N").replace("ENG", "FRE"),
    ATOM.format("C0000004", "P", "PF", "Y", "AAA", "PT", "4", "back\\", "N"),
]
EDGE = "{}|A1|AUI|{}|{}|A2|AUI|{}|R1||{}|{}||N|{}||"
REL = [
    EDGE.format("C0000001", "PAR", "C0000002", "inverse_isa", "BBB", "BBB", "N"),
    EDGE.format("C0000001", "PAR", "C0000002", "inverse_isa", "AAA", "AAA", "N"),
    EDGE.format("C0000002", "CHD", "C0000001", "", "AAA", "AAA", "N"),
    EDGE.format("C0000002", "CHD", "C0000001", "isa", "AAA", "AAA", "O"),
    EDGE.format("C0000001", "RO", "C0000003", "", "AAA", "AAA", "N"),
    EDGE.format("C0000004", "RO", "C0000004", "", "AAA", "AAA", "N"),
]
OTHERS = {
    "MRSTY": ["C0000001|T047||Disease|AT1||"] * 2 + ["C0000003|T047||Disease|AT1||"],
    "MRDEF": ["C0000001|A1|AT1||AAA|a null|N||", "C0000002|A1|AT1||AAA|old|O||"],
    "MRCUI": [
        "C0000009|2020AA|SY|||C0000001|Y|",
        "C0000008|2020AA|SY|||C0000001|Y|",
        "C0000008|2020AA|SY|||C0000002|Y|",  # two successors
        "C0000007|2020AA|RO|||C0000001|Y|",
        "C0000006|2020AA|SY|||C0000003|Y|",  # no concept any more
    ],
}
EXPECTED = {
    "concepts": [("C0000001", "alpha"), ("C0000002", "NA"), ("C0000004", "back\\")],
    "names": [
        ("C0000001", "alpha", "AAA", "PT", True),
        ("C0000001", "beta", "AAA", "SY", False),
        ("C0000002", '"', "BBB", "PT", False),
        ("C0000002", "NA", "AAA", "PT", False),
        ("C0000004", "back\\", "AAA", "PT", True),
    ],
    "codes": [
        ("C0000001", "AAA", "1"), ("C0000001", "BBB", "7"), ("C0000002", "BBB", "2"),
        ("C0000004", "AAA", "4"),
    ],
    "semantic_types": [("C0000001", "T047", "Disease")],
    "definitions": [("C0000001", "AAA", "a null")],
    "relations": [
        ("C0000001", "C0000002", "CHD", "", "AAA"),
        ("C0000002", "C0000001", "PAR", "inverse_isa", "AAA"),
    ],
    "retired": [("C0000009", "C0000001")],
}  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [["umls_duckdb.py"], ["umls_pandas.py"], ["umls_pandas.py", "--loop", "itertuples"]],
    ids=" ".join,
)
def test_a_peer_makes_the_tables_worked_out_by_hand(command, tmp_path):
    for table, rows in {"MRCONSO": CONSO, "MRREL": REL, **OTHERS}.items():
        (tmp_path / f"{table}.RRF").write_text("".join(f"{row}\n" for row in rows))
    out = tmp_path / "out"
    script, *flags = command
    subprocess.run(
        [sys.executable, BENCHMARKS / script, "--meta", tmp_path, "--out-dir", out, *flags],
        check=True,
    )
    found = {
        path.stem: [tuple(row.values()) for row in pq.read_table(path).to_pylist()]
        for path in out.glob("*.parquet")
    }
    assert found == EXPECTED


@pytest.fixture
def measure(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    from measure import measure

    return measure


CHILD = """
import subprocess, sys, time
if sys.argv[1] == "parent":
    block = b"x" * 50_000_000
    sys.exit(subprocess.call([sys.executable, __file__, "child"]))
block = b"x" * 100_000_000
open(sys.argv[0] + ".staged", "wb").write(block[:30_000_000])
end = time.process_time() + 0.5
while time.process_time() < end: pass
time.sleep(2.5)
print("done")
"""


def test_all_processes_are_measured_together(measure, tmp_path):
    script = tmp_path / "work" / "script.py"
    script.parent.mkdir()
    script.write_text(CHILD)
    run = measure([sys.executable, script, "parent"], tmp_path / "log", watch=script.parent)
    assert run.output == "done\n"
    assert run.seconds > 2.5
    assert run.cpu >= 0.5
    assert 150 < run.peak_mb < 400
    assert 28 < run.disk_mb < 40


def test_a_failed_command_ends_the_benchmark_with_its_log(measure, tmp_path: Path):
    command = [sys.executable, "-c", "import sys; sys.exit('what went wrong')"]
    with pytest.raises(SystemExit, match="exit status 1\nwhat went wrong"):
        measure(command, tmp_path / "log")
