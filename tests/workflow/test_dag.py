"""The whole DAG over the invented universe: it ends, adds up, leaks nothing, repeats itself."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bali.heldout import HeldoutText
from bali.storage import map_ipc, read_table
from bali.text import normalise
from project import MODELS, TABLES, Project
from tiny.universe import concepts

pytestmark = pytest.mark.xdist_group("dag")


def test_every_account_adds_up(finished: Project) -> None:
    files = list((finished.work / "results").rglob("*.counts.json"))
    assert len(files) >= 12
    for file in files:
        for name, rows in json.loads(file.read_text())["tables"].items():
            lost = sum(number for _, number in rows["dropped"])
            assert rows["read"] == rows["kept"] + lost, (file, name)


def test_umls_rows_are_dropped_for_the_reasons_that_the_universe_was_given(
    finished: Project,
) -> None:
    counts = json.loads((finished.work / "results/umls/tables.counts.json").read_text())["tables"]
    names = dict(counts["names"]["dropped"])
    assert counts["names"]["read"] == 86  # rows that tests/tiny/universe.py writes
    assert (names["language"], names["suppressed"], names["duplicate"]) == (1, 1, 1)
    assert dict(counts["relations"]["dropped"]) == {
        "malformed": 0,
        "suppressed": 1,
        "source": 0,
        "relation": 0,
        "unknown concept": 1,
        "self-relation": 1,
        "duplicate": 0,
    }
    kept = read_table("names", finished.work / "results/umls/names.parquet")
    assert {"NA", '"'} <= set(kept["name"].to_pylist())


def test_held_out_names_are_nowhere_downstream(finished: Project) -> None:
    results = finished.work / "results"
    asked = {
        normalise(n)
        for n in read_table("heldout", results / "umls/heldout.parquet")["name"].to_pylist()
    }
    assert len(asked) >= 5
    seen = {
        "names": read_table("names", results / "umls/names.parquet")["name"].to_pylist(),
        "nodes": read_table("nodes", results / "graph/nodes.parquet")["name"].to_pylist(),
        "training names": map_ipc("node_names", results / "pairs/1/tiny/node_names.arrow")[
            "name"
        ].to_pylist(),
        "knowledge base": [
            name
            for line in (results / "linking/kb/entities.jsonl").read_text().splitlines()
            for name in (json.loads(line)["canonical_name"], *json.loads(line)["aliases"])
        ],
        "index": json.loads((results / "linking/kb/aliases.json").read_text()),
        "mentions": [
            text
            for path in (results / "linking/1").glob("*.parquet")
            for text in read_table("mentions", path)["text"].to_pylist()
        ],
    }
    for where, names in seen.items():
        assert names, where
        assert not asked & {normalise(name) for name in names}, where


def test_no_training_sentence_writes_a_held_out_name(finished: Project) -> None:
    results = finished.work / "results"
    heldout = read_table("heldout", results / "umls/heldout.parquet")["name"].to_pylist()
    writes = HeldoutText(heldout).holds
    text = {
        (s["pmid"], s["version"], s["sentence"]): f"{d['title']} {d['abstract']}"[
            s["start"] : s["end"]
        ]
        for shard in ("0001", "0002")
        for d in read_table("documents", results / f"corpus/{shard}/documents.parquet").to_pylist()
        for s in read_table("sentences", results / f"corpus/{shard}/sentences.parquet").to_pylist()
        if (s["pmid"], s["version"]) == (d["pmid"], d["version"])
    }
    trained = [
        text[row["pmid"], row["version"], row["sentence"]]
        for split in ("train", "validation")
        for row in map_ipc("pairs", results / f"pairs/1/tiny/{split}.arrow").to_pylist()
    ]
    assert len(trained) > 20
    assert not [sentence for sentence in trained if writes(sentence)]
    assert any(map(writes, text.values()))  # the universe does write some


def test_every_mention_is_the_text_at_its_offsets(finished: Project) -> None:
    results = finished.work / "results"
    total = 0
    for shard in ("0001", "0002"):
        documents = read_table("documents", results / f"corpus/{shard}/documents.parquet")
        text = {
            (d["pmid"], d["version"]): f"{d['title']} {d['abstract']}"
            for d in documents.to_pylist()
        }
        for m in read_table("mentions", results / f"linking/1/{shard}.parquet").to_pylist():
            assert text[m["pmid"], m["version"]][m["start"] : m["end"]] == m["text"]
            total += 1
    assert total > 50


def test_a_revised_article_goes_on_in_its_new_form_and_a_deleted_one_does_not(
    finished: Project,
) -> None:
    kept = read_table("kept", finished.work / "results/corpus/kept.parquet").to_pylist()
    shard = {row["pmid"]: row["shard"] for row in kept}
    assert shard[900_000_001] == "0002"  # first in shard 0001, revised in the last file
    assert 900_000_002 not in shard
    assert len(shard) == len(list(concepts())) - 2


def test_the_split_is_by_document(finished: Project) -> None:
    pairs = finished.work / "results/pairs/1/tiny"
    train, validation = (
        set(map_ipc("pairs", pairs / f"{split}.arrow")["pmid"].to_pylist())
        for split in ("train", "validation")
    )
    assert train and not train & validation


def test_the_report_shows_every_run_and_loads_nothing(finished: Project) -> None:
    page = (finished.work / "results/report/index.html").read_text()
    for name in ("gat", "names-only", "mlm-only"):
        assert name in page
    for attribute in ('src="http', "src='http", 'rel="stylesheet"', "@import", "<script src"):
        assert attribute not in page


def test_the_trained_folder_loads_in_both_libraries_with_the_trained_pooling(
    finished: Project,
) -> None:
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import AutoModel, AutoTokenizer

    folder = str(finished.work / "results/train/gat/29/model")
    names = ["zorbitis", "quillic degeneration of the left flark"]
    tokens = AutoTokenizer.from_pretrained(folder)(names, padding=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = AutoModel.from_pretrained(folder)(**tokens).last_hidden_state
    mask = tokens["attention_mask"][..., None]
    mean = (hidden * mask).sum(1) / mask.sum(1)
    theirs = SentenceTransformer(folder, device="cpu").encode(names, convert_to_tensor=True)
    torch.testing.assert_close(mean, theirs, atol=1e-5, rtol=0)


def test_a_second_run_does_nothing(finished: Project) -> None:
    done = finished.run("--cores", "2")
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout


def test_a_missing_file_is_noticed_although_all_results_exist(
    finished: Project, tmp_path: Path
) -> None:
    changed = tmp_path / "changed.yaml"
    tiny = f"{finished.repository}/tests/tiny/config.yaml"
    for text, missing in (
        ('corpus: {last: "4"}\n', "resources/pubmed/tiny/tiny4.xml.gz"),
        ("lm: {source: models/none}\n", "models/none"),
    ):
        changed.write_text(text)
        done = finished.run("--dry-run", "--configfile", tiny, str(changed))
        assert done.returncode != 0
        assert f"{missing}: no such file or folder; " in done.stdout


def test_snakemakes_own_report_works(finished: Project, tmp_path: Path) -> None:
    done = finished.run("--report", str(tmp_path / "report.html"))
    assert done.returncode == 0, done.stdout[-3000:]
    assert (tmp_path / "report.html").stat().st_size > 10_000


DOWNSTREAM_OF_GRAPH = {
    "graph_csr",
    "graph_subgraphs",
    "graph_hierarchy",
    "pairs_tokens",
    "train_run",
    "evaluate_names",
    "evaluate_heldout",
    "report_tasks",
    "report_card",
    "report_page",
}


def test_a_changed_setting_reruns_what_uses_it_and_what_follows(
    finished: Project, tmp_path: Path
) -> None:
    changed = tmp_path / "changed.yaml"
    changed.write_text("graph: {samples: 3}\n")
    tiny = f"{finished.repository}/tests/tiny/config.yaml"
    assert finished.planned("--configfile", tiny, str(changed)) == {
        "graph_subgraphs",
        "train_run",
        "evaluate_names",
        "evaluate_heldout",
        "report_tasks",
        "report_card",
        "report_page",
    }


def test_forcing_a_stage_or_a_rule_reruns_it_and_what_follows(finished: Project) -> None:
    assert finished.planned("--forcerun", "graph") == DOWNSTREAM_OF_GRAPH
    assert finished.planned("--forcerun", "evaluate") == {
        "evaluate_names",
        "evaluate_heldout",
        "report_tasks",
        "report_card",
        "report_page",
    }
    assert finished.planned("--forcerun", "evaluate_heldout") == {
        "evaluate_heldout",
        "report_tasks",
        "report_card",
        "report_page",
    }


def test_a_stage_is_a_target(finished: Project) -> None:
    assert finished.planned("graph", "--forceall") >= {"umls_tables", "graph_csr"}
    assert not finished.planned("graph", "--forceall") & {"train_run", "linking_kb"}


def test_the_graph_needs_the_mentions_only_where_it_is_cut_around_them(
    finished: Project, tmp_path: Path
) -> None:
    changed = tmp_path / "changed.yaml"
    changed.write_text("graph: {mentioned_hops: 1}\nlinking: {steps: [plural]}\n")
    tiny = f"{finished.repository}/tests/tiny/config.yaml"
    planned = finished.planned("--configfile", tiny, str(changed), "--forceall", "graph")
    assert planned >= {"linking_names", "linking_mentions", "graph_csr"}
    # the vectors are for spans that are near to a name, which nobody asks for here
    assert not planned & {"linking_kb", "train_run"}


@pytest.mark.parametrize(
    ("module", "edit", "expected"),
    [
        ("graph/csr", lambda s: s + "\nEDITED = 1\n", DOWNSTREAM_OF_GRAPH),
        ("graph/csr", lambda s: s.replace('"""', '"""Edited. ', 1) + "# edited\n", set()),
        ("report/page", lambda s: s + "\nEDITED = 1\n", {"report_page"}),
    ],
    ids=["code", "docstring", "last stage"],
)
def test_an_edited_module_reruns_its_rules_and_what_follows(
    finished: Project, module: str, edit: Callable[[str], str], expected: set[str]
) -> None:
    path = finished.repository / "bali" / f"{module}.py"
    source = path.read_text()
    path.write_text(edit(source))
    try:
        assert finished.planned() == expected
    finally:
        path.write_text(source)
    assert finished.planned() == set()


def test_one_core_and_a_kill_9_in_the_middle_give_the_same_bytes(
    finished: Project, tmp_path: Path
) -> None:
    project = Project(tmp_path)
    running = subprocess.Popen(
        project.command("--cores", "1"),
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    # the moment at which a training run has just begun
    begun = project.work / "results/logs/train"
    deadline = time.monotonic() + 400
    while not list(begun.rglob("*.log")) and time.monotonic() < deadline:
        assert running.poll() is None, "the run ended before it could be killed"
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()

    expected = finished.digests(*TABLES, *MODELS)
    assert len(finished.digests(*TABLES)) >= 20
    left = project.digests(*TABLES, *MODELS)
    assert left.items() < expected.items()  # nothing that looks finished and is not
    assert project.run("--unlock").returncode == 0
    done = project.run("--cores", "1", "--rerun-incomplete")
    assert done.returncode == 0, done.stdout[-5000:]
    assert project.digests(*TABLES, *MODELS) == expected
