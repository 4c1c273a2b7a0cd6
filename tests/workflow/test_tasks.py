"""Every kind of task as a target of its own: what is planned, and what mistakes say."""

from pathlib import Path

import numpy as np
import pytest

from bali.counts import read_counts
from bali.digest import reachable_modules
from bali.storage import read_table
from project import Project

pytestmark = pytest.mark.xdist_group("tasks")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("tasks"))


def configs(project: Project, *others: Path) -> list[str]:
    tiny = project.repository / "tests/tiny"
    return ["--configfile", f"{tiny}/config.yaml", f"{tiny}/tasks.yaml", *map(str, others)]


def test_every_kind_of_task_is_planned_for_every_model(fresh: Project) -> None:
    planned = fresh.planned(*configs(fresh))
    kinds = {"heldout", "linking", "relations", "relatedness", "map", "names", "model"}
    assert {f"evaluate_{kind}" for kind in kinds} <= planned
    assert {"graph_heldout", "gold_documents", "report_tasks", "report_page"} <= planned


def test_a_run_is_held_against_the_control_that_is_measured_too(fresh: Project) -> None:
    words = ("results/report/controls.csv", "--dry-run", "--printshellcmds")
    done = fresh.run(*words, *configs(fresh))
    assert done.returncode == 0, done.stdout[-3000:]
    assert " --controls gat=other --gains" in done.stdout  # names-only is not in run_set


def test_one_result_is_a_target_and_a_baseline_needs_no_model(fresh: Project) -> None:
    target = "results/evaluate/tfidf/0/gold/29.json"
    assert fresh.planned(target, *configs(fresh)) == {"umls_tables", "evaluate_linking"}
    target = "results/evaluate/other/0/rated/29.json"
    assert fresh.planned(target, *configs(fresh)) == {"evaluate_model", "evaluate_relatedness"}


def test_documents_of_an_evaluation_set_do_not_go_on(fresh: Project) -> None:
    done = fresh.run("--cores", "2", "results/corpus/kept.parquet", *configs(fresh))
    assert done.returncode == 0, done.stdout[-3000:]
    results = fresh.work / "results"
    gold = {int(pmid) for pmid in (results / "gold/gold.pmids.txt").read_text().split()}
    kept = set(read_table("kept", results / "corpus/kept.parquet")["pmid"].to_pylist())
    asked = gold & set(range(900_000_001, 900_000_026))
    assert len(asked) == 8  # the universe has articles of all of them
    assert kept and not kept & gold
    # the counts say so; article 2 was deleted before it could be left out
    dropped = dict(
        read_counts(results / "corpus/resolve.counts.json")["tables"]["records"]["dropped"]
    )
    assert dropped["document of an evaluation set"] == 7


def test_held_out_relations_are_no_edges_of_the_graph_that_trains(fresh: Project) -> None:
    done = fresh.run("--cores", "2", "results/graph/nodes.parquet", *configs(fresh))
    assert done.returncode == 0, done.stdout[-3000:]
    graph = fresh.work / "results/graph"
    cui = read_table("nodes", graph / "nodes.parquet")["cui"].to_pylist()
    start, neighbour = np.load(graph / "indptr.npy"), np.load(graph / "neighbour.npy")
    centre = np.repeat(np.arange(len(cui)), np.diff(start))
    edges = {frozenset((cui[a], cui[b])) for a, b in zip(centre, neighbour, strict=True)}
    rows = read_table("heldout_relations", graph / "heldout_relations.parquet").to_pylist()
    held = {frozenset((row["head"], row["tail"])) for row in rows}
    assert held and edges and not held & edges


def test_training_reads_no_gold() -> None:
    """Mentions for training come from our linker: no step but these readers of text sees gold.

    `corpus texts` parses annotated files and passes on their text: tests/workflow/test_texts.py.
    """
    steps = "pairs.tokens train.run train.soft_links linking.mentions corpus.resolve graph.csr"
    for step in steps.split():
        gold = {name for name in reachable_modules(f"bali.{step}") if "bali.gold" in name}
        assert not gold, step


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("evaluate: {task_set: [none]}", "evaluate.task_set names 'none'"),
        ("graph: {heldout: {share: 0.0}}", "evaluate.tasks.graph asks for held-out relations"),
        ("evaluate: {tasks: {gold: {gold: [absent.txt]}}}", "absent.txt: no such file or folder"),
        ("evaluate: {tasks: {gold: {layuot: bioc}}}", "layuot"),
        (
            "evaluate: {models: {gat: {source: x, pooling: cls}}, model_set: [gat]}",
            "'gat' in evaluate.models is",
        ),
        ("evaluate: {model_set: [sapbert]}", "evaluate.model_set names 'sapbert'"),
        (
            "evaluate: {models: {sapbert: {source: hf:a/b, revision: null, pooling: cls}}, "
            "model_set: [sapbert]}",
            "config: evaluate.models.sapbert.revision None: hf:a/b needs the commit",
        ),
        ("evaluate: {pooled: {all: [gold, none]}}", "evaluate.pooled.all names 'none'"),
        ("evaluate: {pooled: {all: [gold, graph]}}", "a pool is of one kind"),
        ("evaluate: {controls: {none: gat}}", "neither runs nor evaluate.models defines 'none'"),
        ("evaluate: {controls: {gat: [base]}}", "neither runs nor evaluate.models defines 'base'"),
        (
            "evaluate: {controls: {gat: gat}}",
            "evaluate.controls.gat: a run is no control of its own",
        ),
        ("corpus: {exclude: [absent.txt]}", "absent.txt: no such file or folder"),
    ],
)
def test_a_mistake_is_named_before_any_job(
    fresh: Project, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "more.yaml").write_text(text)
    done = fresh.run("--dry-run", *configs(fresh, tmp_path / "more.yaml"))
    assert done.returncode != 0
    assert message in done.stdout


@pytest.mark.shared
def test_the_preset_of_gold_corpora_plans_its_tasks(fresh: Project, shared: Path) -> None:
    (fresh.work.parent / "shared").mkdir(exist_ok=True)
    (fresh.work.parent / "shared/data").symlink_to(shared)
    preset = fresh.repository / "workflow/presets/gold.yaml"
    targets = [f"results/evaluate/base/0/{task}/29.json" for task in ("ncbi", "bc5cdr-disease")]
    planned = fresh.planned(*targets, "--configfile", str(preset))
    assert planned == {"demo_meta", "umls_tables", "model_fetch", "evaluate_names",
                       "evaluate_linking"}  # fmt: skip
