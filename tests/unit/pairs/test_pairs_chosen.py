"""Which sentences the step keeps: the split, the cap and the sample, whatever the shards."""

import pyarrow as pa
import pytest
from token_rows import COUGH, FEVER, FLU, HEART, NAMES, counts, rows

from bali.__main__ import main
from bali.storage import from_columns, read_table, write_table
from bali.tables import TABLES


@pytest.fixture
def many(corpus):
    """60 documents in three shards, two sentences of the flu each, every tenth with a fever."""
    for shard in range(3):
        corpus.add_shard(
            {
                pmid: [
                    ("the flu.", [("flu", FLU, "exact", 1.0, 0)]),
                    ("flu and fever.", [("flu", FLU, "exact", 1.0, 0)])
                    if pmid % 10
                    else ("flu and fever.", [("fever", FEVER, "exact", 1.0, 0)]),
                ]
                for pmid in range(1 + shard, 61, 3)
            }
        )
    corpus.write_graph(NAMES)
    return corpus


def test_no_document_is_on_both_sides(many, toy_lm, to_words):
    # defect 8
    main(many.command(toy_lm, "--validation-share", "0.3", "--max-per-concept", "1000"))
    train, validation = (
        {row[0] for row in rows(many, split, to_words)} for split in ("train", "validation")
    )
    assert train | validation == set(range(1, 61))
    assert not train & validation
    assert 8 <= len(validation) <= 28  # 18 expected, standard deviation 3.5


def test_the_cap_holds_for_training_and_not_for_validation(many, toy_lm, to_words):
    main(many.command(toy_lm, "--validation-share", "0.3", "--max-per-concept", "5"))
    train, validation = (rows(many, split, to_words) for split in ("train", "validation"))
    assert sum(1 in row[-1] for row in train) == 5
    assert 1 <= sum(3 in row[-1] for row in train) <= 5
    documents = len({row[0] for row in validation})
    assert len(validation) == 2 * documents > 5
    dropped = dict(counts(many)["tables"]["sentences"]["dropped"])
    assert dropped["over the cap"] == 120 - len(train) - len(validation) > 0


def test_mentions_over_the_cap_are_dropped_if_asked_and_counted(corpus, toy_lm, to_words):
    # 20 sentences of the flu, of which each of two others is in every tenth
    names = {0: ("heart attack", HEART), 10: ("cough", COUGH)}
    documents = {}
    for pmid in range(1, 21):
        text, cui = names.get(pmid % 20, ("x", FLU))
        mentions = [("flu", FLU, "exact", 1.0, 0)]
        mentions += [(text, cui, "exact", 1.0, 0)] if cui != FLU else []
        documents[pmid] = [(f"The flu and {text}.", mentions)]
    corpus.add_shard(documents)
    corpus.write_graph(NAMES)
    found = {}
    for over in ("keep", "drop"):
        flags = ("--max-per-concept", "1", "--over-cap", over)
        assert main(corpus.command(toy_lm, *flags)) == 0
        found[over] = rows(corpus, "train", to_words)
        mentions = counts(corpus)["tables"]["mentions"]
        assert mentions["kept"] == sum(len(row[3]) for row in found[over])
        assert dict(mentions["dropped"])["over the cap"] == 22 - mentions["kept"]
    # the sentences are those that the flu, the heart attack and the cough have the first of
    assert [row[:3] for row in found["drop"]] == [row[:3] for row in found["keep"]]
    assert 2 <= len(found["drop"]) <= 3
    of_flu = {over: sum(1 in row[-1] for row in found[over]) for over in found}
    assert of_flu == {"keep": len(found["keep"]), "drop": 1}
    assert counts(corpus)["facts"]["train_sentences_per_concept_max"] == 1


def test_order_of_the_shards_and_size_of_the_batches_change_no_byte(many, toy_lm, monkeypatch):
    flags = ("--validation-share", "0.3", "--max-per-concept", "7")
    main(many.command(toy_lm, *flags))
    files = ("train.arrow", "validation.arrow", "node_names.arrow", "tokens.counts.json")
    first = [(many.folder / "out" / name).read_bytes() for name in files]
    monkeypatch.setattr("bali.pairs.build.BATCH", 3)
    many.shards.reverse()
    main(many.command(toy_lm, *flags))
    assert [(many.folder / "out" / name).read_bytes() for name in files] == first


def test_one_shard_or_three_give_the_same_bytes(many, toy_lm, tmp_path, monkeypatch):
    flags = ("--validation-share", "0.3", "--max-per-concept", "30", "--max-sentences", "40")
    assert main(many.command(toy_lm, *flags)) == 0
    files = ("train.arrow", "validation.arrow", "node_names.arrow", "tokens.counts.json")
    first = [(many.folder / "out" / name).read_bytes() for name in files]
    for table in ("documents", "sentences", "mentions"):
        parts = [read_table(table, many.folder / s / f"{table}.parquet") for s in many.shards]
        keys = [key for key in TABLES[table].sort if key in parts[0].column_names]
        rows = pa.concat_tables(parts).sort_by([(key, "ascending") for key in keys])
        write_table(table, rows, many.folder / f"9999/{table}.parquet")
    kept = read_table("kept", many.folder / "kept.parquet").to_pydict()
    kept["shard"] = ["9999"] * len(kept["shard"])
    write_table("kept", from_columns("kept", kept), many.folder / "kept.parquet")
    many.shards[:] = ["9999"]
    # what is put in order and cut at once is bounded; where the bounds fall changes nothing
    monkeypatch.setattr("bali.pairs.staging.MERGED", 7)
    monkeypatch.setattr("bali.pairs.build.DOCUMENTS", 4)
    monkeypatch.setattr("bali.pairs.cap._SETTLE", 3)
    assert main(many.command(toy_lm, *flags)) == 0
    assert [(many.folder / "out" / name).read_bytes() for name in files] == first


def test_no_cap_is_one_that_nothing_reaches(many, toy_lm):
    flags = ("--validation-share", "0.3", "--max-sentences", "40")
    train = many.folder / "out/train.arrow"
    assert main(many.command(toy_lm, *flags)) == 0
    without = train.read_bytes()
    assert main(many.command(toy_lm, *flags, "--max-per-concept", "1000")) == 0
    assert train.read_bytes() == without


def test_so_many_sentences_are_drawn_and_the_others_counted(many, toy_lm, to_words):
    def sentences(*flags):
        flags = ("--validation-share", "0.3", "--max-per-concept", "1000", *flags)
        assert main(many.command(toy_lm, *flags)) == 0
        return [{row[:2] for row in rows(many, s, to_words)} for s in ("train", "validation")]

    every = sentences()
    some = sentences("--max-sentences", "20")
    assert [len(side) for side in some] == [20, 6]  # validation: its share of as many
    assert some[0] < every[0] and some[1] < every[1]
    dropped = dict(counts(many)["tables"]["sentences"]["dropped"])
    assert dropped["not drawn"] == 120 - 26
    more = sentences("--max-sentences", "30")
    assert some[0] < more[0]  # a larger sample holds the smaller one
    assert sentences("--max-sentences", "20", "--seed", "30")[0] != some[0]
    assert sentences("--max-sentences", "1000") == every


def test_the_sample_is_drawn_of_what_the_cap_leaves(many, toy_lm, to_words):
    # 12 sentences of the fever at most, and 5 of the flu
    flags = ("--max-per-concept", "5", "--max-sentences", "8")
    assert main(many.command(toy_lm, *flags)) == 0
    assert len(rows(many, "train", to_words)) == 8
    dropped = dict(counts(many)["tables"]["sentences"]["dropped"])
    assert dropped["over the cap"] == 120 - 10 and dropped["not drawn"] == 2
    assert counts(many)["facts"]["train_sentences_per_concept_max"] <= 5
