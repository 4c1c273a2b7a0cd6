"""The preset of the controls plans every run, on the same pairs and graph."""

import re
from pathlib import Path

import pytest
import yaml

from paths import REPOSITORY
from project import Project

PRESET = "workflow/presets/ablation.yaml"


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a dry run over untouched inputs prints."""
    project = Project(tmp_path_factory.mktemp("ablation"))
    files = [f"{project.repository}/{name}" for name in ("tests/tiny/config.yaml", PRESET)]
    done = project.run("--configfile", *files, "--dry-run", "--printshellcmds")
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_every_control_is_trained_once_and_evaluated(plan: str):
    runs = yaml.safe_load(Path(REPOSITORY, PRESET).read_text())["run_set"]
    assert len(runs) == 8
    assert plan.count("rule train_run:") == len(runs)
    for run in runs:
        assert f"output: results/train/{run}/29/model" in plan
        assert f"results/evaluate/{run}/29/heldout/" in plan


def test_every_control_is_one_of_a_pair(plan: str):
    pairs = re.search(r"--controls (.*?) --gains", plan)
    assert pairs and pairs[1].split() == [
        *(f"gat={name}" for name in ("names-only", "shuffled-edges", "frozen-graph")),
        *("gat=synonyms-only", "sage=names-only", "linear=names-only", "names-only=mlm-only"),
    ]


def test_all_controls_share_one_graph_and_one_set_of_pairs(plan: str):
    for rule in ("graph_csr", "graph_subgraphs", "pairs_tokens"):
        assert plan.count(f"rule {rule}:") == 1
