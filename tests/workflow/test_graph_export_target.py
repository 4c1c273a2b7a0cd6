"""The exports are targets of their own, made from what the graph stage left."""

import pytest

from project import Project

pytestmark = pytest.mark.xdist_group("dag")


def test_exports_are_made_when_asked_for(finished: Project) -> None:
    assert finished.planned("export") == {"graph_export"}
    assert finished.planned("results/graph/export/kgx") == {"graph_export"}
    assert "graph_export" not in finished.planned("--forcerun", "graph")
