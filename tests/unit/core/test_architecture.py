"""The design's rules about imports, kept by reading the sources."""

import ast
from pathlib import Path

import pytest

from bali.__main__ import STEPS, VERBS
from bali.digest import ROOT, imported_modules, module_file, reachable_modules
from paths import REPOSITORY

PACKAGES = "demo umls corpus linking graph pairs model train evaluate report".split()
ALLOWED = {
    "linking": {"model"},
    "pairs": {"graph", "model"},  # model: the one place that loads a tokeniser
    "train": {"pairs", "model"},
    "evaluate": {"linking", "model"},
}
SOURCES = sorted((REPOSITORY / "bali").rglob("*.py"))


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("stage", PACKAGES)
def test_a_stage_imports_only_the_stages_it_may(stage: str) -> None:
    imported = {
        name.split(".")[1]
        for path in (REPOSITORY / "bali" / stage).rglob("*.py")
        for name in imported_modules(module_name(path))
        if name.count(".") >= 1
    }
    assert imported & set(PACKAGES) <= ALLOWED.get(stage, set()) | {stage}


def test_what_is_no_stage_imports_none() -> None:
    """`bali.gold` reads gold for several stages; modules above the packages serve all of them."""
    for path in SOURCES:
        package = path.relative_to(REPOSITORY / "bali").parts[0]
        if package in PACKAGES or package.removesuffix(".py") in {"__main__", *VERBS}:
            continue
        stages = {name.split(".")[1] for name in imported_modules(module_name(path)) if "." in name}
        assert not stages & set(PACKAGES), path


def test_nothing_imports_snakemake_and_nothing_imports_relatively() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert not any(a.name.startswith("snakemake") for a in node.names), path
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: the code digest follows absolute imports"
                assert not (node.module or "").startswith("snakemake"), path


def test_nothing_asserts_and_nothing_unpickles() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            assert not isinstance(node, ast.Assert), f"{path}:{node.lineno}"
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {a.name for a in node.names} | {getattr(node, "module", None)}
                assert not names & {"pickle", "joblib", "dill", "cloudpickle"}, path


def test_every_step_of_the_command_line_has_its_module_and_its_rule() -> None:
    rules = "\n".join(p.read_text() for p in (REPOSITORY / "workflow/rules").glob("*.smk"))
    for stage, steps in STEPS.items():
        for step in steps:
            assert module_file(f"bali.{stage}.{step}", ROOT), f"{stage} {step}"
            assert f"python -m bali {stage} {step}" in rules
            # what is fetched is settled by a checksum: see fetch.smk
            if f"{stage}.{step}" not in ("umls.fetch", "corpus.fetch"):
                assert f'code_digest("{stage}.{step}")' in rules


def test_a_spark_step_needs_no_torch_and_a_training_step_no_spark() -> None:
    def third_parties(step: str) -> set[str]:
        found: set[str] = set()
        for module in reachable_modules(f"bali.{step}"):
            path = module_file(module, ROOT)
            for node in ast.walk(ast.parse(path.read_bytes())) if path else ():
                if isinstance(node, ast.Import):
                    found.update(a.name.split(".")[0] for a in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.add(node.module.split(".")[0])
        return found

    assert "torch" not in third_parties("umls.tables")
    assert not {"pyspark", "scispacy"} & third_parties("train.run")


def test_no_two_test_modules_have_one_name() -> None:
    """pytest imports them by their names alone; a second one would not be collected."""
    names = [path.name for path in (REPOSITORY / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))
