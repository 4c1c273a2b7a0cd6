"""Whole documents through the step, worked by hand."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from bali.__main__ import main
from bali.linking.settings import STEPS


def brief(rows: list[dict]) -> list[tuple[str, str, str]]:
    """Chosen candidates as (text, CUI, method)."""
    return [(r["text"], r["cui"], r["method"]) for r in rows if r["rank"] == 0]


def dropped(counts: dict, unit: str) -> dict[str, int]:
    return dict(counts["tables"][unit]["dropped"])


def test_exact_mentions_with_offsets_beyond_the_first_plane(link):
    title = "\U0001d6fd \U0001f9ec Chronic kidney-disease"
    rows, counts = link((title, "Kidney disease."))
    assert brief(rows) == [
        ("Chronic kidney-disease", "C0000002", "exact"),
        ("Kidney disease", "C0000001", "exact"),
    ]
    text = f"{title} Kidney disease."
    assert [(r["start"], r["end"], r["sentence"]) for r in rows] == [(4, 26, 0), (27, 41, 1)]
    assert all(text[r["start"] : r["end"]] == r["text"] for r in rows)
    assert {k: v for k, v in counts["facts"].items() if k != "names"} == {
        "sentences": 2,
        "mentions": {"exact": 2, "variant": 0, "abbreviation": 0, "candidate": 0},
        "concepts": 2,
    }


def test_an_ambiguous_name_has_a_row_for_each_concept(link):
    rows, _ = link(("A cold", ""))
    assert [(r["cui"], r["rank"], r["score"]) for r in rows] == [
        ("C0000005", 0, 1.0),
        ("C0000004", 1, 1.0),
    ]
    rows, _ = link(("A cold", ""), max_candidates=1)
    assert [r["cui"] for r in rows] == ["C0000005"]


def test_short_forms_stand_for_their_long_forms_everywhere_in_the_document(link):
    rows, counts = link(
        ("MS in winter", "Multiple sclerosis (MS) and cold (CLD). MS-like, not MSX."),
        ("MS", "is not explained here"),
    )
    found = [(r["pmid"], r["start"], r["text"], r["cui"], r["rank"]) for r in rows]
    assert [row for row, r in zip(found, rows, strict=True) if r["method"] == "abbreviation"] == [
        (1, 0, "MS", "C0000003", 0),
        (1, 33, "MS", "C0000003", 0),
        (1, 47, "CLD", "C0000005", 0),  # both concepts of its long form
        (1, 47, "CLD", "C0000004", 1),
        (1, 53, "MS", "C0000003", 0),
    ]
    assert counts["facts"]["mentions"]["abbreviation"] == 4


def test_short_forms_of_other_long_forms_are_no_mentions(link):
    rows, _ = link(("", "The quick brown fox (QBF) ran. QBF sat."))
    assert rows == []


def test_a_short_form_is_spelt_out_inside_a_name(link):
    rows, _ = link(("Chronic kidney (CK)", "CK disease was seen."), threshold=0.99)
    assert brief(rows) == [("CK disease", "C0000002", "abbreviation")]


def test_a_short_form_is_no_name_that_looks_like_it(link):
    rows, counts = link(
        ("Common ovarian like disease (COLD)", "The COLD or a cold."), threshold=0.99
    )
    assert [row[:2] for row in brief(rows)] == [("cold", "C0000005")]
    assert dropped(counts, "names in text")["a short form of something else"] == 2
    # without an explanation it is one
    assert [row[0] for row in brief(link(("The COLD", "or a cold."))[0])] == ["COLD", "cold"]


def test_a_heldout_name_and_its_short_forms_are_dropped_whole(link):
    rows, counts = link(
        ("Renal-failure", "Renal failure (RF) was seen. RF is kidney failure; failure is not.")
    )
    # neither "failure" inside the held-out name, nor anything near it
    assert brief(rows) == [
        ("kidney failure", "C0000007", "exact"),
        ("failure", "C0000008", "exact"),
    ]
    # two as they stand, two as short forms
    assert dropped(counts, "names in text")["held-out name"] == 4


@pytest.mark.parametrize(
    "text",
    [
        "renal failures", "failure of the renal", "kidney failures, renal-failure", "RENAL Failure",
        "Renal failure (RF): acute RF, RFs, RF-failure", "disseminated scleroses",
        "chronic renal failures", "Ren\u00e1l failure", "disseminated-sclerosis",
    ],
)  # fmt: skip
def test_no_form_of_a_heldout_name_is_linked_whatever_the_threshold(link, text):
    rows, _ = link(("", f"It was {text}."), threshold=0.0)
    heldout = {"renal", "rf", "rfs", "disseminated", "ren\u00e1l"}
    words = {word for row in rows for word in row["text"].lower().replace("-", " ").split()}
    assert not words & heldout


def test_an_inexact_span_gets_its_nearest_concept(link):
    rows, counts = link(("", "They had polycystic kidney ovaries, and walked."), threshold=0.5)
    assert brief(rows) == [("polycystic kidney ovaries", "C0000006", "candidate")]
    [row] = rows
    assert (row["start"], row["end"]) == (10, 35)
    assert 0.5 < row["score"] < 1
    assert counts["facts"]["mentions"]["candidate"] == 1
    assert link(("", "They had polycystic kidney ovaries."), threshold=0.99)[0] == []


def test_variants_and_candidates_are_words_that_no_other_mention_has(link):
    rows, _ = link(("Kidney diseases, polycystic common ovaries, chronic kidney disease", ""))
    assert brief(rows) == [
        ("Kidney diseases", "C0000001", "variant"),
        ("polycystic common ovaries", "C0000006", "candidate"),
        ("chronic kidney disease", "C0000002", "exact"),
    ]


def test_what_crosses_a_sentence_end_is_counted_not_linked(link):
    rows, counts = link(("Of the kidney", "Disease was seen."), threshold=0.99)
    assert rows == []
    assert dropped(counts, "names in text")["crosses a sentence end"] == 1
    # a variant too, where nothing but the sentence's end is in its way
    rows, counts = link(("Of the polycystic", "Ovary was seen."), threshold=0.99)
    assert rows == []
    assert dropped(counts, "names in text")["crosses a sentence end"] == 1
    rows, counts = link(("Of the polycystic.", "Ovary was seen."), threshold=0.5)
    assert rows == []
    assert dropped(counts, "names in text")["crosses a sentence end"] == 0


def test_each_account_adds_up_and_counts_the_names(link, tmp_path):
    _, counts = link(("Kidney diseases and polycystic ovary syndromes of a cold", "MS (no)."))
    for account in counts["tables"].values():
        assert account["read"] == account["kept"] + sum(n for _, n in account["dropped"])
    # "IV" is shorter than 3 characters, "??" has no letter, one name has 10 words or more
    counts = json.loads((tmp_path / "names.counts.json").read_text())
    account = counts["tables"]["names to look for"]
    assert account["read"] == 12
    assert dict(account["dropped"]) == {
        "no letter and no digit": 1, "too short": 1, "too many words": 1
    }  # fmt: skip
    assert counts["facts"]["normal forms"] == 10  # eight of names, "cold" of two; two held out


DOCUMENTS = [
    ("Chronic kidney-disease \U0001d6fd", "Multiple sclerosis (MS). MS and polycystic ovary."),
    ("A cold", ""),
    ("No mention", "Renal failure. Kidney diseases, MS."),
    ("", "Common colds, kidney failures; the kidney disease of mice."),
    ("", "polycystic kidney ovaries was seen"),
]


def test_text_is_the_slice_and_mentions_never_overlap(link):
    rows, _ = link(*DOCUMENTS, threshold=0.5)
    texts = {pmid: f"{title} {abstract}" for pmid, (title, abstract) in enumerate(DOCUMENTS, 1)}
    assert {r["method"] for r in rows} == {"exact", "variant", "abbreviation", "candidate"}
    assert all(texts[r["pmid"]][r["start"] : r["end"]] == r["text"] for r in rows)
    spans = [(r["pmid"], r["start"], r["end"]) for r in rows if r["rank"] == 0]
    assert all(a[0] < b[0] or a[2] <= b[1] for a, b in pairwise(spans))
    order = [(r["pmid"], r["version"], r["start"], r["end"], r["rank"]) for r in rows]
    assert order == sorted(order)


def test_shards_and_blocks_do_not_change_a_document(link, monkeypatch):
    whole, _ = link(*DOCUMENTS)
    monkeypatch.setattr("bali.linking.mentions.BLOCK", 1)
    blocks, _ = link(*DOCUMENTS)
    alone = [
        row
        for pmid, document in enumerate(DOCUMENTS, 1)
        for row in link(document, first_pmid=pmid)[0]
    ]
    assert blocks == whole == alone


def test_the_same_input_gives_the_same_bytes(link, tmp_path: Path):
    link(*DOCUMENTS, name="one")
    link(*DOCUMENTS, name="two")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


@pytest.mark.parametrize("method", ["exact", "abbreviation", "candidate"])
def test_no_documents_give_an_empty_table(link, method):
    rows, counts = link()
    assert rows == []
    assert counts["facts"]["mentions"][method] == 0


def test_a_lexicon_of_other_settings_or_none_is_the_users_mistake(link, tmp_path, capsys):
    link(("A cold", ""))
    flags = {
        "documents": tmp_path / "documents.parquet", "sentences": tmp_path / "sentences.parquet",
        "kb": tmp_path / "kb", "min-characters": 3, "max-words": 9, "max-span-words": 4,
        "neighbours": 10, "threshold": 0.7, "max-candidates": 3,
        "out": tmp_path / "out.parquet", "counts": tmp_path / "out.json",
    }  # fmt: skip
    words = [str(word) for key, value in flags.items() for word in (f"--{key}", value)]
    command = ["linking", "mentions", *words, "--steps", *STEPS]
    assert main(command) == 2
    error = capsys.readouterr().err
    assert "names: made with linking.max_words 8, not 9; make it again with the config" in error
    lexicon = tmp_path / "kb" / "names" / "lexicon.json"
    lexicon.write_text("[]")
    assert main(command) == 2
    assert f"{lexicon}: no lexicon; build it, whatever" in capsys.readouterr().err
    lexicon.unlink()
    assert main(command) == 2
    assert f"{lexicon}: no such file; build it, whatever" in capsys.readouterr().err
    assert not (tmp_path / "out.parquet").exists()
