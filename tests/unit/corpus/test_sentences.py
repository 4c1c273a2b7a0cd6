"""Where sentences end: hard cases of biomedical writing, one a line, cut by hand at each |."""

import json
from pathlib import Path

import pytest
import regex

from bali.__main__ import main
from bali.splitter import split
from bali.storage import read_table

HARD = Path(__file__).with_name("hard_sentences.tsv")
CASES = [tuple(line.split("\t")) for line in HARD.read_text().splitlines()[1:]]
# What a table of lines cannot hold.
ODD = [
    ("white space", "One line\n  goes on.|\nAnother begins.\t|Two  spaces."),
    ("beyond the BMP", "\U0001d6fd-Blockers help.| Good \U0001f9ec."),
]


@pytest.mark.parametrize(("kind", "case"), CASES + ODD)
def test_hard_cases(kind, case):
    parts = [part.strip() for part in case.split("|")]
    text = case.replace("|", "") if (kind, case) in ODD else " ".join(parts)
    assert [text[a:b] for a, b in split(text)] == parts


def test_there_are_enough_hard_cases_and_none_twice():
    assert len(set(CASES)) == len(CASES) >= 80


def test_spans_leave_out_white_space_only():
    for _, case in CASES + ODD:
        text = f"  {case.replace('|', ' ')} \n"
        spans = split(text)
        gaps = [0, *(x for span in spans for x in span), len(text)]
        outside = "".join(text[a:b] for a, b in zip(gaps[::2], gaps[1::2], strict=True))
        assert not outside.strip()
        assert all(text[a:b] == text[a:b].strip() != "" for a, b in spans)
        assert spans == sorted(spans)


def test_only_the_part_asked_for_is_split():
    text = "One. Two. Three."
    assert [text[a:b] for a, b in split(text, 5, 9)] == ["Two."]
    assert split(text, 4, 5) == []
    assert split("") == []


def test_no_sentence_crosses_title_or_section(tmp_path, pubmed_file, documents_step):
    # neither the title nor the first section ends in a full stop
    path = pubmed_file(
        "a",
        "<PubmedArticle><MedlineCitation><PMID>5</PMID><Article>"
        "<ArticleTitle>A title</ArticleTitle>"
        "<Abstract><AbstractText Label='AIM'>To \U0001d6fd see. To learn</AbstractText>"
        "<AbstractText Label='RESULT'>We saw.</AbstractText></Abstract></Article>"
        "</MedlineCitation></PubmedArticle>",
    )
    assert documents_step(path) == 0
    out = tmp_path / "out"
    flags = ["--documents", out / "documents.parquet", "--out", out / "sentences.parquet"]
    flags += ["--counts", out / "sentences.counts.json", "--log", tmp_path / "log"]
    assert main(["corpus", "sentences", *map(str, flags)]) == 0
    text = "A title To \U0001d6fd see. To learn We saw."
    expected = ["A title", "To \U0001d6fd see.", "To learn", "We saw."]
    table = read_table("sentences", out / "sentences.parquet")
    spans = zip(table["start"].to_pylist(), table["end"].to_pylist(), strict=True)
    assert [text[a:b] for a, b in spans] == expected
    assert table["sentence"].to_pylist() == [0, 1, 2, 3]
    assert table["pmid"].to_pylist() == [5] * 4
    counts = json.loads((out / "sentences.counts.json").read_text())
    assert counts["facts"] == {"sentences": 4}
    assert counts["tables"]["documents"] == {"read": 1, "kept": 1, "dropped": [["no sentence", 0]]}


@pytest.mark.shared
def test_sentences_of_real_abstracts_look_like_sentences(shared):
    lines = (shared / "ncbi_disease" / "NCBIdevelopset_corpus.txt").read_text().splitlines()
    abstracts = [line.split("|", 2)[2] for line in lines if regex.match(r"[0-9]+\|a\|", line)]
    sentences = [text[a:b] for text in abstracts for a, b in split(text)]
    assert len(abstracts) == 100
    assert 700 < len(sentences) < 1000
    fragments = [s for s in sentences if len(s) < 20]
    assert len(fragments) < 0.02 * len(sentences), fragments
