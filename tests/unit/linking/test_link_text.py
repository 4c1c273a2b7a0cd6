"""`bali link`: what it prints of the invented knowledge base, in each format."""

import io
import json
import shutil
import subprocess
import sys

import pytest

from bali.__main__ import main

TEXT = "\U0001d6fd Multiple sclerosis (MS). MS and colds <b> of polycystic ovaries."


@pytest.fixture
def run(link, tmp_path, capsys, monkeypatch):
    """Run the verb over a built knowledge base; returns status, stdout and stderr."""
    link(("A cold", ""))  # builds the lexicon in tmp_path / "kb"
    capsys.readouterr()

    def call(*words: object, stdin: bytes | None = None):
        stream = io.TextIOWrapper(io.BytesIO(stdin or b""), encoding="utf-8")
        monkeypatch.setattr(sys, "stdin", stream)
        status = main(["link", *map(str, words), "--kb", str(tmp_path / "kb")])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


def test_a_table_has_a_line_a_mention(run):
    status, out, _ = run(TEXT)
    assert status == 0
    lines = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in
             out.splitlines()]  # fmt: skip
    assert lines == [
        ["start", "end", "text", "cui", "name", "method", "score", "others"],
        ["2", "20", "Multiple sclerosis", "C0000003", "Multiple sclerosis", "exact", "1.00"],
        ["22", "24", "MS", "C0000003", "Multiple sclerosis", "abbreviation", "1.00"],
        ["27", "29", "MS", "C0000003", "Multiple sclerosis", "abbreviation", "1.00"],
        ["34", "39", "colds", "C0000005", "Cold", "variant", "1.00", "C0000004"],
        ["47", "65", "polycystic ovaries", "C0000006", "polycystic ovaries", "exact", "1.00"],
    ]


def test_json_lines_from_stdin_have_all_concepts(run):
    status, out, _ = run("--format", "jsonl", stdin=TEXT.encode())
    assert status == 0
    found = [json.loads(line) for line in out.splitlines()]
    assert [TEXT[m["start"] : m["end"]] for m in found] == [m["text"] for m in found]
    assert found[3] == {
        "start": 34, "end": 39, "text": "colds", "method": "variant",
        "concepts": [
            {"cui": "C0000005", "name": "Cold", "score": 1.0},
            {"cui": "C0000004", "name": "common cold", "score": 1.0},
        ],
    }  # fmt: skip


def test_html_is_displacys_with_names_and_nothing_unescaped(run, tmp_path):
    page = tmp_path / "page.html"
    status, out, _ = run(TEXT, "--format", "html", "--out", page)
    assert (status, out) == (0, "")
    html = page.read_text()
    assert html.startswith("<!DOCTYPE html>")
    assert html.count('<mark class="entity"') == 5
    assert "Multiple sclerosis" in html and "C0000006</a>" in html
    assert "&lt;b&gt;" in html and "<b>" not in html


@pytest.mark.parametrize(("kind", "expected"), [("table", "no mention\n"), ("jsonl", "")])
def test_text_without_a_mention(run, kind, expected):
    assert run("Nothing here.", "--format", kind)[:2] == (0, expected)
    status, page, _ = run("Nothing here.", "--format", "html")
    assert status == 0 and "Nothing here." in page and "<mark" not in page


@pytest.mark.parametrize(
    ("words", "stdin", "message"),
    [
        ([""], None, "the text is empty; give some"),
        ([], b" \n", "the text is empty; give some"),
        ([], b"caf\xe9", "stdin: not UTF-8 "),
        (["caf\udce9"], None, "the text is not UTF-8 "),
        (["x", "--config", "/nowhere.yaml"], None, "/nowhere.yaml: no such file"),
    ],
)
def test_what_is_no_text_is_one_line(run, words, stdin, message):
    status, out, error = run(*words, stdin=stdin)
    assert (status, out) == (2, "")
    assert error.startswith(f"bali: error: {message}") and error.count("\n") == 1


def test_a_folder_in_the_place_of_the_file_is_one_line_and_keeps_what_it_holds(run, tmp_path):
    (tmp_path / "papers" / "mine").mkdir(parents=True)
    status, _, error = run("A cold", "--out", tmp_path / "papers")
    assert (status, error) == (2, f"bali: error: {tmp_path}/papers: is a folder; name a file\n")
    assert [path.name for path in (tmp_path / "papers").iterdir()] == ["mine"]


def test_a_missing_knowledge_base_is_one_line(run, tmp_path):
    shutil.rmtree(tmp_path / "kb")
    status, _, error = run("x")
    assert status == 2
    assert "lexicon.json: no such file; build it, whatever linking.method is: `snakemake" in error
    assert error.count("\n") == 1


def test_a_config_names_only_what_differs(run, tmp_path):
    """The rest is that of config.yaml, as Snakemake merges them."""
    config = tmp_path / "c.yaml"
    config.write_text("linking: {max_words: 8, max_candidates: 1, steps: [plural, candidates]}")
    status, _, error = run("colds", "--config", config)
    assert (status, error.count("\n")) == (2, 1)
    assert "made with linking.steps ['letters', 'possessive'" in error
    from bali.linking.settings import STEPS

    steps = ", ".join(STEPS)
    config.write_text(f"linking: {{max_words: 8, max_candidates: 1, steps: [{steps}]}}")
    status, out, _ = run("colds", "--config", config, "--format", "jsonl")
    assert status == 0
    assert [c["cui"] for c in json.loads(out)["concepts"]] == ["C0000005"]
    config.write_text("linking: {max_word: 8}")
    assert "linking.max_word is no setting; linking has" in run("colds", "--config", config)[2]


def test_it_starts_without_scispacy_spacy_or_torch(run, tmp_path):
    run("A cold")
    code = (
        "import sys; from bali.__main__ import main\n"
        f"main(['link', 'A cold', '--kb', {str(tmp_path / 'kb')!r}])\n"
        "print(*{'torch', 'spacy', 'scispacy', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == ""
    assert "C0000005" in done.stdout
