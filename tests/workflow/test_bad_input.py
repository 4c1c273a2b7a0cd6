"""A user's mistake stops `snakemake` with a message that names the thing."""

from pathlib import Path

import pytest
import yaml

from paths import REPOSITORY
from project import Project

pytestmark = pytest.mark.xdist_group("bad input")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("bad"))


def last_lines(text: str, number: int = 12) -> str:
    return "\n".join(text.strip().splitlines()[-number:])


def test_an_unknown_config_key_is_named(project: Project) -> None:
    done = project.run("--dry-run", "--config", "graph={fanout: [3]}")
    assert done.returncode != 0
    line = "config: graph.fanout is no setting; graph has inverse, mentioned_hops, fan_out"
    assert line in last_lines(done.stdout, 2)


def test_a_value_out_of_range_is_named(project: Project, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("graph: {samples: 0}\n")
    tiny = f"{project.repository}/tests/tiny/config.yaml"
    done = project.run("--dry-run", "--configfile", tiny, str(settings))
    assert done.returncode != 0
    assert "config: graph.samples: 0 is less than the minimum of 1" in last_lines(done.stdout, 2)


@pytest.mark.parametrize("name", ["..", ".hidden", "a/b"])
def test_a_name_that_would_leave_its_folder_is_refused(project: Project, name: str) -> None:
    done = project.run("--dry-run", "--config", f"lm={{name: {name}}}")
    assert done.returncode != 0
    assert "config: lm.name: " in done.stdout


def test_a_run_that_is_not_defined_is_named(project: Project) -> None:
    done = project.run("--dry-run", "--config", "run_set=[gatt]")
    assert done.returncode != 0
    assert "run_set names 'gatt'" in done.stdout and "names-only" in done.stdout


def test_a_setting_that_does_nothing_in_its_run_is_named(project: Project) -> None:
    done = project.run("--dry-run", "--config", "runs={names-only: {edges: shuffled}}")
    assert done.returncode != 0
    line = "config: runs.names-only.edges: 'shuffled' does nothing in this run; it needs w_link,"
    assert line in last_lines(done.stdout, 2)
    other = project.run(
        "--dry-run", "--config", "runs={names-only: {edges: shuffled}}", "run_set=[gat]"
    )
    assert other.returncode == 0, other.stdout


def test_a_missing_meta_folder_is_named_with_the_remedy(project: Project) -> None:
    done = project.run("--dry-run", "--config", "umls={meta: [resources/umls/2024AB/META]}")
    assert done.returncode != 0
    assert "2024AB/META/MRCONSO.RRF: no such file" in done.stdout
    assert "real_data.md" in done.stdout


def test_a_missing_pubmed_file_is_named_with_the_remedy(project: Project) -> None:
    done = project.run("--dry-run", "--config", 'corpus={last: "4"}')
    assert done.returncode != 0
    assert "tiny4.xml.gz: no such file" in done.stdout


def test_a_steps_error_is_in_snakemakes_last_lines(project: Project) -> None:
    path = project.work / "resources/pubmed/tiny/tiny1.xml.gz"
    content = path.read_bytes()
    path.write_bytes(content[:-20])
    try:
        done = project.run("--cores", "1", "corpus")
    finally:
        path.write_bytes(content)
    assert done.returncode != 0
    assert "bali: error: " in last_lines(done.stdout)
    assert "tiny1.xml.gz" in last_lines(done.stdout)
    shard = project.work / "results/corpus/0001"  # the other shard's file is sound
    assert not list(shard.rglob("documents.parquet"))
    assert not list(shard.rglob(".part-*"))


def test_a_lm_folder_without_a_tokeniser_is_named(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "lm"
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes((project.work / "lm-source" / name).read_bytes())
    done = project.run("--cores", "1", "model", "--config", f"lm={{source: {folder}}}")
    assert done.returncode != 0
    assert f"{folder}" in last_lines(done.stdout) and "tokeni" in last_lines(done.stdout)
    assert not (project.work / "resources/lm/tiny").exists()


def test_every_rule_names_an_existing_environment() -> None:
    environments = set()
    for file in (REPOSITORY / "workflow/rules").glob("*.smk"):
        blocks = file.read_text().split("\nrule ")[1:]
        for block in blocks:
            if "shell:" in block:
                path = block.split("conda:")[1].split('"')[1]
                assert (file.parent / path).is_file(), (file, path)
                environments.add(path)
    assert len(environments) == 4


def test_environments_pin_what_the_package_pins() -> None:
    pins = (REPOSITORY / "constraints.txt").read_text().lower().splitlines()
    for file in (REPOSITORY / "workflow/envs").glob("*.yaml"):
        for entry in yaml.safe_load(file.read_text())["dependencies"]:
            for requirement in entry["pip"] if isinstance(entry, dict) else ():
                assert requirement.lower() in pins, (file.name, requirement)


def test_the_slurm_profile_is_accepted(project: Project) -> None:
    profile = str(REPOSITORY / "workflow/profiles/slurm")
    done = project.run("--dry-run", "--workflow-profile", profile)
    assert done.returncode == 0, done.stdout[-3000:]
