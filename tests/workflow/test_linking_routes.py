"""Other ways into the table of mentions, in the whole DAG."""

import json
import re
import shutil
from pathlib import Path

import pytest
import spacy

from bali.storage import from_columns, read_table, write_table
from project import Project

pytestmark = pytest.mark.xdist_group("dag")


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project, whose results a test may change."""
    project = Project.__new__(Project)
    project.repository, project.work = finished.repository, tmp_path / "work"
    shutil.copytree(finished.work, project.work)
    return project


def with_config(project: Project, text: str) -> tuple[str, str, str]:
    """Flags of a config that differs."""
    changed = project.work / "changed.yaml"
    changed.write_text(text)
    return "--configfile", f"{project.repository}/tests/tiny/config.yaml", str(changed)


def documents_of(project: Project) -> list[dict]:
    paths = sorted((project.work / "results/corpus").glob("*/documents.parquet"))
    return [row for path in paths for row in read_table("documents", path).to_pylist()]


def mentions_of(project: Project) -> list[dict]:
    """Rows of the first round, all shards."""
    paths = sorted((project.work / "results/linking/1").glob("*.parquet"))
    return [row for path in paths for row in read_table("mentions", path).to_pylist()]


def write_model(folder: Path, *terms: str) -> None:
    """A spaCy model that finds these terms."""
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "X", "pattern": t} for t in terms])
    nlp.to_disk(folder)


def test_a_spacy_model_of_ones_own_takes_the_place_of_the_dictionary(project: Project) -> None:
    write_model(project.work / "ruler", "zorbitis", "the")
    config = "linking: {method: scispacy, model: ruler}\npairs: {methods: [scispacy]}"
    flags = with_config(project, config)
    done = project.run("--cores", "2", "linking", *flags)
    assert done.returncode == 0, done.stdout[-3000:]
    results, linked = project.work / "results", 0
    for path in (results / "linking/1").glob("*.parquet"):
        documents = read_table("documents", results / f"corpus/{path.stem}/documents.parquet")
        texts = {d["pmid"]: f"{d['title']} {d['abstract']}" for d in documents.to_pylist()}
        found = {
            (pmid, span.start(), span.end(), "zorbitis")
            for pmid, text in texts.items()
            for span in re.finditer(r"\bzorbitis\b", text)
        }
        rows = read_table("mentions", path).to_pylist()
        assert {(r["pmid"], r["start"], r["end"], r["text"]) for r in rows} == found
        assert {r["cui"] for r in rows if r["rank"] == 0} == {"C9000001"}
        assert {r["method"] for r in rows} == {"scispacy"}
        linked += len(found)
        # "the" was found too, and is near to no name
        the = sum(len(re.findall(r"\bthe\b", text)) for text in texts.values())
        account = json.loads(path.with_suffix(".counts.json").read_text())["tables"]["mentions"]
        assert account["kept"] == len(found)
        assert dict(account["dropped"])["no candidate"] == the > 0
    assert linked == 5
    assert project.planned("linking", *flags) == set()
    write_model(project.work / "ruler", "zorbitis")
    assert project.planned("linking", *flags) == {"linking_scispacy"}


def test_pretagged_mentions_take_the_place_of_the_dictionarys(project: Project) -> None:
    folder = project.work / "resources/pretagged"
    folder.mkdir()
    lines, stated = [], set()
    for document in documents_of(project):
        text = f"{document['title']} {document['abstract']}"
        start = text.index("zorbitis") if "zorbitis" in text else None
        annotations = []
        if start is not None:
            span = {"begin": start, "end": start + 8}
            annotations = [{"id": ["UMLS:C9000001"], "mention": "zorbitis", "span": span}]
            stated.add((document["pmid"], document["version"], start))
        lines.append({"pmid": document["pmid"], "text": text, "annotations": annotations})
    (folder / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines[::-1]))
    config = "linking: {method: pretagged, pretagged: {pattern: '*.jsonl'}}\n"
    config += "pairs: {methods: [pretagged]}"
    flags = with_config(project, config)
    done = project.run("--cores", "2", "linking", *flags)
    assert done.returncode == 0, done.stdout[-3000:]
    results = project.work / "results/linking"
    rows = mentions_of(project)
    assert {(r["pmid"], r["version"], r["start"]) for r in rows} == stated and len(stated) > 1
    assert {(r["cui"], r["method"], r["text"]) for r in rows} == {
        ("C9000001", "pretagged", "zorbitis")
    }
    assert json.loads((results / "pretagged.counts.json").read_text())["tables"]


def test_a_second_round_orders_candidates_by_the_run_that_the_first_one_trained(
    project: Project,
) -> None:
    path = project.work / "results/linking/1/0001.parquet"
    first = read_table("mentions", path).to_pylist()
    # no name of the invented universe has two concepts: each mention gets one more candidate
    both = [row | {"rank": rank} for row in first for rank in (0, 1) if not row["rank"]]
    for row in both:
        row["cui"] = "C9000000" if row["rank"] == 0 else row["cui"]
    columns = {name: [row[name] for row in both] for name in first[0]}
    write_table("mentions", from_columns("mentions", columns), path)
    flags = with_config(project, "linking: {rerank: gat}")
    target = "results/linking/2/0001.parquet"
    done = project.run("--allowed-rules", "linking_rerank", "--cores", "1", target, *flags)
    assert done.returncode == 0, done.stdout[-3000:]
    before, after = (read_table("mentions", p) for p in (path, project.work / target))
    kept = [name for name in before.column_names if name not in ("cui", "score", "rank")]
    assert before.select(kept).equals(after.select(kept))
    facts = json.loads((project.work / "results/linking/2/0001.counts.json").read_text())["facts"]
    assert facts["mentions with several candidates"] == len(both) // 2
    assert facts["of these with another concept first"] > 0


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which nothing was made."""
    return Project(tmp_path_factory.mktemp("routes"))


def test_the_rounds_make_no_cycle_and_all_but_one_run_train_on_the_second(fresh: Project) -> None:
    flags = with_config(fresh, "linking: {rerank: gat}\ngraph: {mentioned_hops: 1}")
    done = fresh.run("--dry-run", *flags)
    assert done.returncode == 0, done.stdout[-3000:]
    jobs = done.stdout.split("\nrule ")
    trained = {
        re.search(r"run=([^,]+)", job)[1]: re.search(r"results/pairs/(\d)/tiny/train", job)[1]  # type: ignore[index]
        for job in jobs
        if job.startswith("train_run")
    }
    assert trained == {"gat": "1", "names-only": "2", "mlm-only": "2"}
    reranked = [job for job in jobs if job.startswith("linking_rerank")]
    assert len(reranked) == 2 and all("results/train/gat/29/model" in job for job in reranked)
    [graph] = [job for job in jobs if job.startswith("graph_csr")]
    assert "results/linking/1/0001.parquet" in graph and "results/linking/2" not in graph
    [report] = [job for job in jobs if job.startswith("report_page")]
    assert "results/linking/2/0001.parquet" in report
    assert "results/linking/1/0001.counts.json" in report
    assert "results/linking/2" not in fresh.run("--dry-run").stdout  # not unless it is asked for


def test_the_route_is_planned_by_the_config(fresh: Project) -> None:
    scispacy = "linking: {method: scispacy, model: m}\npairs: {methods: [scispacy]}"
    planned = fresh.planned("linking", *with_config(fresh, scispacy))
    assert planned >= {"linking_kb", "linking_index", "linking_scispacy"}
    assert "linking_mentions" not in planned
    planned = fresh.planned("linking")  # the tiny universe looks candidates up
    assert planned >= {"linking_kb", "linking_mentions"} and "linking_index" not in planned
    planned = fresh.planned("linking", *with_config(fresh, "linking: {steps: [plural]}"))
    assert "linking_mentions" in planned and not planned & {"linking_kb", "linking_index"}
    # the lexicon can be built whatever the method is: `bali link` reads it
    assert "linking_names" in fresh.planned("linking_names", *with_config(fresh, scispacy))


def test_settings_of_an_index_that_nobody_searches_rerun_no_work(finished: Project) -> None:
    changed = with_config(finished, "linking: {hnsw: {m: 17, ef_construction: 101, ef_search: 9}}")
    # page and cards print all settings; nothing is computed anew
    assert finished.planned(*changed) == {"report_page", "report_card"}


def test_memory_follows_the_number_of_names(finished: Project) -> None:
    target = "results/linking/names.counts.json"
    done = finished.run("--forcerun", "linking_names", "--dry-run", target)
    size = (finished.work / "results/umls/names.parquet").stat().st_size
    assert f"mem_mb={int(500 + 80 * size / 1e6)}" in done.stdout, done.stdout[-2000:]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            "linking: {method: pretagged}",
            "linking.method is pretagged, whose mentions train only if pairs.methods has pretagged",
        ),
        (
            "linking: {method: pretagged}\npairs: {methods: [pretagged]}",
            "linking.pretagged: no file in resources/pretagged is named *.jsonl.gz",
        ),
        (
            "linking: {method: pretagged, pretagged: {folder: ., pattern: c**d.yaml, maps: [h]}}"
            "\npairs: {methods: [pretagged]}",
            "h: no such file or folder; linking.pretagged.maps names it",
        ),
        (
            "linking: {method: scispacy, model: ./none}\npairs: {methods: [scispacy]}",
            "./none/config.cfg: no such file or folder; linking.model names an installed spaCy",
        ),
        (
            "linking: {method: scispacy}\npairs: {methods: [scispacy]}",
            "linking.model names no model; give an installed spaCy model",
        ),
        ("linking: {method: bern2}", "config: linking.method: 'bern2' is not one of"),
        (
            "linking: {rerank: got}",
            "linking.rerank names 'got', which runs does not define; it defines aligned, synonyms",
        ),
        (
            "linking: {rerank: gat}\nrun_set: [gat]",
            "the only run of run_set: it makes the second round and cannot train on it",
        ),
    ],
)
def test_a_route_that_cannot_be_taken_is_one_line(
    fresh: Project, config: str, message: str
) -> None:
    done = fresh.run("--dry-run", *with_config(fresh, config))
    assert done.returncode != 0
    # behind it Snakemake says where in the rules
    assert message in "\n".join(done.stdout.strip().splitlines()[-6:])
