"""Real annotations as a pre-tagged file: every one is placed, or counted."""

import csv
import json

import pytest

from bali.__main__ import main
from bali.gold.pubtator import read_pubtator
from bali.storage import from_columns, read_table, write_table
from bali.tables import TABLES
from paths import REPOSITORY


@pytest.fixture
def tables(shared, tmp_path):
    """Tables of the umls stage that know the CUIs of ../shared/data/maps, and no code."""
    cuis = set()
    for name in ("mesh", "omim"):
        with (shared / "maps" / f"{name}_to_cui.tsv").open() as stream:
            cuis |= {
                c for row in csv.DictReader(stream, delimiter="\t") for c in row["cuis"].split("|")
            }
    ordered = sorted(cuis)
    rows = {"concepts": {"cui": ordered, "name": ordered}}
    for name in ("concepts", "codes", "retired", "names", "semantic_types"):
        columns = rows.get(name) or {column: [] for column in TABLES[name].columns}
        write_table(name, from_columns(name, columns), tmp_path / f"{name}.parquet")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "mentions"),
    [("ncbi_disease/NCBIdevelopset_corpus.txt", 787), ("bc5cdr/dev_corpus.txt", 9591)],
)
def test_every_mention_of_a_corpus_is_placed_as_its_gold_is(shared, tables, name, mentions):
    words = ["--files", str(shared / name), "--format", "pubtator", "--max-decompressed-mb", "100"]
    for table in ("concepts", "codes", "retired", "names", "semantic_types"):
        words += [f"--{table.replace('_', '-')}", str(tables / f"{table}.parquet")]
    maps = [str(shared / "maps" / f"{prefix}_to_cui.tsv") for prefix in ("mesh", "omim")]
    words += ["--maps", *maps, "--out", str(tables / "out.parquet")]
    words += ["--vocabularies", str(REPOSITORY / "resources" / "vocabularies.tsv")]
    words += ["--semantic-groups", str(REPOSITORY / "resources" / "semantic_groups.tsv")]
    words += ["--counts", str(tables / "out.counts.json"), "--log", str(tables / "log")]
    assert main(["linking", "pretagged_index", *words]) == 0

    account = json.loads((tables / "out.counts.json").read_text())["tables"]["mentions"]
    dropped = dict(account["dropped"])
    assert account["read"] == mentions
    assert dropped["not in its file's text"] == 0
    assert {reason for reason, n in dropped.items() if n} <= {
        "no identifier", "no concept: mesh", "no concept: omim", "span read before"
    }  # fmt: skip
    gold = {
        (int(d.name), m.start, m.end): m.text
        for d in read_pubtator(shared / name).documents
        for m in d.mentions
    }
    rows = read_table("pretagged", tables / "out.parquet").to_pylist()
    assert len(rows) == account["kept"] > mentions / 3
    assert all(gold[r["pmid"], r["start"], r["end"]] == r["text"] for r in rows)
