"""The digest changes with what a step does, and with nothing else."""

from pathlib import Path

import pytest

from bali.digest import code_digest, reachable_modules

STEP = '"""A step."""\nfrom bali.shared import double\n\ndef run(x):\n    return double(x)\n'
SHARED = "def double(x):\n    return 2 * x\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {
        "__init__": "",
        "shared": SHARED,
        "alone": "X = 1\n",
        "stage/__init__": "",
        "stage/step": STEP,
    }.items():
        path = tmp_path / "bali" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def edit(root: Path, module: str, text: str) -> None:
    (root / "bali" / f"{module}.py").write_text(text)


def test_a_step_reaches_what_it_imports_and_the_packages_above(root: Path) -> None:
    assert reachable_modules("bali.stage.step", root) == {
        "bali",
        "bali.shared",
        "bali.stage",
        "bali.stage.step",
    }


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("stage/step", STEP.replace("A step.", "Another docstring.")),
        ("stage/step", STEP + "# a comment\n\n\n"),
        ("shared", SHARED.replace("    return", '    """New docstring."""\n    return')),
        ("alone", "X = 2\n"),
    ],
)
def test_docstrings_comments_and_strangers_change_nothing(
    root: Path, module: str, text: str
) -> None:
    before = code_digest("stage.step", root)
    edit(root, module, text)
    assert code_digest("stage.step", root) == before


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("stage/step", STEP.replace("double(x)", "double(x) + 1")),
        ("shared", SHARED.replace("2", "3")),
        ("stage/__init__", "Y = 1\n"),
    ],
)
def test_an_edit_to_the_step_or_to_an_import_changes_it(root: Path, module: str, text: str) -> None:
    before = code_digest("stage.step", root)
    edit(root, module, text)
    assert code_digest("stage.step", root) != before


def test_a_late_import_counts(root: Path) -> None:
    edit(root, "stage/step", "def run():\n    import bali.alone\n")
    assert "bali.alone" in reachable_modules("bali.stage.step", root)


def test_an_unknown_step_is_an_error(root: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"stage/none\.py"):
        code_digest("stage.none", root)
