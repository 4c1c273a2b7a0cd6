"""`bali linking score` over the invented knowledge base, worked by hand."""

import json
import shutil

import pytest
import yaml

from bali.__main__ import main
from bali.storage import from_columns, write_table
from paths import REPOSITORY

GOLD = """7|t|Kidney diseases
7|a|Multiple sclerosis (MS). MS and cold. A rash.
7\t0\t15\tKidney diseases\tDisease\tD000001
7\t16\t34\tMultiple sclerosis\tDisease\tD000003
7\t36\t38\tMS\tDisease\tD000003
7\t41\t43\tMS\tDisease\tD000003
7\t48\t52\tcold\tDisease\tTEST:4
7\t56\t60\trash\tDisease\tD000009

8|t|Kidney failure
8|a|rest
8\t0\t14\tKidney failure\tDisease\tC0000008
8\t15\t19\trest\tChemical\tD000009
8\t15\t19\trest\tDisease\t-1
"""


@pytest.fixture
def score(tmp_path, umls, kb, capsys):
    """Run the command; returns what it prints and writes."""
    results = tmp_path / "results"
    shutil.copytree(umls, results / "umls")
    shutil.copytree(kb, results / "linking" / "kb")
    codes = {"cui": ["C0000004"], "sab": ["HPO"], "code": ["HP:0000004"]}
    write_table("codes", from_columns("codes", codes), results / "umls" / "codes.parquet")
    retired = from_columns("retired", {"cui": [], "successor": []})
    write_table("retired", retired, results / "umls" / "retired.parquet")
    (tmp_path / "mesh.tsv").write_text("mesh_id\tcuis\nD000001\tC0000001\nD000003\tC0000003\n")
    (tmp_path / "gold.txt").write_text(GOLD.replace("TEST:4", "HP:0000004"))

    def run(*flags: str, gold: str = "gold.txt", status: int = 0) -> tuple[str, dict]:
        out = tmp_path / "score.json"
        words = ["linking", "score", tmp_path / gold, "--results", results, "--out", out]
        words += ["--identifiers", tmp_path / "mesh.tsv", "--log", tmp_path / "log", *flags]
        assert main([str(word) for word in words]) == status
        printed = capsys.readouterr()
        return (printed.out, json.loads(out.read_text())) if status == 0 else (printed.err, {})

    return run


CONFIG = ("--config", str(REPOSITORY / "config.yaml"), "--types", "Disease")


def test_all_figures(score):
    printed, found = score(*CONFIG)
    assert found["gold"] == {
        "documents": 2,
        "repeated documents": 0,
        "mentions": {
            "scored": 6, "of no concept": 1, "without an identifier": 1, "of other types": 1,
        },
        "identifiers of no concept": {"MESH": 1},
    }  # fmt: skip
    figures = found["scores"]["all steps"]
    # found: Kidney diseases, Multiple sclerosis, MS, MS; "cold" is C0000005 first, and Kidney
    # failure is C0000007, where the gold says C0000004 and C0000008
    assert figures["strict"] == {
        "precision": 4 / 6, "recall": 4 / 6, "f1": pytest.approx(4 / 6), "predicted": 6, "gold": 6,
    }  # fmt: skip
    # C0000001 and C0000003 of what is predicted; of the gold concepts the same two of four
    assert (figures["document"]["precision"], figures["document"]["recall"]) == (0.5, 0.5)
    assert figures["gold spans"]["spans"] == 6
    assert figures["gold spans"]["acc@1"] == 4 / 6
    assert figures["gold spans"]["acc@5"] >= 5 / 6
    last = printed.splitlines()[-1].split()
    assert last[:5] == ["all", "steps", "66.7", "66.7", "66.7"]


def test_a_step_taken_away_shows(score):
    _, found = score(*CONFIG, "--ablate")
    scores = found["scores"]
    assert scores["all steps"]["strict"]["recall"] == 4 / 6
    assert scores["without plural"]["strict"]["recall"] == 3 / 6
    assert scores["without abbreviations"]["strict"]["recall"] == 2 / 6
    steps = yaml.safe_load((REPOSITORY / "config.yaml").read_text())["linking"]["steps"]
    assert set(scores) == {"all steps", *(f"without {step}" for step in steps)}


def test_semantic_types_of_mentions(score):
    # only C0000001 carries a type
    _, found = score(*CONFIG, "--semantic-types", "T047")
    assert found["scores"]["all steps"]["strict"]["predicted"] == 1


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--types", "Gene"), "no mention to score"),
        (("--without", "nothing"), "--without nothing: none of letters"),
        (("--semantic-types", "T999"), "linking.semantic_types: 'T999' is neither"),
        (("--config", "none.yaml"), "none.yaml: no such file"),
    ],
)
def test_mistakes_of_the_user(score, flags, message):
    printed, _ = score(*CONFIG, *flags, status=2)
    assert message in printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("linking: [", "no YAML"),
        ("umls: 1", "no section linking"),
        ("linking: {min_characters: 3}", "linking.max_words is missing"),
    ],
)
def test_a_config_that_is_none(score, tmp_path, text, message):
    (tmp_path / "c.yaml").write_text(text)
    assert message in score("--config", str(tmp_path / "c.yaml"), status=2)[0]
