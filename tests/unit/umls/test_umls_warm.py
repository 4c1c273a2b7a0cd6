"""`bali umls warm`: the archive of classes is made, is used, and, broken, does no harm."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bali.umls import class_cache
from bali.umls.jvm import find_java
from bali.umls.rejects import why_malformed
from bali.umls.release import find_tables, read_rows
from bali.umls.warm import ROWS, write_rows

pytestmark = pytest.mark.xdist_group("spark")

# a session of its own; the archive is used if the JVM has it mapped into its memory
SESSION = """
import sys
from pathlib import Path
from bali.umls.spark import open_workspace
with open_workspace(threads=1, memory_mb=1024, input_bytes=0) as work:
    jvm = work.spark._jvm.java.lang.ProcessHandle.current().pid()
    print("shared" if sys.argv[1] in Path(f"/proc/{jvm}/maps").read_text() else "not shared")
    print(work.spark.range(7).count())
"""


def run_python(*words: str, cache: Path) -> str:
    answer = subprocess.run(
        [sys.executable, *words],
        env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_the_invented_rows_are_sound(tmp_path):
    write_rows(tmp_path / "META")
    for name, (table,) in find_tables([tmp_path / "META"]).items():
        found = [row for _, _, row in read_rows(table.files)]
        assert len(found) == len(ROWS[name])
        assert [why_malformed(row, table) for row in found] == [None] * len(found)


def test_without_an_archive_the_jvm_gets_no_option(tmp_path):
    assert class_cache.sharing(find_java(os.environ), {"XDG_CACHE_HOME": str(tmp_path)}) == []


def test_each_java_has_an_archive_of_its_own(tmp_path):
    environ = {"HOME": str(tmp_path)}
    one, other = (class_cache.cache_file(tmp_path / j, environ, ".jsa") for j in ("a", "b"))
    assert one.parent == other.parent == tmp_path / ".cache" / "bali" and one != other


def test_the_archive_is_made_and_used(tmp_path):
    run_python("-m", "bali", "umls", "warm", cache=tmp_path)
    (archive,) = (tmp_path / "bali").iterdir()
    assert archive.stat().st_size > 10**7
    assert run_python("-c", SESSION, str(archive), cache=tmp_path).split("\n")[:2] == [
        "shared",
        "7",
    ]


def test_a_broken_archive_is_passed_over(tmp_path):
    java = find_java(os.environ)
    archive = class_cache.cache_file(java, {"XDG_CACHE_HOME": str(tmp_path)}, ".jsa")
    archive.parent.mkdir()
    archive.write_bytes(b"no archive at all" * 1000)
    found = run_python("-c", SESSION, str(archive), cache=tmp_path).split("\n")[:2]
    assert found == ["not shared", "7"]
