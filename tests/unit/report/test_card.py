"""The model card, from a run's files."""

import json

import pytest
import yaml
from report_inputs import write_task_outputs

from bali.__main__ import main
from bali.report.sources import corpus_in_words

HISTORY = {
    "seed": 29,
    "counts": {"sentences": 74, "steps": 20},
    "settings": {"name_pooling": "cls", "encoder": "gat", "w_mlm": 0.0, "w_align": 1.0},
    "steps": [{"step": n, "loss": 3.0 / n, "losses": {"align": 2.0 / n}} for n in (1, 2)],
    "validation": [
        {"step": 2, "loss": 1.25, "losses": {"align": 1.25}},
        {"step": 2, "losses": {}, "probe": 0.5},  # as of a run without validation sentences
    ],
}
SETTINGS = {
    "umls": {"meta": ["resources/umls/2023AB/META"]},
    "corpus": {"folder": "resources/pubmed", "first": "1", "last": "2", "texts": {"files": []}},
    "lm": {"name": "tiny", "source": "hf:owner/tiny"},
    "pairs": {"name_tokens": 32},
}


def test_a_card_holds_the_runs_own_figures_and_stands_beside_the_weights(tmp_path):
    write_task_outputs(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "history.json").write_text(json.dumps(HISTORY))
    table = {"read": 10, "kept": 7, "dropped": [["language", 3]]}
    counts = {"step": "umls.tables", "tables": {"names": table}, "facts": {}}
    (tmp_path / "counts.json").write_text(json.dumps(counts))
    words = f"--model {tmp_path}/model --history {tmp_path}/history.json --run gat"
    words += f" --gains {tmp_path}/gains.csv --counts {tmp_path}/counts.json"
    words += f" --out {tmp_path}/card.md"
    assert main(["report", "card", *words.split(), "--config", json.dumps(SETTINGS)]) == 0
    text = (tmp_path / "card.md").read_text()
    assert (tmp_path / "model/README.md").read_text() == text
    front = yaml.safe_load(text.split("---")[1])
    assert front["base_model"] == "owner/tiny" and front["license"] == "other"
    assert "| ncbi | refined | acc@1 |  | 70.0 | +5.8 (+2.0 to +9.0) | 0.0020 |" in text
    assert "| umls.tables | names | 10 | 7 |" in text
    assert "| validation, last | 2 | 1.250 | align 1.250 |" in text
    assert "(arXiv:2509.07588). Objectives and their weights: align (1); what stands" in text
    assert "A name's vector is the first token" in text


@pytest.mark.parametrize(
    ("folder", "files", "expected"),
    [
        ("pubmed", [], "pubmed, files 1 to 2"),
        ("pubmed", ["a/b.txt"], "pubmed, files 1 to 2; texts of b.txt"),
        (None, ["a/b.txt", "c.xml"], "texts of b.txt, c.xml"),
    ],
)
def test_where_the_text_came_from(folder: str | None, files: list[str], expected: str):
    corpus = {"folder": folder, "first": "1", "last": "2", "texts": {"files": files}}
    assert corpus_in_words(corpus) == expected
