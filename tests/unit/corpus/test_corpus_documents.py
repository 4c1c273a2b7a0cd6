"""Updates inside a shard, and every way in which a file can be bad."""

import gzip
import json
import random
from pathlib import Path

import pytest

from bali.storage import read_table


def rows(path: Path) -> list[tuple[int, int, str, str]]:
    table = read_table("documents", path)
    columns = (table[c].to_pylist() for c in ("pmid", "version", "title", "source"))
    return list(zip(*columns, strict=True))


def keys(path: Path) -> list[tuple[int, int]]:
    table = read_table("deletions", path)
    return list(zip(table["pmid"].to_pylist(), table["version"].to_pylist(), strict=True))


def test_later_files_win_and_deletions_remove(
    tmp_path, pubmed_file, documents_step, article, deletion
):
    first = pubmed_file(
        "a",
        article(9, "nine"),
        article(1, "old"),
        article(2, "deleted later"),
        article(3, "deleted and back"),
        article(1, "a second version", version=2),
    )
    second = pubmed_file(
        "b",
        article(1, "twice in b"),
        article(1, "new"),
        deletion((2, 1), (3, 1), (77, 1)),
    )
    third = pubmed_file("c", article(3, "is back"))
    assert documents_step(first, second, third) == 0
    assert rows(tmp_path / "out/documents.parquet") == [
        (1, 1, "new", "b.xml.gz"),
        (1, 2, "a second version", "a.xml.gz"),
        (3, 1, "is back", "c.xml.gz"),
        (9, 1, "nine", "a.xml.gz"),
    ]
    # (3, 1) was added again: earlier shards' records of it are superseded anyhow
    assert keys(tmp_path / "out/deletions.parquet") == [(2, 1), (77, 1)]
    counts = json.loads((tmp_path / "out/documents.counts.json").read_text())
    assert counts["tables"]["documents"] == {
        "read": 8,
        "kept": 4,
        "dropped": [
            ["in a file set aside, before its damage", 0],
            ["superseded in the shard", 2],
            ["deleted in the shard", 2],
        ],
    }


def test_a_record_without_text_replaces_too(tmp_path, pubmed_file, documents_step, article):
    path = pubmed_file("a", article(1, "was here"), article(1), article(2, "", "no title"))
    assert documents_step(path) == 0
    # corpus/resolve.py drops it, so that no older version stands in for it
    assert [row[:3] for row in rows(tmp_path / "out/documents.parquet")] == [(1, 1, ""), (2, 1, "")]
    assert keys(tmp_path / "out/deletions.parquet") == []


@pytest.mark.parametrize("order", ["aa", "abab", "abcabc", "abccba"])
def test_replayed_files_give_the_same_table(
    tmp_path, pubmed_file, documents_step, article, deletion, order
):
    """The last event of each key decides, however often it came before."""
    files = {
        "a": pubmed_file("a", article(1, "one"), article(2, "two"), article(3, "three")),
        "b": pubmed_file("b", article(1, "one, revised"), deletion((2, 1), (3, 1))),
        "c": pubmed_file("c", article(3, "three is back"), article(4, "four")),
    }
    once = "".join(sorted(set(order))) if order != "abccba" else "cba"
    assert documents_step(*(files[name] for name in order)) == 0
    assert documents_step(*(files[name] for name in once), folder="once") == 0
    for table in ("documents", "deletions"):
        name = f"{table}.parquet"
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "once" / name).read_bytes()


def test_more_records_than_a_batch_come_out_in_order(
    tmp_path, pubmed_file, documents_step, article, monkeypatch
):
    monkeypatch.setattr("bali.corpus.spill.BATCH", 7)
    pmids = random.Random(29).sample(range(1000), 150)
    files = [
        pubmed_file(f"f{part}", *(article(n, f"title {n}, {part}") for n in pmids[part::2]))
        for part in (0, 1)
    ]
    files.append(pubmed_file("f2", *(article(n, f"title {n}, new") for n in pmids[:20])))
    assert documents_step(*files) == 0
    expected = [
        (n, f"title {n}, {'new' if n in pmids[:20] else pmids.index(n) % 2}") for n in sorted(pmids)
    ]
    found = rows(tmp_path / "out/documents.parquet")
    assert [(row[0], row[2]) for row in found] == expected
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "deletions.parquet", "documents.counts.json", "documents.parquet"
    ]  # fmt: skip


def test_reading_the_same_files_twice_gives_the_same_bytes(
    tmp_path, pubmed_file, documents_step, article, deletion
):
    files = [
        pubmed_file("a", *(article(n, f"title {n}") for n in range(50, 0, -1))),
        pubmed_file("b", article(7, "new"), deletion((8, 1))),
    ]
    assert documents_step(*files) == 0
    once = (tmp_path / "out/documents.parquet").read_bytes()
    assert documents_step(*files) == 0
    assert (tmp_path / "out/documents.parquet").read_bytes() == once


def test_the_sidecar_of_md5sum_is_understood(tmp_path, pubmed_file, documents_step, article):
    path = pubmed_file("a", article(1, "x"))
    sidecar = Path(f"{path}.md5")
    digest = sidecar.read_text().split("= ")[1].strip()
    sidecar.write_text(f"{digest.upper()}  {path.name}\n")
    assert documents_step(path) == 0


def expect_error(capsys, tmp_path, code: int, *parts: str) -> None:
    """One line that holds all parts, exit code 2, and no output, not even a temporary one."""
    message = capsys.readouterr().err.strip()
    assert code == 2
    assert message.startswith("bali: error: ")
    assert "\n" not in message
    for part in parts:
        assert part in message
    out = tmp_path / "out"
    assert not out.exists() or not list(out.iterdir())


def test_a_missing_file_is_named(tmp_path, capsys, pubmed_file, documents_step, article):
    path = pubmed_file("a", article(1, "x"))
    absent = tmp_path / "b.xml.gz"
    code = documents_step(path, absent)
    expect_error(capsys, tmp_path, code, str(absent), "no such file", "corpus.folder")


def test_a_missing_sidecar_is_named(tmp_path, capsys, pubmed_file, documents_step, article):
    path = pubmed_file("a", article(1, "x"))
    Path(f"{path}.md5").unlink()
    expect_error(capsys, tmp_path, documents_step(path), f"{path}.md5: no such file")


def test_a_sidecar_without_md5_is_named(tmp_path, capsys, pubmed_file, documents_step, article):
    path = pubmed_file("a", article(1, "x"))
    Path(f"{path}.md5").write_text("<html>not found</html>")
    expect_error(capsys, tmp_path, documents_step(path), f"{path}.md5", "holds no MD5")


def test_a_wrong_md5_shows_both_values(tmp_path, capsys, pubmed_file, documents_step, article):
    path = pubmed_file("a", article(1, "x"))
    found = Path(f"{path}.md5").read_text().split("= ")[1].strip()
    Path(f"{path}.md5").write_text(f"MD5({path.name})= {'0' * 32}\n")
    code = documents_step(path)
    expect_error(capsys, tmp_path, code, f"{path}: its MD5 is {found}", "0" * 32, "fetch both")


@pytest.mark.parametrize("keep", [0.5, 0.99])
def test_a_truncated_gz_is_named(
    tmp_path, capsys, pubmed_file, documents_step, article, renew_md5, keep
):
    path = pubmed_file("a", *(article(n, f"title {n}") for n in range(1000)))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    renew_md5(path)
    code = documents_step(path)
    expect_error(capsys, tmp_path, code, f"{path}: the gzip file ends too early", "fetch it again")


def test_a_damaged_gz_is_named(tmp_path, capsys, pubmed_file, documents_step, article, renew_md5):
    path = pubmed_file("a", *(article(n, f"title {n}") for n in range(1000)))
    data = bytearray(path.read_bytes())
    data[-8:-4] = b"\0\0\0\0"  # the checksum of the content
    path.write_bytes(data)
    renew_md5(path)
    code = documents_step(path)
    expect_error(capsys, tmp_path, code, f"{path}: no sound gzip file", "fetch it again")


def test_a_file_that_is_no_gz_is_named(tmp_path, capsys, documents_step, renew_md5):
    path = tmp_path / "plain.xml.gz"
    path.write_text("<PubmedArticleSet/>")
    renew_md5(path)
    expect_error(capsys, tmp_path, documents_step(path), f"{path}: no sound gzip file")


@pytest.mark.parametrize("text", ["", "<PubmedArticleSet><PubmedArticle></PubmedArticleSet>"])
def test_broken_xml_is_named(tmp_path, capsys, documents_step, renew_md5, text):
    path = tmp_path / "broken.xml.gz"
    path.write_bytes(gzip.compress(text.encode()))
    renew_md5(path)
    code = documents_step(path)
    expect_error(capsys, tmp_path, code, f"{path}: broken XML", "fetch it again")


def test_a_file_that_unpacks_to_more_than_the_cap_is_refused(
    tmp_path, capsys, pubmed_file, documents_step, article
):
    path = pubmed_file("bomb", article(1, "x", " " * 1_000_001))
    code = documents_step(path, cap=1)
    expect_error(
        capsys, tmp_path, code, f"{path}: unpacks to more than 1 MB", "max_decompressed_mb"
    )
    assert documents_step(path, cap=2) == 0


def test_an_error_in_the_second_file_leaves_an_earlier_output_as_it_was(
    tmp_path, pubmed_file, documents_step, article, renew_md5
):
    good = pubmed_file("a", article(1, "x"))
    assert documents_step(good) == 0
    before = (tmp_path / "out/documents.parquet").read_bytes()
    bad = tmp_path / "b.xml.gz"
    bad.write_bytes(b"nothing")
    renew_md5(bad)
    assert documents_step(good, bad) == 2
    assert (tmp_path / "out/documents.parquet").read_bytes() == before


def test_a_broken_file_is_set_aside_as_a_whole(
    tmp_path, pubmed_file, documents_step, article, deletion, renew_md5
):
    good = pubmed_file("a", article(1, "one"), article(2, "two"))
    cut = pubmed_file("b", article(1, "half read"), *map(article, range(9000)), deletion((2, 1)))
    cut.write_bytes(cut.read_bytes()[:-50])
    renew_md5(cut)
    stale = pubmed_file("c", article(2, "another MD5"))
    Path(f"{stale}.md5").write_text("0" * 32)
    last = pubmed_file("d", article(3, "three"))
    assert documents_step(good, cut, stale, last) == 2
    assert documents_step(good, cut, stale, last, set_aside=True) == 0
    found = rows(tmp_path / "out/documents.parquet")
    assert [row[::2] for row in found] == [(1, "one"), (2, "two"), (3, "three")]
    assert keys(tmp_path / "out/deletions.parquet") == []
    counts = json.loads((tmp_path / "out/documents.counts.json").read_text())
    assert counts["facts"]["set_aside"] == ["b.xml.gz: damaged gzip", "c.xml.gz: another MD5"]
    files, documents = counts["tables"]["files"], counts["tables"]["documents"]
    assert (files["read"], files["kept"]) == (4, 2)
    assert {reason: n for reason, n in files["dropped"] if n} == {
        "damaged gzip": 1,
        "another MD5": 1,
    }
    reason, lost = documents["dropped"][0]
    assert reason.startswith("in a file set aside") and lost > 1000
    assert (documents["read"], documents["kept"]) == (3 + lost, 3)
    log = (tmp_path / "step.log").read_text()
    assert f"set aside: {cut}: the gzip file ends too early" in log


def test_a_missing_file_is_never_set_aside(tmp_path, capsys, documents_step):
    code = documents_step(tmp_path / "absent.xml.gz", set_aside=True)
    expect_error(capsys, tmp_path, code, "no such file")


def test_all_files_set_aside_leaves_empty_tables(tmp_path, documents_step, renew_md5):
    path = tmp_path / "a.xml.gz"
    path.write_bytes(b"nothing")
    renew_md5(path)
    assert documents_step(path, set_aside=True) == 0
    assert rows(tmp_path / "out/documents.parquet") == []
