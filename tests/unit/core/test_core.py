"""Files, counts, hashing, names in normal form, and the command line's manners."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chisquare

from bali.__main__ import main
from bali.counts import Counts, read_counts
from bali.errors import InputError
from bali.files import atomic_folder, atomic_path, read_json
from bali.hashing import below, mix, uniform
from bali.text import normalise


def test_an_output_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "out" / "table.json"
    with pytest.raises(KeyError):
        with atomic_path(target) as part:
            part.write_text("half")
            raise KeyError
    assert list(target.parent.iterdir()) == []
    with atomic_path(target) as part:
        part.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"


def test_a_folder_replaces_the_folder_before_it(tmp_path: Path) -> None:
    target = tmp_path / "model"
    for name in ("old", "new"):
        with atomic_folder(target, "config.json") as part:
            (part / "config.json").touch()
            (part / name).touch()
    assert sorted(p.name for p in target.iterdir()) == ["config.json", "new"]


def test_what_a_killed_job_left_is_removed_first(tmp_path: Path) -> None:
    (tmp_path / ".part-model").mkdir()
    (tmp_path / ".part-model" / "stale").touch()
    with atomic_folder(tmp_path / "model", "config.json"):
        pass
    assert list((tmp_path / "model").iterdir()) == []


def test_a_folder_of_something_else_is_never_removed(tmp_path: Path) -> None:
    thesis = tmp_path / "home" / "thesis.tex"
    thesis.parent.mkdir()
    thesis.write_text("years of work")
    with pytest.raises(InputError, match="home: is a folder; name a file"):
        with atomic_path(thesis.parent):
            pytest.fail("the work began")
    with pytest.raises(InputError, match="so it is no folder that this step wrote"):
        with atomic_folder(thesis.parent, "config.json"):
            pytest.fail("the work began")
    with pytest.raises(InputError, match="is a file; name a folder"):
        with atomic_folder(thesis, "config.json"):
            pytest.fail("the work began")
    assert thesis.read_text() == "years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_counts_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    counts = Counts("umls.tables")
    with pytest.raises(ValueError, match="read 9, kept 6"):
        counts.add("names", read=9, kept=6, dropped={"language": 2})
    counts.add("names", read=9, kept=6, dropped={"language": 2, "duplicate": 1})
    counts.write(tmp_path / "c.json")
    assert read_counts(tmp_path / "c.json")["tables"]["names"]["dropped"] == [
        ["language", 2],
        ["duplicate", 1],
    ]


def test_broken_json_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("{")
    with pytest.raises(InputError, match=r"c\.json: no valid JSON"):
        read_json(tmp_path / "c.json")


def test_hashing_is_the_published_finaliser_on_the_same_numbers_everywhere() -> None:
    # SplitMix64 seeded with 0 gives this first number (Vigna's reference implementation)
    assert int(mix(0)) == 0xE220A8397B1DCDAF


def test_hashing_is_uniform_and_depends_on_every_key_and_their_order() -> None:
    draws = below(7, 29, np.arange(70_000))
    assert chisquare(np.bincount(draws, minlength=7)).pvalue > 1e-3
    assert int(mix(1, 2)) != int(mix(2, 1))
    assert np.array_equal(mix(5, np.arange(9))[3:6], mix(5, np.arange(3, 6)))
    assert 0 <= uniform(3, np.arange(1000)).min() and uniform(3, np.arange(1000)).max() < 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Down's  Syndrome", "down s syndrome"),
        ("CD4+ T-cell_count (low)", "cd4 t cell count low"),
        ("β-thalassaemia", "β thalassaemia"),
        ("NA", "na"),
        ('""', ""),
    ],
)
def test_normal_form(name: str, expected: str) -> None:
    assert normalise(name) == expected


def test_a_users_mistake_is_one_line_and_status_2(tmp_path: Path) -> None:
    missing = tmp_path / "documents.parquet"
    outputs = ["--out", str(tmp_path / "s.parquet"), "--counts", str(tmp_path / "c.json")]
    words = ["corpus", "sentences", "--documents", str(missing), *outputs]
    done = subprocess.run(
        [sys.executable, "-m", "bali", *words, "--log", str(tmp_path / "run.log")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    line = f"bali: error: {missing}: no such file;"
    assert done.stderr.startswith(line) and done.stderr.count("\n") == 1
    assert line in (tmp_path / "run.log").read_text()
    assert [p.name for p in tmp_path.iterdir()] == ["run.log"]


def test_a_mistake_of_ours_is_a_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bali.corpus.sentences.run", broken)
    words = ["corpus", "sentences", "--log", str(tmp_path / "log")]
    with pytest.raises(ZeroDivisionError):
        main([*words, "--documents", "d", "--out", "o", "--counts", "c"])


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "o: No space left on device; make room and run again"),
        (errno.EACCES, "o: Permission denied; change the permissions, or name another place"),
    ],
)
def test_a_full_disk_or_a_closed_one_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int, message: str
) -> None:
    def broken(*_: object) -> None:
        raise OSError(number, os.strerror(number), "o")

    monkeypatch.setattr("bali.corpus.sentences.run", broken)
    flags = ["--documents", "d", "--out", "o", "--counts", "c"]
    assert main(["corpus", "sentences", *flags]) == 2
    assert capsys.readouterr().err == f"bali: error: {message}\n"


def test_help_lists_the_stages_in_the_order_of_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    order = [text.index(f"\n    {stage} ") for stage in ("umls", "corpus", "linking", "report")]
    assert order == sorted(order)


def test_an_error_stays_on_one_line() -> None:
    assert str(InputError("a\nb\t c")) == "a b c"
