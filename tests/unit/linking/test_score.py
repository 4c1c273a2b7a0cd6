"""`bali linking score` over the invented knowledge base, worked by hand."""

import json
import shutil

import pytest
import yaml

from bali.__main__ import main
from bali.linking.variants import TABLE
from bali.storage import from_columns, read_table, write_table
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


DEFAULT = yaml.safe_load((REPOSITORY / "config.yaml").read_text())["linking"]
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
    assert set(scores) == {"all steps", *(f"without {step}" for step in DEFAULT["steps"])}


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
        (("--mentions", "x", "--ablate"), "--mentions: --without, --ablate and"),
    ],
)
def test_mistakes_of_the_user(score, flags, message):
    printed, _ = score(*CONFIG, *flags, status=2)
    assert message in printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("linking: [", "no YAML"),
        ("umls: 1", "umls: 1 is not of type 'object'"),
        ("linking: {min_character: 3}", "linking.min_character is no setting; linking has"),
        ("[]", "no config; config.yaml shows all keys"),
    ],
)
def test_a_config_that_is_none(score, tmp_path, text, message):
    (tmp_path / "c.yaml").write_text(text)
    assert message in score("--config", str(tmp_path / "c.yaml"), status=2)[0]


def test_a_config_has_only_what_differs(score, tmp_path):
    (tmp_path / "c.yaml").write_text("linking: {steps: [abbreviations]}")
    _, found = score("--config", str(tmp_path / "c.yaml"), "--types", "Disease")
    # without the step plural "Kidney diseases" is missed
    assert found["scores"]["all steps"]["strict"]["recall"] == 3 / 6


ROWS = [  # PMID, version, start, CUI, rank
    (7, 1, 0, "C0000001", 0),  # an older version does not count
    (7, 2, 16, "C0000009", 0),
    (7, 2, 16, "C0000003", 1),
    (7, 2, 36, "C0000003", 0),
    (7, 2, 45, "C0000001", 0),
    (9, 1, 3, "C0000001", 0),  # no document of the gold file
]
ENDS = {0: 15, 16: 34, 36: 38, 45: 47, 3: 5}


def write_mentions(path, rows, texts):
    columns = {
        "pmid": [r[0] for r in rows], "version": [r[1] for r in rows],
        "sentence": [0] * len(rows), "start": [r[2] for r in rows],
        "end": [ENDS[r[2]] for r in rows], "text": texts, "cui": [r[3] for r in rows],
        "score": [1.0] * len(rows), "rank": [r[4] for r in rows], "method": ["x"] * len(rows),
    }  # fmt: skip
    write_table("mentions", from_columns("mentions", columns), path)


def test_a_table_of_mentions_is_scored_whoever_made_it(score, tmp_path):
    text = "Kidney diseases Multiple sclerosis (MS). MS and cold. A rash."
    texts = [text[r[2] : ENDS[r[2]]] for r in ROWS]
    write_mentions(tmp_path / "m.parquet", ROWS, texts)
    printed, found = score("--types", "Disease", "--mentions", str(tmp_path / "m.parquet"))
    figures = found["scores"]["mentions"]
    # of three predictions one is right: at 16 the second candidate would be, 45 is no mention
    assert (figures["strict"]["predicted"], figures["strict"]["precision"]) == (3, 1 / 3)
    assert figures["strict"]["recall"] == 1 / 6
    assert figures["gold spans"] == {"spans": 6, "acc@1": 1 / 6, "acc@5": 2 / 6}
    assert found["gold"]["documents with mentions"] == 1
    assert printed.splitlines()[-1].startswith("mentions ")


def test_a_document_of_another_text_is_left_out_and_counted(score, tmp_path):
    rows = [*ROWS[1:2], (8, 1, 0, "C0000008", 0)]
    write_mentions(tmp_path / "m.parquet", rows, ["something else", "Kidney failure "])
    _, found = score("--types", "Disease", "--mentions", str(tmp_path / "m.parquet"))
    assert found["gold"]["documents left out, whose text differs"] == 1
    figures = found["scores"]["mentions"]
    assert (figures["strict"]["gold"], figures["gold spans"]["spans"]) == (1, 1)


def test_a_table_without_the_gold_documents_is_the_users_mistake(score, tmp_path):
    write_mentions(tmp_path / "m.parquet", ROWS[-1:], ["xy"])
    message, _ = score("--mentions", str(tmp_path / "m.parquet"), status=2)
    assert "m.parquet: no mention in a document of the gold file; link its" in message


def test_gold_documents_become_tables_that_are_linked_and_scored(score, tmp_path):
    """The whole way: gold file, tables, a step of linking, score of its table."""
    gold, out = tmp_path / "gold.txt", tmp_path / "tables"
    assert main(["gold", "tables", str(gold), "--out-dir", str(out)]) == 0
    documents = read_table("documents", out / "documents.parquet").to_pylist()
    assert [(d["pmid"], d["title"]) for d in documents] == [
        (7, "Kidney diseases"), (8, "Kidney failure"),
    ]  # fmt: skip
    kb = tmp_path / "results" / "linking" / "kb"
    settings = ["--min-characters", "3", "--max-words", "12", "--steps", *DEFAULT["steps"]]
    umls = tmp_path / "results" / "umls"
    words = [
        "linking", "names", "--names", umls / "names.parquet", "--heldout",
        umls / "heldout.parquet", "--types", umls / "semantic_types.parquet", "--equivalents",
        TABLE, "--semantic-groups", REPOSITORY / "resources/semantic_groups.tsv",
        "--kb", kb, "--counts", tmp_path / "c.json", *settings,
    ]  # fmt: skip
    assert main([str(word) for word in words]) == 0
    words = ["linking", "mentions", "--documents", out / "documents.parquet", "--sentences"]
    words += [out / "sentences.parquet", "--kb", kb, *settings, "--max-span-words", 6]
    words += ["--neighbours", 10, "--threshold", 0.85, "--max-candidates", 3]
    words += ["--out", tmp_path / "m.parquet", "--counts", tmp_path / "c.json"]
    assert main([str(word) for word in words]) == 0
    _, tables = score("--types", "Disease", "--mentions", str(tmp_path / "m.parquet"))
    _, linked = score("--types", "Disease")
    for figure in ("strict", "overlapping", "document"):
        assert tables["scores"]["mentions"][figure] == linked["scores"]["all steps"][figure], figure


def test_gold_documents_without_a_pmid_make_no_tables(tmp_path, capsys):
    (tmp_path / "g.txt").write_text("x7|t|a\nx7|a|b\n")
    assert main(["gold", "tables", str(tmp_path / "g.txt"), "--out-dir", str(tmp_path)]) == 2
    assert "document 'x7' is no PMID" in capsys.readouterr().err
