"""kill -9 in the middle of a training job; the same target goes on and ends with the same bits."""

import subprocess
import time
from pathlib import Path

import psutil
import pytest
from tiny_training import write_tiny_inputs

from project import Project

TARGET = "results/train/gat/29/history.json"
FLAGS = ("--cores", "1", "--allowed-rules", "train_run")
EVERY_STEP = ("--set-resources", "train_run:checkpoint_minutes=0")


def project_with_inputs(folder: Path) -> Project:
    """A project whose training inputs are there, made by no rule."""
    project = Project(folder)
    config = project.repository / "tests/tiny/config.yaml"
    config.write_text(config.read_text().replace("epochs: 2", "epochs: 12"))  # 36 steps
    inputs = write_tiny_inputs(folder / "inputs")
    pairs = project.work / "results/pairs/1/tiny"
    graph = project.work / "results/graph"
    places = {
        inputs.train: pairs / "train.arrow",
        inputs.validation: pairs / "validation.arrow",
        inputs.names: pairs / "node_names.arrow",
        inputs.subgraphs: graph / "subgraphs.parquet",
        inputs.edge_types: graph / "edge_types.parquet",
        inputs.hierarchy: graph / "hierarchy.parquet",
        inputs.lm: project.work / "resources/lm/tiny",
    }
    for source, target in places.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
    return project


def kill_the_training_after(steps: int, snakemake: subprocess.Popen, checkpoints: Path) -> None:
    """SIGKILL for the process that trains, not for Snakemake."""
    until = time.monotonic() + 200
    while not any(int(p.name[5:]) >= steps for p in checkpoints.glob("step-*")):
        assert snakemake.poll() is None, "it ended before it was killed"
        assert time.monotonic() < until, "no checkpoint came"
        time.sleep(0.05)
    for process in psutil.Process(snakemake.pid).children(recursive=True):
        if process.cmdline()[1:5] == ["-m", "bali", "train", "run"]:
            process.kill()
            return
    pytest.fail("no process trains")


def test_a_killed_job_goes_on_and_workers_rerun_nothing(tmp_path: Path) -> None:
    project = project_with_inputs(tmp_path)
    done = project.run(TARGET, *FLAGS)
    assert done.returncode == 0, done.stdout[-3000:]
    whole = project.digests("model/model.safetensors", "history.json")
    assert len(whole) == 2
    # workers and the cadence of checkpoints change no result: nothing is run again for them
    changed = ("--set-resources", "train_run:workers=2", "train_run:checkpoint_minutes=1")
    assert project.planned(TARGET, *FLAGS, *changed) == set()

    folder = project.work / "results/train/gat/29"
    snakemake = subprocess.Popen(
        project.command(TARGET, *FLAGS, *EVERY_STEP, "--forcerun", "train_run"),
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    kill_the_training_after(5, snakemake, folder / "checkpoints")
    assert snakemake.wait(200) != 0
    assert not (folder / "history.json").exists()
    done = project.run(TARGET, *FLAGS)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "goes on after step" in (project.work / "results/logs/train/gat/29.log").read_text()
    assert project.digests("model/model.safetensors", "history.json") == whole
    assert not (folder / "checkpoints").exists()
