"""A sentence that writes a held-out name does not train, whatever else it mentions."""

import json

import pytest

from bali.__main__ import main
from bali.heldout import HeldoutText
from bali.storage import from_columns, map_ipc, write_table

FEVER, COUGH = "C0000001", "C0000002"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A heart-attack, then cough.", True),  # by the normal form
        ("HEART  ATTACK", True),
        ("Heart attacks and a heart, attackers", False),  # whole words only
        ("Fever of unknown origin", True),  # of two that begin alike, the longer one
        ("Fever of unknown cause", False),
        ("", False),
    ],
)
def test_names_are_found_as_whole_words(text, found):
    names = ["heart attack", "fever of unknown origin", "fever of lakes", "+"]
    assert HeldoutText(names).holds(text) is found


def test_the_sentence_is_left_out_and_counted(corpus, toy_lm):
    fever, cough = ("fever", FEVER, "exact", 1.0, 0), ("cough", COUGH, "exact", 1.0, 0)
    corpus.add_shard(
        {
            1: [("A fever with Heart-Attack and cough.", [fever, cough]), ("A cough.", [cough])],
            2: [("The fever.", [fever])],
        }
    )
    corpus.write_graph({FEVER: ["fever"], COUGH: ["cough"]})
    columns = {"cui": [COUGH], "name": ["heart attack"], "split": ["test"]}
    write_table("heldout", from_columns("heldout", columns), corpus.folder / "heldout.parquet")
    assert main(corpus.command(toy_lm, "--heldout", f"{corpus.folder}/heldout.parquet")) == 0
    rows = map_ipc("pairs", corpus.folder / "out/train.arrow").to_pylist()
    assert [(row["pmid"], row["sentence"]) for row in rows] == [(1, 1), (2, 0)]
    tables = json.loads((corpus.folder / "out/tokens.counts.json").read_text())["tables"]
    assert dict(tables["sentences"]["dropped"])["sentence with a held-out name"] == 1
    assert dict(tables["mentions"]["dropped"])["sentence with a held-out name"] == 2
    for table in tables.values():
        assert table["read"] == table["kept"] + sum(number for _, number in table["dropped"])
