"""Updates inside a shard, and every way in which a file can be bad."""

import gzip
import json
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
            ["not an article", 0],
            ["neither title nor abstract", 0],
            ["superseded in the shard", 2],
            ["deleted in the shard", 2],
        ],
    }


def test_records_without_text_and_books_are_counted(tmp_path, pubmed_file, documents_step, article):
    path = pubmed_file(
        "a", article(1, "was here"), article(1), article(2, "", "no title"), "<PubmedBookArticle/>"
    )
    assert documents_step(path) == 0
    assert [row[0] for row in rows(tmp_path / "out/documents.parquet")] == [2]
    # the empty record replaces others of its key, in earlier shards too
    assert keys(tmp_path / "out/deletions.parquet") == [(1, 1)]
    counts = json.loads((tmp_path / "out/documents.counts.json").read_text())
    assert counts["tables"]["documents"]["dropped"] == [
        ["not an article", 1],
        ["neither title nor abstract", 1],
        ["superseded in the shard", 1],
        ["deleted in the shard", 0],
    ]


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
