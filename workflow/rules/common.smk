"""Helpers of the rules: what the user brings, shards, digests of code, runs."""

import json
import os
import time
from pathlib import Path
from types import SimpleNamespace

from snakemake.exceptions import WorkflowError

from bali.digest import code_digest as digest_of
from bali.errors import InputError
from bali.model.source import PACKAGE, hub_repository
from bali.train.runs import mistakes_of_runs
from bali.umls.release import release_files, rrf_files

RERANKER = config["linking"]["rerank"]  # the run whose model makes the second round of linking
ROUNDS = [1, 2] if RERANKER else [1]
ROUND = ROUNDS[-1]  # what all runs but the re-ranker train on, and what is reported
STARTED = time.time()
RELATIONS = f"{workflow.basedir}/resources/relations.tsv"  # ours: stands beside the rules
# what the graph is built of: all relations, or those that are left where some are held out
HELD_OUT = config["graph"]["heldout"]["share"] > 0
GRAPH_RELATIONS = f"results/{'graph' if HELD_OUT else 'umls'}/relations.parquet"


wildcard_constraints:
    shard="[0-9]{4}|texts",
    round="[0-9]+",
    seed="[0-9]+",
    task_seed="[0-9]+",
    lm="[A-Za-z0-9][A-Za-z0-9._-]*",
    run="[A-Za-z0-9][A-Za-z0-9._-]*",
    release="[0-9]{4}-[0-9]{2}-[0-9]{2}",


def code_digest(step):
    """Digest of the sources of a step, "<stage>.<step>": as a param, an edit reruns the rule."""
    return digest_of(step, Path(workflow.basedir))


def brought(path, remedy):
    """A path that the user brings, unless it is one that rules write or fetch."""
    made = path in DEMO_FILES or path in FETCHED_FILES
    if not made and not Path(path).exists():
        raise WorkflowError(f"{path}: no such file or folder; {remedy}")
    return path


def meta_files():
    """The RRF files of all META folders: those that rules make, and those that the user brings."""
    files = []
    for meta in config["umls"]["meta"]:
        made = [path for path in DEMO_FILES | FETCHED_FILES if Path(path).parent == Path(meta)]
        try:
            files += sorted(made) or [str(path) for path in release_files(Path(meta))]
        except InputError as error:
            raise WorkflowError(str(error)) from None
    return files


def mrdoc_files():
    """MRDOC.RRF of the META folders that have it or will: it settles the inverses of relations."""
    files = []
    for meta in config["umls"]["meta"]:
        path = f"{meta}/MRDOC.RRF"
        try:
            there = [str(path) for path in rrf_files(Path(meta), "MRDOC")]
        except InputError as error:
            raise WorkflowError(str(error)) from None
        files += [path] if path in FETCHED_FILES else there
    return files


def umls_choices():
    """The flags of what is kept of the Metathesaurus, as words of the command."""
    umls, words = config["umls"], []
    for key in ("sources", "term_types", "semantic_types", "relations"):
        for verb in ("keep", "drop"):
            words += [f"--{verb}-{key.replace('_', '-')}", *umls[key][verb]]
    if umls["self_relations"]:
        words.append("--self-relations")
    if not umls["mirrored"]:
        words += ["--no-mirrored", "--phrases", RELATIONS]
    return words


TEXTS = "texts"


def shards():
    """Shard name -> numbers of its files, in the order in which later files win.

    Annotated corpora, whose text alone is read, are the first shard; it has no such files. What
    PubMed says of the same PMIDs, a revision, a deletion, a retraction, stands.
    """
    corpus = config["corpus"]
    texts = {TEXTS: []} if corpus["texts"]["files"] else {}
    if corpus["folder"] is None:
        if not texts or corpus["download"]:
            raise WorkflowError(
                "config: corpus.folder is null, which asks for corpus.texts.files and nothing to "
                "download; name a folder, or those files and corpus.download: null"
            )
        return texts
    if len(corpus["first"]) != len(corpus["last"]) or corpus["first"] > corpus["last"]:
        raise WorkflowError(
            f"config: corpus.first {corpus['first']!r} and corpus.last {corpus['last']!r} must be "
            "numbers of the same width, the smaller one first"
        )
    numbers = [
        f"{n:0{len(corpus['first'])}d}"
        for n in range(int(corpus["first"]), int(corpus["last"]) + 1)
    ]
    size = corpus["files_per_shard"]
    return texts | {
        f"{start // size + 1:04d}": numbers[start : start + size]
        for start in range(0, len(numbers), size)
    }


SHARDS = shards()


def shard_files():
    """Shard name -> its XML files, each with the .md5 that must stand beside it.

    Called when the rules are read: an error in an input function is lost where outputs exist.
    """
    remedy = "docs/real_data.md says how to fetch PubMed; then set corpus.folder, first and last"
    folder, name = config["corpus"]["folder"], config["corpus"]["name"]
    files = {}
    for shard, numbers in SHARDS.items():
        if shard == TEXTS:
            continue
        xml = [f"{folder}/{name.replace('{number}', number)}" for number in numbers]
        files[shard] = {
            "xml": [brought(path, remedy) for path in xml],
            "md5": [brought(f"{path}.md5", remedy) for path in xml],
        }
    return files


def text_files():
    """Annotated corpora whose text trains."""
    remedy = "corpus.texts.files names corpora in the layout of corpus.texts.layout"
    files = [brought(path, remedy) for path in config["corpus"]["texts"]["files"]]
    for path in files:
        if Path(path).is_dir():
            raise WorkflowError(f"{path}: a folder; {remedy}, each a file")
    return files


def pubmed_files(wildcards):
    """The files of one shard."""
    return SHARD_FILES[wildcards.shard]


def pubmed_name(wildcards):
    """The name of PubMed files. A function: Snakemake would read its {number} as a wildcard."""
    return config["corpus"]["name"]


def lm_files(lm, key="lm"):
    """Files of a model's folder, so that other weights rerun; all else is pinned."""
    source = lm["source"]
    try:
        pinned = hub_repository(source, lm.get("revision"), key)
    except InputError as error:
        raise WorkflowError(f"config: {error}") from None
    if pinned or source.startswith(PACKAGE):
        return []
    remedy = f"{key}.source names a folder with config.json, a fast tokeniser and weights"
    return sorted(str(path) for path in Path(brought(source, remedy)).glob("*") if path.is_file())


def run_settings(wildcards):
    """The settings of a run: `train`, overridden by the run's own, as one JSON text."""
    return json.dumps({**config["train"], **config["runs"][wildcards.run]}, sort_keys=True)


def stage(name):
    """Input function of a stage's target: no file, but `--forcerun <stage>` forces its rules.

    Snakemake forces the target alone, which has no work of its own. Input functions run while the
    DAG is built, before it is decided which jobs are needed.
    """

    def force(wildcards):
        if name in workflow.dag_settings.forcerun:
            rules_of_stage = (r for r in workflow.rules if r.name.startswith(f"{name}_"))
            workflow.dag.forcerules.update(rules_of_stage)
        return []

    return force


def failures():
    """The one-line errors that steps of this run left in their logs."""
    for log in sorted(Path("results/logs").rglob("*.log")):
        if log.stat().st_mtime >= STARTED:
            for line in log.read_text(errors="replace").splitlines():
                if "bali: error: " in line:
                    yield line[line.index("bali: error: ") :] + f" (log: {log})"


def setting_of(run, key):
    """A setting of a run."""
    return {**config["train"], **config["runs"][run]}[key]


def pairs_of_run(name):
    """Input function: a file of the pairs that a run trains on, those of the round before it."""

    def path(wildcards):
        round_ = 1 if wildcards.run == RERANKER else ROUND
        return f"results/pairs/{round_}/{config['lm']['name']}/{name}"

    return path


def soft_links_of_run(wildcards):
    """The soft links of a run that trains on them; no file of another."""
    settings = {**config["train"], **config["runs"][wildcards.run]}
    return [pairs_of_run("soft_links.arrow")(wildcards)] if settings["w_soft"] else []


def soft_links_counts():
    """The counts of the soft links, where a run of run_set trains on them."""
    tables = {
        table for run in config["run_set"] for table in soft_links_of_run(SimpleNamespace(run=run))
    }
    return sorted(table.removesuffix("arrow") + "counts.json" for table in tables)


def all_settings(wildcards):
    """All settings as one JSON text. A function: Snakemake would read {number} as a wildcard."""
    return json.dumps(config, sort_keys=True)


for mistake in mistakes_of_runs(config, config["run_set"]):
    raise WorkflowError(f"config: {mistake}")
