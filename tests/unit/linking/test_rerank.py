"""Candidates in the order of a model, against vectors made the plain way, one text at a time."""

import json

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from bali.__main__ import main
from bali.model.encoder import TextEncoder
from bali.model.mention_encoder import Sentences, encode_mentions
from bali.storage import from_columns, read_table, write_table
from support import write_random_bert

NAMES = {
    "C0000001": ["cold", "common cold"],
    "C0000002": ["chill", "cold temperature"],
    "C0000003": ["chronic obstructive lung disease"],
    "C0000004": ["rash"],
}
DOCUMENTS = [
    ("A cold winter", "The cold was bad. A rash came with a cold and chill."),
    ("No mention here", ""),
    ("", "\U0001d6fd cold; " + "very " * 60 + "cold."),
]


@pytest.fixture(scope="module")
def lm(tmp_path_factory):
    texts = [name for names in NAMES.values() for name in names]
    texts += [part for document in DOCUMENTS for part in document]
    return write_random_bert(tmp_path_factory.mktemp("lm"), texts)


def rows_of(candidates: list[str]) -> list[dict]:
    """Every "cold" with some candidates, "rash" and "chill" with one."""
    rows = []
    for pmid, (title, abstract) in enumerate(DOCUMENTS, 1):
        text = f"{title} {abstract}"
        for word, cuis in (("cold", candidates), ("rash", ["C0000004"]), ("chill", ["C0000002"])):
            at = text.find(word)
            while at >= 0:
                rows += [(pmid, at, word, rank, cui) for rank, cui in enumerate(cuis)]
                at = text.find(word, at + 1)
    return sorted(rows)


@pytest.fixture
def rerank(tmp_path, lm, write_shard):
    """Re-rank these mentions; exit status, rows before, rows after, facts."""

    def run(candidates=("C0000003", "C0000002", "C0000001"), max_tokens=32, batch=3, **flags):
        write_shard(DOCUMENTS)
        sentences = read_table("sentences", tmp_path / "sentences.parquet").to_pylist()
        rows = []
        for pmid, start, word, rank, cui in rows_of(list(candidates)):
            [sentence] = [
                s["sentence"]
                for s in sentences
                if s["pmid"] == pmid and s["start"] <= start < s["end"]
            ]
            place = (pmid, 1, sentence, start, start + len(word), word)
            rows.append((*place, cui, 0.5 + rank / 8, rank, "exact"))
        keys = "pmid version sentence start end text cui score rank method".split()
        columns = {key: [row[i] for row in rows] for i, key in enumerate(keys)}
        write_table("mentions", from_columns("mentions", columns), tmp_path / "mentions.parquet")
        pairs = [(cui, name) for cui, names in NAMES.items() for name in names]
        names = {"cui": [cui for cui, _ in pairs], "name": [name for _, name in pairs]}
        n = len(pairs)
        names |= {"sab": ["T"] * n, "tty": ["PT"] * n, "preferred": [True] * n}
        write_table("names", from_columns("names", names), tmp_path / "names.parquet")
        flags = {
            "mentions": tmp_path / "mentions.parquet", "documents": tmp_path / "documents.parquet",
            "sentences": tmp_path / "sentences.parquet", "names": tmp_path / "names.parquet",
            "model": lm, "name-pooling": "mean", "mention-pooling": "mean",
            "max-tokens": max_tokens, "name-tokens": 16, "batch-size": batch,
            "out": tmp_path / "out.parquet", "counts": tmp_path / "out.counts.json",
            "log": tmp_path / "log",
        } | {key.replace("_", "-"): value for key, value in flags.items()}  # fmt: skip
        words = [word for key, value in flags.items() for word in (f"--{key}", str(value))]
        code = main(["linking", "rerank", *words])
        if code:
            return code
        before = read_table("mentions", tmp_path / "mentions.parquet").to_pylist()
        after = read_table("mentions", tmp_path / "out.parquet").to_pylist()
        return before, after, json.loads((tmp_path / "out.counts.json").read_text())["facts"]

    return run


def plain_vector(lm, text, start=None, end=None, max_tokens=32, pooling="mean"):
    """Mean of a text's token vectors, or of those of a span; None behind the limit."""
    tokenizer = AutoTokenizer.from_pretrained(lm)
    tokens = tokenizer(
        text, truncation=True, max_length=max_tokens, return_tensors="pt",
        return_offsets_mapping=True,
    )  # fmt: skip
    spans = tokens.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        hidden = AutoModel.from_pretrained(lm)(**tokens).last_hidden_state[0]
    if start is None:
        return hidden.mean(0)
    inside = [n for n, (a, b) in enumerate(spans) if a < end and b > start and a < b]
    if not inside:
        return None
    return {"mean": hidden[inside].mean(0), "first": hidden[inside[0]], "cls": hidden[0]}[pooling]


def expected_order(lm, sentence, start, end, candidates, **how):
    mention = plain_vector(lm, sentence, start, end, **how)
    if mention is None:
        return list(candidates)

    def score(cui):
        return max(
            torch.cosine_similarity(mention, plain_vector(lm, name), dim=0) for name in NAMES[cui]
        )

    return sorted(candidates, key=score, reverse=True)


@pytest.mark.parametrize("pooling", ["mean", "first", "cls"])
def test_candidates_are_in_the_order_of_their_nearest_name(rerank, lm, pooling):
    candidates = ("C0000003", "C0000002", "C0000001")
    _, after, facts = rerank(candidates, mention_pooling=pooling)
    texts = [f"{title} {abstract}" for title, abstract in DOCUMENTS]
    bounds = [[(0, 13), (14, 31), (32, 66)], [], [(1, len(texts[2]))]]
    changed = lost = total = 0
    for row in [r for r in after if r["rank"] == 0 and r["text"] == "cold"]:
        begin, stop = bounds[row["pmid"] - 1][row["sentence"]]
        sentence = texts[row["pmid"] - 1][begin:stop]
        span = row["start"] - begin, row["end"] - begin
        assert sentence[slice(*span)] == "cold"
        found = [r["cui"] for r in after if (r["pmid"], r["start"]) == (row["pmid"], row["start"])]
        assert found == expected_order(lm, sentence, *span, candidates, pooling=pooling)
        total += 1
        changed += found[0] != candidates[0]
        lost += plain_vector(lm, sentence, *span) is None
    assert (total, lost) == (5, 1) and changed
    assert facts == {
        "mentions with several candidates": 5,
        "of these behind the token limit": 1,
        "of these with another concept first": changed,
    }


def test_only_concept_score_and_rank_change_and_each_concept_keeps_its_score(rerank):
    before, after, _ = rerank()
    fixed = ("pmid", "version", "sentence", "start", "end", "text", "rank", "method")
    assert [[r[k] for k in fixed] for r in before] == [[r[k] for k in fixed] for r in after]
    assert before != after

    def scores(rows):
        return {(r["pmid"], r["start"], r["cui"]): r["score"] for r in rows}

    assert scores(before) == scores(after)


def test_a_name_that_two_candidates_have_tells_nothing_apart(rerank, lm, monkeypatch):
    monkeypatch.setitem(NAMES, "C0000002", ["Cold", "chill"])
    candidates = ("C0000003", "C0000002", "C0000001")
    _, after, _ = rerank(candidates)
    found = [r["cui"] for r in after if r["pmid"] == 1 and r["start"] == 2]
    own = {"C0000001": ["common cold"], "C0000002": ["chill"], "C0000003": NAMES["C0000003"]}
    for cui, names in own.items():
        monkeypatch.setitem(NAMES, cui, names)
    assert found == expected_order(lm, "A cold winter", 2, 6, candidates)


def test_where_a_candidate_has_no_name_of_its_own_all_names_count(rerank, monkeypatch):
    monkeypatch.setitem(NAMES, "C0000002", ["COLD"])  # read as "cold", which C0000001 has too
    for candidates in (("C0000001", "C0000002"), ("C0000002", "C0000001")):
        before, after, _ = rerank(candidates)
        assert [r["cui"] for r in after if r["start"] == 2] == list(candidates)
        assert before == after


def test_equal_names_keep_the_order_of_the_first_round(rerank, monkeypatch):
    monkeypatch.setitem(NAMES, "C0000002", NAMES["C0000001"])
    for candidates in (("C0000001", "C0000002"), ("C0000002", "C0000001")):
        before, after, facts = rerank(candidates)
        assert before == after and facts["of these with another concept first"] == 0


def test_mentions_of_one_candidate_stay_and_no_mention_is_no_error(rerank):
    before, after, facts = rerank(("C0000001",))
    assert before == after and facts["mentions with several candidates"] == 0


def test_batches_and_blocks_change_no_byte(rerank, tmp_path, monkeypatch):
    rerank(batch=64)
    whole = (tmp_path / "out.parquet").read_bytes()
    monkeypatch.setattr("bali.linking.rerank.BLOCK", 1)
    rerank(batch=1)
    assert (tmp_path / "out.parquet").read_bytes() == whole


def test_a_candidate_without_a_name_is_one_line(rerank, capsys):
    assert rerank(("C0000001", "C0000009")) == 2
    message = capsys.readouterr().err
    assert "C0000009 has no name, but mentions" in message and message.count("\n") == 1


def test_mention_vectors_are_those_of_the_sentence_alone(lm):
    encoder = TextEncoder.load(lm, "mean")
    texts = ["a cold winter", "rash", "the cold was bad and the rash came"]
    sentences = Sentences(
        texts, np.array([0, 2, 2]), np.array([2, 4, 25]), np.array([6, 8, 29])
    )  # fmt: skip
    for batch in (1, 2, 5):
        vectors, found = encode_mentions(encoder, sentences, "mean", batch, 32)
        assert found.all()
        for n, (sentence, start, end) in enumerate(zip(*sentences[1:], strict=True)):
            plain = plain_vector(lm, texts[sentence], start, end)
            np.testing.assert_allclose(vectors[n], plain, atol=1e-5)
