"""Fixtures of the training tests."""

import pytest
from tiny_training import TinyInputs, write_tiny_inputs


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyInputs:
    """Inputs of a training run over a random BERT; read only."""
    return write_tiny_inputs(tmp_path_factory.mktemp("tiny"))
