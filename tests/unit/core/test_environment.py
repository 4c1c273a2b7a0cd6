"""One pinned set holds all that the project and its later stages import."""

import re
import tomllib
from importlib.metadata import distributions, version

import pytest

from paths import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


def test_every_direct_dependency_has_the_same_pin_in_the_constraints() -> None:
    constraints = set((REPOSITORY / "constraints.txt").read_text().lower().split())
    for requirement in [*PROJECT["dependencies"], *(r for e in EXTRAS.values() for r in e)]:
        assert requirement.lower() in constraints, requirement


def test_what_is_installed_is_what_is_pinned() -> None:
    pins = dict(
        line.lower().split("==") for line in (REPOSITORY / "constraints.txt").read_text().split()
    )
    for distribution in distributions():
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
        pin = {re.sub(r"[-_.]+", "-", k): v for k, v in pins.items()}.get(name)
        if pin is not None:
            assert distribution.version.split("+")[0] == pin, name


@pytest.mark.parametrize("extra", ["pipeline", "train", "explore", "dev"])
def test_the_extras_exist(extra: str) -> None:
    assert EXTRAS[extra]


def test_the_libraries_of_later_stages_import_beside_scispacys_numpy() -> None:
    import faiss  # noqa: F401
    import peft  # noqa: F401
    import pykeen  # noqa: F401
    import rocrate  # noqa: F401
    import scispacy  # noqa: F401
    import sentence_transformers  # noqa: F401

    assert version("numpy").startswith("1.")
