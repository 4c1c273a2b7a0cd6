"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest

from paths import REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real development data beside the project; CI must have it."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{folder} is absent, and CI=true: the gold data must be there")
        pytest.skip(f"{folder} is absent: the gold data are not part of the repository")
    return folder
