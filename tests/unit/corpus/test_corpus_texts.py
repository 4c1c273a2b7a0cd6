"""Annotated corpora as text: what people annotated stays behind."""

import json
from pathlib import Path

import pytest

from bali.__main__ import main
from bali.storage import read_table

TITLE, ABSTRACT = "Skin tumour of the naïve.", "It grows.  Slowly, at 37 °C."
FIRST = f"""20|t|{TITLE}
20|a|{ABSTRACT}
20\t0\t11\tSkin tumour\tDiseaseClass\tD012878

7|t|A title alone.
7|a|

"""
SECOND = """20|t|Another text of this PMID.
20|a|It is not read.

x1|t|No PMID.
x1|a|Nothing.

20|t|Once more.
20|a|In this file.
"""
BIOC = """<collection><document><id>9</id>
<passage><offset>0</offset><text>Tumours.</text></passage>
<passage><offset>9</offset><text>They grow.</text></passage></document></collection>"""


def texts(folder: Path, layout: str, *files: str) -> tuple[list[dict], dict, int]:
    paths = [folder / f"{number}.txt" for number in range(len(files))]
    for path, text in zip(paths, files, strict=True):
        path.write_text(text)
    out = {name: folder / "out" / f"{name}.parquet" for name in ("documents", "deletions")}
    counts = folder / "out/documents.counts.json"
    flags = ["--files", *paths, "--layout", layout, "--out", out["documents"]]
    flags += ["--deletions", out["deletions"], "--counts", counts, "--log", folder / "log"]
    assert main(["corpus", "texts", *map(str, flags)]) == 0
    rows = read_table("documents", out["documents"]).to_pylist()
    return rows, json.loads(counts.read_text()), read_table("deletions", out["deletions"]).num_rows


def test_titles_and_abstracts_without_what_is_annotated(tmp_path: Path):
    rows, counts, deletions = texts(tmp_path, "pubtator", FIRST, SECOND)
    assert [(row["pmid"], row["version"], row["title"], row["abstract"]) for row in rows] == [
        (7, 1, "A title alone.", ""),
        (20, 1, TITLE, ABSTRACT),
    ]
    assert rows[0]["sections"] == []
    [section] = rows[1]["sections"]
    text = f"{TITLE} {ABSTRACT}"
    assert text[section["start"] : section["end"]] == ABSTRACT
    assert rows[1]["mesh"] == []
    assert "D012878" not in json.dumps(rows)
    assert rows[1]["source"] == "0.txt"
    account = counts["tables"]["documents"]
    dropped = [["not named by a PMID", 1], ["document stands twice", 2]]
    assert account == {"read": 5, "kept": 2, "dropped": dropped}
    assert deletions == 0


def test_sentences_of_such_a_shard(tmp_path: Path):
    texts(tmp_path, "pubtator", FIRST)
    out, counts = tmp_path / "sentences.parquet", tmp_path / "sentences.counts.json"
    flags = ["--documents", tmp_path / "out/documents.parquet", "--out", out, "--counts", counts]
    assert main(["corpus", "sentences", *map(str, flags), "--log", str(tmp_path / "log")]) == 0
    whole = f"{TITLE} {ABSTRACT}"
    rows = [row for row in read_table("sentences", out).to_pylist() if row["pmid"] == 20]
    found = [whole[row["start"] : row["end"]] for row in rows]
    assert found == [TITLE, "It grows.", "Slowly, at 37 °C."]


def test_bioc(tmp_path: Path):
    [row], _, _ = texts(tmp_path, "bioc", BIOC)
    assert (row["pmid"], row["title"], row["abstract"]) == (9, "Tumours.", "They grow.")


def test_a_file_of_another_layout_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "bad.txt"
    path.write_text("no corpus\n")
    flags = ["--files", path, "--layout", "bioc", "--out", tmp_path / "d", "--deletions"]
    flags += [tmp_path / "e", "--counts", tmp_path / "c", "--log", tmp_path / "log"]
    assert main(["corpus", "texts", *map(str, flags)]) == 2
    assert f"{path}: no XML" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()
