"""Training on the text of annotated corpora alone, with spans that equal no name."""

from pathlib import Path

import pytest

from bali.files import read_json
from bali.storage import map_ipc, read_table
from bali.text import normalise
from project import Project
from tiny.universe import concepts

pytestmark = pytest.mark.xdist_group("texts")
CONFIG = """
corpus: {folder: null, texts: {layout: pubtator, files: [corpus.txt]}}
pairs: {max_per_concept: null}
soft_links: {least_cosine: -1.0}
runs: {spans: {encoder: none, w_mlm: 0.0, w_align: 0.0, w_soft: 1.0, temperature: 0.05}}
run_set: [spans]
evaluate:
  controls: {}
  tasks: {asked: {kind: linking, layout: pubtator, gold: [corpus.txt], pmids: asked.txt}}
  task_set: [asked]
"""
ASKED = {3, 8}  # documents of the evaluation set, which stand in the text too


def configs(project: Project, *others: Path) -> list[str]:
    return ["--configfile", f"{project.repository}/tests/tiny/config.yaml", *map(str, others)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Path]:
    project = Project(tmp_path_factory.mktemp("texts"))
    config = project.work / "texts.yaml"
    config.write_text(CONFIG)
    documents = []
    for number, (_, names) in enumerate(concepts(), 1):
        title = f"A patient with severe {names[0]} of the left flark"
        # an annotation that would be wrong to train on: of another concept
        mention = f"{number}\t0\t9\tA patient\tDisease\tC9000001"
        text = f"No sign of {names[-1]} was seen. Chronic {names[0]} went on."
        documents.append(f"{number}|t|{title}\n{number}|a|{text}\n{mention}\n")
    (project.work / "corpus.txt").write_text("\n".join(documents))
    (project.work / "asked.txt").write_text("".join(f"{pmid}\n" for pmid in ASKED))
    targets = ("results/report/index.html", "results/report/cards/spans/29.md")
    done = project.run("--cores", "2", *targets, *configs(project, config))
    assert done.returncode == 0, done.stdout[-5000:]
    return project, config


def test_the_text_trains_and_what_is_annotated_does_not(trained: tuple[Project, Path]) -> None:
    results = trained[0].work / "results"
    assert not list((results / "corpus").glob("[0-9]*"))
    documents = read_table("documents", results / "corpus/texts/documents.parquet").to_pylist()
    text = {row["pmid"]: f"{row['title']} {row['abstract']}" for row in documents}
    assert len(text) == len(list(concepts()))
    kept = read_table("kept", results / "corpus/kept.parquet")["pmid"].to_pylist()
    assert set(kept) == set(text) - ASKED
    trained_on = {
        pmid
        for split in ("train", "validation")
        for pmid in map_ipc("pairs", results / f"pairs/1/tiny/{split}.arrow")["pmid"].to_pylist()
    }
    assert trained_on and trained_on <= set(kept)
    mentions = read_table("mentions", results / "linking/1/texts.parquet").to_pylist()
    assert mentions
    for row in mentions:
        assert row["text"] == text[row["pmid"]][row["start"] : row["end"]]
        assert row["text"] != "A patient"


def test_spans_that_equal_no_name_are_what_a_run_trains_on(trained: tuple[Project, Path]) -> None:
    results = trained[0].work / "results"
    pairs = results / "pairs/1/tiny"
    spans = map_ipc("soft_links", pairs / "soft_links.arrow")["span"].to_pylist()
    names = map_ipc("node_names", pairs / "node_names.arrow")["name"].to_pylist()
    # the edges are those of names: "severe" begins none, "flark" ends some
    assert {f"{names[0]} of the left flark" for _, names in concepts()} & set(spans)
    assert not any("severe" in span for span in spans)
    assert not {normalise(span) for span in spans} & {normalise(name) for name in names}
    history = read_json(results / "train/spans/29/history.json")
    assert set(history["steps"][0]["losses"]) == {"soft"}
    card = (results / "report/cards/spans/29.md").read_text()
    assert "Text: texts of corpus.txt." in card
    assert "train.soft_links" in (results / "report/index.html").read_text()


def test_a_second_run_does_nothing_and_more_text_reruns(trained: tuple[Project, Path]) -> None:
    project, config = trained
    assert project.planned(*configs(project, config)) == set()
    corpus = project.work / "corpus.txt"
    corpus.write_text(corpus.read_text() + "\n99|t|One more.\n99|a|\n")
    planned = project.planned(*configs(project, config))
    assert planned >= {"corpus_texts", "train_soft_links", "train_run"}


def test_pubmed_has_the_last_word_on_a_pmid(trained: tuple[Project, Path]) -> None:
    """The shard of texts comes first: of shards the later ones win (test_corpus_resolve.py)."""
    project, config = trained
    (other := project.work / "both.yaml").write_text("corpus: {folder: resources/pubmed/tiny}")
    done = project.run("--dry-run", "--printshellcmds", *configs(project, config, other))
    assert done.returncode == 0, done.stdout[-3000:]
    [line] = [x for x in done.stdout.splitlines() if "bali corpus resolve" in x]
    assert " --shards texts 0001 0002 " in line


def test_soft_links_are_of_one_pooling(trained: tuple[Project, Path]) -> None:
    project, config = trained
    for change, message in (
        ("runs: {spans: {name_pooling: cls}}", "runs.spans.name_pooling: 'cls', but run spans"),
        ("train: {hidden_layer: 1}", "train.hidden_layer: 1, but run spans has w_soft"),
        ("train: {soft_names: 40}", "train.soft_names: 40 is more than soft_links.candidates, 16"),
    ):
        (other := project.work / "other.yaml").write_text(change)
        done = project.run("--dry-run", *configs(project, config, other))
        assert done.returncode != 0
        assert message in done.stdout


def test_neither_pubmed_nor_texts_is_one_line(trained: tuple[Project, Path]) -> None:
    project, config = trained
    for change in (
        "corpus: {texts: {files: []}}",
        "corpus: {download: {baseline: 'https://a.org/', updates: null}}",
    ):
        (other := project.work / "other.yaml").write_text(change)
        done = project.run("--dry-run", *configs(project, config, other))
        assert done.returncode != 0
        assert "corpus.folder is null" in done.stdout
    for path, message in (("none.txt", "no such file"), ("resources", "resources: a folder")):
        (other := project.work / "other.yaml").write_text(f"corpus: {{texts: {{files: [{path}]}}}}")
        done = project.run("--dry-run", *configs(project, config, other))
        assert message in done.stdout and "corpus.texts.files" in done.stdout
