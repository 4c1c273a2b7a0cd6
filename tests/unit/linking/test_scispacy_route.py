"""Mentions by a spaCy pipeline that is built here: an entity ruler, saved to a folder."""

import json

import pytest
import spacy

from bali.__main__ import main
from bali.linking.settings import STEPS
from bali.linking.variants import TABLE
from bali.storage import read_table
from paths import REPOSITORY

TERMS = [
    "kidney diseases",
    "MS",
    "cold",
    "renal failure",
    "Renal failures",
    "kidney. Disease",
    "zzz",
    "MSs",
    "RFs",
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    nlp = spacy.blank("en")
    patterns = [{"label": "ENTITY", "pattern": term} for term in TERMS]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    folder = tmp_path_factory.mktemp("model")
    nlp.to_disk(folder)
    return folder


@pytest.fixture
def link(tmp_path, umls, kb, model, write_shard):
    """Link documents of (title, abstract); exit status, rows, counts."""

    def run(*documents, model=model, threshold=0.5, steps=STEPS, name="m", semantic_types=()):
        write_shard(documents)
        flags = {
            "documents": tmp_path / "documents.parquet",
            "sentences": tmp_path / "sentences.parquet",
            "kb": kb, "model": model, "heldout": umls / "heldout.parquet",
            "types": umls / "semantic_types.parquet", "equivalents": TABLE,
            "semantic-groups": REPOSITORY / "resources" / "semantic_groups.tsv",
            "neighbours": 10, "threshold": threshold, "max-candidates": 2, "ef-search": 100,
            "threads": 1, "out": tmp_path / f"{name}.parquet",
            "counts": tmp_path / f"{name}.counts.json", "log": tmp_path / "log",
        }  # fmt: skip
        words = [word for key, value in flags.items() for word in (f"--{key}", str(value))]
        words += ["--steps", *steps, "--semantic-types", *semantic_types]
        code = main(["linking", "scispacy", *words])
        if code:
            return code, [], {}
        rows = read_table("mentions", tmp_path / f"{name}.parquet").to_pylist()
        return code, rows, json.loads((tmp_path / f"{name}.counts.json").read_text())

    return run


TITLE = "\U0001d6fd cold of the kidney. Disease"
ABSTRACT = "Multiple sclerosis (MS). In MS kidney diseases, renal failure, Renal failures and zzz."


def test_entities_become_mentions_with_candidates(link):
    _, rows, counts = link((TITLE, ABSTRACT))
    chosen = [(r["text"], r["cui"], r["sentence"], r["method"]) for r in rows if not r["rank"]]
    assert chosen == [
        ("cold", "C0000004", 0, "scispacy"),  # both concepts at 1; the lower CUI first
        ("MS", "C0000003", 2, "scispacy"),  # by its long form
        ("MS", "C0000003", 3, "scispacy"),
        ("kidney diseases", "C0000001", 3, "scispacy"),
    ]
    text = f"{TITLE} {ABSTRACT}"
    assert all(text[r["start"] : r["end"]] == r["text"] for r in rows)
    assert [r["cui"] for r in rows if r["text"] == "cold"] == ["C0000004", "C0000005"]
    assert all(r["score"] > 0.5 for r in rows)
    account = counts["tables"]["mentions"]
    assert account["read"] == 8 and account["kept"] == 4
    assert dict(account["dropped"]) == {
        "crosses a sentence end": 1, "held-out name": 2, "no candidate": 1
    }  # fmt: skip


def test_no_form_of_a_heldout_name_is_linked(link):
    """The plural of its short form, the short form inside a longer name, its looser forms."""
    held = "RFs, Renal failures and renal failure"
    _, rows, counts = link(("", f"In renal failure (RF), {held}."), threshold=0.0)
    assert rows == []
    assert dict(counts["tables"]["mentions"]["dropped"])["held-out name"] == 4


def test_a_short_form_in_the_plural_is_looked_up_as_its_long_form(link):
    _, rows, _ = link(("", "Multiple sclerosis (MS) and two MSs."), threshold=0.9)
    assert [(r["text"], r["cui"]) for r in rows if not r["rank"]] == [
        ("MS", "C0000003"), ("MSs", "C0000003"),
    ]  # fmt: skip


def test_the_score_is_scispacys_and_the_threshold_and_types_choose(link):
    _, rows, _ = link((TITLE, ABSTRACT), threshold=0.99)
    assert {r["text"] for r in rows} == {"cold", "MS"}
    assert all(r["score"] == pytest.approx(1) for r in rows)
    _, rows, _ = link((TITLE, ABSTRACT), semantic_types=["DISO"])
    assert {r["cui"] for r in rows} == {"C0000001"}  # the only one with a type


def test_short_forms_stay_as_they_are_without_that_step(link):
    _, rows, _ = link((TITLE, ABSTRACT), steps=[s for s in STEPS if s != "abbreviations"])
    assert "C0000003" not in {r["cui"] for r in rows}


def test_a_text_of_more_than_a_million_characters_is_read(link):
    _, rows, _ = link(("", "x" * 1_000_000 + " kidney diseases"))
    assert [(r["start"], r["text"]) for r in rows if not r["rank"]] == [
        (1_000_002, "kidney diseases")
    ]


def test_blocks_change_no_byte(link, tmp_path, monkeypatch):
    documents = [(TITLE, ABSTRACT), ("A cold", ""), ("", "kidney diseases and cold")]
    link(*documents, name="one")
    monkeypatch.setattr("bali.linking.scispacy.BLOCK", 1)
    link(*documents, name="two")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


@pytest.mark.parametrize("kind", ["not installed", "no folder of a model", "no entities"])
def test_a_model_that_is_none_is_one_line_with_the_remedy(link, tmp_path, capsys, kind):
    model = "en_core_sci_none"
    if kind == "no folder of a model":
        model = tmp_path / "folder"
        model.mkdir()
    elif kind == "no entities":
        model = tmp_path / "folder"
        nlp = spacy.blank("en")
        nlp.add_pipe("sentencizer")
        nlp.to_disk(model)
    code, _, _ = link(("a", "b"), model=model)
    message = capsys.readouterr().err
    assert code == 2 and message.count("\n") == 1 and str(model) in message
    assert (
        "choose a model with `ner`" if kind == "no entities" else "install the model"
    ) in message
