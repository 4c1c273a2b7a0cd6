"""A project of its own for a workflow test: a copy of the workflow and the invented universe."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bali.files import sha256
from paths import REPOSITORY
from support import write_random_bert
from tiny.universe import texts, write_gold, write_meta, write_pubmed

# tables of ours; resources/ also holds what was fetched
TABLES_OF_OURS = [str(p.relative_to(REPOSITORY)) for p in (REPOSITORY / "resources").glob("*.tsv")]
PARTS = ["Snakefile", "config.yaml", "workflow", "bali", *TABLES_OF_OURS, "tests/tiny"]
TABLES = ("*.parquet", "*.arrow", "*.npy", "*.counts.json", "kb/*", "names/*")
MODELS = ("*.safetensors", "history.json", "results.csv", "heldout/29.json")


class Project:
    """A copy of the workflow, whose modules a test may edit, and a working directory for it."""

    def __init__(self, folder: Path) -> None:
        self.repository = folder / "repository"
        self.work = folder / "work"
        for part in PARTS:
            source, target = REPOSITORY / part, self.repository / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, target)
        write_meta(self.work / "resources/umls/tiny/META")
        write_pubmed(self.work / "resources/pubmed/tiny")
        write_gold(self.work / "resources/gold/tiny")
        write_random_bert(self.work / "lm-source", texts())

    def command(self, *arguments: str) -> list[str]:
        """The snakemake command of a run in this project."""
        return [
            *(sys.executable, "-m", "snakemake", "--snakefile", f"{self.repository}/Snakefile"),
            # a second thread slows a model of this size down; and bits depend on the threads
            *("--set-threads", "train_run=1"),
            *("--configfile", f"{self.repository}/tests/tiny/config.yaml"),
            # last, for it takes one word: the flags before would take a target for theirs
            *("--directory", f"{self.work}"),
            *arguments,
        ]

    def environment(self) -> dict[str, str]:
        """The rules call `python`: the one that runs the tests."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run snakemake to its end; stdout and stderr together in `stdout`."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def planned(self, *arguments: str) -> set[str]:
        """Rules of the jobs that a dry run would start, target rules left out."""
        done = self.run(*arguments, "--dry-run")
        assert done.returncode == 0, done.stdout
        rules = {
            line.split()[1].rstrip(":")
            for line in done.stdout.splitlines()
            if line.startswith(("rule ", "localrule "))
        }
        return {rule for rule in rules if "_" in rule}  # steps are <stage>_<step>

    def digests(self, *patterns: str) -> dict[str, str]:
        """Relative path -> SHA-256 of the files below results that match a pattern."""
        results = self.work / "results"
        return {
            str(path.relative_to(results)): sha256(path)
            for pattern in patterns
            for path in sorted(results.rglob(pattern))
            if path.is_file()
        }
