"""The whole step on a corpus that a reader can follow."""

import pytest
from token_rows import COUGH, FEVER, FLU, HEART, NAMES, counts, rows

from bali.__main__ import main
from bali.storage import from_columns, map_ipc, read_table, write_table

SHARD_1 = {
    2: [
        (
            "Heart attack with coughs.",
            [
                ("coughs", COUGH, "candidate", 0.95, 0),
                ("Heart attack", HEART, "exact", 1.0, 0),
                ("Heart attack", FLU, "candidate", 0.91, 1),
            ],
        ),
        ("The flu.", [("flu", FLU, "abbreviation", 1.0, 0)]),
    ],
    5: [("Fever.", [("Fever", FEVER, "exact", 1.0, 0)])],
}
SHARD_2 = {
    1: [
        ("A flulike fever", [("flu", FLU, "exact", 1.0, 0), ("fever", FEVER, "exact", 0.5, 0)]),
        ("cough and x", [("x", "C0000009", "exact", 1.0, 0), ("cough", COUGH, "exact", 0.9, 0)]),
    ],
    7: [("nothing.", [])],
}


@pytest.fixture
def small(corpus):
    corpus.add_shard(SHARD_1, drop={5})
    corpus.add_shard(SHARD_2)
    corpus.write_graph(NAMES)
    return corpus


def test_rows_are_sorted_sentences_with_tokens_of_their_mentions(small, toy_lm, to_words):
    assert main(small.command(toy_lm)) == 0
    assert rows(small, "train", to_words) == [
        (1, 0, "[CLS] a flu ##like fever [SEP]", {0: ["flu"]}, [1]),
        (1, 1, "[CLS] cough and x [SEP]", {0: ["cough"]}, [2]),
        (
            2,
            0,
            "[CLS] heart attack with cough ##s . [SEP]",
            {0: ["heart", "attack"], 1: ["cough", "##s"]},
            [0, 2],
        ),
    ]
    assert rows(small, "validation", to_words) == []


def test_what_was_dropped_is_counted(small, toy_lm):
    main(small.command(toy_lm))
    tables = counts(small)["tables"]
    assert tables["sentences"] == {
        "read": 6,
        "kept": 3,
        "dropped": [
            ["document not kept", 1],
            ["no mention that trains", 2],
            ["over the cap", 0],
            ["not drawn", 0],
            ["sentence with a held-out name", 0],
            ["no token before the limit", 0],
        ],
    }
    assert tables["mentions"] == {
        "read": 9,
        "kept": 4,
        "dropped": [
            ["document not kept", 1],
            ["not the chosen candidate", 1],
            ["method", 1],
            ["score", 1],
            ["concept not in the graph", 1],
            ["over the cap", 0],
            ["not drawn", 0],
            ["sentence with a held-out name", 0],
            ["no token before the limit", 0],
        ],
    }
    assert tables["names"] == {"read": 5, "kept": 5, "dropped": [["concept not in the graph", 0]]}
    facts = counts(small)["facts"]
    assert (facts["train_documents"], facts["train_concepts"], facts["train_mentions"]) == (2, 3, 4)


def test_every_name_of_every_node_is_tokenised(small, toy_lm, to_words):
    main(small.command(toy_lm, "--name-tokens", "4"))
    names = map_ipc("node_names", small.folder / "out/node_names.arrow").to_pylist()
    assert [(row["node"], row["name"], " ".join(to_words(row["input_ids"]))) for row in names] == [
        (0, "attack of heart", "[CLS] attack of [SEP]"),
        (0, "heart attack", "[CLS] heart attack [SEP]"),
        (1, "flu", "[CLS] flu [SEP]"),
        (2, "cough", "[CLS] cough [SEP]"),
        (3, "a", "[CLS] a [SEP]"),
    ]
    assert counts(small)["facts"]["names_cut"] == 1


def test_a_graph_of_some_of_the_concepts_only_leaves_the_others_out_and_counts_them(
    small, toy_lm, to_words
):
    # as graph.mentioned_hops makes it: names of all concepts, nodes for HEART and COUGH
    nodes = read_table("nodes", small.folder / "nodes.parquet")
    names = [row for row in nodes.to_pylist() if row["cui"] in (HEART, COUGH)]
    few = {name: [row[name] for row in names] for name in nodes.column_names} | {"node": [0, 1]}
    write_table("nodes", from_columns("nodes", few), small.folder / "nodes.parquet")
    assert main(small.command(toy_lm)) == 0
    tables = counts(small)["tables"]
    assert tables["names"] == {"read": 5, "kept": 3, "dropped": [["concept not in the graph", 2]]}
    # the flu of "A flulike fever", and the concept that the names do not have either
    assert dict(tables["mentions"]["dropped"])["concept not in the graph"] == 2
    assert {row[0] for row in rows(small, "train", to_words)} == {1, 2}
    found = map_ipc("node_names", small.folder / "out/node_names.arrow").to_pylist()
    assert [(row["node"], row["name"]) for row in found] == [
        (0, "attack of heart"),
        (0, "heart attack"),
        (1, "cough"),
    ]


def test_mentions_behind_the_limit_are_removed_and_counted(corpus, toy_lm, to_words):
    def mention(text, cui):
        return (text, cui, "exact", 1.0, 0)

    corpus.add_shard(
        {
            1: [
                ("flu with heart attack", [mention("flu", FLU), mention("heart attack", HEART)]),
                ("the flu and a cough", [mention("flu", FLU), mention("cough", COUGH)]),
                ("a x y z cough", [mention("cough", COUGH)]),
                ("a b flu", [mention("flu", FLU)]),
            ]
        }
    )
    corpus.write_graph(NAMES)
    assert main(corpus.command(toy_lm, "--max-tokens", "5")) == 0
    assert rows(corpus, "train", to_words) == [
        (1, 0, "[CLS] flu with heart [SEP]", {0: ["flu"], 1: ["heart"]}, [1, 0]),
        (1, 1, "[CLS] the flu and [SEP]", {0: ["flu"]}, [1]),
        (1, 3, "[CLS] a [UNK] flu [SEP]", {0: ["flu"]}, [1]),
    ]
    tables, facts = counts(corpus)["tables"], counts(corpus)["facts"]
    assert tables["mentions"]["dropped"][-1] == ["no token before the limit", 2]
    assert tables["sentences"]["dropped"][-1] == ["no token before the limit", 1]
    assert facts["mentions_cut_in_part"] == 1


def test_a_document_that_ends_before_its_sentence_is_noticed(small, toy_lm, capsys):
    documents = small.folder / "0002/documents.parquet"
    rows_of = read_table("documents", documents).to_pydict()
    rows_of["abstract"][0] = "cough"
    write_table("documents", from_columns("documents", rows_of), documents)
    assert main(small.command(toy_lm)) == 2
    assert f"{documents}: a document between PMID 1 and 7" in error_line(capsys)


def test_sentences_out_of_order_are_noticed(small, toy_lm, capsys):
    sentences = small.folder / "0002/sentences.parquet"
    table = read_table("sentences", sentences)
    write_table("sentences", table.take([1, 0, 2]), sentences)
    assert main(small.command(toy_lm)) == 2
    assert f"{sentences}: row 2 does not sort behind" in error_line(capsys)


def test_nothing_stays_in_the_scratch_folder(small, toy_lm, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    assert main(small.command(toy_lm)) == 0
    assert main(small.command(toy_lm, "--min-score", "2")) == 2
    assert not list((tmp_path / "scratch").iterdir())


def test_order_of_the_mentions_changes_no_byte(small, toy_lm):
    main(small.command(toy_lm))
    first = (small.folder / "out/train.arrow").read_bytes()
    mentions = small.folder / "0001/mentions.parquet"
    rows = read_table("mentions", mentions)
    write_table("mentions", rows.take(list(range(rows.num_rows))[::-1]), mentions)
    main(small.command(toy_lm))
    assert (small.folder / "out/train.arrow").read_bytes() == first


def error_line(capsys):
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("bali: error: ")
    return line


def test_a_model_without_tokeniser_ends_in_one_line(small, tmp_path, capsys):
    lm = tmp_path / "bare"
    lm.mkdir()
    (lm / "config.json").write_text('{"model_type": "bert"}')
    capsys.readouterr()
    assert main(small.command(lm)) == 2
    line = error_line(capsys)
    assert str(lm) in line and "tokenizer.json" in line
    assert not (small.folder / "out").exists()


def test_files_of_different_shards_are_refused(small, toy_lm, capsys):
    command = small.command(toy_lm)
    at = command.index("--mentions")
    command[at + 1], command[at + 2] = command[at + 2], command[at + 1]
    assert main(command) == 2
    line = error_line(capsys)
    assert "0002/mentions.parquet" in line and "0001/sentences.parquet" in line and "PMID 1" in line


def test_documents_of_another_shard_are_refused(small, toy_lm, capsys):
    command = small.command(toy_lm)
    at = command.index("--documents")
    command[at + 1], command[at + 2] = command[at + 2], command[at + 1]
    assert main(command) == 2
    assert "0002/documents.parquet: holds no document 2" in error_line(capsys)
    assert not (small.folder / "out").exists()


def test_a_missing_file_of_a_shard_is_noticed(small, toy_lm, capsys):
    assert main(small.command(toy_lm, "--shards", "0001")) == 2
    assert "2 of mentions and 1 shards" in error_line(capsys)


def test_nothing_to_train_on_is_said(small, toy_lm, capsys):
    assert main(small.command(toy_lm, "--min-score", "2")) == 2
    line = error_line(capsys)
    assert "'score': 6" in line and "pairs.min_score" in line
    assert not (small.folder / "out").exists()


def test_a_node_without_name_is_noticed(small, toy_lm, capsys):
    nodes = small.folder / "nodes.parquet"
    with_five_nodes = nodes.with_name("five.parquet")
    small.write_graph({**NAMES, "C0000005": ["fever"]})
    nodes.rename(with_five_nodes)
    small.write_graph(NAMES)
    assert main(small.command(toy_lm, "--nodes", str(with_five_nodes))) == 2
    assert "names.parquet: node 4 of the graph has no name" in error_line(capsys)
    assert not (small.folder / "out/train.arrow").exists()
