"""Result files on disk."""

import json

import pytest


@pytest.fixture
def write(tmp_path):
    """Write results as files, one each; gives their paths."""

    def paths(*results):
        found = [tmp_path / f"{i}.json" for i in range(len(results))]
        for path, one in zip(found, results, strict=True):
            path.write_text(json.dumps(one))
        return found

    return paths
