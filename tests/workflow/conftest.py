"""One finished run of the whole DAG, shared by the workflow tests."""

import pytest

from project import Project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The whole DAG on two cores; tests must leave its results as they are."""
    project = Project(tmp_path_factory.mktemp("tiny"))
    done = project.run("--cores", "2")
    assert done.returncode == 0, done.stdout[-5000:]
    return project
